"""A card's number, in several spellings, through every door: it is nowhere afterwards."""

from __future__ import annotations

import io
import logging
from itertools import cycle
from typing import TYPE_CHECKING

import pytest
from flask import request
from PIL import Image as Picture
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import JSON, LargeBinary, String, select

from app.core.bankdata.hiding import MASK
from app.core.bankdata.seen import see
from app.core.db import Base, db, session
from app.core.events import Fact
from app.core.telling import BankDataHidden
from app.core.written import EXACT
from app.topics.models import Draft, Topic
from tests.conftest import BASE_URL
from tests.samples import Samples
from tests.written import every_form, undone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser
    from tests.written import Form

CARD = "4276380012345679"
FOURS = [CARD[i : i + 4] for i in range(0, 16, 4)]
SPELLINGS = (
    CARD,
    " ".join(FOURS),
    "-".join(FOURS),
    "\u00a0".join(FOURS),
    ".".join(FOURS),
    "\u200b".join(CARD),
    CARD.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)}),
    CARD.translate({ord(str(n)): chr(0x0660 + n) for n in range(10)}),
)
TYPED = ("text", "search", "textarea", "url", "tel")
# These certainly keep what was written into them.
KEEP = {
    "topics.ask", "topics.edit", "topics.publish_answer", "topics.publish_comment",
    "accounts.profile", "moderation.act",
}  # fmt: skip


def bare(value: object) -> str:
    """The digits of a value in every script, one after another."""
    text = bytes(value).decode("utf-8", "ignore") if isinstance(value, bytes) else str(value)
    return "".join(c for c in see(text).text if c.isdigit())


def rows() -> Iterator[tuple[str, object]]:
    """Every value of every table as the database holds it, whatever its type."""
    for table in Base.metadata.sorted_tables:
        plain = [c for c in table.columns if isinstance(c.type, String | JSON | LargeBinary)]
        if plain:
            for row in session.execute(select(*plain)):
                yield from ((table.name, value) for value in row if value is not None)


def assert_nowhere(where: object) -> list[str]:
    """No value of the database holds the card; what it holds that says so."""
    found = list(rows())
    holding = [(table, value) for table, value in found if CARD in bare(value)]
    assert holding == [], where
    return [str(value) for _, value in found if MASK.search(str(value))]


def in_files(folder: Path) -> list[Path]:
    """The files that hold the card in any spelling: the index, the queue, letters, logs, pages."""
    spelled = [each.encode() for each in SPELLINGS]
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and any(each in path.read_bytes() for each in spelled)
    ]


def filled(form: Form, spellings: Iterator[str]) -> dict[str, list[str]]:
    """The form with a card in every field somebody types into, and in what it hides."""
    sent: dict[str, list[str]] = {}
    for each in form.fields:
        if each.kind in TYPED:
            sent[each.name] = [f"Карта {next(spellings)} пропала"[: each.longest]]
    for name, value in form.filled():
        if name not in sent:
            sent.setdefault(name, []).append(value)
    if "next" not in sent:
        sent["next"] = [f"/search?q={next(spellings)}"]
    return sent


def test_no_form_lets_a_card_in(
    app: Flask,
    house: Builders,
    new_browser: Callable[[], Browser],
    caplog: pytest.LogCaptureFixture,
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("the doors are the same on every database")
    caplog.set_level(logging.DEBUG)
    house.brand()
    forms = every_form(app, house, Samples(house), new_browser)
    spellings = cycle(SPELLINGS)
    kept, told = set(), set()
    for form, browser in forms:
        if not form.typed:
            continue
        with undone(app):
            before = len(assert_nowhere("before"))
            answer = browser.post(form.action, filled(form, spellings))
            page = answer.get_data(as_text=True)
            answer.close()
            assert answer.status_code < 500, form
            assert CARD not in bare(answer.headers.get("Location", "")), form
            exact = {each.name for each in form.fields} & EXACT - {"next"}
            if not exact:
                assert CARD not in bare(page), form
            if len(assert_nowhere(form)) > before:
                kept.add(form.endpoint)
            if session.scalar(select(Fact).where(Fact.name == "BankDataHidden").limit(1)):
                told.add(form.endpoint)
    assert kept >= KEEP, KEEP - kept
    assert told >= KEEP, KEEP - told
    assert CARD not in bare(caplog.text)


def test_a_question_s_whole_life_holds_no_card(
    app: Flask,
    house: Builders,
    browser: Browser,
    new_browser: Callable[[], Browser],
    work: Callable[[], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    house.brand()
    asker, category = house.customer(), house.category()
    text = "Карта {} не работает с утра, помогите".format

    # A guest writes: kept while it is typed, then sent, then asked to sign in.
    fields = {"kind": "question", "title": text(SPELLINGS[1]), "body": text(SPELLINGS[6]),
              "tags": SPELLINGS[0], "category_id": str(category.id)}  # fmt: skip
    assert browser.post("/drafts?about=new", fields).status_code == 204
    sent = browser.post("/ask", {**fields, "seen_similar": "1"})
    assert sent.status_code == 303
    page = browser.get(sent.headers["Location"])
    assert "скрыли до сохранения" in page.text
    assert CARD not in bare(page.text)
    assert session.scalar(select(Draft)) is not None
    assert_nowhere("a guest's draft")

    # Signed in, asked, commented, answered, looked for, followed.
    person = new_browser().sign_in(asker)
    person.post("/ask", {**fields, "seen_similar": "1"})
    topic = session.scalars(select(Topic)).one()
    assert topic.title == "Карта [номер карты скрыт] не работает с утра, помогите"
    assert "номер карты скрыт" in topic.body_html
    at = f"/topics/{topic.id}"
    person.post(f"{at}/comments", {"body": text(SPELLINGS[5])})
    executive = new_browser().sign_in(category.owner)
    executive.post(f"{at}/answers", {"body": text(SPELLINGS[7])})
    executive.post(f"{at}/edit", {**fields, "reason": text(SPELLINGS[4])})
    for spelling in SPELLINGS:
        person.get("/search", query_string={"q": spelling})
        person.get("/search/similar", query_string={"q": text(spelling)})
        person.get("/sign-in", query_string={"next": f"/search?q={spelling}"})
        person.post("/search/clicks", {"q": text(spelling), "topic": str(topic.id)})
    work()

    assert topic.answers_count == 1
    assert_nowhere("a whole life")
    facts = session.scalars(select(Fact).where(Fact.name == "BankDataHidden")).all()
    assert {fact.event.which for fact in facts} >= {"topics.ask", "topics.publish_answer"}  # type: ignore[attr-defined]
    assert all(isinstance(fact.event, BankDataHidden) for fact in facts)
    assert in_files(app.config["INSTANCE_PATH"]) == []
    assert CARD not in bare(caplog.text)


def test_an_address_does_not_keep_a_card(browser: Browser, house: Builders) -> None:
    house.brand()
    sent = browser.get("/search", query_string={"q": f"карта {SPELLINGS[1]}"})
    assert sent.status_code == 303
    assert CARD not in bare(sent.headers["Location"])
    page = browser.get(sent.headers["Location"])
    assert page.status_code == 200
    assert "скрыли до сохранения" in page.text
    # Where to go after signing in is an address too, with an address in it.
    asked = browser.get("/profile", query_string={"next": f"/search?q={CARD}"})
    assert CARD not in bare(asked.headers["Location"])


def test_a_picture_s_name_and_what_it_carries_are_not_kept(
    app: Flask, house: Builders, browser: Browser
) -> None:
    house.brand()
    browser.sign_in(house.customer())
    about, bytes_ = PngInfo(), io.BytesIO()
    about.add_text("Comment", CARD)
    Picture.new("RGB", (40, 40), "teal").save(bytes_, "PNG", pnginfo=about)
    assert CARD.encode() in bytes_.getvalue()
    sent = {"file": (io.BytesIO(bytes_.getvalue()), f"{CARD}.png")}
    answer = browser.post(
        "/media", sent, content_type="multipart/form-data", headers={"Accept": "application/json"}
    )
    assert answer.status_code == 201
    assert CARD not in bare(answer.text)
    assert_nowhere("a picture")
    assert in_files(app.config["INSTANCE_PATH"]) == []


def test_json_is_a_door_like_all_others(app: Flask) -> None:
    sent = {"words": [f"карта {CARD}"], "about": {"note": CARD}, "password": CARD}
    with app.test_request_context("/", base_url=BASE_URL, json=sent, method="POST"):
        read = request.get_json()
    assert read == {
        "words": ["карта [номер карты скрыт]"],
        "about": {"note": "[•••]"},
        "password": CARD,
    }


DUMP = f"""<?xml version="1.0" encoding="utf-8"?>
<posts>
<row Id="1" PostTypeId="1" CreationDate="2024-01-02T03:04:05.000" Score="3" ViewCount="5"
 Title="Карта {SPELLINGS[1]} не работает" Tags="&lt;cards&gt;" OwnerDisplayName="Вера {CARD}"
 Body="&lt;p&gt;Карта {FOURS[0]} &lt;b&gt;{FOURS[1]}&lt;/b&gt; {FOURS[2]} {FOURS[3]}.&lt;/p&gt;"/>
<row Id="2" PostTypeId="2" ParentId="1" CreationDate="2024-01-02T05:04:05.000" Score="1"
 OwnerDisplayName="Пётр" Body="&lt;p&gt;Тоже {SPELLINGS[6]}, пишите.&lt;/p&gt;"/>
</posts>
"""


def test_what_is_brought_in_is_masked_too(
    app: Flask, house: Builders, tmp_path: Path, work: Callable[[], None]
) -> None:
    house.brand()
    category = house.category()
    session.commit()
    (tmp_path / "Posts.xml").write_text(DUMP, encoding="utf-8")
    done = app.test_cli_runner().invoke(
        args=["import", "stackexchange", str(tmp_path), "--category", category.slug]
    )
    assert done.exit_code == 0, done.output
    session.expire_all()
    topic = session.scalars(select(Topic)).one()
    assert "скрыт" in topic.title
    assert "скрыт" in topic.body_html
    assert topic.body_html.count("<b>") + topic.body_html.count("<strong>") == 1
    work()
    assert_nowhere("an import")
    assert in_files(app.config["INSTANCE_PATH"]) == []
    assert CARD not in bare(done.output)
