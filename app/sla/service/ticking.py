"""The scheduler's round: notice what broke, and remind those who keep promises.

It changes nothing that is true: states follow from events and instants alone. Any number of
schedulers may go their rounds at once, be killed at any instant and come back late: a topic's row
is locked while it is looked at, and the key of `rungs_sent` makes each rung one.
"""

from __future__ import annotations

import logging
import socket
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError, OperationalError

from app.accounts import queries as accounts
from app.brand.queries import brand
from app.core import clock
from app.core.db import add_once, session
from app.core.events import record
from app.core.i18n import is_zone
from app.sla.engine.calendars import DAY, at_local
from app.sla.engine.ladder import Planned, choose, moved, plan
from app.sla.engine.pacing import Pacemaker
from app.sla.engine.rules import PROMISED_UPDATE, RESOLUTION
from app.sla.events import RemindersDue
from app.sla.models import Promise, RungSent, Tick
from app.sla.queries import people, promises
from app.sla.queries.terms import rules_in_force
from app.sla.service.promises import TAKEN_FOR, project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from app.accounts.models import Person
    from app.sla.engine.ladder import Quiet
    from app.sla.engine.promises import Outcome
    from app.sla.models import ClockEvent
    from app.sla.queries.terms import Rules
    from app.topics.answering import ActingPerson
    from app.topics.models import Category, Topic

log = logging.getLogger(__name__)

BATCH = 100
A_MOMENT = timedelta(microseconds=1)
# A topic that could not be looked at must not keep the others waiting; the log tells of it.
PUT_OFF = timedelta(minutes=5)
# A host that went no round for so long is gone: a container has a new name each time.
GONE = timedelta(days=7)
CHANNEL = "mail"

# From which rung on somebody is written to; recipients are cumulative.
FROM_DEPUTY, FROM_MANAGERS, FROM_CHIEF = "r80", "due", "esc3"
ORDER = ("open", "r50", "r80", "due", "esc1", "esc2", "esc3")
# After the last rung: a letter each morning, two weeks long.
MORNINGS = 14
MORNING = 9 * 3600


@dataclass
class Round:
    """What one batch has learned: who answers and manages, rules by category, reminders by person.

    `turn`: the next instant at which one of the named people goes away or comes back.
    """

    now: datetime
    acting: dict[int, ActingPerson]
    managers: Sequence[Person]
    turn: datetime | None
    rules: dict[int, Rules] = field(default_factory=dict)
    reminders: dict[int, list[list[int | str]]] = field(default_factory=lambda: defaultdict(list))
    sent: list[RungSent] = field(default_factory=list)

    def rules_of(self, category_id: int) -> Rules:
        """The rules of a category, read once."""
        if category_id not in self.rules:
            self.rules[category_id] = rules_in_force(category_id, self.now)
        return self.rules[category_id]

    def add(self, alone: Round) -> None:
        """What one topic brought."""
        self.sent += alone.sent
        for person_id, reminders in alone.reminders.items():
            self.reminders[person_id] += reminders


@dataclass(frozen=True)
class Watched:
    """One live promise that is looked at: its row, what it is now, what was sent of it."""

    topic: Topic
    row: Promise
    outcome: Outcome
    told: Sequence[ClockEvent]
    logged: Sequence[RungSent]

    def sent_to(self, person: Person) -> dict[str, RungSent]:
        """What this person was sent of its present arm, by rung."""
        arm = self.outcome.arm_no
        return {r.rung: r for r in self.logged if (r.person_id, r.arm_no) == (person.id, arm)}

    @property
    def begun_by(self) -> int | None:
        """Whose act began it, or its present arm: they need not be told of that."""
        began = [e for e in self.told if e.at == self.outcome.arm_started_at]
        return began[0].by_id if began else None

    @property
    def is_announced(self) -> bool:
        """Whether somebody is told of its beginning; of news, only when others are to keep it."""
        if self.outcome.kind == PROMISED_UPDATE:
            return self.outcome.arm_no > 1
        return self.outcome.kind != RESOLUTION

    @property
    def taken_at(self) -> datetime | None:
        """When somebody said "I take it", while that holds."""
        return self.row.taken_until - TAKEN_FOR if self.row.taken_until is not None else None


_pacemaker = Pacemaker()


def begin_round(now: datetime, steady: float | None, pacemaker: Pacemaker = _pacemaker) -> bool:
    """Write the round down; whether the clock can be trusted with sending anything in it."""
    host = socket.gethostname()
    last = promises.tick_of(host)
    trusted = pacemaker.admits(now, steady, last.at if last else None)
    if not trusted:
        log.warning("the clock jumped; reminders are held until it runs evenly again")
    if last is None and add_once(Tick(name=promises.tick_name(host), at=now, held=not trusted)):
        _forget_the_gone(now)
        return trusted
    last = last or promises.tick_of(host)
    if last is not None:
        last.at, last.held = now, not trusted
    session.flush()
    return trusted


def tick(now: datetime | None = None, limit: int = BATCH) -> int:
    """Look at up to `limit` topics whose next instant has come; how many there were."""
    now = now or clock.now()
    topics = promises.topics_to_look_at(now, limit)
    if not topics:
        return 0
    ids = [t.id for t in topics]
    events, rows = promises.clock_events(ids), promises.promises_on(ids)
    logged = promises.rungs_sent(row.id for topic in rows.values() for row in topic)
    categories = list({t.category_id: t.category for t in topics}.values())
    going = Round(
        now,
        people.acting_in(categories, now),
        accounts.managers() or people.managers(),
        _next_turn(categories, now),
    )
    for topic_id, topic in zip(ids, topics, strict=True):
        alone = replace(going, reminders=defaultdict(list), sent=[])
        try:
            with session.begin_nested():
                _look_at(alone, topic, events[topic_id], rows[topic_id], logged)
                session.add_all(alone.sent)
        except Exception as error:
            if _is_not_the_topics(error):
                raise
            log.exception("topic %s could not be looked at; it is put off", topic_id)
            _put_off(topic_id, now)
        else:
            going.add(alone)
    _write_down(going)
    return len(topics)


def _is_not_the_topics(error: Exception) -> bool:
    """Whether the database is away or in the others' hands: the whole batch is tried again."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, OperationalError)


def _put_off(topic_id: int, now: datetime) -> None:
    """Nothing that was written of it remains, but that it is looked at again a little later."""
    due = (Promise.next_action_at.is_not(None), Promise.next_action_at <= now)
    these = update(Promise).where(Promise.topic_id == topic_id, *due)
    session.execute(these.values(next_action_at=now + PUT_OFF))


def _forget_the_gone(now: datetime) -> None:
    gone = (Tick.name.startswith(promises.A_TICK), Tick.at < now - GONE)
    session.execute(delete(Tick).where(*gone))


def _look_at(
    going: Round,
    topic: Topic,
    told: Sequence[ClockEvent],
    rows: Sequence[Promise],
    logged: dict[int, list[RungSent]],
) -> None:
    found = project(topic, going.now, told, rows)
    outcomes = {(o.kind, o.cycle): o for o in found}
    for row in rows:
        outcome = outcomes.get((row.kind, row.cycle))
        row.next_action_at = None
        if outcome is not None and outcome.is_live:
            watched = Watched(topic, row, outcome, told, logged[row.id])
            row.next_action_at = _remind(going, watched)


def _remind(going: Round, watched: Watched) -> datetime | None:
    """Choose what each recipient is to be told now; when to look again."""
    row, outcome = watched.row, watched.outcome
    if outcome.due_at is None or outcome.pauses:
        return None
    later = [t for t in (going.turn, row.taken_until) if t is not None]
    if outcome.breached_at is None:
        later.append(outcome.due_at + A_MOMENT)
    for person, planned in _ladders(going, watched):
        mine = watched.sent_to(person)
        # While somebody else has taken it, nothing is sent; what fell then is sent afterwards.
        silenced = row.taken_by_id not in {None, person.id}
        done = {name for name, sent in mine.items() if sent.fate != "taken" or silenced}
        rung, needless = choose(planned, done, going.now)
        fates = dict.fromkeys(needless, "coalesced")
        if rung is not None:
            fates[rung] = "taken" if silenced else "sent"
        for name, fate in fates.items():
            going.sent.append(_logged(going, watched, person, name, fate, mine.get(name)))
        if rung is not None and not silenced:
            going.reminders[person.id].append([row.id, outcome.arm_no, rung])
        later += [p.notify_at for p in planned if p.notify_at > going.now and p.rung not in done]
    return min(later, default=None)


def _ladders(going: Round, watched: Watched) -> Iterator[tuple[Person, list[Planned]]]:
    """Everybody who is to be told in the end, once, with the rungs that concern them."""
    category, rules = watched.topic.category, going.rules_of(watched.topic.category_id)
    told: list[tuple[Person | None, str]] = [
        (going.acting[category.id].person, "open"),
        (category.deputy, FROM_DEPUTY),
        *((manager, FROM_MANAGERS) for manager in going.managers),
        (accounts.person(rules.chief_id) if rules.chief_id else None, FROM_CHIEF),
    ]
    known = set()
    for person, first in told:
        if person is not None and person.disabled_at is None and person.id not in known:
            known.add(person.id)
            yield person, _ladder(watched, rules, person, first)
    taker, taken_at = watched.row.taken_by, watched.taken_at
    if taker is not None and taken_at is not None and taker.id not in known:
        # Who took it keeps it: they are reminded in the others' place, of what is still to come.
        planned = _ladder(watched, rules, taker, "open")
        yield taker, [p for p in planned if p.notify_at > taken_at]


def _ladder(watched: Watched, rules: Rules, person: Person, first: str) -> list[Planned]:
    """One recipient's rungs by their own clock, from the one on that concerns them."""
    zone, outcome = _zone(person), watched.outcome
    quiet = rules.quiet.of(zone) if rules.quiet else None
    planned = plan(outcome, rules.ladder, quiet)
    if watched.is_announced and watched.begun_by != person.id:
        start = outcome.arm_started_at
        planned.insert(0, Planned("open", start, moved(start, quiet, outcome.due_at, start)))
    since = ORDER.index(first)
    planned = [p for p in planned if ORDER.index(p.rung) >= since]
    if planned and planned[-1].rung == ORDER[-1]:
        second = rules.quiet.end if rules.quiet else MORNING
        planned += _mornings(planned[-1].notify_at, zone, second, quiet)
    return planned


def _mornings(after: datetime, zone: str, second: int, quiet: Quiet | None) -> Iterator[Planned]:
    """The mornings after an instant: the same for all promises, so that one letter tells of all."""
    date = after.astimezone(ZoneInfo(zone)).date()
    for n in range(1, MORNINGS + 1):
        morning = at_local(zone, date + n * DAY, second)
        yield Planned(f"day{n}", morning, moved(morning, quiet, None, morning))


def _logged(
    going: Round,
    watched: Watched,
    person: Person,
    rung: str,
    fate: str,
    known: RungSent | None,
) -> RungSent:
    row = known or RungSent(
        promise_id=watched.row.id,
        arm_no=watched.outcome.arm_no,
        rung=rung,
        person_id=person.id,
        channel=CHANNEL,
    )
    row.fate, row.at = fate, going.now
    return row


def _write_down(going: Round) -> None:
    """One fact for each person, whatever it holds; and each rung under its own key."""
    facts = {
        person_id: record(RemindersDue(person_id, reminders), at=going.now).id
        for person_id, reminders in sorted(going.reminders.items())
    }
    for row in going.sent:
        row.fact_id = facts.get(row.person_id) if row.fate == "sent" else None
    session.flush()


def _next_turn(categories: Sequence[Category], now: datetime) -> datetime | None:
    """When one of those who answer there goes away or comes back next."""
    named = {i for c in categories for i in (c.owner_id, c.deputy_id) if i is not None}
    absences = people.absences_between(named, now, people.FOREVER)
    turns = (t for a in absences for t in (a.start, a.end) if now < t < people.FOREVER)
    return min(turns, default=None)


def _zone(person: Person) -> str:
    zone = person.timezone
    return zone if zone and is_zone(zone) else brand().timezone
