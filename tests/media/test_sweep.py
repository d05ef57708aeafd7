"""Pictures that no text came to show are cleared away; every other one stays."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from PIL import Image as Picture
from sqlalchemy import select

from app.accounts.sessions import Guest
from app.brand.models import Brand
from app.core import clock
from app.core.db import session
from app.media import images, service
from app.media.models import Image
from app.topics import drafting
from app.topics import service as topics

if TYPE_CHECKING:
    from tests.builders import Builders

LONG_AGO = service.UNUSED_FOR + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_swept", 0)


def uploaded(ago: timedelta = LONG_AGO) -> Image:
    target = io.BytesIO()
    Picture.new("RGB", (20, 20), "teal").save(target, "PNG")
    image = service.store(images.process(target.getvalue()))
    image.created_at = clock.now() - ago
    session.commit()
    return image


def kept() -> set[str]:
    session.expire_all()
    return set(session.scalars(select(Image.key)))


def test_what_nothing_shows_goes_with_its_file_after_two_days(house: Builders) -> None:
    old, young = uploaded(), uploaded(service.UNUSED_FOR - timedelta(minutes=1))
    path, still = service.file_of(old.key), service.file_of(young.key)

    assert service.sweep() == 1

    assert kept() == {young.key}
    assert not path.exists()
    assert still.exists()
    assert service.sweep() == 0


def test_what_a_text_shows_or_once_showed_stays(house: Builders) -> None:
    shown = [uploaded() for _ in range(5)]
    in_topic, in_comment, in_past, in_draft, in_guest_draft = (f"![]({i.url})" for i in shown)
    topic = house.question(body=f"Смотрите: {in_topic}")
    post = house.comment(topic, in_comment)
    other = house.question(body=f"Было так: {in_past}")
    words = topics.Words("question", other.title, "Теперь без снимка.", other.category)
    topics.edit(other.asker, other, words)
    drafting.keep(post.author, None, "new", {"body": in_draft})
    drafting.keep(Guest(), "0" * 64, "new", {"title": "", "body": in_guest_draft})
    session.commit()
    unused = uploaded()

    assert service.sweep() == 1

    assert kept() == {i.key for i in shown}
    assert unused.key not in kept()


def test_portraits_and_the_logo_stay(house: Builders) -> None:
    face, logo = uploaded(), uploaded()
    house.customer(portrait_id=face.id)
    session.add(Brand(name="Полдень", logo_id=logo.id))
    session.commit()

    assert service.sweep() == 0
    assert kept() == {face.key, logo.key}


def test_a_draft_let_go_lets_its_picture_go(house: Builders) -> None:
    image, writer = uploaded(), house.customer()
    drafting.keep(writer, None, "new", {"body": f"![]({image.url})"})
    session.commit()
    assert service.sweep() == 0

    drafting.drop(writer, None, "new")
    session.commit()

    assert service.sweep() == 1


def test_each_sweep_looks_at_so_many_and_the_next_goes_on(house: Builders) -> None:
    face = uploaded()
    house.customer(portrait_id=face.id)
    session.commit()
    for _ in range(3):
        uploaded()

    assert [service.sweep(2), service.sweep(2)] == [1, 2]
    assert kept() == {face.key}
