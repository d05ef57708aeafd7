"""The scheduler's round: notice what broke, and remind those who keep promises.

It changes nothing that is true: states follow from events and instants alone. Any number of
schedulers may go their rounds at once, be killed at any instant and come back late: a topic's row is
locked while it is looked at, and the key of `rungs_sent` makes each rung one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app.brand.queries import brand
from app.core import clock
from app.core.db import session
from app.core.events import record
from app.core.i18n import is_zone
from app.sla.engine.calendars import at_local
from app.sla.engine.ladder import Planned, Quiet, choose, moved, plan
from app.sla.engine.pacing import Pacemaker
from app.sla.events import RemindersDue
from app.sla.models import RungSent, Tick
from app.sla.queries import people, promises
from app.sla.queries.terms import rules_in_force
from app.sla.service.promises import project

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from app.accounts.models import Person
    from app.sla.engine.promises import Outcome
    from app.sla.models import Promise
    from app.sla.queries.terms import Rules
    from app.topics.models import Topic

BATCH = 100
A_MOMENT = timedelta(microseconds=1)
CHANNEL = "mail"

# From which rung on somebody is written to; recipients are cumulative.
FROM_DEPUTY, FROM_MANAGERS, FROM_CHIEF = "r80", "due", "esc3"
ORDER = ("open", "r50", "r80", "due", "esc1", "esc2", "esc3")
# After the last rung: a letter each morning, two weeks long.
MORNINGS = 14
DAY = timedelta(days=1)


@dataclass
class Round:
    """What one batch has learned: rules and people by category, reminders by person."""

    now: datetime
    rules: dict[int, Rules] = field(default_factory=dict)
    acting: dict[int, people.ActingPerson] = field(default_factory=dict)
    managers: Sequence[Person] = ()
    reminders: dict[int, list[list[int | str]]] = field(default_factory=lambda: defaultdict(list))
    sent: list[RungSent] = field(default_factory=list)


_pacemaker = Pacemaker()


def begin_round(now: datetime, steady: float | None, pacemaker: Pacemaker = _pacemaker) -> bool:
    """Write the round down; whether the clock can be trusted with sending anything in it."""
    last = promises.last_tick()
    trusted = pacemaker.admits(now, steady, last.at if last else None)
    if last is None:
        last = Tick(name=promises.THE_TICK)
        session.add(last)
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
    those = list({t.category_id: t.category for t in topics}.values())
    going = Round(now, acting=people.acting_in(those, now), managers=people.managers())
    for topic in topics:
        found = project(topic, now, events[topic.id], rows[topic.id])
        outcomes = {(o.kind, o.cycle): o for o in found}
        for row in rows[topic.id]:
            outcome = outcomes.get((row.kind, row.cycle))
            row.next_action_at = None
            if outcome is not None and outcome.is_live:
                row.next_action_at = _remind(going, topic, row, outcome, logged[row.id])
    _write_down(going)
    session.flush()
    return len(topics)


def _remind(
    going: Round, topic: Topic, row: Promise, outcome: Outcome, logged: Sequence[RungSent]
) -> datetime | None:
    """Choose what each recipient is to be told now; when to look again."""
    due = outcome.due_at
    if due is None or outcome.pauses:
        return None
    rules = going.rules.get(topic.category_id)
    if rules is None:
        rules = going.rules[topic.category_id] = rules_in_force(topic.category_id, going.now)
    later = [due + A_MOMENT] if outcome.breached_at is None else []
    if row.taken_until is not None:
        later.append(row.taken_until)
    for person, first in _recipients(going, topic, rules):
        planned = _planned(outcome, rules, _zone(person), first)
        mine = {
            r.rung: r for r in logged if r.person_id == person.id and r.arm_no == outcome.arm_no
        }
        taken = row.taken_by_id not in {None, person.id}
        done = {name for name, r in mine.items() if r.fate != "taken" or taken}
        rung, needless = choose(planned, done, going.now)
        for name in needless:
            _log(going, row, person, name, "coalesced", mine)
        if rung is not None:
            _log(going, row, person, rung, "taken" if taken else "sent", mine)
            if not taken:
                going.reminders[person.id].append([row.id, outcome.arm_no, rung])
        done.update(needless, [rung] if rung else [])
        later += [p.notify_at for p in planned if p.rung not in done and p.notify_at > going.now]
    return min(later, default=None)


def _recipients(going: Round, topic: Topic, rules: Rules) -> Iterable[tuple[Person, str]]:
    """Everybody who is to be told in the end, once, and the rung that begins with."""
    category, first = topic.category, {}
    told: list[tuple[Person | None, str]] = [
        (going.acting[category.id].person, "open"),
        (category.deputy, FROM_DEPUTY),
        *((manager, FROM_MANAGERS) for manager in going.managers),
        (people.person(rules.chief_id), FROM_CHIEF),
    ]
    for person, rung in told:
        if person is not None and person.disabled_at is None:
            first.setdefault(person.id, (person, rung))
    return first.values()


def _planned(outcome: Outcome, rules: Rules, zone: str, first: str) -> list[Planned]:
    """One recipient's ladder, from the rung on that concerns them, by their own clock."""
    quiet = rules.quiet.of(zone) if rules.quiet else None
    start = outcome.arm_started_at
    planned = [
        Planned("open", start, moved(start, quiet, outcome.due_at, start)),
        *plan(outcome, rules.ladder, quiet),
    ]
    last = planned[-1]
    if last.rung == "esc3":
        morning = rules.quiet.end if rules.quiet else 9 * 3600
        for n in range(1, MORNINGS + 1):
            day = last.fire_at + n * DAY
            planned.append(Planned(f"day{n}", day, _morning(day, zone, morning, quiet)))
    since = ORDER.index(first)
    return [p for p in planned if p.rung not in ORDER or ORDER.index(p.rung) >= since]


def _morning(at: datetime, zone: str, second: int, quiet: Quiet | None) -> datetime:
    """The first morning at or after an instant, so that one letter tells of all."""
    day = at.astimezone(ZoneInfo(zone)).date()
    morning = at_local(zone, day, second)
    if morning < at:
        morning = at_local(zone, day + DAY, second)
    return moved(morning, quiet, None, morning)


def _log(  # noqa: PLR0913
    going: Round, row: Promise, person: Person, rung: str, fate: str, mine: dict[str, RungSent]
) -> None:
    known = mine.get(rung)
    if known is not None:
        known.fate, known.at = fate, going.now
        going.sent.append(known)
        return
    going.sent.append(
        RungSent(
            promise_id=row.id,
            arm_no=row.arm_no,
            rung=rung,
            person_id=person.id,
            channel=CHANNEL,
            fate=fate,
            at=going.now,
        )
    )


def _write_down(going: Round) -> None:
    """One fact for each person, whatever it holds; and each rung under its own key."""
    facts = {
        person_id: record(RemindersDue(person_id, reminders), at=going.now).id
        for person_id, reminders in sorted(going.reminders.items())
    }
    for row in going.sent:
        row.fact_id = facts.get(row.person_id) if row.fate == "sent" else None
        session.add(row)
    session.flush()


def _zone(person: Person) -> str:
    zone = person.timezone
    return zone if zone and is_zone(zone) else brand().timezone
