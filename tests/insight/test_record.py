"""What staff did is there for staff to read; what was moderated, for everybody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import html5lib
import pytest
from sqlalchemy import delete, func, select, update

from app.accounts import service as accounts
from app.core import chain, checkpoints, clock, heartbeat, verifying
from app.core.chain import Entry
from app.core.db import session
from app.core.events import Event
from app.insight import health, reactions
from app.insight.told import WORDS
from app.moderation import service as moderation
from app.topics import service as topics
from tests.tampering import without_guards

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def places(app: Flask, tmp_path: Path, transaction: None) -> Iterator[Path]:
    """Checkpoints of this test's own."""
    checkpoints.init({"INSTANCE_PATH": tmp_path, "ARCHIVE_KEY": "", "ARCHIVE_COPY": ""})
    yield tmp_path
    checkpoints.init(app.config)


@pytest.fixture
def page(browser: Browser, house: Builders) -> Callable[..., Any]:
    """A page as a manager reads it in English."""
    reader = house.manager(name="Вера Читающая", locale="en")

    def read(path: str = "/manage/record") -> Any:
        browser.sign_in(reader)
        answer = browser.get(path)
        assert answer.status_code == 200
        return parsed(answer.get_data(as_text=True))

    return read


def having(page: Any, name: str) -> list[Any]:
    return [each for each in page.iter() if name in (each.get("class") or "").split()]


def words_of(part: Any) -> str:
    return " ".join("".join(part.itertext()).split())


def parsed(text: str) -> Any:
    return html5lib.parse(text, namespaceHTMLElements=False)


def said(page: Any) -> list[str]:
    return [words_of(one) for one in having(page, "record__one")]


def test_every_act_stands_there_with_who_what_why_and_its_seal(
    house: Builders, page: Callable[..., Any]
) -> None:
    manager = house.manager(name="Ника Лебедева", post="Модератор")
    topic = house.question(title="Вопрос про карту")
    moderation.close(manager, topic, "Ответ уже дан выше")
    session.commit()
    entry = session.scalars(select(Entry).where(Entry.action == "TopicClosed")).one()

    line = said(page())[0]

    for words in ("Closed", "Ника Лебедева", "Модератор", "Ответ уже дан выше", "Вопрос про карту"):
        assert words in line
    assert f"№ {entry.seq} · {entry.hash[:12]}" in line
    assert "Published a topic" not in " ".join(said(page()))


def test_sign_ins_roles_and_failures_are_there(house: Builders, page: Callable[..., Any]) -> None:
    administrator, person = house.administrator(name="Павел Дроздов"), house.customer(name="Олег")
    accounts.appoint(administrator, person, "executive", "Директор")
    session.commit()

    found = said(page())

    assert any("Role given: executive · Олег" in line and "Павел Дроздов" in line for line in found)


def test_it_is_searched_by_person_act_day_and_topic(
    house: Builders, page: Callable[..., Any]
) -> None:
    one, other = house.manager(), house.manager()
    first, second = house.question(), house.question()
    moderation.close(one, first, "а", at=clock.now() - timedelta(days=3))
    moderation.pin(other, second, "б")
    session.commit()

    def lines(**asked: object) -> int:
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        return len(said(page(f"/manage/record?{query}")))

    day = (clock.now() - timedelta(days=3)).astimezone().date()
    assert lines(person=one.id) == 1
    assert lines(act="TopicPinned") == 1
    assert lines(topic=first.id) == 1
    assert lines(topic=first.id, person=other.id) == 0
    assert lines(person=house.customer().id) == 0
    assert lines(day="nonsense", act="nonsense", topic="nonsense") == lines()
    assert lines(day=str(day - timedelta(days=30))) == 0


def test_its_pages_follow_one_another(house: Builders, page: Callable[..., Any]) -> None:
    manager, topic = house.manager(), house.question()
    for _ in range(13):
        moderation.pin(manager, topic, "а")
        moderation.unpin(manager, topic, "б")
    session.commit()

    first = page("/manage/record?act=TopicPinned")
    assert len(said(first)) == 13
    every = page(f"/manage/record?person={manager.id}")
    (older,) = every.findall(".//a[@rel='next']")
    rest = page(older.get("href"))
    assert (len(said(every)), len(said(rest))) == (20, 6)


def test_a_page_costs_the_same_however_many_stand_on_it(
    house: Builders, page: Callable[..., Any], count_sql: Callable[[], Any]
) -> None:
    def do(times: int) -> None:
        for _ in range(times):
            topic = house.question()
            moderation.close(house.manager(), topic, "а")
        session.commit()

    def cost() -> int:
        with count_sql() as statements:
            page()
        return len(statements)

    do(1)
    page()
    few = cost()
    do(6)
    assert cost() == few


def test_only_staff_read_it(house: Builders, browser: Browser) -> None:
    assert browser.get("/manage/record").status_code == 303
    browser.sign_in(house.customer())
    assert browser.get("/manage/record").status_code == 404
    browser.sign_in(house.executive())
    answer = browser.get("/manage/record", headers=ENGLISH)
    assert answer.status_code == 200
    assert 'href="/manage/record"' in answer.get_data(as_text=True)


def test_somebody_who_was_erased_is_nobody_there(house: Builders, page: Callable[..., Any]) -> None:
    manager = house.manager(name="Стёртый Человек")
    moderation.close(manager, house.question(), "а")
    session.commit()
    chain.forget(manager.id)
    session.commit()

    line = said(page())[0]

    assert "Somebody whose data was erased, community manager" in line
    assert "Стёртый" not in line


def test_every_kind_of_fact_has_words() -> None:
    kinds = {n for n, kind in Event.kinds.items() if kind.__module__.startswith("app.")}

    assert kinds - WORDS.keys() == set(), "say in app/insight/told.py how they read"


# ————— in public


def test_the_public_reads_what_was_moderated_and_no_customers_name(
    house: Builders, browser: Browser
) -> None:
    asker = house.customer(name="Мария Лебедь")
    executive = house.executive(name="Марина Зорина", post="Директор")
    cards, loans = house.category(executive, name="Карты"), house.category(name="Кредиты")
    moved = house.question(asker=asker, title="Куда звонить", category=cards)
    hidden = house.question(asker=asker, title="Позор Марии", category=loans)
    moderation.move(executive, moved, loans, "Мария Лебедь ошиблась")
    moderation.hide(house.manager(name="Ника Тайная"), hidden, "Назван номер Марии Лебедь")
    session.commit()

    answer = browser.get("/moderation", headers=ENGLISH)

    assert answer.status_code == 200
    page = parsed(answer.get_data(as_text=True))
    lines = [words_of(one) for one in having(page, "acts__one")]
    assert "A topic was hidden: Кредиты" in lines[0]
    assert "Community manager" in lines[0]
    assert "A topic was moved to another category: Кредиты" in lines[1]
    assert "Куда звонить" in lines[1]
    assert "Марина Зорина, Директор" in lines[1]
    for words in ("Мария", "Лебедь", "Позор", "Тайная", "ошиблась"):
        assert words not in " ".join(lines)
    (way,) = page.findall(".//footer//a[@href='/moderation']")
    assert words_of(way) == "What was moderated"
    assert f"/topics/{hidden.id}" not in answer.get_data(as_text=True)


def test_an_answer_taken_back_says_why_and_the_fact_does_not(
    house: Builders, browser: Browser
) -> None:
    post = house.answer(house.question())
    topics.retract(post.author, post, "Ставка названа неверно")
    session.commit()

    entry = session.scalars(select(Entry).where(Entry.action == "AnswerRetracted")).one()
    assert entry.payload == {"topic_id": post.topic_id, "post_id": post.id}
    assert "Ставка названа неверно" in browser.get(f"/topics/{post.topic_id}").get_data(
        as_text=True
    )


# ————— night and hour


def tamper() -> int:
    session.commit()
    seq = session.scalar(select(func.max(Entry.seq)))
    with without_guards(session.connection()):
        session.execute(update(Entry).where(Entry.seq == seq).values(role="nobody"))
    session.commit()
    return int(seq or 0)


def test_the_worker_looks_it_over_once_a_night_and_staff_see_what_is_wrong(
    house: Builders, browser: Browser, places: Path, app: Flask
) -> None:
    house.question()
    seq = tamper()

    reactions.look_the_record_over()

    check = verifying.last_check()
    assert check is not None
    assert check.first_seq == seq
    reactions.look_the_record_over()
    assert session.scalar(select(func.count()).select_from(verifying.RecordCheck)) == 1
    found = {c.name: f for c, f in health.examine(app.config, probing=True)}["record"]
    assert not found.ok
    assert f"entry {seq}" in found.words
    browser.sign_in(house.manager(locale="en"))
    for path in ("/manage", "/manage/record"):
        notice = having(parsed(browser.get(path).text), "notice--broken")
        assert len(notice) == 1
        assert f"the first is number {seq}" in words_of(notice[0])
    assert browser.get("/readyz").json["checks"]["record"] == "wrong"


def test_the_worker_signs_it_every_hour_and_writes_to_compliance(
    house: Builders, places: Path, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.brand(mail_address="bank@example.org", locale="en")
    house.question()
    session.commit()
    monkeypatch.setitem(app.config, "ARCHIVE_MAIL", "compliance@example.org")
    sent: list[Any] = []
    monkeypatch.setattr("app.core.mail.send", sent.append)

    reactions.sign_the_record()
    reactions.sign_the_record()

    signed = checkpoints.latest()
    assert signed is not None
    assert [message["To"] for message in sent] == ["compliance@example.org"]
    text = sent[0].get_content()
    assert str(signed) in text
    assert "BEGIN PUBLIC KEY" in text


def test_turns_are_taken_by_one_worker_and_come_again(transaction: None) -> None:
    hour = timedelta(hours=1)
    assert heartbeat.take_turn("test", hour)
    assert not heartbeat.take_turn("test", hour)
    old = clock.now() - hour
    session.execute(update(heartbeat.Beat).where(heartbeat.Beat.name == "test").values(at=old))
    assert heartbeat.take_turn("test", hour)
    session.execute(delete(heartbeat.Beat))
