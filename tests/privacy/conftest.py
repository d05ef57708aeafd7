"""A person who has left something everywhere, and a ledger of the test's own."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from PIL import Image as Picture

from app.accounts import consents
from app.accounts.models import OutsideIdentity, Passkey, Person, RecoveryCode, Ticket
from app.core import clock
from app.core.db import session
from app.media import images
from app.media import service as media
from app.media.models import Image
from app.moderation.models import Report
from app.privacy import ledger
from app.search.service import learning
from app.topics import drafting, service
from app.topics.models import Draft, Post, Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from app.core.files import File
    from tests.builders import Builders

NAME = "Пелагея Незабудкина"
EMAIL = "pelageya.nezabudkina@mail.example"
OLD_EMAIL = "nezabudka@old.example"
TITLE = "Куда пропал мой кэшбэк за гречку"
BODY = "Купила гречку четвёртого числа в лавке на Зелёной, а кэшбэк не пришёл."
EDITED = "Раньше тут стояло про пшено и перловку."
COMMENT = "Гречка закончилась, а кэшбэка всё нет, уважаемые."
GUEST = "f" * 64


@pytest.fixture
def ledger_path(app: Flask) -> Iterator[Path]:
    """Empty before and after."""
    ledger.path().unlink(missing_ok=True)
    yield ledger.path()
    ledger.path().unlink(missing_ok=True)


@dataclass
class Left:
    """What somebody left, and where."""

    person: Person
    topic: Topic
    comment: Post
    elsewhere: Topic
    answer: Post
    portrait: File
    picture: File


def _picture(owner: Person, colour: str) -> Image:
    made = io.BytesIO()
    Picture.new("RGB", (64, 64), colour).save(made, "PNG")
    return media.store(images.process(made.getvalue()), owner_id=owner.id)


@pytest.fixture
def left(house: Builders, work: Callable[[], None], ledger_path: Path) -> Left:
    """A customer with a past: texts, pictures, letters, drafts, every way to sign in."""
    house.brand()
    bank = house.executive(name="Ольга Берестова")
    administrator = house.administrator()
    consents.publish(administrator, "privacy", {"ru": "Мы храним то, что нужно для ответа."})
    person = house.customer(
        name=NAME, email=EMAIL, about="Пеку хлеб.", timezone="Europe/Moscow", with_password=True
    )
    consents.agree(person, consents.current(), "sign_up", "203.0.113.9")
    portrait, picture = _picture(person, "red"), _picture(person, "blue")
    person.portrait = portrait
    category = house.category(owner=bank)
    topic = house.topic(
        asker=person, category=category, title="Про пшено", body=f"{EDITED}\n\n![]({picture.url})"
    )
    words = service.Words(topic.kind, TITLE, f"{BODY}\n\n![]({picture.url})", category)
    service.edit(person, topic, words)
    answer = house.answer(topic, f"> {BODY}\n\nЗдравствуйте, {NAME}, кэшбэк начислен.")
    elsewhere = house.topic(category=category)
    comment = house.comment(elsewhere, COMMENT, author=person)
    service.vote(person, elsewhere)
    drafting.keep(person, None, "new", {"title": "Черновик про манку", "body": "манка"})
    session.add_all(
        [
            Draft(about="new", guest=GUEST, fields={"body": "тайная манка"}),
            Ticket(
                purpose="change",
                person_id=person.id,
                email=OLD_EMAIL,
                locale="ru",
                guest=GUEST,
                expires_at=clock.now(),
            ),
            Passkey(
                person_id=person.id, name="Телефон Пелагеи", credential_id="c1", public_key="k"
            ),
            RecoveryCode(person_id=person.id, code_hash="a" * 64),
            OutsideIdentity(person_id=person.id, issuer="https://id.example", subject="pel-1"),
            Report(
                about=f"topic:{elsewhere.id}",
                topic_id=elsewhere.id,
                reporter_id=person.id,
                reason="other",
                words="Мне как Незабудкиной обидно",
            ),
        ]
    )
    learning.note_asked(TITLE, locale="ru")
    work()
    return Left(
        person,
        topic,
        comment,
        elsewhere,
        answer,
        media.file_of(portrait.key),
        media.file_of(picture.key),
    )
