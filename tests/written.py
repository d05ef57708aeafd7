"""Every form there is, found in the pages as they are served to each kind of reader.

Nothing here knows what forms Otklik has: a new one is found, filled and sent like all others.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from werkzeug.exceptions import HTTPException

from app.core.db import db, session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser
    from tests.samples import Samples

TYPED = {"text", "textarea", "search", "email", "url", "tel", "password", "number", "date", "time",
         "datetime-local", "color"}  # fmt: skip
# Signing out everywhere would only make the walk shorter.
ENDS_IT = {"accounts.sign_out"}
# Signs in whoever sends it, under a key that is gone when what they sent is undone: theirs alone.
BEGINS_IT = {"widget.confirm"}


@dataclass
class Field:
    """A control: its kind, what it holds when the page is opened, and what one may choose."""

    name: str
    kind: str
    value: str = ""
    longest: int | None = None
    choices: list[str] = field(default_factory=list)
    sent: bool = True


@dataclass
class Form:
    """What a page offers to send, where to, and who saw it."""

    path: str
    endpoint: str
    action: str
    fields: list[Field]
    role: str = ""

    @property
    def typed(self) -> list[Field]:
        """What somebody writes into by hand."""
        return [each for each in self.fields if each.kind in TYPED]

    def filled(self, **other: str) -> list[tuple[str, str]]:
        """As a browser would send it untouched, a choice made where there must be one."""
        pairs, chosen = [], set()
        for each in self.fields:
            if each.kind == "file" or (each.kind == "radio" and each.name in chosen):
                continue
            if each.kind in {"radio", "select"}:
                chosen.add(each.name)
            if each.sent or each.kind == "radio":
                pairs.append((each.name, other.pop(each.name, each.value)))
        return pairs + list(other.items())

    def __repr__(self) -> str:
        """For the message of a failed test."""
        return f"{self.role}: {self.endpoint} on {self.path} ({[f.name for f in self.fields]})"


class _Reader(HTMLParser):
    """Collects the forms of one page that are posted."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[tuple[str, list[Field]]] = []
        self.by_id: dict[str, list[Field]] = {}
        self.open: list[Field] | None = None
        self.area: Field | None = None
        self.select: Field | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = []
            self.by_id[given.get("id", "")] = self.open
            if given.get("method", "").lower() == "post":
                self.forms.append((given.get("action", ""), self.open))
            return
        belongs = self.by_id.get(given["form"]) if "form" in given else self.open
        if tag == "option" and self.select is not None:
            self._option(given)
        if belongs is None or tag not in {"input", "textarea", "select", "button"}:
            return
        if "formaction" in given:
            self.forms.append((given["formaction"], belongs))
        self._control(tag, given, belongs)

    def _control(self, tag: str, given: dict[str, str], belongs: list[Field]) -> None:
        if not given.get("name") or "disabled" in given:
            return
        kind = given.get("type", "text").lower() if tag == "input" else tag
        longest = int(given["maxlength"]) if given.get("maxlength", "").isdigit() else None
        made = Field(given["name"], kind, given.get("value", ""), longest)
        if kind == "checkbox":
            made.sent, made.value = "checked" in given, given.get("value", "on")
        if tag == "button":
            made.sent = not any(each.kind == "button" for each in belongs)
        self.area = made if tag == "textarea" else None
        if tag == "select":
            self.select, made.value = made, ""
        belongs.append(made)

    def _option(self, given: dict[str, str]) -> None:
        if self.select is None or "disabled" in given:
            return
        value = given.get("value", "")
        self.select.choices.append(value)
        if "selected" in given or not self.select.value:
            self.select.value = value

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area.value += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "textarea":
            self.area = None
        elif tag == "select":
            self.select = None


def forms_of(app: Flask, page: str, path: str) -> Iterator[Form]:
    """The forms of a page and what answers them."""
    reader = _Reader()
    reader.feed(page)
    adapter = app.url_map.bind("otklik.test")
    for action, fields in reader.forms:
        target = urljoin(path, action) if action else path
        try:
            endpoint, _ = adapter.match(urlsplit(target).path, method="POST")
        except HTTPException:
            raise AssertionError(f"{path} sends a form nowhere: {target}") from None
        yield Form(path, endpoint, target, fields)


def every_form(
    app: Flask, house: Builders, samples: Samples, new_browser: Callable[[], Browser]
) -> list[tuple[Form, Browser]]:
    """Each form once for each kind of reader, with the browser that saw it.

    The customer is the one who asked, the executive the one who answers.
    """
    readers = {
        "guest": None,
        "customer": samples.topic.asker,
        "executive": samples.topic.category.owner,
        "administrator": samples.people["administrator"],
    }
    found: list[tuple[Form, Browser]] = []
    seen: set[tuple[str, ...]] = set()
    for role, person in readers.items():
        browser = new_browser()
        if person is not None:
            browser.sign_in(person)
        for _, path in samples.addresses(app, "GET"):
            answer = browser.get(path)
            page = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
            answer.close()
            for form in forms_of(app, page, path):
                sign = (role, form.endpoint, *sorted({each.name for each in form.fields}))
                if sign not in seen and form.endpoint not in ENDS_IT:
                    seen.add(sign)
                    form.role = role
                    sends = new_browser() if form.endpoint in BEGINS_IT else browser
                    if sends is not browser and person is not None:
                        sends.sign_in(person)
                    found.append((form, sends))
    return found


@contextmanager
def undone(app: Flask) -> Iterator[None]:
    """What is sent inside, and committed by the application, is gone afterwards."""
    session.commit()
    connection: Any = db._app_engines[app][None]
    point = connection.begin_nested()
    try:
        yield
    finally:
        session.rollback()
        session.expire_all()
        if point.is_active:
            point.rollback()
        session.expire_all()
