"""A person erased is nowhere: not in a table, not in a file; and threads can still be read."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import String, cast, select

from app.accounts import service as accounts
from app.accounts.models import Consent, Person, Session
from app.core import chain, clock, retention
from app.core.db import Base, session
from app.core.events import Fact
from app.notify.models import Follow, Letter
from app.privacy import ledger, queries, service
from app.privacy.models import Erasure
from app.privacy.service.erasing import AlreadyAskedError, StaffError
from app.search import shelf
from app.search.service import following, keeping
from app.topics.models import Draft, Post, Topic, Vote
from tests.privacy.conftest import BODY, COMMENT, EDITED, EMAIL, NAME, OLD_EMAIL, TITLE, Left

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser

WHO = (NAME, EMAIL, OLD_EMAIL, "Телефон Пелагеи", "pel-1", "манка", "Незабудкин", "Пеку хлеб")
SAID = (TITLE, BODY[:30], EDITED[:20], COMMENT[:20])
GONE = {"ru": "Удалено по просьбе автора", "en": "Deleted at the author's request"}


def erase(person: Person, *, words: bool) -> Erasure:
    erasure = service.request_erasure(person, words=words)
    erasure.due_at = clock.now()
    session.flush()
    service.erase(erasure)
    session.commit()
    session.expire_all()
    return erasure


def standing(canaries: tuple[str, ...]) -> list[str]:
    """Every cell of every table that holds one of these words, however it is written."""
    found = []
    wanted = [*canaries, *(json.dumps(word)[1:-1] for word in canaries)]
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            for value in session.scalars(select(cast(column, String))):
                if value is not None:
                    said = value.casefold()
                    found += [f"{table}.{column.name}" for w in wanted if w.casefold() in said]
    return sorted(set(found))


def lying(folder: Path, canaries: tuple[str, ...]) -> list[str]:
    """Every file under the instance that holds one of these words."""
    wanted = [word.encode() for word in canaries]
    files = [f for f in folder.rglob("*") if f.is_file() and "sqlite3" not in f.name]
    return [str(f) for f in files if any(word in f.read_bytes() for word in wanted)]


def test_who_and_words_are_nowhere(
    left: Left, app: Flask, work: Callable[[], None], browser: Browser
) -> None:
    assert {"people.email", "asked_words.words"} <= set(standing(WHO + SAID))
    assert lying(app.config["MAIL_PATH"], (EMAIL,))
    erase(left.person, words=True)
    assert not shelf.wants_purge()
    work()
    assert shelf.wants_purge()
    keeping.mend()
    following.follow()
    assert not shelf.wants_purge()
    assert standing(WHO + SAID) == []
    assert lying(app.config["INSTANCE_PATH"], (EMAIL, OLD_EMAIL, NAME, TITLE)) == []
    assert not left.portrait.exists()
    assert not left.picture.exists()
    page = browser.get(f"/topics/{left.topic.id}", headers={"Accept-Language": "ru"})
    assert page.status_code == 200
    assert "кэшбэк начислен" in page.text
    assert not any(word in page.text for word in (NAME, "Незабудкин", "гречк"))


def test_the_name_goes_and_the_words_stay(left: Left, browser: Browser) -> None:
    erase(left.person, words=False)
    assert standing(WHO) == []
    assert session.get_one(Topic, left.topic.id).title == TITLE
    assert session.get_one(Post, left.comment.id).body == COMMENT
    assert not left.portrait.exists()
    assert left.picture.exists()
    page = browser.get(f"/topics/{left.topic.id}", headers={"Accept-Language": "en"}).text
    assert TITLE in page
    assert NAME not in page
    assert "Deleted at the author&#39;s request" in page
    assert f'href="/people/{left.person.id}"' not in page
    for model in (Session, Draft, Follow, Letter):
        assert session.scalars(select(model).where(model.person_id == left.person.id)).all() == []
    assert not left.person.is_active
    assert accounts.authenticate(EMAIL, "correct horse battery") is None
    given = session.scalars(select(Consent).where(Consent.person_id == left.person.id)).one()
    assert given.address_hash == ""


def test_others_lose_their_quotes_and_keep_their_answers(left: Left, house: Builders) -> None:
    other = house.comment(left.topic, "А мне за рис пришёл.")
    votes = left.elsewhere.votes_count
    erasure = erase(left.person, words=True)
    answer = session.get_one(Post, left.answer.id)
    assert answer.body == "> …\n\nЗдравствуйте, …, кэшбэк начислен."
    assert answer.author.name == "Ольга Берестова"
    assert session.get_one(Post, other.id).body == "А мне за рис пришёл."
    assert session.scalar(select(Vote).where(Vote.person_id == left.person.id)) is None
    assert session.get_one(Topic, left.elsewhere.id).votes_count == votes > 0
    # Twice changes nothing.
    erasure.done_at = None
    service.erase(erasure)
    assert erasure.act["tables"] == {"people": 1}
    assert erasure.act["files"] == 0


def test_the_record_says_that_and_not_who(left: Left, work: Callable[[], None]) -> None:
    erasure = erase(left.person, words=True)
    assert [line["event"] for line in queries.log_extract(erasure)] == [
        "ErasureAsked",
        "PersonErased",
    ]
    assert chain.name_of(left.person.id) is not None
    work()
    assert chain.name_of(left.person.id) is None
    told = session.scalars(select(Fact).where(Fact.name == "AuthorErased")).all()
    assert {f.stream for f in told} == {f"topic:{left.topic.id}", f"topic:{left.elsewhere.id}"}


def test_staff_gives_the_role_up_first(house: Builders) -> None:
    with pytest.raises(StaffError):
        service.request_erasure(house.executive(), words=False)


def test_who_got_a_role_meanwhile_stays(house: Builders) -> None:
    person = house.customer(name=NAME)
    erasure = service.request_erasure(person, words=False)
    person.role = "manager"
    service.erase(erasure)
    assert erasure.cancelled_at
    assert person.name == NAME


def test_it_is_asked_for_once(house: Builders) -> None:
    person = house.customer(name=NAME)
    service.request_erasure(person, words=False)
    with pytest.raises(AlreadyAskedError):
        service.request_erasure(person, words=True)


def test_nothing_happens_before_the_days_are_over(house: Builders) -> None:
    person = house.customer(name=NAME)
    erasure = service.request_erasure(person, words=True)
    assert erasure.due_at - erasure.asked_at == timedelta(days=retention.days("cooling"))
    assert queries.erasures_due() == []
    erasure.due_at = clock.now()
    session.flush()
    assert queries.erasures_due() == [erasure.id]


def test_a_hold_suspends_it(house: Builders) -> None:
    person = house.customer(name=NAME)
    administrator = house.administrator()
    erasure = service.order_erasure(administrator, person, words=True, basis="order", reference="7")
    hold = service.place(administrator, person, "Спор в суде", clock.now().date())
    assert queries.erasures_due() == []
    service.lift(administrator, hold)
    assert queries.erasures_due() == [erasure.id]


# ————————————————————————————————————————————————————————————————— the ledger and a restore


def restored(person: Person, before: dict[str, Any]) -> None:
    """Bring the row back as a backup would."""
    for name, value in before.items():
        setattr(person, name, value)
    session.commit()


def columns(person: Person) -> dict[str, Any]:
    names = ("given_name", "email", "skeleton", "about", "disabled_at", "erased_at")
    return {name: getattr(person, name) for name in (*names, "words_erased_at", "confirmed_at")}


def test_a_restore_brings_nobody_back(left: Left, ledger_path: Path) -> None:
    before, title = columns(left.person), left.topic.title
    erasure = erase(left.person, words=True)
    key = erasure.key
    restored(left.person, before)
    left.topic.title = title
    session.delete(session.get_one(Erasure, erasure.id))
    session.commit()
    assert standing(WHO)
    (line,) = ledger.read()
    assert line.key == key
    again = service.reapply(line)
    session.commit()
    assert again is not None
    assert again.key == key
    assert again.reapplied_at
    assert standing(WHO) == []
    assert service.reapply(line) is None


def test_another_with_the_same_number_is_left_alone(house: Builders, ledger_path: Path) -> None:
    person = house.customer(name=NAME)
    before = columns(person)
    erase(person, words=True)
    restored(person, before)
    person.created_at -= timedelta(days=1)
    session.commit()
    (line,) = ledger.read()
    assert service.reapply(line) is None
    assert person.name == NAME


def test_the_ledger_says_nothing_of_anybody(house: Builders, ledger_path: Path) -> None:
    person = house.customer(name=NAME)
    erase(person, words=True)
    text = ledger_path.read_text()
    assert not any(word in text for word in WHO)
    assert json.loads(text)["person_id"] == person.id


def test_a_torn_line_harms_no_other(house: Builders, ledger_path: Path) -> None:
    person = house.customer(name=NAME)
    ledger_path.write_text('{"key": "abc", "person_')
    erase(person, words=True)
    assert [line.person_id for line in ledger.read()] == [person.id]
