"""What somebody asks is never a part of an SQL statement, only a value beside it.

The texts are those with which injections are looked for. Nothing is timed: every statement that
reaches the database is read, and the mark each text carries must stand in none.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import pytest
from flask import request
from sqlalchemy import event, select, text
from werkzeug.datastructures import MultiDict

from app.core.db import db, session
from app.core.written import Written
from app.topics.models import Topic
from tests.samples import Samples
from tests.written import every_form, undone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser
    from tests.written import Form

MARK = "zqinjected"
ATTEMPTS = (
    f"{MARK}'",
    f'{MARK}"',
    f"{MARK}`) ]",
    f"1' OR '1'='1' -- {MARK}",
    f"1) OR 1=1 /* {MARK} */ --",
    f"1 AND 1=CAST('{MARK}' AS INTEGER)",
    f"1' UNION ALL SELECT '{MARK}',password_hash,NULL FROM people--",  # noqa: S608
    f"1'; UPDATE people SET role='administrator' WHERE name<>'{MARK}';--",  # noqa: S608
    f"1'; SELECT pg_sleep(5)--{MARK}",
    f"(SELECT 1 FROM pg_sleep(5)) -- {MARK}",  # noqa: S608
    f"1 AND 1=LIKE('{MARK}',UPPER(HEX(RANDOMBLOB(500000000/2))))",
    f"id,(CASE WHEN 1=1 THEN '{MARK}' ELSE 1/0 END) DESC",
    f"{MARK}%' ESCAPE '",
    f"{MARK}\\' OR 1=1 #",
    f"$${MARK}$$; COPY people TO PROGRAM 'id'",
    f":{MARK} %({MARK})s ?1 {MARK}",
)
FREE = {"q", "title", "tag"}
# What somebody writes is told apart from what a page chose for them.
WRITTEN = {"text", "textarea", "search", "url", "tel", "password"}


@contextmanager
def read_statements(app: Flask) -> Iterator[list[str]]:
    """Every statement whose text holds what was sent; and that there were some at all."""
    wrong: list[str] = []
    seen = [0]

    def read(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen[0] += 1
        if MARK in statement.lower():
            wrong.append(statement)

    connection = db._app_engines[app][None]
    event.listen(connection, "before_cursor_execute", read)
    try:
        yield wrong
    finally:
        event.remove(connection, "before_cursor_execute", read)
    assert seen[0]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Which words of an address each endpoint asks for, noticed as it does."""
    found: dict[str, set[str]] = defaultdict(set)

    def noticed(name: str) -> None:
        original = getattr(MultiDict, name)

        def notice(self: Any, key: str, *args: Any, **kwargs: Any) -> Any:
            if request and request.endpoint and isinstance(key, str):
                found[request.endpoint].add(key)
            return original(self, key, *args, **kwargs)

        monkeypatch.setattr(Written, name, notice, raising=False)

    for name in ("get", "getlist", "__getitem__", "__contains__"):
        noticed(name)
    return found


def test_no_address_becomes_a_part_of_a_statement(
    app: Flask, house: Builders, new_browser: Callable[[], Browser], asked: dict[str, set[str]]
) -> None:
    house.brand()
    samples = Samples(house)
    readers = [
        new_browser().sign_in(person)
        for person in (samples.people["administrator"], samples.topic.asker)
    ]
    if db.engine.dialect.name != "sqlite":
        # Twice: a page asks for some words only once others are given.
        readers[1:] = readers[:1]
    addresses = dict(samples.addresses(app, "GET"))
    tried: set[tuple[str, str]] = set()
    attempts = cycle(ATTEMPTS)
    with read_statements(app) as wrong:
        for reader in readers:
            for endpoint, path in addresses.items():
                opened = reader.get(path)
                opened.close()
                for name in sorted(asked[endpoint]):
                    if (endpoint, name) in tried or opened.status_code not in {200, 204, 422}:
                        continue
                    tried.add((endpoint, name))
                    for attempt in islice(attempts, _how_many(name)):
                        answer = reader.get(path, query_string={name: attempt})
                        answer.close()
                        if endpoint != "insight.readyz":  # it tells of the test's worker
                            assert answer.status_code < 500, (path, name, attempt)
                        assert wrong == [], (path, name)
    # The ones that everybody would look at first.
    assert tried >= {
        ("search.search", "q"), ("search.search", "page"), ("search.search", "category"),
        ("search.similar", "q"), ("topics.front", "cursor"), ("topics.front", "view"),
        ("topics.desk", "topic"), ("moderation.submissions", "cursor"), ("accounts.people", "q"),
    }  # fmt: skip


def _how_many(name: str) -> int:
    """All of them for words of people's own; of the rest, a few of them in turn."""
    if db.engine.dialect.name != "sqlite":
        return 1
    return len(ATTEMPTS) if name in FREE else 4


def test_no_form_becomes_a_part_of_a_statement(
    app: Flask, house: Builders, new_browser: Callable[[], Browser]
) -> None:
    house.brand()
    forms: dict[tuple[str, ...], tuple[Form, Browser]] = {}
    for form, browser in every_form(app, house, Samples(house), new_browser):
        forms[form.endpoint, *sorted({each.name for each in form.fields})] = form, browser
    attempts = cycle(ATTEMPTS)
    fields = 0
    with read_statements(app) as wrong:
        for form, browser in forms.values():
            written = {each.name: next(attempts) for each in form.fields if each.kind in WRITTEN}
            chosen = [{each.name: next(attempts)} for each in form.fields
                      if each.name not in written and each.kind != "file"]  # fmt: skip
            for sent in [written, *chosen]:
                fields += len(sent)
                with undone(app):
                    answer = browser.post(form.action, _paired(form.filled(**sent)))
                    answer.close()
                assert answer.status_code < 500, (form, sent)
                assert wrong == [], (form, sent)
    assert fields > 250


def test_it_would_be_noticed(app: Flask, house: Builders) -> None:
    house.question()
    with read_statements(app) as wrong:
        session.scalars(select(Topic).where(Topic.title == MARK)).all()
        assert wrong == []
        session.execute(text(f"SELECT 1 FROM topics WHERE title = '{MARK}'"))  # noqa: S608
        assert len(wrong) == 1


def _paired(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    sent: dict[str, list[str]] = {}
    for name, value in pairs:
        sent.setdefault(name, []).append(value)
    return sent
