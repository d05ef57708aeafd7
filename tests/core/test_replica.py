"""Which statements go to a replica, and what its being late or away costs: nobody anything."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from contextvars import Context
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import DBAPIError

import config
from app.core import clock, metrics
from app.core.db import db, reads_at, session
from app.core.pagecache import replica as replicas
from app.core.pagecache import versions
from app.core.pagecache.versions import read_version
from app.factory import create_app
from app.insight import health
from app.topics.models import Topic
from tests.conftest import BASE_URL, Browser, settings
from tests.services import Postgres, run_folder, standby

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from sqlalchemy import Engine

    from app.core.pagecache.replica import Replica
    from tests.builders import Builders

pytestmark = pytest.mark.parametrize(
    "app", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
GENEROUS = 30.0
RU = {"Accept-Language": "ru"}


class Copy:
    """A real replica of the tests' PostgreSQL, as whoever runs it has it."""

    def __init__(self, server: Postgres, database: str) -> None:
        self.server, self.database, self.url = server, database, server.url(database)

    def ask(self, statement: str) -> Any:
        with psycopg.connect(
            host=str(self.server.folder), user="postgres", dbname=self.database, autocommit=True
        ) as connection:
            found = connection.execute(statement).fetchone()
            return found[0] if found else None

    def wait(self, statement: str) -> None:
        until = time.monotonic() + GENEROUS
        while not self.ask(statement):
            assert time.monotonic() < until, statement
            time.sleep(0.01)

    def catch_up(self) -> None:
        """Wait until it shows all that is committed."""
        with db.engine.connect() as connection:
            version = read_version(connection)
        self.wait(f"SELECT sum(number) >= {version} FROM page_versions")  # noqa: S608

    def hold_back(self) -> None:
        """It takes what comes and shows none of it."""
        self.ask("SELECT count(*) FROM (SELECT pg_wal_replay_pause()) AS paused")
        self.wait("SELECT pg_get_wal_replay_pause_state() = 'paused'")

    def go_on(self) -> None:
        self.ask("SELECT count(*) FROM (SELECT pg_wal_replay_resume()) AS resumed")
        self.wait("SELECT NOT pg_is_wal_replay_paused()")

    def break_off(self) -> None:
        """Whoever reads pages there is cut off."""
        self.ask(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'otklik-pages'"
        )


@pytest.fixture(scope="module")
def copy(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    with app.app_context():
        database = db.engine.url.database or ""
    with standby(run_folder(tmp_path_factory)) as server:
        yield Copy(server, database)


class Machine:
    """A web process that keeps pages and knows a replica; what it asks where."""

    def __init__(self, app: Flask) -> None:
        self.app, self.client = app, app.test_client(use_cookies=False)
        self.cache = app.extensions["otklik.pagecache"]
        self.replica: Replica = self.cache.replica
        self.during: Callable[[], object] = lambda: None
        self._flask = self.cache.inner
        self.cache.inner = self._inner

    def _inner(self, environ: Any, start_response: Any) -> Any:
        self.during()
        return self._flask(environ, start_response)

    def reads(self, path: str) -> str:
        answer = Context().run(lambda: self.client.get(path, base_url=BASE_URL, headers=RU))
        assert answer.status_code == 200, answer.status
        return str(answer.get_data(as_text=True))

    @contextmanager
    def asked(self) -> Iterator[dict[str, list[str]]]:
        """The statements that each of the two was asked meanwhile."""
        with self.app.app_context():
            both: dict[str, Engine] = {"primary": db.engine, "replica": self.replica.engine}
        told: dict[str, list[str]] = {name: [] for name in both}
        ears = []
        for name, engine in both.items():

            def note(_c: Any, _cursor: Any, statement: str, *_: Any, to: str = name) -> None:
                # Whoever looks what is new asks both, each time.
                if "page_versions" not in statement and "brands" not in statement:
                    told[to].append(statement)

            event.listen(engine, "before_cursor_execute", note)
            ears.append((engine, note))
        try:
            yield told
        finally:
            for engine, note in ears:
                event.remove(engine, "before_cursor_execute", note)


def of_an_app(app: Flask, url: str) -> Machine:
    given = {
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "DATABASE_REPLICA_URL": url,
        "PAGE_CACHE_MB": "8",
    }
    return Machine(create_app(settings(app.config["INSTANCE_PATH"], **given)))


@pytest.fixture(scope="module")
def made(app: Flask, copy: Copy) -> Machine:
    return of_an_app(app, copy.url)


@pytest.fixture
def machine(
    made: Machine, copy: Copy, committed: Builders, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machine]:
    """It knows nothing yet, and asks for the version with every request."""
    monkeypatch.setattr(versions, "FRESH", 0.0)
    made.cache.shelf._begin_anew()
    made.cache.clock._begin_anew()
    made.cache._offered = None
    made.replica._begin_anew()
    made.during = lambda: None
    committed.brand()
    yield made
    copy.go_on()
    made.replica.engine.dispose()
    with made.app.app_context():
        db.engine.dispose()


@pytest.fixture
def topic(machine: Machine, committed: Builders, copy: Copy) -> Topic:
    found = committed.question(title="Где моя карта")
    session.commit()
    copy.catch_up()
    return found


def rename(topic: Topic, title: str) -> None:
    session.execute(update(Topic).where(Topic.id == topic.id).values(title=title))
    session.commit()


def outcomes() -> dict[str, float]:
    counted = metrics._outcomes.collect()
    return {
        s.labels["outcome"]: s.value
        for each in counted
        for s in each.samples
        if s.labels["what"] == "replica" and s.name.endswith("_total")
    }


def test_a_page_for_everybody_is_read_from_the_replica(
    machine: Machine, copy: Copy, topic: Topic
) -> None:
    before = outcomes().get("read", 0)
    for path in ("/", f"/topics/{topic.id}", f"/categories/{topic.category.slug}"):
        with machine.asked() as told:
            assert "Где моя карта" in machine.reads(path)
        assert told["primary"] == [], path
        assert any("topics" in each for each in told["replica"]), path
    assert outcomes()["read"] == before + 3


def test_a_kept_page_asks_neither(machine: Machine, topic: Topic) -> None:
    machine.reads("/")
    with machine.asked() as told:
        machine.reads("/")
    assert told == {"primary": [], "replica": []}


def test_somebody_who_is_known_and_whoever_writes_have_the_primary(
    machine: Machine, committed: Builders, copy: Copy, topic: Topic
) -> None:
    person = committed.customer()
    session.commit()
    copy.catch_up()
    browser = Browser(machine.app.test_client()).sign_in(person)
    with machine.asked() as told:
        assert browser.get(f"/topics/{topic.id}").status_code == 200
        assert browser.post(f"/topics/{topic.id}/vote").status_code < 500
        # Nobody we know, and no page that may be kept.
        Context().run(lambda: machine.client.get("/sign-in", base_url=BASE_URL))
        Context().run(lambda: machine.client.get("/ask", base_url=BASE_URL))
    assert told["replica"] == []
    assert told["primary"] != []


def test_while_the_replica_is_behind_the_primary_makes_pages(
    machine: Machine, copy: Copy, topic: Topic
) -> None:
    machine.reads(f"/topics/{topic.id}")
    copy.hold_back()
    rename(topic, "Карта нашлась")

    with machine.asked() as told:
        # At once, and in the moment in which it is committed: the replica lags without an end.
        assert "Карта нашлась" in machine.reads(f"/topics/{topic.id}")
    assert told["replica"] == []

    copy.go_on()
    copy.catch_up()
    with machine.asked() as told:
        assert "Карта нашлась" in machine.reads("/")
    assert told["primary"] == []


def test_no_page_is_older_than_the_version_it_is_kept_under(
    machine: Machine, copy: Copy, topic: Topic
) -> None:
    """A commit between the version and the rows is seen by neither or makes the page old."""

    def meanwhile() -> None:
        machine.during = lambda: None
        with db._app_engines[machine.app][None].begin() as primary:
            primary.execute(update(Topic).values(title="Карта нашлась"))
        with machine.app.app_context():
            copy.catch_up()

    machine.during = meanwhile
    # The replica has the new title by now; the page is of the moment of its version.
    assert "Где моя карта" in machine.reads(f"/topics/{topic.id}")
    assert "Карта нашлась" in machine.reads(f"/topics/{topic.id}")


def test_the_version_and_the_rows_are_of_one_moment(
    machine: Machine, copy: Copy, topic: Topic, committed: Builders
) -> None:
    with db.engine.connect() as primary:
        version = read_version(primary)
    with machine.app.app_context(), machine.replica.reading(version) as reading:
        assert reading
        title = select(Topic.title).where(Topic.id == topic.id)
        assert session.scalar(title) == "Где моя карта"
        with db.engine.begin() as primary:
            primary.execute(update(Topic).values(title="Карта нашлась"))
        copy.catch_up()
        assert session.scalar(title) == "Где моя карта"
        assert session.scalar(select(func.sum(versions.PageVersion.number))) == version
        session.remove()
    with db.engine.connect() as primary, machine.replica.reading(read_version(primary)) as reading:
        assert reading
    with machine.replica.reading(read_version_after_a_write(copy)) as reading:
        assert reading is None


def read_version_after_a_write(copy: Copy) -> int:
    """Of a commit that the replica does not show."""
    copy.hold_back()
    with db.engine.begin() as primary:
        primary.execute(update(Topic).values(title="Карта ушла"))
    with db.engine.connect() as primary:
        return read_version(primary)


def test_nothing_is_written_there(machine: Machine, topic: Topic) -> None:
    with db.engine.connect() as primary:
        version = read_version(primary)
    with machine.app.app_context(), machine.replica.reading(version) as reading:
        assert reading
        with pytest.raises(DBAPIError, match="read-only"):
            session.execute(update(Topic).values(title="х"))
        session.remove()
        assert reading.failed


def test_a_replica_that_breaks_off_in_the_middle_costs_no_reader_a_page(
    machine: Machine, copy: Copy, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def cut() -> None:
        calls.append(machine.replica._silent_until)
        if len(calls) == 1:
            copy.break_off()

    machine.during = cut
    with machine.asked() as told:
        assert "Где моя карта" in machine.reads(f"/topics/{topic.id}")
    assert len(calls) == 2
    assert told["primary"] != []

    # Left alone for a while, and kept in no one's way.
    with machine.asked() as told:
        assert "Где моя карта" in machine.reads("/")
    assert told["replica"] == []

    monkeypatch.setattr(machine.replica, "_silent_until", 0.0)
    with machine.asked() as told:
        machine.reads(f"/categories/{topic.category.slug}")
    assert told["primary"] == []


def test_a_replica_that_stands_still_is_not_waited_for(
    machine: Machine, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = []

    def stop() -> None:
        machine.during = lambda: None
        connection = reads_at.get()
        assert connection is not None
        stopped.append(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
        os.kill(stopped[0], signal.SIGSTOP)

    monkeypatch.setattr(replicas, "LONGEST", 1.0)
    machine.during = stop
    try:
        assert "Где моя карта" in machine.reads(f"/topics/{topic.id}")
        with machine.asked() as told:
            machine.reads("/")
        assert told["replica"] == []
    finally:
        os.kill(stopped[0], signal.SIGCONT)


def test_a_replica_that_is_not_there_is_asked_by_one_and_seldom(
    app: Flask, copy: Copy, machine: Machine, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = of_an_app(app, copy.url.replace(str(copy.server.folder), "/nowhere"))
    tried = []

    def connect() -> Any:
        tried.append(1)
        return type(alone.replica.engine).connect(alone.replica.engine)

    monkeypatch.setattr(alone.replica.engine, "connect", connect)
    for path in ("/", f"/topics/{topic.id}", "/"):
        assert "Где моя карта" in alone.reads(path)
    assert len(tried) == 1

    # The silence is over: one tries, and whoever comes meanwhile does not wait for it.
    monkeypatch.setattr(alone.replica, "_silent_until", 0.0)
    assert not alone.replica._is_silent()
    assert alone.replica._is_silent()
    with alone.app.app_context():
        db.engine.dispose()


def test_a_stale_connection_of_a_replica_that_was_started_anew_costs_nothing(
    machine: Machine, copy: Copy, topic: Topic
) -> None:
    machine.reads("/")
    copy.break_off()
    assert "Где моя карта" in machine.reads(f"/topics/{topic.id}")


def test_the_doctor_says_how_it_stands(
    machine: Machine, copy: Copy, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked() -> health.Finding:
        with machine.app.app_context():
            try:
                return health._replica(machine.app.config)
            finally:
                session.remove()

    assert looked() == health.Finding(ok=True, words="answers, and is as far as the primary")
    copy.hold_back()
    rename(topic, "Карта нашлась")
    late = looked()
    assert late.ok
    assert late.words.startswith("behind since")
    monkeypatch.setattr(health, "LAGGING", clock.now() - clock.now())
    assert not looked().ok
    assert "primary makes all pages" in looked().advice


def test_none_is_asked_for(app: Flask) -> None:
    with app.app_context():
        assert health._replica(app.config).words == "none is asked for"


def test_it_takes_a_postgresql_to_replicate(app: Flask) -> None:
    with pytest.raises(config.UnknownValueError, match="DATABASE_REPLICA_URL"):
        config.load({"SECRET_KEY": "x", "DATABASE_REPLICA_URL": "postgresql://replica/otklik"})


def test_silence_is_short(app: Flask) -> None:
    assert replicas.SILENCE_AFTER_FAILURE <= 10
