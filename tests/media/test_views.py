"""The door pictures come in and go out by."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Picture
from sqlalchemy import select

from app.core.db import session
from app.media import images, service
from app.media.models import Image

if TYPE_CHECKING:
    from tests.builders import Builders
    from tests.conftest import Browser

JSON = {"Accept": "application/json"}


def picture(**save: Any) -> bytes:
    target = io.BytesIO()
    Picture.new("RGB", (60, 40), "teal").save(target, "PNG", **save)
    return target.getvalue()


def upload(browser: Browser, data: bytes, **kwargs: Any) -> Any:
    file = {"file": (io.BytesIO(data), "снимок.png")}
    return browser.post("/media", file, headers=kwargs.pop("headers", JSON), **kwargs)


def test_a_picture_goes_in_and_comes_out(house: Builders, browser: Browser) -> None:
    person = house.customer()

    sent = upload(browser.sign_in(person), picture())

    assert sent.status_code == 201
    seen = browser.get(sent.json["url"])
    assert seen.status_code == 200
    assert seen.content_type == "image/webp"
    assert seen.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in seen.headers["Cache-Control"]
    assert "sandbox" in seen.headers["Content-Security-Policy"]
    assert Picture.open(io.BytesIO(seen.data)).size == (60, 40)
    seen.close()
    [stored] = session.scalars(select(Image))
    assert stored.owner_id == person.id
    path = service.file_of(stored.key).path
    assert path is not None
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert path.parent.name == stored.key[:2]


def test_a_guest_s_picture_belongs_to_their_browser(house: Builders, browser: Browser) -> None:
    sent = upload(browser, picture())

    assert sent.status_code == 201
    assert "guest=" in sent.headers["Set-Cookie"]
    [stored] = session.scalars(select(Image))
    assert stored.owner_id is None
    assert stored.guest is not None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 422),
        (b"GIF89a\x01\x00\x01\x00", 422),
        (picture()[:60], 422),
        (b"", 422),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 3000, 413),
    ],
)
def test_what_is_no_picture_is_refused_in_words(
    house: Builders, browser: Browser, monkeypatch: pytest.MonkeyPatch, data: bytes, code: int
) -> None:
    monkeypatch.setattr(images, "LIMIT", 3000)
    sent = upload(browser.sign_in(house.customer()), data)

    assert sent.status_code == code
    assert sent.json["error"]
    assert session.scalars(select(Image)).all() == []


def test_a_request_without_a_file_is_refused(house: Builders, browser: Browser) -> None:
    assert browser.post("/media", {}, headers=JSON).status_code == 422


def test_there_is_a_limit_a_day(
    house: Builders, new_browser: Callable[[], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "A_DAY", 3)
    monkeypatch.setattr(service, "A_DAY_FOR_GUESTS", 2)
    person, guest = new_browser().sign_in(house.customer()), new_browser()

    assert [upload(person, picture()).status_code for _ in range(4)] == [201, 201, 201, 429]
    assert [upload(guest, picture()).status_code for _ in range(3)] == [201, 201, 429]


def test_another_site_cannot_upload(house: Builders, browser: Browser) -> None:
    browser.sign_in(house.customer())

    sent = upload(browser, picture(), headers={**JSON, "Sec-Fetch-Site": "cross-site"})

    assert sent.status_code == 403


@pytest.mark.parametrize("key", ["x", "..", "%2e%2e%2fsecret", "A" * 22, "а" * 22, "a\x00b"])
def test_other_addresses_lead_nowhere(house: Builders, browser: Browser, key: str) -> None:
    assert browser.get(f"/media/{key}.webp").status_code == 404


def test_a_picture_whose_file_is_gone_is_404(house: Builders, browser: Browser) -> None:
    sent = upload(browser.sign_in(house.customer()), picture())
    [stored] = session.scalars(select(Image))
    service.file_of(stored.key).unlink()

    assert browser.get(sent.json["url"]).status_code == 404


def test_a_plain_form_gets_the_way_back(house: Builders, browser: Browser) -> None:
    browser.sign_in(house.customer())

    sent = upload(
        browser, picture(), headers={"Accept": "text/html"}, query_string={"next": "/ask"}
    )

    assert sent.status_code == 303
    assert sent.location == "/ask"
