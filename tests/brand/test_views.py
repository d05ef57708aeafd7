"""The administrator gives the house the bank's face; nobody else does."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Picture
from sqlalchemy import select

from app.brand.forms import is_safe_link
from app.brand.models import Brand
from app.brand.queries import brand
from app.core.db import session
from app.core.events import Fact

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders import Builders
    from tests.conftest import Browser


def face(**more: Any) -> dict[str, Any]:
    return {
        "name": "Банк Пример",
        "tagline": "Спросите, и человек ответит",
        "colour": "#1f5f5b",
        "welcome_ru": "Здравствуйте. **Спрашивайте.**",
        "footer_links-0-label": "Сайт банка",
        "footer_links-0-url": "https://bank.example/",
        "languages": ["ru", "en"],
        "locale": "ru",
        "timezone": "Europe/Moscow",
        "mail_name": "",
        "mail_address": "hello@bank.example.org",
        **more,
    }


@pytest.fixture
def administrator(house: Builders, browser: Browser) -> Browser:
    house.brand(colour="#224488")
    return browser.sign_in(house.administrator())


def png(colour: str = "navy", size: tuple[int, int] = (300, 80)) -> io.BytesIO:
    target = io.BytesIO()
    Picture.new("RGBA", size, colour).save(target, "PNG")
    target.seek(0)
    return target


@pytest.mark.parametrize("role", ["customer", "executive", "manager"])
def test_nobody_but_an_administrator_sets_the_brand(
    house: Builders, browser: Browser, role: str
) -> None:
    house.brand()
    assert browser.get("/manage/brand").location.startswith("/sign-in")
    browser.sign_in(house.person(role))
    assert browser.get("/manage/brand").status_code == 404
    assert browser.post("/manage/brand", face(name="Другой")).status_code == 404
    assert browser.get("/manage/brand/colour?colour=%23ffffff").status_code == 404
    assert brand().name == "Банк Пример"


def test_everything_is_kept_and_shown(administrator: Browser, house: Builders) -> None:
    assert administrator.get("/manage/brand").status_code == 200
    answer = administrator.post("/manage/brand", face())
    assert answer.status_code == 303

    kept = session.scalars(select(Brand)).one()
    assert kept.welcome == {"ru": "Здравствуйте. **Спрашивайте.**"}
    assert kept.footer_links == [{"label": "Сайт банка", "url": "https://bank.example/"}]
    assert kept.languages == ["ru", "en"]
    assert kept.mail_address == "hello@bank.example.org"
    page = administrator.get("/", headers={"Accept-Language": "ru"}).text
    assert "<strong>Спрашивайте.</strong>" in page
    assert 'href="https://bank.example/"' in page
    assert '<meta name="theme-color" content="#1f5f5b">' in page
    fact = session.scalars(select(Fact).where(Fact.name == "BrandChanged")).one()
    assert "colour" in fact.data["fields"]
    assert "timezone" not in fact.data["fields"]
    assert fact.actor_id is not None


def test_nothing_changed_is_no_event(administrator: Browser) -> None:
    administrator.post("/manage/brand", face())
    administrator.post("/manage/brand", face())
    assert len(session.scalars(select(Fact).where(Fact.name == "BrandChanged")).all()) == 1


def test_a_colour_that_cannot_be_read_is_corrected_and_said(administrator: Browser) -> None:
    answer = administrator.post("/manage/brand", face(colour="#FFFF00"))
    assert answer.status_code == 303
    kept = brand().colour
    assert kept not in {"#ffff00", "#224488"}
    page = administrator.get("/manage/brand").text
    assert "#ffff00" in page
    assert kept in page


def test_a_preview_keeps_nothing_and_wears_the_new_face(administrator: Browser) -> None:
    answer = administrator.post(
        "/manage/brand", face(name="Банк Новый", colour="#aa2233", do="preview")
    )
    assert answer.status_code == 200
    assert "/brand.css?colour=%23aa2233" in answer.text
    assert "<title>" in answer.text
    assert "Банк Новый" in answer.text
    assert "<strong>Спрашивайте.</strong>" in answer.text
    assert (brand().name, brand().colour) == ("Банк Пример", "#224488")
    assert session.scalars(select(Brand)).all() == [brand()]


def test_a_logo_is_drawn_anew_and_survives_the_preview(
    administrator: Browser, tmp_path: Path
) -> None:
    upload = {"logo": (png(), "logo.png")}
    tried = administrator.post(
        "/manage/brand", face(do="preview", **upload), content_type="multipart/form-data"
    ).text
    assert brand().logo_url is None
    key = tried.split('name="logo_key"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
    assert key
    administrator.post("/manage/brand", face(logo_key=key))
    assert brand().logo_url == f"/media/{key}.webp"
    assert (brand().logo.width, brand().logo.height) == (300, 80)
    assert brand().logo_url in administrator.get("/").text
    administrator.post("/manage/brand", face(remove_logo="y"))
    assert brand().logo_url is None


def test_a_picture_of_somebody_else_is_no_logo(administrator: Browser, house: Builders) -> None:
    administrator.post("/manage/brand", face(logo_key="x" * 22))
    assert brand().logo is None


def test_what_is_no_picture_is_refused_beside_the_field(administrator: Browser) -> None:
    answer = administrator.post(
        "/manage/brand",
        face(logo=(io.BytesIO(b"<svg onload=alert(1)>"), "logo.svg")),
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422
    assert "logo-error" in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"colour": "beige"},
        {"languages": []},
        {"languages": ["en"]},
        {"timezone": "Mars/Olympus"},
        {"mail_address": "nobody"},
        {"mail_address": "a@b.example\r\nBcc: x@y.example"},
        {"footer_links-0-url": "javascript:alert(1)"},
        {"footer_links-0-url": "//evil.example"},
        {"footer_links-0-label": ""},
        {"footer_links-0-url": ""},
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_kept(
    administrator: Browser, change: dict[str, Any]
) -> None:
    answer = administrator.post("/manage/brand", face(name="Банк Иной") | change)
    assert answer.status_code == 422
    assert "summary__title" in answer.text
    assert brand().name == "Банк Пример"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)", "JavaScript:alert(1)", "java\nscript:x", "data:text/html,x",
        "http://bank.example", "//bank.example", "/\\bank.example", "https://", "bank.example",
        "https://user@bank.example", "https://bank.example/\\x", "mailto:a@b.example", "https://[",
        "/a b", "",
    ],
)  # fmt: skip
def test_links_a_browser_could_be_fooled_with(address: str) -> None:
    assert not is_safe_link(address)


@pytest.mark.parametrize("address", ["/", "/about?x=1#y", "https://bank.example/тарифы"])
def test_links_that_lead_somewhere(address: str) -> None:
    assert is_safe_link(address)


def test_the_stylesheet_is_public_and_kept_by_its_version(
    house: Builders, browser: Browser
) -> None:
    house.brand(colour="#1f5f5b")
    page = browser.get("/").text
    url = page.split('href="/brand.css', 1)[1].split('"', 1)[0]
    answer = browser.get(f"/brand.css{url}")
    assert answer.content_type == "text/css; charset=utf-8"
    assert "--brand-l:0.4441" in answer.text
    assert "immutable" in answer.headers["Cache-Control"]
    again = browser.get("/brand.css", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert "immutable" not in again.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


def test_the_stylesheet_of_a_colour_somebody_chooses(house: Builders, browser: Browser) -> None:
    house.brand()
    assert "--brand-h:29.2" in browser.get("/brand.css?colour=%23ff0000").text
    assert browser.get("/brand.css?colour=red;}*{display:none").status_code == 404


def test_what_a_colour_would_become_while_choosing(administrator: Browser) -> None:
    answer = administrator.get("/manage/brand/colour?colour=%23ffdd2d")
    assert answer.status_code == 200
    found = answer.text.split("data-properties='", 1)[1].split("'", 1)[0]
    assert set(json.loads(found)) == {"--brand-l", "--brand-c", "--brand-h", "--on-brand"}
    assert "#ffdd2d" in answer.text
    assert administrator.get("/manage/brand/colour?colour=x").status_code == 204


def test_lists_are_shown_a_line_each_and_stay_what_they_are(
    administrator: Browser, house: Builders
) -> None:
    lines = {"own_numbers": "8 800 100-20-30", "reserved": "Альфа", "hosts": "bank.example"}
    empty = administrator.get("/manage/brand").text
    assert "[]" not in empty[empty.index('id="trust"') :]
    administrator.post("/manage/brand", face(**lines))
    shown = administrator.get("/manage/brand").text
    for text in lines.values():
        assert f">\n{text}</textarea>" in shown or f">\r\n{text}</textarea>" in shown, text
    kept = brand()
    assert (kept.own_numbers, kept.reserved_names, kept.outside_hosts) == tuple(
        [text] for text in lines.values()
    )
