"""Worked deadlines from a file, computed by the engine the product runs.

The format is that of `shared/data/sla/vectors.json`: calendars by name, and vectors of the groups
A–F (states), G (people), N (reminders) and W (working-day terms).
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.sla.engine.calendars import (
    Calendar,
    CalendarError,
    NeverOpenError,
    parse,
    seconds_of,
    working_days,
)
from app.sla.engine.events import Event, UnknownEventError
from app.sla.engine.ladder import Quiet, Rung, choose, plan
from app.sla.engine.pacing import Pacemaker
from app.sla.engine.people import Absence, Review, Roster, ledger
from app.sla.engine.promises import KNOWN, Evaluation, Outcome, evaluate
from app.sla.engine.rules import Policy, Terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Json = Mapping[str, Any]

MANAGER = "community_manager"
# Other names by which a file may call what the engine knows.
SAME = {
    "dispute": "no_reply_disputed",
    "disputed": "no_reply_disputed",
    "no_reply_dispute": "no_reply_disputed",
    "no_reply_needed_disputed": "no_reply_disputed",
    "customer_dispute": "no_reply_disputed",
    "customer_disputed": "no_reply_disputed",
    "absorb": "absorbed",
    "absorbs": "absorbed",
    "merge": "absorbed",
    "merge_from": "absorbed",
    "merge_in": "absorbed",
    "merged": "absorbed",
    "merged_from": "absorbed",
    "merged_in": "absorbed",
    "merged_with": "absorbed",
    "approval_requested": "review_asked",
    "approval_started": "review_asked",
    "review_requested": "review_asked",
    "review_started": "review_asked",
    "sent_for_approval": "review_asked",
    "sent_for_review": "review_asked",
    "approval_done": "review_ended",
    "approval_ended": "review_ended",
    "approval_granted": "review_ended",
    "approved": "review_ended",
    "review_done": "review_ended",
    "review_finished": "review_ended",
    "returned": "review_ended",
}
DUE = ("due_at", "other_due_at", "due", "other_due")
STARTED = ("opened_at", "other_opened_at", "started_at", "other_started_at")
REVIEWER = ("holder", "reviewer", "to", "role", "who", "by")
WEEKENDS = ("weekends", "weekend")
SUBSTITUTE = ("substitute", "sub", "substituted_by", "replaced_by", "by")

_POLICY = {f.name for f in fields(Policy)}
_UNDERSTOOD = {
    "vector": {
        *("id", "group", "title", "about", "note", "note_due_local", "expected", "calendar"),
        *("policy", "opened_at", "events", "evaluate_at", "category", "term"),
        *("ladder", "target_s", "quiet", "ticks", "answered_at"),
    },
    "event": {
        *("at", "type", "id", "ref", "seq", "seen_seq", "owner", "deputy", "calendar", "absences"),
        *("grace_s", "target_s", *DUE, *STARTED, *_POLICY),
        # who and why: told to people, and nothing to the hour
        *("target", "from", "actor", "reason", "note", *REVIEWER),
    },
    "policy": _POLICY,
    "category": {"id", "name", "owner", "deputy", "manager", "absences", "tz"},
    "absence": {"who", "from", "to", "reason", *SUBSTITUTE},
    "tick": {"wall", "mono", "scheduler"},
    "quiet": {"tz", "from", "to", *WEEKENDS},
}


class VectorError(ValueError):
    """A file or a vector that cannot be computed; the message names it."""


def opened(raw: bytes) -> Json:
    """The file's JSON; VectorError when it is not such a file."""
    try:
        file = json.loads(raw)
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or a bomb
        raise VectorError(f"not JSON: {error}") from None
    if not isinstance(file, dict) or not isinstance(file.get("calendars"), dict):
        raise VectorError('there are no "calendars"')
    vectors = file.get("vectors")
    if not isinstance(vectors, list) or not all(isinstance(v, dict) for v in vectors):
        raise VectorError('there are no "vectors"')
    ids: set[str] = set()
    for number, vector in enumerate(vectors, start=1):
        id_ = vector.get("id")
        if not isinstance(id_, str):
            raise VectorError(f'vector {number} has no "id"')
        if id_ in ids:
            raise VectorError(f"{id_}: there are two of this id")
        ids.add(id_)
    return file


def compute(
    file: Json, refused: list[VectorError] | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each vector's id with what the engine computed, in the shape of `expected`.

    One that cannot be worked out raises VectorError, or is added to `refused` when that is given.
    """
    calendars = {name: _calendar(name, spec) for name, spec in file["calendars"].items()}
    for vector in file["vectors"]:
        try:
            yield vector["id"], _worked(vector, calendars)
        except VectorError as error:
            if refused is None:
                raise
            refused.append(error)


def _worked(vector: Json, calendars: Mapping[str, Calendar]) -> dict[str, Any]:
    try:
        return _computed(vector, calendars)
    except UnknownEventError as error:
        raise VectorError(f"{vector['id']}: unknown event type {error.args[0]!r}") from None
    except NeverOpenError:
        raise VectorError(f"{vector['id']}: the calendar never opens") from None
    except KeyError as error:
        raise VectorError(f"{vector['id']}: {error.args[0]!r} is missing") from None
    except (AttributeError, OverflowError, TypeError, ValueError) as error:
        raise VectorError(f"{vector['id']}: {error}") from error


def left_out(file: Json) -> Iterator[str]:
    """What vectors say beyond what is understood here: it had no part in what was computed."""
    for vector in file["vectors"]:
        category = vector.get("category") or {}
        events = vector.get("events") or ()
        absences = [*category.get("absences", ())]
        absences += [a for e in events for a in e.get("absences", ())]
        said = [
            ("vector", vector),
            ("policy", vector.get("policy") or {}),
            ("category", category),
            ("quiet", vector.get("quiet") or {}),
            *(("event", each) for each in events),
            *(("absence", each) for each in absences),
            *(("tick", each) for each in vector.get("ticks") or ()),
        ]
        for what, given in said:
            for name in sorted(given.keys() - _UNDERSTOOD[what]):
                yield f"{vector['id']}: {what}: {name!r} is not understood and was left out"


def _calendar(name: str, spec: Any) -> Calendar:
    if not isinstance(spec, dict):
        raise VectorError(f"calendar {name}: not an object")
    try:
        return parse(spec)
    except CalendarError as error:
        raise VectorError(f"calendar {name}: {error}") from None


def _computed(vector: Json, calendars: Mapping[str, Calendar]) -> dict[str, Any]:
    if "term" in vector:
        return _term(vector, calendars[vector["calendar"]])
    if "ladder" in vector:
        return _reminders(vector, calendars)
    events = _events(vector, calendars)
    now = _instant(vector["evaluate_at"])
    if "category" in vector:
        return _people(vector, events, now)
    return _states(evaluate(events, now))


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


def _people(vector: Json, events: Sequence[Event], now: datetime) -> dict[str, Any]:
    category = vector["category"]
    absences = list(category.get("absences", ()))
    rosters = [Roster(events[0].at, category["owner"], category.get("deputy"))]
    for event in vector.get("events", ()):
        if event.get("owner") is not None:
            rosters.append(Roster(_instant(event["at"]), event["owner"], event.get("deputy")))
            absences += event.get("absences", ())
    away = [
        Absence(a["who"], _instant(a["from"]), _instant(a["to"]), _first(a, SUBSTITUTE))
        for a in absences
    ]
    promise = _promised(events, now)
    manager, reviews = category.get("manager", MANAGER), _reviews(vector)
    book = ledger(promise, rosters, away, now, manager, reviews)
    return {
        "due_at": _text(promise.due_at),
        "accountable_at_due": book.accountable_at_due,
        "acting_at_due": book.acting_at_due,
        "holder_at_due": book.holder_at_due,
        "held_s": {who: _seconds(span) for who, span in book.held.items()},
        "breached": promise.breached_at is not None,
        "breach_attributed_to": book.breach_attributed_to,
    }


def _reviews(vector: Json) -> list[Review]:
    told: list[Review] = []
    for event in sorted(vector.get("events") or (), key=lambda e: _instant(e["at"])):
        at, type_ = _instant(event["at"]), SAME.get(event["type"], event["type"])
        if type_.startswith("review_") and told and told[-1].end is None:
            told[-1] = replace(told[-1], end=at)
        if type_ == "review_asked":
            told.append(Review(_first(event, REVIEWER) or "legal", at))
    return told


def _term(vector: Json, calendar: Calendar) -> dict[str, Any]:
    term, received = vector["term"], _instant(vector["opened_at"])
    if term["mode"] == "working_days":
        due = working_days(calendar, received, term["n"], term["cutoff"])
    elif term["mode"] == "elapsed":
        due = received + timedelta(seconds=term["seconds"])
    else:
        raise ValueError(f"unknown term {term['mode']!r}")
    return {"due_at": _text(due)}


def _reminders(vector: Json, calendars: Mapping[str, Calendar]) -> dict[str, Any]:
    start = _instant(vector["opened_at"])
    policy = replace(_policy(vector), first_answer_s=vector["target_s"])
    terms = Terms(policy, calendars[vector["calendar"]])
    events = [Event("opened", start, terms=terms), *_later_events(vector, calendars, terms)]
    if vector.get("answered_at"):
        events.append(Event("official_answer", _instant(vector["answered_at"])))
    ladder = [Rung(name, mode, value) for name, mode, value in vector["ladder"]]
    quiet = _quiet(vector.get("quiet"))
    if "ticks" in vector:
        return _ticked(vector["ticks"], events, ladder, quiet)
    promise = _promised(events, max(e.at for e in events))
    told = [
        {"rung": p.rung, "fire_at": _text(p.fire_at), "notify_at": _text(p.notify_at)}
        for p in plan(promise, ladder, quiet)
    ]
    return {"due_at": _text(promise.due_at), "plan": told}


def _ticked(
    ticks: Sequence[Json], events: Sequence[Event], ladder: Sequence[Rung], quiet: Quiet | None
) -> dict[str, Any]:
    """What schedulers that share one log send when they look at these instants."""
    sends: list[dict[str, Any]] = []
    held_ticks: list[str | None] = []
    pacemakers: dict[str, Pacemaker] = {}
    logged: dict[int, set[str]] = {}
    last_tick: datetime | None = None
    for tick in ticks:
        wall, name, steady = _instant(tick["wall"]), tick.get("scheduler", "A"), tick.get("mono")
        pacemaker = pacemakers.setdefault(name, Pacemaker())
        before = pacemaker.steady
        if steady is not None and before is not None and steady < before:
            # A steady clock goes back only by starting anew, in another process.
            pacemaker = pacemakers[name] = Pacemaker()
        admitted = pacemaker.admits(wall, steady, last_tick)
        last_tick = wall
        if not admitted:
            held_ticks.append(_text(wall))
            continue
        promise = evaluate(events, wall).first_answer
        if promise is None or not promise.is_live:
            continue
        log = logged.setdefault(promise.arm_no, set())
        rung, coalesced = choose(plan(promise, ladder, quiet), log, wall)
        log.update(coalesced, [rung] if rung else [])
        if rung:
            sends.append({"at": _text(wall), "rung": rung, "by": name, "coalesced": coalesced})
    return {"sends": sends, "held_ticks": held_ticks}


def _promised(events: Sequence[Event], at: datetime) -> Outcome:
    promise = evaluate(events, at).first_answer
    if promise is None:
        raise ValueError("no answer was promised")
    return promise


def _policy(vector: Json) -> Policy:
    return Policy(**{k: v for k, v in (vector.get("policy") or {}).items() if k in _POLICY})


def _events(vector: Json, calendars: Mapping[str, Calendar]) -> list[Event]:
    terms = Terms(_policy(vector), calendars[vector["calendar"]])
    opened = Event("opened", _instant(vector["opened_at"]), terms=terms)
    return [opened, *_later_events(vector, calendars, terms)]


def _later_events(vector: Json, calendars: Mapping[str, Calendar], terms: Terms) -> Iterator[Event]:
    for said in sorted(vector.get("events") or (), key=lambda e: _instant(e["at"])):
        type_ = SAME.get(said["type"], said["type"])
        if type_ not in KNOWN:
            raise UnknownEventError(said["type"])
        changed = {k: v for k, v in said.items() if k in _POLICY}
        calendar = calendars[said["calendar"]] if "calendar" in said else terms.calendar
        terms = replace(terms, policy=replace(terms.policy, **changed), calendar=calendar)
        yield Event(
            type_,
            _instant(said["at"]),
            id=said.get("id"),
            ref=said.get("ref"),
            seq=said.get("seq"),
            seen_seq=said.get("seen_seq"),
            terms=terms,
            due_at=_due(said, type_, terms),
            owner=said.get("owner"),
            deputy=said.get("deputy"),
            grace=said.get("grace_s"),
            target=said.get("target_s"),
        )


def _due(said: Json, type_: str, terms: Terms) -> datetime | None:
    due, started = _first(said, DUE), _first(said, STARTED)
    if due is not None:
        return _instant(due)
    if type_ == "absorbed":
        if started is None:
            raise ValueError(f"{said['type']}: when the other one is due is missing")
        target = timedelta(seconds=terms.policy.first_answer_s)
        return terms.calendar.add(_instant(started), target)
    return None


def _quiet(spec: Json | None) -> Quiet | None:
    if spec is None:
        return None
    return Quiet(
        spec["tz"],
        seconds_of(spec["from"]),
        seconds_of(spec["to"]),
        bool(_first(spec, WEEKENDS)),
    )


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} names no zone")
    return at.astimezone(UTC)


def _text(at: datetime | None) -> str | None:
    if at is None:
        return None
    form = "milliseconds" if at.microsecond else "seconds"
    return at.astimezone(UTC).isoformat(timespec=form).replace("+00:00", "Z")


def _seconds(span: timedelta) -> int | float:
    seconds = span.total_seconds()
    return int(seconds) if seconds == int(seconds) else seconds


def _first(given: Json, names: Sequence[str]) -> Any:
    return next((given[name] for name in names if given.get(name) is not None), None)
