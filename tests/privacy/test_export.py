"""Everything about me, for me alone, once a day, for a day."""

from __future__ import annotations

import io
import json
import zipfile
from contextvars import Context
from datetime import timedelta
from typing import TYPE_CHECKING

import html5lib
import pytest
import time_machine
from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.core.events import Fact
from app.notify.models import Letter
from app.privacy import archive, service
from app.privacy.models import Export
from tests.conftest import BASE_URL, Browser
from tests.privacy.conftest import BODY, EMAIL, NAME, Left

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders

EVIL = "=cmd|'/c calc'!A1 <script>alert(1)</script> <img src=x onerror=alert(1)>"


def made(left: Left, work: Callable[[], None]) -> Export:
    export = service.ask_export(left.person, "ru")
    work()
    return session.get_one(Export, export.id)


def test_everything_is_in_it_and_nobody_else(
    left: Left, browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    house.comment(left.topic, EVIL, author=house.customer(name="Сосед", email="sosed@mail.example"))
    browser.sign_in(left.person)
    asked = browser.post("/profile/data/exports")
    where = asked.location
    waiting = browser.get(where)
    assert '<meta http-equiv="refresh"' in waiting.text
    work()
    ready = browser.get(where)
    assert "refresh" not in ready.text
    (letter,) = session.scalars(select(Letter).where(Letter.kind == "export_ready"))
    assert (letter.person_id, letter.posted_at is not None) == (left.person.id, True)
    file = browser.post(f"{where}/file")
    assert file.mimetype == "application/zip"
    assert "attachment" in file.headers["Content-Disposition"]
    assert file.headers["Cache-Control"] == "no-store"
    content = file.data
    file.close()
    with zipfile.ZipFile(io.BytesIO(content)) as archived:
        names = archived.namelist()
        data = json.loads(archived.read("data.json"))
        page = archived.read("index.html").decode()
    assert len([n for n in names if n.startswith("pictures/")]) == 2
    assert data["data"]["profile"][0]["email"] == EMAIL
    assert BODY in data["data"]["topics"][0]["text"]
    assert {"author": "Сосед", "text": EVIL}.items() <= data["data"]["answers"][1].items()
    assert data["data"]["consents"][0]["version"] == 1
    assert data["meanings"].keys() == data["data"].keys()
    for key, rows in data["data"].items():
        assert all(row.keys() <= data["meanings"][key].keys() for row in rows), key
    assert "sosed@mail.example" not in page + json.dumps(data, ensure_ascii=False)
    assert NAME in page
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    assert not list(tree.iter("script"))
    assert not [n for e in tree.iter() for n in e.attrib if n.startswith("on")]
    told = session.scalars(select(Fact.name).where(Fact.name.like("Export%"))).all()
    assert list(told) == ["ExportAsked", "ExportMade", "ExportTaken"]


def test_it_is_in_the_language_of_who_asked(left: Left, work: Callable[[], None]) -> None:
    export = made(left, work)
    path = archive.file(export).path
    assert path is not None
    with zipfile.ZipFile(path) as archived:
        page = archived.read("index.html").decode()
    assert '<html lang="ru">' in page
    assert path.stat().st_mode & 0o077 == 0


def test_once_a_day_and_for_a_day(house: Builders, work: Callable[[], None]) -> None:
    person = house.customer()
    start = clock.now()
    with time_machine.travel(start, tick=False) as time:
        first = service.ask_export(person, "ru")
        with pytest.raises(service.TooSoonError):
            service.ask_export(person, "ru")
        work()
        file = archive.file(first)
        time.shift(timedelta(hours=23))
        assert service.drop_old() == 0
        assert file.exists()
        time.shift(timedelta(hours=1, seconds=1))
        assert service.drop_old() == 1
        assert not file.exists()
        assert service.ask_export(person, "ru").id != first.id


def test_nobody_else_learns_that_there_is_one(
    house: Builders, new_browser: Callable[[], Browser], work: Callable[[], None]
) -> None:
    export = service.ask_export(house.customer(), "ru")
    work()
    other = new_browser().sign_in(house.customer())
    manager = new_browser().sign_in(house.administrator())
    for reader in (other, manager):
        for path in ("", "/file"):
            send = reader.post if path else reader.get
            there = send(f"/profile/data/exports/{export.id}{path}")
            absent = send(f"/profile/data/exports/999999{path}")
            assert (there.status_code, absent.status_code) == (404, 404)
            assert there.text.replace(f"exports/{export.id}", "") == absent.text.replace(
                "exports/999999", ""
            )
    guest = new_browser().post(f"/profile/data/exports/{export.id}/file")
    assert guest.location.startswith("/sign-in")


def test_the_file_asks_who_is_there(
    house: Builders, browser: Browser, work: Callable[[], None]
) -> None:
    person = house.customer(with_password=True)
    export = service.ask_export(person, "ru")
    work()
    browser.sign_in(person)

    def long_ago() -> None:
        with browser.client.session_transaction(base_url=BASE_URL) as data:
            data["proved"] = (clock.now() - timedelta(hours=1)).timestamp()

    session.commit()
    Context().run(long_ago)
    answer = browser.post(f"/profile/data/exports/{export.id}/file")
    assert answer.mimetype == "text/html"
    assert "password" in answer.text
    assert browser.post("/profile/data/exports").status_code == 422
