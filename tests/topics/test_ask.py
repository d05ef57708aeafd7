"""Asking: writing comes before identifying, and nothing typed is lost."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Picture
from sqlalchemy import func, select

from app.core import panels as places
from app.core.db import session
from app.topics import drafting, queries
from app.topics.models import Draft, Topic
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from app.topics.models import Category
    from tests.builders import Builders
    from tests.conftest import Browser

TITLE = "Когда разблокируют карту?"
BODY = "Вчера карта перестала работать в поездке."


def words(category: Category, **other: Any) -> dict[str, Any]:
    fields = {"kind": "question", "title": TITLE, "body": BODY, "category_id": str(category.id)}
    return {**fields, "tags": "", **other}


def topics() -> int:
    return session.scalar(select(func.count()).select_from(Topic)) or 0


def field(page: str, name: str) -> str:
    """What the form's control shows."""
    if name == "body":
        found = re.search(r'<textarea[^>]*name="body"[^>]*>\s*(.*?)</textarea>', page, re.DOTALL)
    else:
        found = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', page)
    assert found, f"no {name} on the page"
    return found[1]


def checked(page: str, name: str) -> str | None:
    for radio in re.findall(rf'<input[^>]*name="{name}"[^>]*>', page):
        if "checked" in radio:
            return re.search(r'value="([^"]*)"', radio)[1]  # type: ignore[index]
    return None


def picture(form: str = "PNG") -> bytes:
    target = io.BytesIO()
    Picture.new("RGB", (60, 40), "teal").save(target, form)
    return target.getvalue()


def test_a_reader_of_the_form_gets_no_cookie(house: Builders, browser: Browser) -> None:
    house.category()

    page = browser.get("/ask")

    assert page.status_code == 200
    assert "Set-Cookie" not in page.headers
    assert checked(page.text, "kind") == "question"


def test_a_person_asks_and_lands_on_their_topic(house: Builders, browser: Browser) -> None:
    asker, category = house.customer(), house.category()
    browser.sign_in(asker)

    sent = browser.post(
        "/ask",
        words(category, title="  Когда   разблокируют\tкарту? ", tags="Карты, поездки,карты"),
    )

    topic = session.scalars(select(Topic)).one()
    assert sent.status_code == 303
    assert sent.location == f"/topics/{topic.id}"
    assert topic.title == TITLE
    assert topic.asker == asker
    assert topic.responsible == category.owner
    assert sorted(t.name for t in topic.tags) == ["карты", "поездки"]
    page = browser.get(sent.location).text
    assert 'data-sent="new"' in page
    assert category.owner.name in page


def test_a_guest_s_text_survives_signing_in(house: Builders, browser: Browser) -> None:
    person, category = house.customer(with_password=True), house.category()

    sent = browser.post("/ask", words(category, kind="problem", tags="метро"))

    assert sent.status_code == 303
    assert sent.location.startswith("/sign-in?next=/ask")
    assert topics() == 0

    signed = browser.post(sent.location, {"email": person.email, "password": PASSWORD})
    assert signed.status_code == 303
    page = browser.get(signed.location).text

    assert field(page, "title") == TITLE
    assert field(page, "body") == BODY
    assert field(page, "tags") == "метро"
    assert checked(page, "kind") == "problem"
    assert checked(page, "category_id") == str(category.id)

    published = browser.post("/ask", words(category, kind="problem"))
    assert published.location.startswith("/topics/")
    assert queries.draft("new", person_id=person.id, guest=None) is None
    assert field(browser.get("/ask").text, "title") == ""


def test_a_closed_tab_loses_nothing(house: Builders, browser: Browser) -> None:
    house.category()

    kept = browser.post("/drafts?about=new", {"title": "Начало", "body": "Пишу с телеф"})

    assert kept.status_code == 204
    assert field(browser.get("/ask").text, "body") == "Пишу с телеф"


def test_only_the_hash_of_the_guest_s_key_is_stored(house: Builders, browser: Browser) -> None:
    answer = browser.post("/drafts?about=new", {"title": "Начало"})

    cookie = answer.headers["Set-Cookie"]
    key = re.match(r"guest=([\w-]{22});", cookie)[1]  # type: ignore[index]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    stored = session.scalars(select(Draft)).one().guest
    assert stored is not None
    assert len(stored) == 64
    assert key not in stored


def test_another_browser_does_not_see_the_draft(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    house.category()
    new_browser().post("/drafts?about=new", {"title": "Только моё", "body": "текст"})

    assert "Только моё" not in new_browser().get("/ask").text


def test_an_emptied_form_forgets_the_draft(house: Builders, browser: Browser) -> None:
    browser.post("/drafts?about=new", {"title": "Начало", "body": "текст"})

    browser.post("/drafts?about=new", {"title": "", "body": " ", "tags": "", "kind": "idea"})

    assert session.scalars(select(Draft)).all() == []


def test_a_draft_can_be_discarded(house: Builders, browser: Browser) -> None:
    house.category()
    browser.post("/drafts?about=new", {"title": "Начало", "body": "текст"})

    gone = browser.post("/drafts/discarded?about=new", {"title": "Начало", "begun": "Другое"})

    page = browser.get(gone.location).text
    assert field(page, "title") == "Другое"
    assert field(page, "body") == ""


def test_a_draft_must_be_about_something_in_sight(house: Builders, browser: Browser) -> None:
    topic = house.question()
    topic.hidden_at = topic.opened_at

    assert browser.post(f"/drafts?about=topic:{topic.id}", {"body": "а"}).status_code == 404
    assert browser.post("/drafts?about=topic:x", {"body": "а"}).status_code == 422
    assert browser.post("/drafts", {"body": "а"}).status_code == 422


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "Ой"),
        ("title", "а" * 151),
        ("title", "   \u200b \u2060  "),
        ("body", "Коротко"),
        ("body", "а" * 10_001),
        ("kind", "rant"),
        ("category_id", ""),
        ("category_id", "9" * 30),
        ("category_id", "абв"),
        ("tags", "а,б,в,г,д,е"),
        ("tags", "а" * 41),
    ],
)
def test_what_does_not_fit_comes_back_with_its_error(
    house: Builders, browser: Browser, name: str, value: str
) -> None:
    browser.sign_in(house.customer())
    category = house.category()

    sent = browser.post("/ask", words(category, **{name: value}))

    assert sent.status_code == 422
    assert topics() == 0
    assert "field__error" in sent.text
    assert "summary__list" in sent.text
    if name != "title":
        assert field(sent.text, "title") == TITLE
    if name != "body":
        assert field(sent.text, "body") == BODY
    # Even when the page with the errors is closed.
    assert field(browser.get("/ask").text, "body")[:20] == (value if name == "body" else BODY)[:20]


def test_an_archived_category_takes_no_topics(house: Builders, browser: Browser) -> None:
    browser.sign_in(house.customer())
    closed = house.category()
    closed.archived_at = closed.owner.created_at

    assert browser.post("/ask", words(closed)).status_code == 422


def test_the_words_choose_the_category(house: Builders, browser: Browser) -> None:
    house.category(name="Карты", words="карта пластик пин-код")
    loans = house.category(name="Кредиты", words="кредит ипотека ставка")

    page = browser.get("/ask?title=Можно+ли+снизить+ставку+по+ипотеке").text
    asked = browser.get("/ask/category?q=ипотеку+дайте").json

    assert checked(page, "category_id") == str(loans.id)
    assert asked == {"category_id": loans.id}
    assert browser.get("/ask/category?q=ничего").json == {"category_id": None}


def test_a_forgotten_category_is_offered_by_the_words(house: Builders, browser: Browser) -> None:
    cards = house.category(name="Карты", words="карта пластик пин-код")

    sent = browser.post("/ask", words(cards, category_id=""))

    assert sent.status_code == 422
    assert checked(sent.text, "category_id") == str(cards.id)


def test_the_address_chooses_before_the_words(house: Builders, browser: Browser) -> None:
    house.category(words="карта")
    other = house.category(slug="loans")

    page = browser.get("/ask?category=loans&kind=idea&title=карта").text

    assert checked(page, "category_id") == str(other.id)
    assert checked(page, "kind") == "idea"


def test_the_front_page_s_words_arrive(house: Builders, browser: Browser) -> None:
    house.category()
    long = "Длинный рассказ. " * 20

    by_get = browser.get("/ask", query_string={"title": TITLE}).text
    by_post = browser.post("/ask", {"title": long})

    assert field(by_get, "title") == TITLE
    assert by_post.status_code == 200
    assert field(by_post.text, "body") == long.strip()


def test_new_words_do_not_push_an_older_draft_out(house: Builders, browser: Browser) -> None:
    house.category()
    browser.post("/drafts?about=new", {"title": "Старое начало", "body": "Старый текст"})

    page = browser.get("/ask", query_string={"title": "Новое начало"}).text

    assert field(page, "title") == "Старое начало"
    assert "«Новое начало»" in page


def test_similar_topics_are_a_step_between(
    house: Builders, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = [(50, lambda words: f"<p>similar to {words[:5]}</p>")]
    monkeypatch.setitem(places._panels, "ask:similar", shown)
    browser.sign_in(house.customer())
    category = house.category()

    step = browser.post("/ask", words(category, tags="карты"))

    assert step.status_code == 200
    assert "similar to Когда" in step.text
    assert topics() == 0
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', step.text))
    hidden.pop("next", None)  # the language menu's
    assert hidden == {**words(category, tags="карты"), "seen_similar": "1"}
    assert browser.post("/ask", hidden).location.startswith("/topics/")


def test_without_similar_topics_there_is_no_step(
    house: Builders, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(places._panels, "ask:similar", [(50, lambda words: "")])
    browser.sign_in(house.customer())

    assert browser.post("/ask", words(house.category())).status_code == 303


def test_a_picture_without_javascript_joins_the_text(house: Builders, browser: Browser) -> None:
    browser.sign_in(house.customer())
    file = (io.BytesIO(picture()), "снимок.png")

    browser.post("/ask", words(house.category(), picture=file))

    topic = session.scalars(select(Topic)).one()
    assert re.search(r"!\[\]\(/media/[\w-]+\.webp\)$", topic.body)
    assert '<img src="/media/' in topic.body_html


def test_a_bad_picture_loses_no_text(house: Builders, browser: Browser) -> None:
    browser.sign_in(house.customer())
    file = (io.BytesIO(b"<svg onload=alert(1)>"), "x.png")

    sent = browser.post("/ask", words(house.category(), picture=file))

    assert sent.status_code == 422
    assert field(sent.text, "body") == BODY


def test_naughty_strings_are_text_like_any_other(house: Builders, browser: Browser) -> None:
    browser.sign_in(house.customer())
    category = house.category()
    naughty = [
        "undefined",
        "0/0",
        "NaN",
        "−1",
        "1E+1024",
        "/dev/null; touch /tmp/x",
        "' OR 1=1 -- 1",
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }}{% raw %}",
        "%(name)s %s %d",
        "${jndi:ldap://a}",
        "../../../etc/passwd",
        "\u202eденьги\u202c",
        "\ufeff\u200b",
        "̡͓̞ͅI̗̘̦͝n͇͇͙v̮̫ok̲̫̙͈i̖͙̭̹̠̞n̡̻̮̣̺g̲͈͙̭͙̬͎",
        "👩‍👩‍👧‍👦 🏳0🌈️",
        "田中さんにあげて下さい",
        "بِسم",
        "\U0001f4a9",
        "\ufffe\uffff",
        "a\u0300" * 40,
        "[x](javascript:alert(1))",
        "|a|b|\n|-|-|\n" * 3,
    ]

    for text in naughty:
        sent = browser.post(
            "/ask",
            words(
                category, title=f"Вот: {text}"[:150], body=f"{text}\n\n{text} и ещё немного слов"
            ),
        )
        assert sent.status_code in {303, 422}, text
        if sent.status_code == 303:
            assert browser.get(sent.location).status_code == 200, text


def test_what_no_keyboard_types_is_left_out(house: Builders, browser: Browser) -> None:
    browser.sign_in(house.customer())

    browser.post(
        "/ask", words(house.category(), title="Когда\x00 разблокируют?", body=f"{BODY}\x00\x1b")
    )

    topic = session.scalars(select(Topic)).one()
    assert topic.title == "Когда разблокируют?"
    assert topic.body == BODY


def test_the_preview_is_safe(browser: Browser) -> None:
    shown = browser.post("/preview", {"text": "**да** <script>alert(1)</script>"})

    assert "<strong>да</strong>" in shown.text
    assert "<script" not in shown.text
    assert browser.post("/preview", {"text": "а" * 10_001}).status_code == 422


def test_a_newer_guest_draft_wins_over_an_older_own(house: Builders, browser: Browser) -> None:
    person = house.customer(with_password=True)
    house.category()
    drafting.keep(person, None, "new", {"title": "Старое", "body": "давно"})
    browser.post("/drafts?about=new", {"title": "Новое", "body": "только что"})

    browser.post("/sign-in", {"email": person.email, "password": PASSWORD})

    assert field(browser.get("/ask").text, "title") == "Новое"


def test_back_from_signing_in_only_the_last_click_is_missing(
    house: Builders, browser: Browser
) -> None:
    category = house.category()
    kept = words(category)
    missing = 'form="ask"'  # the button above the form
    browser.post("/drafts?about=new", kept)
    assert missing not in browser.get("/ask?seen=1").text

    browser.sign_in(house.customer(locale="en"))
    browser.post("/drafts?about=new", kept)

    page = browser.get("/ask?seen=1").text
    top = page[: page.index('id="ask"')]
    assert "not published yet" in top
    assert missing in top
    assert f"Ask · answers: {category.owner.name}" in top
    assert missing not in browser.get("/ask").text
    browser.post("/drafts?about=new", {**kept, "body": ""})
    assert missing not in browser.get("/ask?seen=1").text


def test_what_is_published_says_at_once_who_answers_and_by_when(
    house: Builders, browser: Browser
) -> None:
    category = house.category()
    browser.sign_in(house.customer(locale="en"))

    sent = browser.post("/ask", words(category, seen_similar="1"))

    page = browser.get(sent.location).text
    said = page[page.index('class="flashes"') : page.index('class="page')]
    assert "Your question is published." in said
    assert f"Answers: {category.owner.name} · 23 h left" in said
    assert 'href="#promise"' in page
    assert 'id="promise"' in page
