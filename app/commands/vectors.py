"""Worked deadlines from a file, computed by the engine the product runs.

The format is that of `shared/data/sla/vectors.json`: calendars by name, and vectors of the groups
A–F (states), G (people), N (reminders) and W (working-day terms).
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.sla.engine.calendars import Calendar, parse, seconds_of, working_days
from app.sla.engine.events import Event, UnknownEventError
from app.sla.engine.ladder import Quiet, Rung, choose, plan
from app.sla.engine.pacing import Pacemaker
from app.sla.engine.people import Absence, Roster, ledger
from app.sla.engine.promises import KNOWN, Evaluation, Outcome, evaluate
from app.sla.engine.rules import Policy, Terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Json = Mapping[str, Any]

MANAGER = "community_manager"
_POLICY = {f.name for f in fields(Policy)}


class VectorError(ValueError):
    """A vector that cannot be computed; the message names it."""


def compute(file: Json) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each vector's id with what the engine computed, in the shape of `expected`."""
    calendars = {name: parse(spec) for name, spec in file["calendars"].items()}
    for vector in file["vectors"]:
        try:
            yield vector["id"], _computed(vector, calendars)
        except UnknownEventError as error:
            message = f"{vector['id']}: unknown event type {error.args[0]!r}"
            raise VectorError(message) from None
        except (KeyError, TypeError, ValueError) as error:
            message = f"{vector.get('id', '?')}: {type(error).__name__}: {error}"
            raise VectorError(message) from error


def _computed(vector: Json, calendars: Mapping[str, Calendar]) -> dict[str, Any]:
    if "term" in vector:
        return _term(vector, calendars[vector["calendar"]])
    if "ladder" in vector:
        return _reminders(vector, calendars[vector["calendar"]])
    events = _events(vector, calendars)
    now = _instant(vector["evaluate_at"])
    found = evaluate(events, now)
    if "category" in vector:
        return _people(vector, events, found, now)
    return _states(found)


def _states(found: Evaluation) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if found.first_answer is not None:
        told["first_answer"] = _told(found.first_answer)
    if found.next_answers:
        told["next_answer"] = [_told(each) for each in found.next_answers]
    if found.resolution is not None:
        told["resolution"] = _told(found.resolution)
    if found.updates:
        told["promised_update"] = [_told(each) for each in found.updates]
    return told | {"overdue_badge": found.overdue_badge}


def _told(outcome: Outcome) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": outcome.kind,
        "started_at": _text(outcome.started_at),
        "state": outcome.state,
        "due_at": _text(outcome.due_at),
    }
    if outcome.state in {"running", "at_risk"}:
        told["at_risk_at"] = _text(outcome.at_risk_at)
    if outcome.state in {"running", "at_risk", "paused"}:
        told["remaining_s"] = _seconds(outcome.remaining)
    if outcome.state in {"met", "met_late"}:
        told["fulfilled_at"] = _text(outcome.fulfilled_at)
    if outcome.state in {"breached", "met_late"}:
        told["breached_at"] = _text(outcome.breached_at)
        told["overdue_s"] = _seconds(outcome.overdue)
    if outcome.state == "cancelled":
        told["reason"] = outcome.cancelled
    return told


def _people(
    vector: Json, events: Sequence[Event], found: Evaluation, now: datetime
) -> dict[str, Any]:
    category = vector["category"]
    absences = list(category.get("absences", ()))
    rosters = [Roster(events[0].at, category["owner"], category.get("deputy"))]
    for event in vector.get("events", ()):
        if event.get("owner") is not None:
            rosters.append(Roster(_instant(event["at"]), event["owner"], event.get("deputy")))
            absences += event.get("absences", ())
    away = [
        Absence(a["who"], _instant(a["from"]), _instant(a["to"]), a.get("substitute"))
        for a in absences
    ]
    promise = found.first_answer
    if promise is None:
        message = "there is no promise to answer for"
        raise ValueError(message)
    book = ledger(promise, rosters, away, now, category.get("manager", MANAGER))
    return {
        "due_at": _text(promise.due_at),
        "accountable_at_due": book.accountable_at_due,
        "acting_at_due": book.acting_at_due,
        "holder_at_due": book.acting_at_due,
        "held_s": {who: _seconds(span) for who, span in book.held.items()},
        "breached": promise.breached_at is not None,
        "breach_attributed_to": book.breach_attributed_to,
    }


def _term(vector: Json, calendar: Calendar) -> dict[str, Any]:
    term, received = vector["term"], _instant(vector["opened_at"])
    if term["mode"] == "working_days":
        due = working_days(calendar, received, term["n"], term["cutoff"])
    elif term["mode"] == "elapsed":
        due = received + timedelta(seconds=term["seconds"])
    else:
        message = f"unknown term {term['mode']!r}"
        raise ValueError(message)
    return {"due_at": _text(due)}


def _reminders(vector: Json, calendar: Calendar) -> dict[str, Any]:
    opened = _instant(vector["opened_at"])
    terms = Terms(Policy(first_answer_s=vector["target_s"]), calendar)
    events = [Event("opened", opened, terms=terms), *_later_events(vector, {}, terms)]
    promise = evaluate(events[:1], opened).first_answer
    if promise is None:
        message = "there is no promise to remind of"
        raise ValueError(message)
    ladder = [Rung(name, mode, value) for name, mode, value in vector["ladder"]]
    planned = plan(promise, ladder, _quiet(vector.get("quiet")))
    if "ticks" not in vector:
        told = [
            {"rung": p.rung, "fire_at": _text(p.fire_at), "notify_at": _text(p.notify_at)}
            for p in planned
        ]
        return {"due_at": _text(promise.due_at), "plan": told}
    if vector.get("answered_at"):
        events.append(Event("official_answer", _instant(vector["answered_at"]), id="answer"))
    sends: list[dict[str, Any]] = []
    held_ticks: list[str | None] = []
    pacemakers: dict[str, Pacemaker] = {}
    logged: set[str] = set()
    last_tick: datetime | None = None
    for tick in vector["ticks"]:
        wall, name = _instant(tick["wall"]), tick.get("scheduler", "A")
        steady = tick.get("mono")
        admitted = pacemakers.setdefault(name, Pacemaker()).admits(wall, steady, last_tick)
        last_tick = wall
        if not admitted:
            held_ticks.append(_text(wall))
            continue
        now_stands = evaluate(events, wall).first_answer
        if now_stands is None or not now_stands.is_live:
            continue
        rung, coalesced = choose(planned, logged, wall)
        logged.update(coalesced, [rung] if rung else [])
        if rung:
            sends.append({"at": _text(wall), "rung": rung, "by": name, "coalesced": coalesced})
    return {"sends": sends, "held_ticks": held_ticks}


def _events(vector: Json, calendars: Mapping[str, Calendar]) -> list[Event]:
    given = {k: v for k, v in vector.get("policy", {}).items() if k in _POLICY}
    terms = Terms(Policy(**given), calendars[vector["calendar"]])
    opened = Event("opened", _instant(vector["opened_at"]), terms=terms)
    return [opened, *_later_events(vector, calendars, terms)]


def _later_events(
    vector: Json, calendars: Mapping[str, Calendar], terms: Terms
) -> Iterator[Event]:
    for said in sorted(vector.get("events", ()), key=lambda e: _instant(e["at"])):
        if said["type"] not in KNOWN:
            raise UnknownEventError(said["type"])
        changed = {k: v for k, v in said.items() if k in _POLICY}
        calendar = calendars[said["calendar"]] if "calendar" in said else terms.calendar
        terms = replace(terms, policy=replace(terms.policy, **changed), calendar=calendar)
        due = said.get("due_at")
        yield Event(
            said["type"],
            _instant(said["at"]),
            id=said.get("id"),
            ref=said.get("ref"),
            seq=said.get("seq"),
            seen_seq=said.get("seen_seq"),
            terms=terms,
            due_at=_instant(due) if due else None,
            owner=said.get("owner"),
            deputy=said.get("deputy"),
            grace=said.get("grace_s"),
            target=said.get("target_s"),
        )


def _quiet(spec: Json | None) -> Quiet | None:
    if spec is None:
        return None
    return Quiet(
        spec["tz"],
        seconds_of(spec["from"]),
        seconds_of(spec["to"]),
        bool(spec.get("weekends", False)),
    )


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        message = f"{text} names no zone"
        raise ValueError(message)
    return at.astimezone(UTC)


def _text(at: datetime | None) -> str | None:
    if at is None:
        return None
    form = "milliseconds" if at.microsecond else "seconds"
    return at.astimezone(UTC).isoformat(timespec=form).replace("+00:00", "Z")


def _seconds(span: timedelta) -> int | float:
    seconds = span.total_seconds()
    return int(seconds) if seconds == int(seconds) else seconds
