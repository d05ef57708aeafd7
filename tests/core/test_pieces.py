"""Pieces of pages, kept for many readers: nobody's words go astray, and nothing is too old."""

from __future__ import annotations

import itertools
import re
from contextvars import Context
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from flask import render_template_string
from sqlalchemy import event, select, text

from app.accounts.models import Absence, Person, Session
from app.accounts.sessions import digest
from app.core import clock
from app.core.db import db, reads_only, session
from app.core.pagecache import making, pieces
from app.core.web import current_actor
from app.topics import answerers, drafting
from app.topics.models import Topic
from tests.conftest import BASE_URL
from tests.core.test_pagecache import RU, Machine, machines, topic, twins  # noqa: F401 (fixtures)

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.builders import Builders

# When a form was opened: said to people, and not on pages that are kept.
STAMP = re.compile(r'<input[^>]*name="opened"[^>]*>')
# Their names stand on no page but their own.
READERS = {
    "customer": "Аксинья Читающая",
    "executive": "Богдан Отвечающий",
    "manager": "Велимира Смотрящая",
    "administrator": "Горислав Хранящий",
}


@pytest.fixture
def house(machines: list[Machine], committed: Builders, topic: Topic) -> SimpleNamespace:  # noqa: F811
    """A topic with all that may stand on it, and one reader of each kind, who may sign in."""
    asker = topic.asker
    commenter = committed.person("customer", name="Дарья Пишущая", confirmed_at=clock.now())
    committed.comment(topic, author=commenter)
    committed.comment(topic, author=asker)
    hidden = committed.comment(topic, author=commenter)
    hidden.hidden_at = clock.now()
    waiting = committed.question(category=topic.category, asker=asker, title="Когда ответят?")
    people: dict[str, Any] = {"asker": asker, "commenter": commenter}
    for role, name in READERS.items():
        people[role] = committed.person(role, name=name, confirmed_at=clock.now())
    people["owner"] = topic.category.owner
    for who, person in people.items():
        data = {"_user_id": str(person.id), "_fresh": True, "proved": clock.now().timestamp()}
        key = digest(f"key-of-{who}")
        row = Session(key_hash=key, data=data, person_id=person.id, browser="", seen_at=clock.now())
        session.add(row)
    session.commit()
    return SimpleNamespace(
        machines=machines,
        topic=topic,
        waiting=waiting,
        readers=["", *people],
        builders=committed,
    )


def read(app: Flask, path: str, who: str = "", language: str = "ru") -> str:
    """What somebody reads who came in as `who`; nobody, when it is empty."""
    sent = {**RU, "Accept-Language": language}
    if who:
        sent["Cookie"] = f"sid=key-of-{who}"
    client = app.test_client(use_cookies=False)
    answer = Context().run(lambda: client.get(path, base_url=BASE_URL, headers=sent))
    said = STAMP.sub(" ", answer.get_data(as_text=True))
    return f"{answer.status_code} {' '.join(said.split())}"


def forget(app: Flask) -> None:
    app.extensions["otklik.pieces"]._begin_anew()


def kept(app: Flask) -> list[Any]:
    return [each.value for each in app.extensions["otklik.pieces"]._part.pages.values()]


def only_here(app: Flask) -> None:
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql"):
        pytest.skip("nothing here depends on the database")


def test_everybody_reads_what_would_be_made_for_them_alone(
    app: Flask, house: SimpleNamespace
) -> None:
    only_here(app)
    here, t = house.machines[0].app, house.topic
    paths = [
        "/",
        "/?view=unanswered",
        "/?view=ideas",
        f"/topics/{t.id}",
        f"/topics/{t.id}?from=2",
        f"/topics/{house.waiting.id}",
        f"/categories/{t.category.slug}",
        "/tags/метро",
        f"/people/{t.asker_id}",
        "/search?q=карта",
        "/executives",
        "/desk",
    ]
    with time_machine.travel(clock.now() + timedelta(seconds=2), tick=False):
        for path in paths:
            alone = {who: read(app, path, who) for who in house.readers}
            forget(here)
            # In both orders: whoever comes first has made what the others get.
            for who in itertools.chain(house.readers, reversed(house.readers)):
                assert read(here, path, who) == alone[who], (path, who)
    values = "".join(map(str, kept(here)))
    assert values
    for name in READERS.values():
        assert name not in values


def test_languages_do_not_mix(app: Flask, house: SimpleNamespace) -> None:
    only_here(app)
    here, path = house.machines[0].app, f"/topics/{house.topic.id}"
    with time_machine.travel(clock.now() + timedelta(seconds=2), tick=False):
        for language in ("ru", "en", "uk", "ru"):
            usual = read(app, path, language=language)
            assert read(here, path, language=language) == usual


def test_what_was_just_written_is_read_at_once_on_any_machine(house: SimpleNamespace) -> None:
    one, other = (machine.app for machine in house.machines)
    path = f"/topics/{house.topic.id}"
    for app, who in itertools.product((one, other), ("customer", "asker")):
        read(app, path, who)
    house.builders.comment(house.topic, "Спасибо, всё понятно теперь.", author=house.topic.asker)
    session.commit()

    for app, who in itertools.product((one, other), ("customer", "asker", "manager")):
        assert "всё понятно теперь" in read(app, path, who)


def test_a_piece_is_made_once_until_something_public_is_written(house: SimpleNamespace) -> None:
    here, made = house.machines[0].app, [0]
    asked = _reading(here, made)

    assert [asked(), asked()] == [1, 1]
    with here.app_context():
        session.execute(text("UPDATE topics SET votes_count = votes_count + 1"))
        session.commit()
    assert [asked(), asked()] == [2, 2]
    with here.app_context():
        session.execute(text("DELETE FROM drafts"))
        session.commit()
    assert asked() == 2


def test_what_is_committed_while_a_piece_is_made_makes_it_old(house: SimpleNamespace) -> None:
    here, made = house.machines[0].app, [0]

    def write() -> None:
        with db.engine.connect() as connection:
            token = reads_only.set(False)
            connection.execute(text("UPDATE topics SET votes_count = votes_count + 1"))
            connection.commit()
            reads_only.reset(token)

    asked = _reading(here, made, during=lambda: write() if made[0] == 1 else None)

    assert asked() == 1
    assert asked() == 2
    assert asked() == 2


def test_a_request_that_writes_is_given_nothing_that_was_kept(house: SimpleNamespace) -> None:
    here, made = house.machines[0].app, [0]
    assert _reading(here, made)() == 1
    assert _reading(here, made, method="POST")() == 2


def test_it_does_not_outlive_what_it_shows(house: SimpleNamespace) -> None:
    here, made, now = house.machines[0].app, [0], clock.now()
    with time_machine.travel(now, tick=False) as travelling:
        turns = now + timedelta(seconds=20)
        asked = _reading(here, made, during=lambda: making.until(turns))
        assert [asked(), asked()] == [1, 1]
        travelling.shift(timedelta(seconds=21))
        assert asked() == 2
        travelling.shift(timedelta(seconds=making.LONGEST + 1))
        assert asked() == 3


def test_what_is_for_one_is_not_kept(house: SimpleNamespace) -> None:
    here, made = house.machines[0].app, [0]
    asked = _reading(here, made, during=making.never)
    assert [asked(), asked()] == [1, 2]


def test_a_piece_in_a_piece_holds_no_longer_than_the_inner_one(house: SimpleNamespace) -> None:
    here, made = house.machines[0].app, [0]

    def inner() -> None:
        pieces.keep("inner", make=making.never)

    asked = _reading(here, made, during=inner)
    assert [asked(), asked()] == [1, 2]


@pytest.mark.parametrize(
    "template", ["{{ actor.name }}", "{% if actor %}{% endif %}", "{{ can('topics.ask') }}"]
)
def test_a_piece_may_not_ask_who_reads(app: Flask, template: str) -> None:
    tagged = "{% piece 'x' %}" + template + "{% endpiece %}"
    with app.test_request_context("/"), pytest.raises(RuntimeError, match="many readers"):
        render_template_string(tagged, actor=SimpleNamespace(name="кто-то"))
    with app.test_request_context("/"), pytest.raises(RuntimeError, match="many readers"):
        pieces.keep("y", make=lambda: current_actor().id)


def test_the_reader_is_known_again_afterwards(app: Flask) -> None:
    with app.test_request_context("/"):
        said = render_template_string(
            "{% piece 'x', 7 %}{{ 1 + 1 }}{% endpiece %}{{ actor.name }}",
            actor=SimpleNamespace(name="кто-то"),
        )
        assert said == "2кто-то"
        assert current_actor().id is None


def test_there_is_room_for_so_many_bytes() -> None:
    made = making.begun("")
    some = pieces.Pieces(200_000)
    for number in range(1000):
        some.put(1, number, pieces.Piece("я" * 1000, made))
    assert some._part.size <= 200_000
    assert some.get(1, 999) is not None
    assert some.get(1, 0) is None
    assert some.get(2, 999) is None
    some.put(2, "new", pieces.Piece("x", made))
    assert some.get(2, 999) is None


def test_a_desk_fills_and_empties_in_the_instant_somebody_goes_and_comes_back(
    house: SimpleNamespace,
) -> None:
    here, now = house.machines[0].app, clock.now() + timedelta(seconds=2)
    desk = f"/desk?topic={house.waiting.id}"
    owner = session.merge(house.topic.category.owner)
    reader = session.scalars(select(Person).where(Person.given_name == READERS["executive"])).one()
    away = {"starts_at": now + timedelta(seconds=20), "ends_at": now + timedelta(seconds=45)}
    session.add(Absence(person_id=owner.id, substitute_id=reader.id, **away))
    session.commit()
    answers = f"/topics/{house.waiting.id}/answers"
    with time_machine.travel(now, tick=False) as travelling:
        assert answers not in read(here, desk, "executive")
        travelling.shift(timedelta(seconds=25))
        assert answers in read(here, desk, "executive")
        travelling.shift(timedelta(seconds=25))
        assert answers not in read(here, desk, "executive")


def test_what_one_has_begun_on_the_desk_is_in_their_boxes_and_in_nobody_elses(
    house: SimpleNamespace,
) -> None:
    here, topic_id = house.machines[0].app, house.waiting.id
    desk = f"/desk?topic={topic_id}"
    category = session.merge(house.topic.category)
    reader = session.scalars(select(Person).where(Person.given_name == READERS["executive"])).one()
    category.delegates = [reader]
    session.commit()
    for who in ("executive", "owner"):
        assert f"/topics/{topic_id}/answers" in read(here, desk, who)
    for kind in ("answer", "question", "news"):
        drafting.keep(reader, None, f"{kind}:{topic_id}", {"body": f"Начато: {kind}"})
    session.commit()

    for page in (read(here, desk, who) for who in ("executive", "owner", "executive")):
        begun = [f"Начато: {kind}" in page for kind in ("answer", "question", "news")]
        assert begun == [page.count('data-draft-note role="status" hidden') == 0] * 3
    assert "Начато" not in "".join(map(str, kept(here)))


def test_of_a_category_that_came_while_the_page_was_made_nobody_is_known(
    house: SimpleNamespace,
) -> None:
    owner, there = house.topic.category.owner_id, house.topic.category_id

    def ask() -> None:
        reads_only.set(True)
        with house.machines[0].app.test_request_context():
            who = answerers.everywhere()
            assert who[there].may_answer(owner)
            known = len(who)
            assert not who[10**8].may_answer(owner)
            assert len(who) == known

    Context().run(ask)


def test_a_desk_that_was_read_costs_few_statements(house: SimpleNamespace) -> None:
    here, asked = house.machines[0].app, []
    desk = f"/desk?topic={house.waiting.id}"
    with time_machine.travel(clock.now() + timedelta(seconds=2), tick=False):
        assert f"/topics/{house.waiting.id}/answers" in read(here, desk, "owner")
        with here.app_context():
            engine = db.engine

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            asked.append(statement)

        event.listen(engine, "after_cursor_execute", note)
        read(here, desk, "owner")
        event.remove(engine, "after_cursor_execute", note)
    # The version (once more when the process has not asked for a while), the session and who it is,
    # the topic, what they began, whether they follow it.
    assert len([each for each in asked if each.startswith("SELECT")]) <= 6, asked


def _reading(
    app: Flask, made: list[int], during: Callable[[], object] = lambda: None, method: str = "GET"
) -> Callable[[], int]:
    """Asks for a piece in a request of its own; says which making of it came back."""

    def make() -> int:
        made[0] += 1
        during()
        return made[0]

    def ask() -> int:
        token = reads_only.set(method == "GET")
        try:
            with app.test_request_context("/", method=method):
                return pieces.keep("counted", make=make)
        finally:
            reads_only.reset(token)

    return lambda: Context().run(ask)
