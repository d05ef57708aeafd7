"""What may be sent: every field has an end, takes only what is its own, and breaks nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Boolean, DateTime, Integer, select

from app.core.db import Base, db, session
from tests.samples import Samples
from tests.served import dangers, packs
from tests.written import every_form, undone

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser
    from tests.written import Field, Form

# What no form asks for and no row may hold afterwards.
NUMBER, WORD, INSTANT = 987654, "zzmass987654", dt.datetime(2031, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
HUGE = 30_000
STRANGE = cycle(["text/plain", "application/json"])


@dataclass
class Sender:
    """Sends one form after another; what each of them did is undone."""

    app: Flask
    browser: Browser
    form: Form
    turns: ClassVar[list[int]] = [0]

    def send(self, sent: Any, holds: Callable[[Any], bool] | None = None, **how: Any) -> None:
        """Nothing breaks; and when it was taken, no row `holds` what it should not."""
        with undone(self.app):
            answer = self.browser.post(self.form.action, sent, **how)
            answer.close()
            assert answer.status_code < 500, (self.form, sent)
            if holds is not None and answer.status_code == 303:
                kept = [value for row in rows() for value in row if holds(value)]
                assert kept == [], (self.form, sent)

    def endless(self) -> None:
        """Every field has an end, also where the page names none, or PostgreSQL would say so."""
        for each in (each for each in self.form.typed if each.longest is None):
            long = {"email": "a" * HUGE + "@example.org", "number": "9" * HUGE}
            text = long.get(each.kind, "ж" * HUGE)
            self.send(paired(self.form.filled(**{each.name: text})), lambda v: _run(v) >= HUGE)

    def longest(self) -> None:
        """The end is where the page says it is."""
        for each in self.form.typed:
            if each.longest is None or each.longest > HUGE:
                continue
            for length in (each.longest, each.longest + 1):
                filled = paired(self.form.filled(**{each.name: "ж" * length}))
                self.send(filled, lambda v, most=each.longest: _run(v) > most)

    def not_its_own(self, columns: dict[str, str]) -> None:
        """What no form asks for is not read, nor does it make anybody mightier."""
        own = {each.name for each in self.form.fields}
        extra = {name: value for name, value in columns.items() if name not in own}
        marks = (NUMBER, str(NUMBER), WORD, INSTANT)
        with undone(self.app):
            before = powers()
            sent = paired([*self.form.filled(), *extra.items()])
            answer = self.browser.post(self.form.action, sent)
            answer.close()
            assert answer.status_code < 500, self.form
            assert [v for row in rows() for v in row if v in marks] == [], self.form
            if self.form.role != "administrator":
                assert powers() == before, self.form

    def twice(self) -> None:
        """The same name said twice, none, or one that only looks like it."""
        filled = self.form.filled()
        self.send(paired([*filled, *((name, "\x00 ы' \"<x>") for name, _ in filled)]))
        odd = [(f"{name}[]", value) for name, value in filled]
        self.send(paired([*((name, "-1") for name, _ in filled), *filled[1:], *odd]))

    def naughty(self) -> None:
        """Strings made to break pages are refused, or kept, and shown as what they are."""
        texts = {each.name: self.next_text(each) for each in self.form.typed}
        with undone(self.app):
            answer = self.browser.post(self.form.action, paired(self.form.filled(**texts)))
            page = answer.get_data(as_text=True)
            answer.close()
            assert answer.status_code < 500, (self.form, texts)
            assert "\n" not in answer.headers.get("Location", "")
            if answer.mimetype == "text/html" and answer.status_code != 303:
                assert dangers(page) == [], (self.form, texts)
                assert "1337" not in page, (self.form, texts)  # what a template would count

    def next_text(self, each: Field) -> str:
        """Every field gets other strings than the one before it."""
        some = packs(3_000, "\n") if each.kind == "textarea" else packs(120)
        self.turns[0] += 1
        return some[self.turns[0] % len(some)][: each.longest]

    def no_form(self) -> None:
        """A body that is no form is read as nothing."""
        body = f'{{"title": "{WORD}", "body": "{WORD}", "email": "{WORD}@example.org"}}'.encode()
        self.send(body, lambda v: WORD in str(v), content_type=next(STRANGE))


def test_every_form_takes_only_what_is_its_own_and_breaks_at_nothing(
    app: Flask, house: Builders, new_browser: Callable[[], Browser]
) -> None:
    house.brand()
    forms = every_form(app, house, Samples(house), new_browser)
    assert len(forms) > 60
    assert len([field for form, _ in forms for field in form.typed if field.longest]) > 30
    known = columns()
    for form, browser in forms:
        sender = Sender(app, browser, form)
        # What breaks on one database only is tried on that one.
        if db.engine.dialect.name == "postgresql":
            sender.endless()
        else:
            sender.naughty()
            sender.longest()
            sender.not_its_own(known)
            sender.twice()
            sender.no_form()


def paired(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    """As the test client takes them: all that was said under one name together."""
    sent: dict[str, list[str]] = {}
    for name, value in pairs:
        sent.setdefault(name, []).append(value)
    return sent


def _run(value: object) -> int:
    """How many of our letters stand in a text."""
    return value.count("ж") if isinstance(value, str) else 0


def columns() -> dict[str, str]:
    """Every column of every table, each with a value it could hold."""
    found = {}
    for mapper in Base.registry.mappers:
        for column in mapper.columns:
            kind = column.type
            value = WORD
            if isinstance(kind, Integer):
                value = str(NUMBER)
            elif isinstance(kind, Boolean):
                value = "1"
            elif isinstance(kind, DateTime) or "DateTime" in type(kind).__name__:
                value = INSTANT.isoformat()
            found[column.key] = value
    return {**found, "role": "administrator"}


def rows() -> list[tuple[Any, ...]]:
    """All that the database holds."""
    return [
        tuple(row)
        for table in Base.metadata.sorted_tables
        for row in session.execute(select(table))
    ]


def powers() -> list[tuple[Any, ...]]:
    """Who is what."""
    people = Base.metadata.tables["people"]
    names = ("id", "role", "post", "disabled_at", "origin")
    query = select(*(people.c[name] for name in names)).order_by(people.c.id)
    return [tuple(row) for row in session.execute(query)]
