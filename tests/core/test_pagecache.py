"""Pages that are kept: for whom, how long, in what shape; how soon a change is seen everywhere."""

from __future__ import annotations

import gzip
import shutil
import time
from contextvars import Context
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import brotli
import pytest
import time_machine
from backports import zstd
from sqlalchemy import delete, insert, text, update

from app.accounts.models import Session
from app.brand.models import Brand
from app.core import clock, events, heartbeat, pagecache
from app.core.db import Base, db, reads_only, session
from app.core.pagecache import counting, making, private, shared, versions
from app.core.pagecache.kept import Kept, Key, Shelf
from app.factory import create_app
from app.moderation import service as moderation
from app.search import shelf as search_shelf
from app.search.models import AskedWords
from app.search.service import finding, following, learning
from app.topics.models import Draft, Tag, Topic
from tests.conftest import BASE_URL, settings
from tests.samples import Samples, every

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from app.core.pagecache import PageCache
    from tests.builders import Builders

RU = {"Accept-Language": "ru"}


class Machine:
    """A web process of its own on the one database, with its own shelf."""

    def __init__(self, app: Flask) -> None:
        self.app, self.client = app, app.test_client(use_cookies=False)
        self.cache: PageCache = app.extensions["otklik.pagecache"]
        self.made: list[str] = []
        self.during: Callable[[], object] = lambda: None
        self._flask = self.cache.inner

    def watch(self) -> Machine:
        """Note what Flask is asked for from now on; forget what was kept."""

        def inner(environ: Any, start_response: Any) -> Any:
            self.made.append(environ["PATH_INFO"].encode("latin-1").decode())
            answer = self._flask(environ, start_response)
            self.during()
            return answer

        self.cache.inner = inner
        self.forget()
        return self

    def forget(self) -> None:
        self.made.clear()
        self.cache.shelf._begin_anew()
        self.cache.clock._begin_anew()
        self.cache._offered = None

    def ask(self, path: str, method: str = "GET", host: str = BASE_URL, **headers: str) -> Any:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return Context().run(
            lambda: self.client.open(path, method=method, base_url=host, headers={**RU, **sent})
        )

    def reads(self, path: str, **headers: str) -> str:
        answer = self.ask(path, **headers)
        assert answer.status_code == 200, answer.status
        return str(answer.get_data(as_text=True))


@pytest.fixture(scope="module")
def twins(app: Flask) -> list[Machine]:
    """Two web processes, as it were, that keep pages."""
    given = {
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "PAGE_CACHE_MB": "8",
    }
    return [Machine(create_app(settings(app.config["INSTANCE_PATH"], **given))) for _ in "ab"]


@pytest.fixture
def machines(
    twins: list[Machine], committed: Builders, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Machine]]:
    """Both, knowing nothing yet; the version is asked for with every request."""
    monkeypatch.setattr(versions, "FRESH", 0.0)
    monkeypatch.setattr(search_shelf, "STAMP_HOLDS", 0.0)
    shutil.rmtree(twins[0].app.config["INDEX_PATH"], ignore_errors=True)
    finding.forget()
    for each in twins:
        each.during = lambda: None
        each.watch()
    committed.brand()
    yield twins
    for each in twins:
        each.cache.shared = None
        with each.app.app_context():
            db.engine.dispose()


@pytest.fixture
def here(app: Flask, machines: list[Machine]) -> Machine:
    """One of them, where it is the same whichever database it is."""
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql"):
        pytest.skip("nothing here depends on the database")
    return machines[0]


@pytest.fixture
def topic(machines: list[Machine], committed: Builders) -> Topic:
    """A question with its answer, which everybody may read."""
    made = committed.question(tags=["метро"])
    committed.answer(made)
    session.commit()
    return made


def places(topic: Topic) -> list[str]:
    """Where a topic is seen."""
    return [
        "/",
        "/?view=recent",
        f"/topics/{topic.id}",
        f"/categories/{topic.category.slug}",
        "/tags/метро",
        f"/people/{topic.asker_id}",
        "/feed.atom",
        f"/categories/{topic.category.slug}/feed.atom",
        "/sitemap-1.xml",
    ]


# ------------------------------------------------------------------------------------ what is kept


def test_the_second_reader_gets_what_was_made_for_the_first(here: Machine, topic: Topic) -> None:
    for path in places(topic):
        here.made.clear()
        first, second = here.ask(path), here.ask(path)

        assert (first.status_code, second.status_code) == (200, 200), path
        assert here.made == [path.partition("?")[0]], path
        assert first.get_data() == second.get_data()
        assert dict(first.headers) == dict(second.headers)
        assert "Set-Cookie" not in second.headers
        assert second.headers["ETag"].startswith('W/"')
        assert "Accept-Encoding" in second.headers["Vary"]


def test_pages_say_to_a_cdn_and_to_browsers_how_long_they_hold(here: Machine, topic: Topic) -> None:
    for answer in (here.ask("/"), here.ask("/")):
        assert answer.headers["Cache-Control"] == ("public, max-age=0, must-revalidate, s-maxage=1")
        assert answer.headers["Vary"] == "Accept-Encoding, Accept-Language, Cookie"

    lost = here.ask("/topics/999999")
    assert lost.status_code == 404
    assert lost.headers["Cache-Control"] == "private, no-cache"
    assert len(here.cache.shelf) == 1


def test_every_page_that_may_be_kept_is_the_one_flask_makes(
    app: Flask, here: Machine, committed: Builders
) -> None:
    samples = Samples(committed)
    session.commit()
    plain = app.test_client(use_cookies=False)
    kept = {
        rule.endpoint
        for rule in every(here.app)
        if getattr(here.app.view_functions[rule.endpoint], "keeps", None) is not None
    }
    assert len(kept) > 20

    seen = set()
    with time_machine.travel(clock.now() + timedelta(seconds=2), tick=False):
        here.forget()
        for endpoint, path in samples.addresses(here.app, "GET"):
            if endpoint not in kept:
                continue
            usual = Context().run(lambda: plain.get(path, base_url=BASE_URL, headers=RU))  # noqa: B023
            if usual.status_code != 200:
                continue
            here.made.clear()
            first, second = here.ask(path), here.ask(path)
            # The field that says when a form was opened is for people who are signed in.
            stamped = b'name="opened"'
            if stamped not in usual.get_data():
                assert usual.get_data() == second.get_data(), path
            assert first.get_data() == second.get_data(), path
            assert len(here.made) == 1, path
            assert b"nonce" not in second.get_data(), path
            policy = "Content-Security-Policy"
            assert usual.headers[policy] == second.headers[policy]
            seen.add(endpoint)
    assert len(seen) > 18


def test_nothing_is_kept_that_does_not_say_so(here: Machine, committed: Builders) -> None:
    session.commit()
    for path in ("/sign-in", "/ask", "/healthz", "/search/similar?q=карта", "/language"):
        here.ask(path)
        here.ask(path)
    assert len(here.cache.shelf) == 0
    assert len(here.made) == 10


def test_the_import_map_is_let_in_by_its_hash(here: Machine, topic: Topic) -> None:
    answers = [here.ask("/"), here.ask("/")]

    policies = {answer.headers["Content-Security-Policy"] for answer in answers}
    assert len(policies) == 1
    [policy] = policies
    assert "'sha256-" in policy
    assert "nonce" not in policy
    assert "unsafe" not in policy


# --------------------------------------------------------------------------- in what shape it comes


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", None),
        ("identity", None),
        ("*", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("zstd, gzip", "zstd"),
        ("br;q=0, gzip;q=0.1", "gzip"),
        ("GZIP", "gzip"),
        ("gzip;q=nonsense, \x7f,,;", None),
    ],
)
def test_a_page_comes_in_the_encoding_that_is_understood(
    here: Machine, topic: Topic, accepted: str, encoding: str | None
) -> None:
    unpack = {
        None: bytes,
        "gzip": gzip.decompress,
        "br": brotli.decompress,
        "zstd": zstd.decompress,
    }
    whole = here.ask("/").get_data()
    for _ in range(2):
        answer = here.ask("/", Accept_Encoding=accepted)
        body = answer.get_data()
        assert answer.headers.get("Content-Encoding") == encoding
        assert int(answer.headers["Content-Length"]) == len(body)
        assert unpack[encoding](body) == whole
        if encoding is not None:
            assert len(body) < len(whole) / 3
    assert len(here.made) == 1


def test_head_says_what_get_says_and_no_more(here: Machine, topic: Topic) -> None:
    for path in ("/", "/feed.atom"):
        first = here.ask(path, "HEAD", Accept_Encoding="gzip")
        page = here.ask(path, Accept_Encoding="gzip")
        again = here.ask(path, "HEAD", Accept_Encoding="gzip")

        assert first.get_data() == again.get_data() == b""
        assert dict(first.headers) == dict(page.headers) == dict(again.headers)
        assert int(again.headers["Content-Length"]) == len(page.get_data())
    assert len(here.made) == 2


def test_who_has_it_already_is_told_so(here: Machine, topic: Topic) -> None:
    page = here.ask("/")
    tag = page.headers["ETag"]
    for known in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        answer = here.ask("/", If_None_Match=known)
        assert answer.status_code == 304, known
        assert answer.get_data() == b""
        assert "Content-Length" not in answer.headers
        assert answer.headers["ETag"] == tag
        assert answer.headers["Vary"] == page.headers["Vary"]
        assert answer.headers["Cache-Control"] == page.headers["Cache-Control"]
    for unknown in ('"x"', 'W/"y"', "nonsense"):
        assert here.ask("/", If_None_Match=unknown).status_code == 200
    # The first to ask may have it too, from before.
    here.forget()
    assert here.ask("/", If_None_Match=tag).status_code == 304
    assert here.reads("/") == page.get_data(as_text=True)


def test_feeds_know_since_when(here: Machine, topic: Topic) -> None:
    feed = here.ask("/feed.atom")
    since = feed.headers["Last-Modified"]
    assert here.ask("/feed.atom", If_Modified_Since=since).status_code == 304
    old = "Mon, 01 Jan 2001 00:00:00 GMT"
    assert here.ask("/feed.atom", If_Modified_Since=old).status_code == 200
    assert here.ask("/feed.atom", If_Modified_Since=since, If_None_Match='"x"').status_code == 200


def test_a_range_is_not_cut_out(here: Machine, topic: Topic) -> None:
    whole = here.ask("/").get_data()
    for _ in range(2):
        part = here.ask("/", Range="bytes=0-9")
        assert (part.status_code, part.get_data()) == (200, whole)
        assert "Content-Range" not in part.headers
        here.forget()


# ------------------------------------------------------------------------------------ what for whom


def test_each_reads_in_their_language(here: Machine, topic: Topic) -> None:
    def language(**headers: str) -> str:
        return here.reads("/", **headers).partition('<html lang="')[2][:2]

    for _ in range(2):
        assert language(Accept_Language="ru") == "ru"
        assert language(Accept_Language="en-GB,en;q=0.9,ru;q=0.5") == "en"
        assert language(Accept_Language="uk") == "uk"
        assert language(Accept_Language="fr") == "ru"
        assert language(Accept_Language="") == "ru"
        assert language(Accept_Language="ru", Cookie="lang=uk") == "uk"
        assert language(Accept_Language="uk", Cookie="lang=tlh; _ga=GA1.2.3") == "uk"
        assert language(Accept_Language="uk", Cookie='lang="en"') == "en"
    # As many pages as languages, whatever they were asked by.
    assert len(here.made) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "sid=x"},
        {"Cookie": "lang=ru; sid=x"},
        {"Cookie": "guest=AAAAAAAAAAAAAAAAAAAAAA"},
        {"Cookie": "__Host-sid=x"},
        {"Cookie": "__Host-guest=x"},
        {"Authorization": "Bearer x"},
        {"HX-Request": "true"},
        {"X-Fragment": "1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_whoever_could_be_somebody_is_asked_of_flask(
    here: Machine, topic: Topic, headers: dict[str, str]
) -> None:
    here.ask("/")
    here.made.clear()
    here.ask("/", **headers)
    here.ask("/", **headers)
    assert len(here.made) == 2


def test_who_sends_something_along_is_asked_of_flask(here: Machine, topic: Topic) -> None:
    for _ in range(2):
        Context().run(lambda: here.client.get("/", base_url=BASE_URL, data=b"view=ideas"))
    assert len(here.made) == 2


def test_another_host_gets_nothing_of_ours(here: Machine, topic: Topic) -> None:
    here.ask("/")
    for _ in range(2):
        here.ask("/", host="http://evil.test")
        here.ask("/", host="http://otklik.test:81")
    assert len(here.made) == 5
    assert len(here.cache.shelf) == 1


def test_a_query_nobody_knows_neither_poisons_nor_multiplies(here: Machine, topic: Topic) -> None:
    usual = here.reads("/")
    for query in ("utm_source=x", "view=recent&x=1", "view=recent&view=ideas", "view=a&View=b"):
        here.made.clear()
        here.ask(f"/?{query}")
        here.ask(f"/?{query}")
        assert len(here.made) == 2, query
    assert len(here.cache.shelf) == 1
    assert here.reads("/") == usual
    # Pages say their own address: each spelling is a page of its own.
    first, second = here.reads("/?view=ideas&cursor=x"), here.reads("/?cursor=x&view=ideas")
    assert "view%3Dideas%26cursor%3Dx" in first
    assert "cursor%3Dx%26view%3Dideas" in second


def test_a_header_leaves_no_trace_in_a_page(here: Machine, topic: Topic) -> None:
    usual = here.ask("/")
    for name in (
        "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-For", "X-Original-URL", "Forwarded",
        "X-Rewrite-URL", "X-HTTP-Method-Override", "User-Agent", "Referer", "Origin", "Via",
        "X-Language", "Accept", "Sec-Fetch-User", "X-Forwarded-Proto", "X-Forwarded-Scheme",
    ):  # fmt: skip
        here.forget()
        poisoned = here.ask("/", **{name: "poison.test"})
        assert poisoned.status_code == 200
        assert poisoned.get_data() == usual.get_data(), name
        assert "poison" not in str(poisoned.headers)
        assert here.ask("/").get_data() == usual.get_data(), name


def test_what_shows_something_for_one_reader_is_not_kept(here: Machine, topic: Topic) -> None:
    view = here.app.view_functions["topics.tags"]
    answers: list[Callable[[], Any]] = [
        lambda: ("for you alone", {"Cache-Control": "no-store"}),
        lambda: ("for you alone", {"Cache-Control": "private, max-age=60"}),
        lambda: ("for you alone", {"Set-Cookie": "guest=x"}),
        lambda: ("for you alone", {"Vary": "User-Agent"}),
        lambda: ("for you alone", {"Content-Encoding": "gzip"}),
        lambda: pagecache.never() or "for you alone",
        lambda: ("for you alone", 203),
    ]

    def say(answer: Callable[[], Any]) -> Any:
        def said() -> Any:
            return answer()

        said.may, said.keeps, said.cross_site = "topics.look_around", (), False
        return said

    try:
        for answer in answers:
            here.app.view_functions["topics.tags"] = say(answer)
            here.made.clear()
            assert "for you alone" in here.ask("/tags").get_data(as_text=True)
            here.ask("/tags")
            assert len(here.made) == 2
            assert len(here.cache.shelf) == 0
        here.app.view_functions["topics.tags"] = say(lambda: "for all")
        here.ask("/tags")
        assert len(here.cache.shelf) == 1
    finally:
        here.app.view_functions["topics.tags"] = view


# -------------------------------------------------------------------------------- how long it holds


def test_a_change_is_seen_everywhere_within_a_second(
    machines: list[Machine], topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "FRESH", 0.3)
    for each in machines:
        each.forget()
        assert topic.title in each.reads("/")
    changed = session.get_one(Topic, topic.id)
    changed.title = "Почему карта теперь работает?"
    session.commit()

    committed_at = time.monotonic()
    for each in machines:
        while changed.title not in each.reads("/"):
            assert time.monotonic() - committed_at < 1.0
            time.sleep(0.01)


def test_what_moderation_hides_is_gone_from_everywhere(
    machines: list[Machine], topic: Topic, committed: Builders
) -> None:
    pages = places(topic)
    for each in machines:
        for path in pages:
            assert topic.title in each.reads(path) or path.endswith(".xml"), path
    moderation.hide(committed.manager(), session.get_one(Topic, topic.id), "Реклама.")
    session.commit()

    for each in machines:
        for path in pages:
            answer = each.ask(path)
            assert topic.title not in answer.get_data(as_text=True), path
            assert f"/topics/{topic.id}" not in answer.get_data(as_text=True) or (
                answer.status_code == 404
            ), path


def test_the_brand_changes_for_everybody_at_once(machines: list[Machine], topic: Topic) -> None:
    for each in machines:
        assert "Банк Пример" in each.reads("/")
        each.reads("/brand.css")
    brand = session.query(Brand).one()
    brand.name, brand.colour = "Банк Другой", "#7a1f5b"
    brand.languages, brand.locale = ["en"], "en"
    session.commit()

    for each in machines:
        page = each.reads("/")
        assert "Банк Другой" in page
        assert '<html lang="en"' in page
        assert "#7a1f5b" in page


def moves(act: Callable[[], object]) -> bool:
    """Whether the version is another one after `act` and its commit."""

    def version() -> int:
        session.rollback()
        token = reads_only.set(True)
        try:
            with db.engine.connect() as connection:
                return int(connection.execute(versions._SUM).scalar_one())
        finally:
            reads_only.reset(token)

    session.commit()
    before = version()
    act()
    session.commit()
    return version() != before


def test_whatever_way_something_public_is_written_moves_the_version(topic: Topic) -> None:
    number, tag = topic.id, "новый"

    def flushed() -> None:
        session.get_one(Topic, number).title = "Иначе"

    ways: dict[str, Callable[[], object]] = {
        "added": lambda: session.add(Tag(name=tag)),
        "flushed": flushed,
        "updated at once": lambda: session.execute(update(Topic).values(pinned=1)),
        "inserted at once": lambda: session.execute(insert(Tag), [{"name": "а"}, {"name": "б"}]),
        "by its table": lambda: session.execute(Tag.__table__.insert().values(name="в")),
        "as text": lambda: session.execute(text("UPDATE topics SET pinned = 2")),
        "past the session": lambda: session.connection().exec_driver_sql(
            "  update topics set pinned = 3"
        ),
        "deleted": lambda: session.execute(delete(Tag).where(Tag.name == "в")),
        "in a savepoint": lambda: inside(lambda: session.add(Tag(name="г"))),
        "a fact of a topic": lambda: session.add(fact(f"topic:{number}")),
    }
    for way, write in ways.items():
        assert moves(write), way


def fact(stream: str | None) -> events.Fact:
    return events.Fact(name="BankDataHidden", data={}, stream=stream, at=clock.now())


def inside(write: Callable[[], object]) -> None:
    with session.begin_nested():
        write()


def test_what_readers_do_not_see_moves_nothing(topic: Topic, committed: Builders) -> None:
    asker = topic.asker
    today = clock.now().date()
    ways: dict[str, Callable[[], object]] = {
        "nothing": lambda: session.get_one(Topic, topic.id).title,
        "a heartbeat": heartbeat.beat,
        "a session": lambda: session.add(Session(key_hash="0" * 64, data={}, browser="")),
        "seen again": lambda: session.execute(update(Session).values(seen_at=clock.now())),
        "as text": lambda: session.execute(text("UPDATE sessions SET browser = 'x'")),
        "a draft": lambda: session.add(
            Draft(person_id=asker.id, about="topic:1", fields={}, changed_at=clock.now())
        ),
        "counts": lambda: (learning.note_search("карта", 0, locale="ru"), learning.flush()),
        "counts of words": lambda: session.execute(
            delete(AskedWords).where(AskedWords.day < today)
        ),
        "a fact of nobody's": lambda: session.add(fact(None)),
    }
    for way, write in ways.items():
        assert not moves(write), way


def test_what_was_undone_moves_nothing(topic: Topic) -> None:
    def undone() -> None:
        session.add(Tag(name="отменённый"))
        session.flush()
        session.rollback()

    assert not moves(undone)


def test_private_tables_are_tables() -> None:
    assert private.PRIVATE | private.SOMETIMES.keys() <= Base.metadata.tables.keys()


def test_a_page_made_before_a_commit_is_old_after_it(machines: list[Machine], topic: Topic) -> None:
    here = machines[0]
    title = "Пока страница делалась"

    def write() -> None:
        here.during = lambda: None

        def act() -> None:
            with here.app.app_context():
                session.execute(update(Topic).values(title=title))
                session.commit()

        thread = Thread(target=act)
        thread.start()
        thread.join()

    here.during = write
    assert title not in here.reads("/")
    assert title in here.reads("/")


def test_a_promise_that_runs_out_is_never_told_otherwise(
    here: Machine, committed: Builders
) -> None:
    asked = committed.question()
    session.commit()
    due, at_risk = asked.due_at, asked.at_risk_at
    assert due is not None
    turns = [turn for turn in (at_risk, due) if turn is not None]
    assert turns
    for turn in turns:
        with time_machine.travel(turn - timedelta(seconds=5), tick=False) as frozen:
            here.forget()
            before = [here.reads("/"), here.reads(f"/topics/{asked.id}")]
            frozen.move_to(turn - timedelta(seconds=1))
            assert [here.reads("/"), here.reads(f"/topics/{asked.id}")] == before
            assert len(here.made) == 2
            frozen.move_to(turn + timedelta(seconds=1))
            after = [here.reads("/"), here.reads(f"/topics/{asked.id}")]
            assert len(here.made) == 4
            assert after != before
    assert "is-overdue" in after[0]


def test_nothing_holds_longer_than_a_minute(here: Machine, topic: Topic) -> None:
    with time_machine.travel(clock.now(), tick=False) as frozen:
        here.reads("/")
        frozen.shift(timedelta(seconds=making.LONGEST - 1))
        here.reads("/")
        assert len(here.made) == 1
        frozen.shift(timedelta(seconds=2))
        here.reads("/")
        assert len(here.made) == 2


def test_a_page_is_not_made_anew_with_each_of_its_pieces(here: Machine, topic: Topic) -> None:
    with time_machine.travel(clock.now(), tick=False) as frozen:
        here.reads("/tags")  # its head and foot are those of all pages
        frozen.shift(timedelta(seconds=making.LONGEST - 1))
        there = f"/topics/{topic.id}"
        here.reads(there)
        frozen.shift(timedelta(seconds=2))
        here.reads(there)
        assert here.made.count(there) == 1


def test_searches_are_made_anew_when_the_index_has_learnt(
    here: Machine, committed: Builders, topic: Topic
) -> None:
    search_shelf.index().made()
    following.follow()
    assert f"/topics/{topic.id}" in here.reads("/search?q=метро")
    here.reads("/search?q=метро")
    assert len(here.made) == 1
    second = committed.question(title="Метро закрыто, а карта открыта?")
    session.commit()
    assert f"/topics/{second.id}" not in here.reads("/search?q=метро")
    following.follow()
    assert f"/topics/{second.id}" in here.reads("/search?q=метро")


def test_the_version_out_of_reach_means_no_page_from_the_shelf(
    here: Machine, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.reads("/")
    monkeypatch.setattr(here.cache.clock, "_read", lambda: None)
    here.forget()
    here.reads("/")
    here.reads("/")
    assert len(here.made) == 2


# ------------------------------------------------------------------------------- under many readers


def test_twenty_at_once_have_it_made_once(here: Machine, topic: Topic) -> None:
    waiting = Event()
    here.during = lambda: waiting.wait(5)
    seen: list[bytes] = []
    readers = [Thread(target=lambda: seen.append(here.ask("/").get_data())) for _ in range(20)]
    for each in readers:
        each.start()
    while not here.made:
        time.sleep(0.005)
    time.sleep(0.1)
    waiting.set()
    for each in readers:
        each.join(20)

    assert len(seen) == 20
    assert len(set(seen)) == 1
    assert here.made == ["/"]


def test_who_waits_for_a_page_that_was_not_to_be_kept_asks_for_themselves(
    here: Machine, topic: Topic
) -> None:
    waiting = Event()
    here.during = lambda: waiting.wait(5)
    seen: list[int] = []

    def read() -> None:
        seen.append(here.ask("/topics/999999").status_code)

    readers = [Thread(target=read) for _ in range(4)]
    for each in readers:
        each.start()
    time.sleep(0.1)
    waiting.set()
    for each in readers:
        each.join(20)
    assert seen == [404] * 4


def test_a_failure_lets_those_who_wait_go(here: Machine, topic: Topic) -> None:
    def fail() -> None:
        here.during = lambda: None
        raise RuntimeError("this one fails")

    here.during = fail
    with pytest.raises(RuntimeError, match="this one fails"):
        here.ask("/")
    assert here.ask("/").status_code == 200
    assert here.cache._flights == {}


def page(size: int, **more: Any) -> Kept:
    usual = {
        "headers": [("Content-Type", "text/plain")], "body": b"x" * size,
        "ends": time.time() + 60, "rule": "/", "endpoint": "x", "args": {}, "language": "ru",
        "note": {}, "rests_on": {}, "vary": "",
    }  # fmt: skip
    return Kept(**{**usual, **more})


def key(path: str, query: str = "") -> Key:
    return Key("http", "otklik.test", path, query, "ru")


def test_the_shelf_holds_so_much_and_the_longest_unread_goes() -> None:
    shelf = Shelf(300_000)
    shelf.turn_to(1)
    for number in range(20):
        assert shelf.put(1, key(f"/{number}"), page(8_000))
        assert shelf.get(1, key("/0")) is not None
    assert shelf.size <= 300_000
    assert shelf.get(1, key("/1")) is None
    assert shelf.get(1, key("/19")) is not None
    assert not shelf.put(1, key("/large"), page(60_000))
    assert shelf.get(1, key("/large")) is None


def test_made_up_queries_do_not_push_out_what_everybody_reads() -> None:
    shelf = Shelf(300_000)
    shelf.turn_to(1)
    for path in "abc":
        shelf.put(1, key(path), page(5_000))
    for number in range(500):
        shelf.put(1, key("/search", f"q={number}"), page(3_000))
    assert shelf.size <= 300_000
    assert all(shelf.get(1, key(path)) for path in "abc")


def test_a_late_page_of_an_old_version_is_not_kept() -> None:
    shelf = Shelf(300_000)
    shelf.turn_to(1)
    shelf.put(1, key("/"), page(10))
    shelf.turn_to(2)
    assert len(shelf) == 0
    shelf.put(1, key("/"), page(10))
    assert shelf.get(2, key("/")) is None


# ---------------------------------------------------------------------------------------- counting


def test_whoever_counts_is_told_of_each_reading(
    here: Machine, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    hits: list[counting.Hit] = []
    monkeypatch.setattr(counting, "_counters", [hits.append])
    path = f"/topics/{topic.id}"
    tag = here.ask(path).headers["ETag"]
    assert hits == []
    here.ask(path, User_Agent="Firefox")
    here.ask(path, If_None_Match=tag)
    here.ask(path, "HEAD")
    assert [(hit.endpoint, hit.args, hit.language) for hit in hits] == [
        ("topics.topic", {"topic_id": topic.id}, "ru")
    ] * 2
    assert hits[0].environ["HTTP_USER_AGENT"] == "Firefox"


def test_a_page_is_given_though_counting_fails(
    here: Machine, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(hit: counting.Hit) -> None:
        raise ValueError(hit)

    monkeypatch.setattr(counting, "_counters", [fail])
    monkeypatch.setattr(counting.log, "exception", lambda *_: None)
    here.ask("/")
    assert here.ask("/").status_code == 200


def test_searches_are_learnt_from_whether_kept_or_not(
    here: Machine, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    search_shelf.index().made()
    noted: list[tuple[str, int, str]] = []
    monkeypatch.setattr(
        learning,
        "note_search",
        lambda words, found, *, locale: noted.append((words, found, locale)),
    )
    following.follow()
    for agent in ("Firefox", "Firefox", "Googlebot/2.1"):
        here.ask("/search?q=турникет", User_Agent=agent)
    assert len(here.made) == 1
    assert [words for words, _, _ in noted] == ["турникет"] * 2
    assert len(set(noted)) == 1


# ----------------------------------------------------------------------------------------- in Redis


@pytest.mark.valkey
def test_what_one_machine_made_the_other_gives(
    machines: list[Machine], topic: Topic, valkey_url: str
) -> None:
    one, other = machines
    for each in machines:
        each.cache.shared = shared.Shared({**each.app.config, "REDIS_URL": valkey_url})
    first = one.ask("/")
    second = other.ask("/")
    assert (len(one.made), len(other.made)) == (1, 0)
    assert first.get_data() == second.get_data()
    assert dict(first.headers) == dict(second.headers)
    assert other.ask("/", If_None_Match=first.headers["ETag"]).status_code == 304

    session.get_one(Topic, topic.id).title = "Теперь иначе"
    session.commit()
    assert "Теперь иначе" in other.reads("/")
    assert "Теперь иначе" in one.reads("/")
    assert (len(one.made), len(other.made)) == (1, 1)


@pytest.mark.valkey
def test_nobody_writes_pages_of_ours_in_redis(
    machines: list[Machine], topic: Topic, valkey_url: str
) -> None:
    one, other = machines
    one.cache.shared = ours = shared.Shared({**one.app.config, "REDIS_URL": valkey_url})
    ours._asked(lambda redis: redis.flushdb())
    other.cache.shared = shared.Shared({**other.app.config, "REDIS_URL": valkey_url})
    usual = one.reads("/")
    one.reads("/tags")
    redis: Any = ours._redis
    names = redis.keys("otklik:page:*")
    values = {name: redis.get(name) for name in names}
    assert len(names) == 2
    forged = [
        {name: value.replace(b"<h1", b"<h2") for name, value in values.items()},
        dict(zip(names, reversed(list(values.values())), strict=True)),
        dict.fromkeys(names, b""),
        dict.fromkeys(names, b"x" * 500),
    ]
    for lies in forged:
        for name, value in lies.items():
            redis.set(name, value, px=60_000)
        other.forget()
        assert other.reads("/") == usual
        assert other.made == ["/"]


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere/valkey.sock"])
def test_redis_away_means_slower_pages(machines: list[Machine], topic: Topic, url: str) -> None:
    for each in machines:
        each.cache.shared = shared.Shared({**each.app.config, "REDIS_URL": url})
        each.reads("/")
        each.reads("/")
        assert len(each.made) == 1
