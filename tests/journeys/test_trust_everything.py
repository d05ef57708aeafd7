"""Every string made to break pages through every field of every form, one after another.

It takes twenty minutes, so it is run when it is asked for (see SECURITY.md):

    OTKLIK_ALL_STRINGS=yes pytest tests/journeys/test_trust_everything.py -s -p no:logging -k sqlite

A part of an endpoint's name, instead of yes, tries the forms it answers.
What a page shows is tested with all of them every time (test_trust_naughty.py), and so is each form
with some of them (test_trust_forms.py).
"""

from __future__ import annotations

import html
import os
import re
from typing import TYPE_CHECKING

import pytest

from app.core.db import db
from tests.samples import Samples
from tests.served import dangers, has_collections, naughty, packs
from tests.written import every_form, undone

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser
    from tests.written import Field, Form

ASKED_FOR = os.environ.get("OTKLIK_ALL_STRINGS", "")
# What a template would count; digits within a seal are another thing.
COUNTED = re.compile(r"(?<![0-9A-Za-z_-])1337(?![0-9A-Za-z_-])")
# What a page without a limit of its own is given at once.
MUCH_IN_A_LINE, MUCH = 300, 3_000
# What differs from one page to the next though nobody wrote it.
NEW_EACH_TIME = re.compile(r'nonce="[^"]*"|value="[^"]{24,}"|datetime="[^"]*"|\d+')
LEADS = re.compile(r'(?:href|src|action|formaction|srcset|poster)="[^"]*"')


def texts_for(field: Field) -> list[str]:
    """Every string, in as few texts as fit this field."""
    is_long = field.kind == "textarea"
    room = min(field.longest or MUCH, MUCH if is_long else MUCH_IN_A_LINE)
    return packs(room, "\n") if is_long else packs(room)


class Reading:
    """Reads what was served; a page that differs in escaped words alone has been read."""

    def __init__(self) -> None:
        self.read: set[int] = set()
        self.sent = 0
        self.wrong: list[str] = []

    def look(self, form: Form, sent: list[str], browser: Browser) -> None:
        # Of `sent`, each stands in the field of the same place.
        fields = dict(zip((each.name for each in form.typed), sent, strict=True))
        pairs: dict[str, list[str]] = {}
        for name, value in form.filled(**fields):
            pairs.setdefault(name, []).append(value)
        answer = browser.post(form.action, pairs)
        self.page(f"{form} {sent!r}", answer, sent)
        if answer.status_code == 303:
            self.page(f"after {form} {sent!r}", browser.get(answer.headers["Location"]), sent)
        self.sent += 1

    def page(self, where: str, answer: object, sent: list[str]) -> None:
        page = answer.get_data(as_text=True)
        answer.close()
        if answer.status_code >= 500:
            self.wrong.append(f"{answer.status_code}: {where}")
        if any("\n" in value or "<script" in value for _, value in answer.headers):
            self.wrong.append(f"a header: {where}")
        if answer.mimetype != "text/html" or self.is_known(page, sent):
            return
        found = dangers(page)
        if found or COUNTED.search(page):
            self.wrong.append(f"{found or COUNTED.search(page)}: {where}")

    def is_known(self, page: str, sent: list[str]) -> bool:
        """Whether a page was read that differs in nothing but words which are only words."""
        bare = page
        for escaped in sorted({html.escape(each) for text in sent for each in _as_shown(text)}):
            if escaped and not any(escaped in address for address in LEADS.findall(page)):
                bare = bare.replace(escaped, "x")
        seen = hash(NEW_EACH_TIME.sub("", bare))
        known = seen in self.read
        self.read.add(seen)
        return known


def _as_shown(text: str) -> tuple[str, ...]:
    """As forms keep it, and as a line of it."""
    shown = text.replace("\r\n", "\n")
    return shown, shown.strip(), " ".join(shown.split())


@pytest.mark.skipif(not ASKED_FOR, reason="twenty minutes: only with OTKLIK_ALL_STRINGS=yes")
def test_every_string_through_every_field(
    app: Flask,
    house: Builders,
    new_browser: Callable[[], Browser],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert has_collections(), "the collections of strings (OTKLIK_DATA) are not on this machine"
    if db.engine.dialect.name != "sqlite":
        pytest.skip("what a form does with words does not depend on the database")
    house.brand()
    reading = Reading()
    forms: dict[tuple[str, ...], tuple[Form, Browser]] = {}
    for form, browser in every_form(app, house, Samples(house), new_browser):
        if form.typed and (ASKED_FOR == "yes" or ASKED_FOR in form.endpoint):
            sign = (form.endpoint, *sorted({each.name for each in form.fields}))
            forms[sign] = form, browser  # of the mightiest, who is asked last
    for form, browser in forms.values():
        each_field = [texts_for(field) for field in form.typed]
        for turn in range(max(map(len, each_field))):
            with undone(app):
                reading.look(form, [some[turn % len(some)] for some in each_field], browser)
        with capsys.disabled():
            print(f"{reading.sent:6} {len(reading.read):6} {len(reading.wrong):3} {form}")  # noqa: T201
    with capsys.disabled():
        print(f"{len(naughty())} strings, {len(forms)} forms, {reading.sent} times sent")  # noqa: T201
    assert reading.wrong == []
