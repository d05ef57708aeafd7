"""The application on both databases, each test inside a transaction that is rolled back."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from contextvars import Context
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

import config
from app.commands.database import migrate
from app.core import chain, clock, deliveries
from app.core.db import db, session
from app.factory import create_app
from app.search import shelf
from app.search.service import finding, following
from tests.builders import Builders
from tests.services import database_name, postgres, run_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from app.accounts.models import Person

pytest_plugins = ["tests.services", "tests.committed"]

NOT_COUNTED = {"SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN"}
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
BASE_URL = "http://otklik.test"


def settings(instance: Path, **more: str) -> dict[str, Any]:
    """Settings for an application whose files all lie under `instance`."""
    environ = {
        "SECRET_KEY": "only-for-tests-" * 3,
        "INSTANCE_PATH": str(instance),
        "PUBLIC_URL": BASE_URL,
        "LOG_LEVEL": "ERROR",
        # A test asks faster than anybody; those of the limits count again.
        "RATE_LIMITS": "no",
        # Those of the page cache turn it on.
        "PAGE_CACHE_MB": "0",
        # Those of signing in ask for it again.
        "STAFF_SECOND_FACTOR": "no",
        **more,
    }
    return {**config.load(environ), "TESTING": True}


@pytest.fixture(scope="session", params=DATABASES)
def app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The application on a migrated, empty database: first SQLite, then PostgreSQL."""
    instance = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        yield made_of(settings(instance))
        return
    with postgres(run_folder(tmp_path_factory)) as server:

        def fill(url: str) -> None:
            made_of(settings(instance, DATABASE_URL=url))

        server.template("otklik_migrated", fill)
        url = server.create(database_name("otklik"), "otklik_migrated")
        app = create_app(settings(instance, DATABASE_URL=url))
        yield app
        with app.app_context():
            db.engine.dispose()


def made_of(given: dict[str, Any]) -> Flask:
    """The application, its database migrated."""
    app = create_app(given)
    with app.app_context():
        migrate()
        db.engine.dispose()
    return app


@contextmanager
def rolled_back(app: Flask) -> Iterator[None]:
    """What is written inside, committed or not, is gone afterwards."""
    with app.app_context():
        engine = db.engine
        connection = engine.connect()
        outer = connection.begin()
        engines = db._app_engines[app]
        session.remove()
        session.session_factory.configure(join_transaction_mode="create_savepoint")
        engines[None] = connection  # type: ignore[assignment]
        try:
            yield
        finally:
            session.remove()
            engines[None] = engine
            outer.rollback()
            connection.close()
            # The index is no part of the transaction: it would tell the next test of this one's.
            shutil.rmtree(app.config["INDEX_PATH"], ignore_errors=True)
            finding.forget()


@pytest.fixture
def transaction(app: Flask) -> Iterator[None]:
    """What this test writes, committed or not, is gone after it."""
    with rolled_back(app):
        yield


@pytest.fixture
def house(transaction: None) -> Builders:
    """Builders of people, categories and topics in the test's transaction."""
    return Builders()


class Browser:
    """A test client that behaves like a browser on our own pages."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **kwargs: Any) -> Any:
        return self._sent(self.client.get, path, kwargs)

    def post(self, path: str, data: Any = None, **kwargs: Any) -> Any:
        return self._sent(self.client.post, path, {"data": data, **kwargs})

    def sign_in(self, person: Person) -> Browser:
        """Have a signed-in session, just proved, without going through the form."""
        session.commit()
        person_id = person.id

        def enter() -> None:
            with self.client.session_transaction(base_url=BASE_URL) as data:
                data["_user_id"] = str(person_id)
                data["_fresh"] = True
                data["proved"] = clock.now().timestamp()

        Context().run(enter)
        session.expire_all()
        return self

    def _sent(self, send: Callable[..., Any], path: str, kwargs: dict[str, Any]) -> Any:
        # A request has a context of its own, as it has on a server: its own session and `g`.
        session.commit()
        headers = {"Origin": BASE_URL, **kwargs.pop("headers", {})}
        try:
            return Context().run(lambda: send(path, base_url=BASE_URL, headers=headers, **kwargs))
        finally:
            session.expire_all()


@pytest.fixture
def browser(app: Flask, transaction: None) -> Browser:
    """A guest's browser; `browser.sign_in(person)` makes it a person's."""
    return Browser(app.test_client())


@pytest.fixture
def new_browser(app: Flask, transaction: None) -> Callable[[], Browser]:
    """As many browsers as a test needs."""
    return lambda: Browser(app.test_client())


@pytest.fixture
def work(transaction: None) -> Callable[[], None]:
    """Run every later reaction that is due, and those they lead to; tell the index of it all."""

    def run() -> None:
        session.commit()
        shelf.index().made()
        while deliveries.run_due():
            pass
        following.follow()
        session.expire_all()

    return run


@pytest.fixture
def count_sql(app: Flask, transaction: None) -> Callable[[], Any]:
    """`with count_sql() as statements:` collects the SQL that is executed meanwhile."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        # What the test did before is put on record now, not at the expense of what is counted.
        chain._chain_what_happened(session())
        statements: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.split(maxsplit=1)[0].upper() not in NOT_COUNTED:
                statements.append(statement)

        connection = db._app_engines[app][None]
        event.listen(connection, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(connection, "before_cursor_execute", note)

    return counting
