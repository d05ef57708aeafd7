"""Text in hand is kept for its writer, and not for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.topics import drafting
from app.topics.models import Draft

if TYPE_CHECKING:
    from tests.builders import Builders


class Guest:
    """Somebody who has not signed in."""

    id = None
    role = None


def test_only_a_guest_s_draft_that_nobody_can_find_again_is_forgotten(house: Builders) -> None:
    person = house.customer()
    old = drafting.keep(Guest(), "a" * 64, "new", {"title": "Забытый черновик"})
    drafting.keep(Guest(), "b" * 64, "new", {"title": "Вчерашний черновик"})
    own = drafting.keep(person, None, "new", {"title": "Черновик с именем"})
    old.changed_at = own.changed_at = clock.now() - drafting.ABANDONED - timedelta(hours=1)
    session.flush()

    assert drafting.forget_abandoned() == 1

    left = [d.fields["title"] for d in session.scalars(select(Draft).order_by(Draft.id))]
    assert left == ["Вчерашний черновик", "Черновик с именем"]
