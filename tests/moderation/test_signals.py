"""Signals of spam: each alone, their sum, and who is never measured."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import func, select

from app.core import challenge, clock, retention
from app.core.db import session
from app.core.i18n import speaking
from app.moderation import reported, signals, spam, thresholds, tracing, trust
from app.moderation.models import Report, Submission, Trace
from app.moderation.spam import Seen
from app.topics import gate
from app.topics.models import Post

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from tests.builders import Builders
    from tests.conftest import Browser

OLD = timedelta(days=400)
LONG = "Вчера вечером банкомат на Лесной улице забрал карту и ничего не вернул обратно"


def seen(text: str, **more: Any) -> Seen:
    return Seen(**{"text": text, "age": OLD, **more})


def codes(text: str, **more: Any) -> list[str]:
    return [signal.code for signal in spam.signals(seen(text, **more))]


@pytest.mark.parametrize(
    ("text", "more", "code", "weight"),
    [
        ("Смотрите https://a.example/x", {}, "links", 2),
        ("https://a.example/1 https://a.example/2", {}, "links", 3),
        ("https://a.example https://b.example", {}, "links", 4),
        (" ".join(f"https://s{n}.example" for n in range(9)), {}, "links", 6),
        ("[сюда](https://bit.ly/abc)", {}, "denied_site", 5),
        ("вот www.t.me/join", {}, "denied_site", 5),
        (LONG, {"same_by_others": 1}, "repeated", 4),
        (LONG, {"same_by_others": 5}, "repeated", 8),
        (LONG, {"same_by_them": 2}, "said_again", 3),
        (LONG, {"typed_in": 1.2}, "fast", 2),
        ("Привет", {"in_a_minute": 3}, "many", 3),
        ("Привет", {"age": timedelta(hours=2)}, "young", 1),
        ("Ваш Bаnk закрыт", {}, "mixed", 2),
        ("до\u200bход растёт", {}, "mixed", 2),
        ("ВЕРНИТЕ МОИ ДЕНЬГИ НЕМЕДЛЕННО", {}, "shouting", 2),
        ("Заработок есть, пиши в телеграм", {}, "lure", 4),
        ("Звоните +7 (900) 123-45-67 всегда", {}, "phone", 2),
    ],
)
def test_each_signal_and_its_weight(
    text: str, more: dict[str, Any], code: str, weight: int
) -> None:
    found = {signal.code: signal.weight for signal in spam.signals(seen(text, **more))}
    assert found[code] == weight


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("Карта не работает в метро уже третий день подряд, что делать?", {}),
        ("Смотрите https://bank.example/cards", {"own_hosts": {"bank.example"}}),
        (LONG, {"typed_in": 3.5}),
        (LONG, {"typed_in": None}),
        ("Спасибо", {"typed_in": 0.5}),
        (LONG, {"same_by_them": 1}),
        ("Не приходит SMS-код, ввёл PINкод, QRкод и ATMа нет", {}),
        ("Apple Pay и Google Pay не работают с картой МИР", {}),
        ("НДФЛ, ИНН и СНИЛС", {}),
        ("Телеграм банка не открывается", {}),
        ("Заказ 1234567, сумма 15 000, дата 12.11.2026", {}),
        ("Номер договора 12-3456/2026", {}),
    ],
)
def test_ordinary_texts_show_nothing(text: str, more: dict[str, Any]) -> None:
    assert codes(text, **more) == []


def test_known_people_are_measured_by_what_they_repeat_alone() -> None:
    everything = seen("ПИШИ В ТЕЛЕГРАМ https://bit.ly/a " + LONG, same_by_others=2, typed_in=0.1)
    assert [s.code for s in spam.signals(everything, is_known=True)] == ["repeated"]
    assert len(spam.signals(everything)) >= 4


# ------------------------------------------------------------------------------------- repeats


def test_a_near_copy_is_a_copy_and_another_text_is_none(house: Builders) -> None:
    first, second = house.customer(), house.customer()
    tracing.remember(first, LONG + " и это видели все вокруг меня в тот вечер")
    near = "Здравствуйте! " + LONG.upper() + " и это видели все вокруг меня в тот вечер, да"
    assert tracing.copies(second, near) == tracing.Copies(0, 1)
    assert tracing.copies(first, near) == tracing.Copies(1, 0)
    other = "Вчера вечером банкомат в метро принял карту, но деньги на счёт пришли не сразу"
    assert tracing.copies(second, other) == tracing.Copies()
    assert tracing.marks("Спасибо, помогло") == []


def test_copies_are_forgotten_in_time(house: Builders) -> None:
    first, second = house.customer(), house.customer()
    tracing.remember(first, LONG)
    with time_machine.travel(clock.now() + thresholds.REMEMBERED_FOR + timedelta(days=1)):
        assert tracing.copies(second, LONG) == tracing.Copies()


def test_however_many_copies_there_are_a_bounded_number_is_read(
    house: Builders, count_sql: Callable[[], Any]
) -> None:
    marks, people = tracing.marks(LONG), [house.customer() for _ in range(3)]
    session.add_all(
        Trace(text_key=n, mark=mark, person_id=people[n % 3].id)
        for n in range(120)
        for mark in marks
    )
    session.flush()
    with count_sql() as statements:
        found = tracing.copies(house.customer(), LONG)
    assert sum("text_traces" in statement for statement in statements) == 1
    assert found.people == 3


# ------------------------------------------------------------------------------------ at the gate


def sending(person: Person, house: Builders, body: str, **more: Any) -> gate.Sending:
    return gate.Sending("topic", person, house.category(), body, title="Вопрос о карте", **more)


def test_the_sum_decides_and_the_moderator_reads_why_in_numbers(house: Builders) -> None:
    asker = house.customer()
    assert signals.judge(sending(asker, house, LONG)).verdict == "publish"

    body = "Доход от 5000 в день, пиши в телеграм https://bit.ly/money"
    held = signals.judge(sending(asker, house, body))
    assert held.verdict == "hold"
    with speaking("en", "UTC"):
        told = [signals.words_for(reason) for reason in held.reasons]
    assert any("bit.ly" in words and "5" in words for words in told)
    assert any("телеграм" in words for words in told)

    everything = f"{body} {' '.join(f'https://s{n}.example' for n in range(5))} Bаnk Bаnк"
    refused = signals.judge(sending(asker, house, everything, typed_in=1.0))
    assert refused.verdict == "refuse"
    assert [reason.code for reason in refused.reasons] == ["looks_like_spam"]


def test_who_is_trusted_is_not_measured(house: Builders) -> None:
    trusted = house.customer(confirmed_at=clock.now() - OLD)
    trust.count(trusted.id, published=50)
    assert trust.level(trusted) == "trusted"
    body = "Доход есть, пиши в телеграм https://bit.ly/money https://a.example"
    assert signals.judge(sending(trusted, house, body)) == signals.Judgement()
    assert not signals.asks_challenge(trusted, {"body": body})
    assert not signals.asks_challenge(house.manager(), {"body": body})


def test_what_is_only_odd_is_published_and_put_on_the_list(
    house: Builders, browser: Browser
) -> None:
    topic, asker = house.question(), house.customer(confirmed_at=clock.now() - timedelta(days=30))
    asker.created_at = clock.now() - timedelta(days=30)
    body = "Я писал об этом тут: https://a.example/1 и ещё вот тут https://b.example/2"
    done = gate.comment(asker, topic, body)
    assert isinstance(done, Post)
    [case], _page = reported.cases()
    assert case.about == f"post:{done.id}"
    assert [report.reason for report in case.reports] == ["signals"]

    browser.sign_in(house.manager())
    page = browser.get("/manage/reports").text
    assert "a.example" in page
    assert reported.weigh(case.reports) == 0  # the house hides nothing by itself


def test_a_held_text_is_nowhere_until_it_is_read(house: Builders) -> None:
    topic, asker = house.question(), house.customer()
    done = gate.comment(asker, topic, "Заработок, пиши в телеграм https://bit.ly/money")
    assert isinstance(done, gate.Held)
    assert session.get(Submission, done.number) is not None
    assert session.scalar(select(func.count()).select_from(Post)) == 0
    assert session.scalar(select(func.count()).select_from(Report)) == 0


def test_the_same_text_from_a_second_account_waits(house: Builders) -> None:
    topic = house.question()
    copies = [gate.comment(house.customer(), topic, LONG) for _ in range(3)]
    assert isinstance(copies[0], Post)
    assert isinstance(copies[1], Post)  # one other person: published, and looked at
    assert isinstance(copies[2], gate.Held)
    assert [c.about for c in reported.cases()[0]] == [f"post:{copies[1].id}"]


def test_marks_and_tried_challenges_are_cleaned_away(house: Builders) -> None:
    tracing.remember(house.customer(), LONG)
    session.add(challenge.SpentChallenge(nonce="a" * 32, tries=1, expires_at=clock.now()))
    session.flush()
    terms = {term.name: term for term in retention.terms()}
    for later, left in ((timedelta(hours=1), 2), (timedelta(days=20), 0)):
        with time_machine.travel(clock.now() + later):
            for name in ("text_traces", "challenges"):
                list(retention.clean(terms[name], terms[name].days, set()))
        tables = (Trace.text_key, challenge.SpentChallenge.nonce)
        assert sum(session.scalar(select(func.count(c.distinct()))) or 0 for c in tables) == left
