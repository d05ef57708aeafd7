"""When other people answer: name them on what waits, and have it looked at.

A category may owe a hundred thousand answers. They are gone through a few at a time, each batch in
a transaction of its own with its topics locked in the order of their ids; while the scheduler has
its hands full, the next batch waits. Whatever is done twice is done once.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update
from sqlalchemy.exc import OperationalError

from app.accounts.models import Absence, Person
from app.core import clock
from app.core.db import session
from app.core.events import record
from app.sla.events import LookingGoesOn, NamingGoesOn
from app.sla.models import Promise
from app.sla.queries import people, promises
from app.sla.service.promises import named, note
from app.topics import queries as topics
from app.topics.models import Category

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.sla.models import ClockEvent
    from app.topics.models import Topic

log = logging.getLogger(__name__)

# Topics of a batch: readers and writers of each wait for the whole of it.
NAMED_AT_ONCE, WOKEN_AT_ONCE = 50, 200
# With so many promises due the scheduler is busy: it must not fall behind because of us.
BUSY = 2000
A_WHILE = timedelta(seconds=20)


def name_the_new(category_id: int, since: datetime, by: int | None, after: int = 0) -> None:
    """Give what is owed in a category to its owner and deputy, who are so `since` an instant."""
    category = topics.category(category_id)
    if category is None:
        return
    ids = promises.named_otherwise(category, after, NAMED_AT_ONCE)
    if not ids:
        return
    held = promises.hold(ids)
    # As it is by now: who changes it after us has it done again.
    session.refresh(category)
    told = promises.clock_events(ids)
    for topic in held:
        _name(category, topic, told[topic.id], since, by)
    if len(ids) == NAMED_AT_ONCE:
        record(NamingGoesOn(category_id, since.isoformat(), ids[-1]), by=by, at=_when_to_go_on())


def _name(
    category: Category,
    topic: Topic,
    told: Sequence[ClockEvent],
    since: datetime,
    by: int | None,
) -> None:
    names, now = named(category), clock.now()
    if topic.category_id != category.id or promises.last_named(told) in (names, None):
        return
    last = max(e.at for e in told)
    at = since if since > last else max(now, last)
    topic_id = topic.id
    try:
        with session.begin_nested():
            note(topic, "owner_changed", at=at, by=by, as_of=now, **names)
    except OperationalError:
        raise
    except Exception:
        log.exception("topic %s could not be given to whoever answers now", topic_id)


def look_again(person_id: int, *, any_manager: bool = False) -> None:
    """Have looked at what this person, who came or went, answers for or is to answer for.

    `any_manager`: they may have become, or been, one of those whom the work of others falls to.
    """
    look_again_in(_concerned(person_id, any_manager=any_manager))


def look_again_in(category_ids: Sequence[int], after: int = 0) -> None:
    """Have looked at what runs in these categories, on topics `after` one."""
    ids = promises.running_in(category_ids, after, WOKEN_AT_ONCE)
    if not ids:
        return
    # A round that looks at them ends first, and does not overwrite what is written here.
    promises.hold(ids)
    now = clock.now()
    asleep = or_(Promise.next_action_at.is_(None), Promise.next_action_at > now)
    these = update(Promise).where(Promise.topic_id.in_(ids), *promises.running(), asleep)
    session.execute(these.values(next_action_at=now))
    if len(ids) == WOKEN_AT_ONCE:
        record(LookingGoesOn(list(category_ids), ids[-1]), at=_when_to_go_on())


def _when_to_go_on() -> datetime:
    now = clock.now()
    return now + A_WHILE if promises.due_now(now, BUSY) >= BUSY else now


def _concerned(person_id: int, *, any_manager: bool) -> list[int]:
    """The categories in which it matters whether this person is there."""
    circle = _circle(person_id)
    categories = session.scalars(select(Category).order_by(Category.id)).unique().all()
    found = {c.id for c in categories if {c.owner_id, c.deputy_id} & circle}
    if any_manager or _managers(circle):
        today = people.acting_in(categories)
        found.update(c.id for c in categories if today[c.id].role in {"manager", "nobody"})
    return sorted(found)


def _circle(person_id: int) -> set[int]:
    """This person and all for whom they stand in, or may in the end, from now on."""
    query = select(Absence.person_id, Absence.substitute_id).where(
        Absence.ends_at > clock.now(), Absence.substitute_id.is_not(None)
    )
    pairs = session.execute(query).tuples().all()
    circle, grown = {person_id}, 0
    while len(circle) > grown:
        grown = len(circle)
        circle |= {away for away, stands_in in pairs if stands_in in circle}
    return circle


def _managers(circle: set[int]) -> bool:
    query = select(Person.id).where(
        Person.id.in_(circle), Person.role.in_(("manager", "administrator"))
    )
    return session.scalar(query.limit(1)) is not None
