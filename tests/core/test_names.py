"""Names cannot lie: who looks like the bank is not let in, and only the role makes its mark."""

from __future__ import annotations

import html
import json
import os
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.accounts import namesakes, queries, service
from app.accounts.models import NameRequest
from app.core import direction, markup, names
from app.core.db import session
from app.core.events import Fact
from app.notify.models import Letter
from app.topics.models import Topic
from config import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser

DATA = Path(os.environ.get("OTKLIK_DATA", Path(__file__).parents[3] / "shared" / "data"))
BLNS = DATA / "blns" / "blns.json"

FAULTS = {
    "\u202enimdA": "hidden",
    "Анна\u202e": "hidden",
    "\u2066Анна\u2069": "hidden",
    "Ан\u200bна": "hidden",
    "Ан\u200dна": "hidden",
    "\ufeffАнна": "hidden",
    "Ан\u00adна": "hidden",
    "Анна\U000e0041\U000e0042": "hidden",
    "ㅤㅤ": "hidden",
    "Анна ㅤ": "hidden",
    "\u2800\u2800": "hidden",
    "\u115f\u1160": "hidden",
    "А\u034fнна": "hidden",
    "А\ufe0fнна": "hidden",
    "Анна\u2003Б": "hidden",
    "Анна\x07": "hidden",
    "А\u0300\u0301\u0302нна": "marks",
    "Z̷̧͎̗aлго": "marks",
    "А\u20ddнна": "marks",
    "😀😀": "signs",
    "Анна ✔": "signs",
    "Анна ☑️": "hidden",
    "Анна √": "signs",
    "Анна 🛡": "signs",
    "Анна ™": "signs",
    "Ａdmin": "styled",
    "𝐀𝐝𝐦𝐢𝐧": "styled",
    "ⓐⓓⓜⓘⓝ": "signs",
    "ﬁnance": "styled",
    "Анна²": "styled",
    "Аdmin": "mixed",
    "Bаnk Support": "mixed",
    "Αdmin": "mixed",
    "Д": "short",
    "12345": "short",
    "...": "short",
    "": "short",
}
HONEST = [
    "Анна", "Ёлкин Пётр", "Марʼяна Коваленко", "Мар'яна", "Їжак Ґалаґан", "Иван-Мария",
    "О. Бендер",
    "José Ñandú", "Nguyễn Văn Ánh", "李小龙", "たなか カズキ", "김철수", "محمد علي", "שרה",
    "Иван Smith",
    "IT-отдел Ивана", "Анна 1990", "D'Arcy", "Łukasz", "Владимир", "Админов Пётр",
    "Банкирова Ольга",
    "Μαρία",
]  # fmt: skip
# Names of the bank and of those who speak for it: "Банк Пример", Марина Зорина, Олег Ким.
IMITATIONS = [
    "Банк Пример", "БАНК  ПРИМЕР", "БанкПример", "Банк Пример Онлайн", "Пример", "«Пример»",
    "Марина Зорина", "Зорина Марина", "МАРИНА ЗОРИНА", "МаринаЗорина", "Марина Зорина 24",
    "Марина  Зорина-", "Mapиha Зорина", "Олег Kим", "Марина (Зорина)",
    "admin", "Admin", "ADMlN", "AdmiN", "adm1n", "4dmin", "Support", "5upport", "Поддержка",
    "поддержка клиентов", "Служба безопасности", "Модератор", "Админ", "Ваnк", "Оператор Банка",
    "Банк", "Bank", "official", "Официальный ответ", "Підтримка", "Техпідтримка", "m0derator",
    "Альфа", "АЛЬФА инвест", "Альфа-Инвест", "Bank Support", "A-d-m-i-n", "a.d.m.i.n",
]  # fmt: skip


@pytest.fixture
def bank(house: Builders) -> Any:
    house.executive(name="Марина Зорина")
    house.manager(name="Олег Ким")
    return house.brand(reserved_names=["Альфа"])


@pytest.mark.parametrize("name", FAULTS, ids=ascii)
def test_a_name_is_drawn_so_that_it_can_be_read(name: str) -> None:
    assert names.fault(name) == FAULTS[name]


def test_honest_names_of_many_alphabets_are_welcome(bank: Any) -> None:
    for name in HONEST:
        assert names.fault(name) is None, name
        assert names.fault(unicodedata.normalize("NFD", name)) is None, name
        service.check_name(name, "Банк Пример")


def test_nobody_takes_a_name_that_looks_like_the_bank_s(bank: Any) -> None:
    for name in IMITATIONS:
        with pytest.raises(service.NameTakenError):
            service.check_name(name, "Банк Пример")
    for name in ("Марина", "Зорина", "Олег", "Мирон", "Владимир"):
        service.check_name(name, "Банк Мир")


def test_the_same_holds_wherever_a_customer_sets_a_name(
    bank: Any, house: Builders, browser: Browser
) -> None:
    for name in ("Аdmin", "Марина Зорина", "Анна ✔", "\u202enimdA", "Поддержка"):
        answer = browser.post(
            "/sign-up",
            {"name": name, "email": "new@example.org", "password": "довольно длинный пароль"},
        )
        assert answer.status_code == 422, name
    assert queries.by_email("new@example.org") is None
    customer = house.customer(name="Ольга")
    browser.sign_in(customer)
    for name in ("Аdmin", "Марина Зорина", "Анна ✔", "\u202enimdA", "Поддержка"):
        answer = browser.post("/profile", {"name": name, "locale": "ru", "timezone": ""})
        assert answer.status_code == 422, name
    assert customer.name == "Ольга"


def test_staff_too_are_written_plainly(bank: Any, house: Builders, browser: Browser) -> None:
    browser.sign_in(house.administrator())
    good = {"name": "Рита Новая", "email": "rita@bank.example.org", "role": "manager", "post": "HR"}
    for wrong in ({"name": "Рита\u202eНовая"}, {"name": "Pита"}, {"post": "Дир\u200bектор"}):
        assert browser.post("/manage/people/invite", good | wrong).status_code == 422, wrong
    assert queries.by_email("rita@bank.example.org") is None


def test_strings_that_break_things_break_no_name(bank: Any) -> None:
    if not BLNS.exists():
        pytest.skip("the collected naughty strings are not on this machine")
    every = json.loads(BLNS.read_text(encoding="utf-8"))
    assert len(every) > 400
    kept = []
    for each in every:
        try:
            service.check_name(each, "Банк Пример")
        except service.NameTakenError:
            continue
        kept.append(each)
    for name in kept:
        kinds = [unicodedata.category(c) for c in unicodedata.normalize("NFC", name)]
        assert not {"Cc", "Cf", "Co", "Cs", "Cn", "So", "Me"} & set(kinds), ascii(name)
        assert sum(k[0] == "L" for k in kinds) >= 2, ascii(name)
        assert not names.mixes_scripts(name), ascii(name)
    assert not set("\u202e\u200b\u3164\u2066\ufeff\u00ad") & set("".join(kept))


# -------------------------------------------------------------------------------- the mark of staff


def test_only_the_role_makes_the_mark_of_staff(house: Builders, browser: Browser) -> None:
    house.brand()
    liar = house.customer(name="Ольга", post="Председатель правления")
    topic = house.question(asker=liar, body="<span class='seal'>Официальный ответ</span> ✔")
    house.comment(topic, author=liar, body="![печать](/media/seal.webp) Официальный ответ")
    for path in (f"/topics/{topic.id}", f"/people/{liar.id}", "/"):
        page = browser.get(path).text
        shown = re.sub(r"<form.*?</form>", "", page, flags=re.DOTALL)
        assert 'class="seal"' not in shown, path
        assert "Председатель правления" not in shown, path
    liar.role = "manager"
    page = browser.get(f"/people/{liar.id}").text
    assert 'class="seal"' in page
    assert "Председатель правления" in page


SEALED = {
    "search/_result.html": "topic.answer",  # the official answer of a topic
    "search/_similar.html": "answer",
    "topics/_post.html": "official(post",
    "topics/_reply.html": "As the bank",  # beside the form of somebody who may answer
    "topics/person.html": "person.is_staff",
    "ui/catalogue.html": "",
    "ui/seal.html": "",
    "widget/_said.html": "macro official(post",
}


def test_the_seal_is_drawn_only_where_the_bank_speaks() -> None:
    drawn = {}
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        if re.search(r"\bseal\(", text) or 'class="seal"' in text:
            drawn[path.relative_to(ROOT / "templates").as_posix()] = text
    assert set(drawn) <= set(SEALED), "say here why a customer's words can never be shown there"
    assert all(why in drawn[name] for name, why in SEALED.items() if name in drawn)


# ------------------------------------------------------------------------------------- look-alikes


def test_who_looks_like_a_new_colleague_is_asked_for_another_name(
    house: Builders,
    browser: Browser,
    new_browser: Callable[[], Browser],
    work: Callable[[], None],
) -> None:
    house.brand()
    first = house.customer(name="Рита Новая")
    other = house.customer(name="Новая Рита Павловна", email=None, confirmed_at=None, origin="x:1")
    bystander = house.customer(name="Рита Старая")
    manager, admin = house.manager(), house.administrator()
    browser.sign_in(admin)
    good = {"name": "Рита Новая", "email": "rita@bank.example.org", "role": "manager", "post": "HR"}
    browser.post("/manage/people/invite", good)
    assert ": 2." in html.unescape(browser.get("/manage/people").text)

    desk = new_browser().sign_in(manager)
    page = desk.get("/manage/names").text
    assert f"/manage/names/{first.id}/ask" in page
    assert f"/manage/names/{other.id}/rename" in page
    assert bystander.name not in page
    assert desk.post(f"/manage/names/{bystander.id}/ask").status_code == 404

    desk.post(f"/manage/names/{first.id}/ask")
    desk.post(f"/manage/names/{first.id}/ask")
    work()
    letters = session.scalars(select(Letter).where(Letter.kind == "rename_asked")).all()
    assert [letter.person_id for letter in letters] == [first.id]
    # Not yet: first they are given time.
    desk.post(f"/manage/names/{first.id}/rename")
    assert first.name == "Рита Новая"
    desk.post(f"/manage/names/{other.id}/rename")
    assert str(other.id) in other.name

    theirs = new_browser().sign_in(first)
    asked = theirs.get("/profile").text
    sent = {"name": "Рита Н", "locale": "ru", "timezone": ""}
    assert theirs.post("/profile", sent).status_code == 303
    assert session.get(NameRequest, first.id) is None
    assert len(theirs.get("/profile").text) < len(asked)
    assert namesakes.found() == []
    facts = session.scalars(select(Fact).where(Fact.name == "RenameAsked")).all()
    assert [f.data for f in facts] == [{"person_id": first.id}]


def test_only_those_who_keep_order_see_the_list(house: Builders, browser: Browser) -> None:
    house.brand()
    victim = house.customer(name="Поддержка")
    assert browser.get("/manage/names").status_code == 303
    for role, status in (("customer", 404), ("executive", 404), ("manager", 200)):
        browser.sign_in(house.person(role))
        assert browser.get("/manage/names").status_code == status
    assert [n.person.id for n in namesakes.found()] == [victim.id]


def test_the_list_costs_the_same_however_many_there_are(
    house: Builders, count_sql: Callable[[], Any]
) -> None:
    house.brand()
    for number in range(3):
        house.customer(name=f"Поддержка {number}")
    with count_sql() as few:
        namesakes.found()
    for number in range(12):
        house.customer(name=f"Поддержка {number}")
    with count_sql() as many:
        assert len(namesakes.found()) == 15
    assert len(many) == len(few)


def test_old_skeletons_are_folded_anew(house: Builders) -> None:
    person = house.customer(name="Al5ce Зл")
    person.skeleton = "ala5ceзл"
    kept = house.customer(name="Вера")
    service.fold_names_anew()
    session.expire_all()
    assert person.skeleton == names.skeleton("Al5ce Зл")
    assert kept.skeleton == names.skeleton("Вера")


# --------------------------------------------------------------------------------------- direction


def test_what_turns_the_direction_of_words_does_not_reach_a_page() -> None:
    turned = "раз\u202eдва\u2066три\u202c\u2069"
    assert markup.plain(markup.render(turned)) == "раздватри"


def test_names_and_titles_do_not_turn_what_stands_beside_them(
    house: Builders, browser: Browser
) -> None:
    house.brand()
    asker = house.customer(name="محمد علي")
    topic = house.question(asker=asker, title="שאלה 12 (карта)?")
    house.comment(topic, author=asker, body="שלום 5")
    page = browser.get(f"/topics/{topic.id}").text
    main = page[page.index("<main") : page.index("</main>")]
    plain = re.sub(r"<(script|title|form|textarea).*?</\1>", "", main, flags=re.DOTALL)
    for words in ("محمد علي", "שאלה 12 (карта)?"):
        shown = re.findall(rf"<(\w+)([^>]*)>\s*{re.escape(words)}", plain)
        assert shown
        for tag, attributes in shown:
            assert tag == "bdi" or 'dir="auto"' in attributes, (tag, attributes, words)
    assert re.search(r'<p dir="auto">שלום', plain)
    lists = browser.get("/").text
    for tag, attributes in re.findall(r"<(\w+)([^>]*)>\s*שאלה 12", lists[lists.index("<main") :]):
        assert tag == "bdi" or 'dir="auto"' in attributes, (tag, attributes)


def test_plain_words_isolate_only_what_is_written_from_the_right() -> None:
    assert direction.isolated("Ольга Smith 24") == "Ольга Smith 24"
    assert direction.isolated("محمد 24") == "\u2068محمد 24\u2069"
    assert direction.isolated("Ан\u202eна\u2069") == "Анна"
    assert direction.bdi("<b>") == "<bdi>&lt;b&gt;</bdi>"


def test_letters_isolate_names(house: Builders) -> None:
    """Every letter that names somebody who is no member of staff, by its template."""
    for path in sorted((ROOT / "templates/notify/emails").iterdir()):
        said = re.findall(r"name=[\w.]*(?:author|asker)\.name[^,)]*", path.read_text())
        assert all("| isolated" in each for each in said), path.name


def test_a_title_carries_no_sign_that_turns_it(house: Builders, browser: Browser) -> None:
    house.brand()
    category = house.category()
    browser.sign_in(house.customer())
    data = {
        "kind": "question",
        "title": "Почему карта\u202e не работает\u2066 в метро?",
        "body": "Сегодня утром турникет не принял карту,\u202e поездка не началась.",
        "category_id": category.id,
    }
    answer = browser.post("/ask", data)
    assert answer.status_code == 303, answer.text
    topic = session.scalars(select(Topic).order_by(Topic.id.desc())).first()
    assert topic is not None
    assert topic.title == "Почему карта не работает в метро?"
    assert "\u202e" not in topic.body
