"""The engine and the naive simulator agree on every promise of thousands of random topics."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, note, seed, settings
from hypothesis import strategies as st

from app.sla.engine.calendars import Calendar
from app.sla.engine.events import Event
from app.sla.engine.explain import segments
from app.sla.engine.promises import Outcome, evaluate
from app.sla.engine.rules import Policy, Terms
from tests.sla.engine.naive import Happening, Hours, Promise, Rules, Story, Walk
from tests.sla.engine.stories import PLACES, stories, wild_stories

EACH = 160
assert EACH * len(PLACES) > 2000
NORTH = [name for name in PLACES if name.startswith(("kyiv", "new-york", "casablanca"))]
SOUTH = [name for name in PLACES if name not in NORTH]

# The same cases on every machine; one of them is small enough to be walked minute by minute.
thorough = settings(
    max_examples=EACH,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def assert_agree(story: Story) -> None:
    walked = Walk(story)
    midnight = datetime(story.base.year, story.base.month, story.base.day, tzinfo=UTC)

    def at(minute: Any) -> datetime | None:
        return None if minute is None else midnight + timedelta(minutes=1) * float(minute)

    now = at(story.now)
    found = evaluate(engine_events(story, midnight), now)
    expected = [p for p in walked.answers if p.kind == "first_answer"]
    expected += [p for p in walked.answers if p.kind == "next_answer"]
    expected += [walked.resolution] if walked.resolution else []
    assert [told(outcome) for outcome in found] == [
        plain(promise, story.now, at) for promise in expected
    ]
    for outcome, promise in zip(found, expected, strict=True):
        assert_explained(outcome, promise, now)


def assert_explained(outcome: Outcome, promise: Promise, now: datetime) -> None:
    """The segments leave no gap, and what they count is what was counted."""
    parts = segments(outcome, now)
    at = outcome.started_at
    for part in parts:
        assert part.start == at
        assert part.end > at
        at = part.end
    counted = sum((s.counts for s in parts if s.kind == "counted"), timedelta(0))
    assert counted == timedelta(minutes=promise.spent)
    ahead = sum((s.counts for s in parts if s.kind == "ahead"), timedelta(0))
    if outcome.state in {"running", "at_risk"}:
        assert ahead == outcome.remaining
    late = sum((s.counts for s in parts if s.kind == "overdue"), timedelta(0))
    assert late == outcome.overdue


def told(outcome: Outcome) -> dict[str, Any]:
    return {
        "kind": outcome.kind,
        "state": outcome.state,
        "started_at": outcome.started_at,
        "due_at": outcome.due_at,
        "at_risk_at": outcome.at_risk_at,
        "remaining": outcome.remaining
        if outcome.state in {"running", "at_risk", "paused"}
        else None,
        "overdue": outcome.overdue,
        "overdue_wall": outcome.overdue_wall,
        "breached_at": outcome.breached_at,
        "fulfilled_at": outcome.fulfilled_at,
        "cancelled": outcome.cancelled,
        "pauses": outcome.pauses if outcome.is_live else None,
    }


def plain(promise: Promise, now: int, at: Any) -> dict[str, Any]:
    state = promise.state(now)
    running = state in {"running", "at_risk"}
    broken = promise.broken_at is not None
    due = promise.due(now) if promise.live else promise.due_when_done
    return {
        "kind": promise.kind,
        "state": state,
        "started_at": at(promise.start),
        "due_at": at(due),
        "at_risk_at": at(promise.risk_at()) if running else None,
        "remaining": timedelta(minutes=promise.budget) if running or state == "paused" else None,
        "overdue": timedelta(minutes=promise.late if broken else 0),
        "overdue_wall": timedelta(minutes=promise.late_wall if broken else 0),
        "breached_at": at(promise.broken_at),
        "fulfilled_at": at(promise.done_at) if promise.reason is None else None,
        "cancelled": promise.reason,
        "pauses": tuple(sorted(promise.pauses)) if promise.live else None,
    }


def engine_events(story: Story, midnight: datetime) -> list[Event]:
    return [
        Event(
            said.type,
            midnight + timedelta(minutes=said.minute),
            id=said.id,
            ref=said.ref,
            seq=said.seq,
            seen_seq=said.seen_seq,
            terms=None if said.rules is None else terms(said.rules),
            grace=None if said.grace is None else said.grace * 60,
            target=None if said.target is None else said.target * 60,
        )
        for said in story.happenings
    ]


def terms(rules: Rules) -> Terms:
    policy = Policy(
        first_answer_s=rules.first * 60,
        next_answer_s=rules.next * 60,
        resolution_s=None if rules.resolution is None else rules.resolution * 60,
        at_risk_pct=rules.risk,
        clarification_pauses=rules.asks_back,
        max_pauses=rules.pauses,
        resume_floor_s=rules.floor * 60,
        holding_counts=rules.holding,
    )
    return Terms(policy, calendar(rules.hours))


def calendar(hours: Hours) -> Calendar:
    if hours.weekly is None:
        return Calendar(hours.zone)
    dates = {day: seconds(of) for day, of in hours.dates}
    return Calendar(hours.zone, tuple(seconds(of) for of in hours.weekly), dates)


def seconds(hours: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    return tuple((begins * 60, ends * 60) for begins, ends in sorted(hours))


def prove(place: str) -> None:
    @seed(sorted(PLACES).index(place))
    @thorough
    @given(wild_stories(PLACES[place]))
    def agree(story: Story) -> None:
        note(repr(story))  # so that it can be kept
        assert_agree(story)

    agree()


KYIV, FEBRUARY = "Europe/Kyiv", date(2026, 2, 2)  # a Monday
OFFICE = Hours(KYIV, (((9 * 60, 18 * 60),),) * 5 + ((),) * 2)
SHORT = replace(OFFICE, dates=((FEBRUARY, ((9 * 60, 12 * 60),)),))
CARDS = Rules(Hours(KYIV), first=1440, next=1440, resolution=2000)
FRAUD = Rules(Hours(KYIV), first=120, next=120, resolution=2000)
DESK = Rules(OFFICE, first=540, next=540, resolution=900)
QUICK_DESK = replace(DESK, first=240, next=240)


def happened(now: int, *told: tuple[int, str, dict[str, Any]]) -> Story:
    in_force: Rules = CARDS
    happenings = []
    for minute, type_, said in told:
        in_force = said.get("rules", in_force)
        happenings.append(Happening(minute, type_, **{**said, "rules": in_force}))
    return Story(FEBRUARY, tuple(happenings), now)


@example(  # between the post that crossed and the answer it went to people who answer sooner
    happened(
        700,
        (500, "opened", {}),
        (600, "customer_post", {"seq": 2}),
        (610, "transfer", {"rules": FRAUD}),
        (620, "official_answer", {"seen_seq": 1}),
    )
)
@example(  # … or was out of sight for a while
    happened(
        800,
        (500, "opened", {}),
        (600, "customer_post", {"seq": 2}),
        (610, "removed", {}),
        (650, "restored", {}),
        (660, "official_answer", {"seen_seq": 1}),
    )
)
@example(  # tightened after a transfer: the time before the transfer counts
    happened(
        900,
        (0, "opened", {}),
        (600, "transfer", {"rules": CARDS}),
        (720, "tighten_open", {"target": 960, "grace": 30}),
    )
)
@example(  # a calendar corrected while a transfer waits for the asker
    happened(
        800,
        (8 * 60, "opened", {"rules": DESK}),
        (8 * 60 + 90, "clarification", {}),
        (10 * 60, "transfer", {"rules": QUICK_DESK}),
        (11 * 60, "calendar_changed", {"rules": replace(QUICK_DESK, hours=SHORT)}),
        (11 * 60 + 30, "customer_post", {"seq": 2}),
    )
)
@example(  # resolved out of sight, seen again, asked again
    happened(
        1200,
        (0, "opened", {}),
        (100, "official_answer", {}),
        (200, "removed", {}),
        (300, "resolved", {}),
        (400, "restored", {}),
        (500, "customer_post", {"seq": 2}),
    )
)
@example(  # resolved too late, and not resolved after all
    happened(
        3200,
        (0, "opened", {}),
        (2500, "resolved", {}),
        (3000, "customer_post", {"seq": 2}),
    )
)
@example(  # "we are looking into it" may count as an answer, but it is the bank's turn
    happened(
        2500,
        (0, "opened", {"rules": replace(CARDS, holding=True)}),
        (100, "holding", {}),
    )
)
@settings(thorough, max_examples=60)
@given(st.sampled_from(sorted(PLACES.values())).flatmap(stories))
def test_engine_and_minutes_agree_where_they_once_did_not(story: Story) -> None:
    assert_agree(story)


# Two classes, so that two processes may share them.
class TestNorth:
    @pytest.mark.parametrize("place", NORTH)
    def test_engine_and_minutes_agree(self, place: str) -> None:
        prove(place)


class TestSouth:
    @pytest.mark.parametrize("place", SOUTH)
    def test_engine_and_minutes_agree(self, place: str) -> None:
        prove(place)
