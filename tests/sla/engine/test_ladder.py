"""Reminders: when a rung falls, when its message goes out, and which one of many is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.sla.engine.calendars import ALWAYS, Calendar, parse
from app.sla.engine.events import Event
from app.sla.engine.ladder import LADDER, Planned, Quiet, choose, plan
from app.sla.engine.pacing import Pacemaker
from app.sla.engine.promises import Outcome, evaluate
from app.sla.engine.rules import Policy, Terms

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NIGHT = Quiet("Europe/Kyiv", 21 * 3600, 8 * 3600)
NIGHT_AND_WEEKEND = Quiet("Europe/Kyiv", 21 * 3600, 8 * 3600, weekends=True)
RUNGS = [rung.name for rung in LADDER]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Kyiv")).astimezone(UTC)


def promised(opened: str, hours: float, calendar: Calendar = ALWAYS) -> Outcome:
    terms = Terms(Policy(first_answer_s=int(hours * 3600)), calendar)
    promise = evaluate([Event("opened", at(opened), terms=terms)], at(opened)).first_answer
    assert promise is not None
    return promise


def sent(promise: Outcome, quiet: Quiet | None) -> dict[str, str]:
    """Rung → when its message goes out, by the wall in Kyiv."""
    local = ZoneInfo("Europe/Kyiv")
    return {
        p.rung: p.notify_at.astimezone(local).strftime("%a %H:%M")
        for p in plan(promise, LADDER, quiet)
    }


def test_rungs_fall_at_shares_of_the_time_and_hours_after_the_due_one() -> None:
    assert sent(promised("2026-11-17T10:00", 10), None) == {
        "r50": "Tue 15:00",
        "r80": "Tue 18:00",
        "due": "Tue 20:00",
        "esc1": "Wed 00:00",
        "esc2": "Wed 20:00",
        "esc3": "Thu 20:00",
    }


def test_hours_after_the_due_one_are_hours_of_the_promise_s_calendar() -> None:
    office = {d: [["09:00", "18:00"]] for d in ("mon", "tue", "wed", "thu", "fri")}
    calendar = parse({"mode": "hours", "tz": "Europe/Kyiv", "weekly": office})
    # Friday 16:00 and two hours: due at closing time; four open hours later is Monday 13:00.
    plan_ = sent(promised("2026-11-20T16:00", 2, calendar), None)
    assert (plan_["r50"], plan_["due"], plan_["esc1"]) == ("Fri 17:00", "Fri 18:00", "Mon 13:00")


def test_quiet_hours_put_a_message_off_and_never_the_due_instant() -> None:
    promise = promised("2026-11-17T14:00", 24)
    assert promise.due_at == at("2026-11-18T14:00")
    assert sent(promise, NIGHT) == {
        "r50": "Wed 08:00",  # falls at 02:00
        "r80": "Wed 09:12",
        "due": "Wed 14:00",
        "esc1": "Wed 18:00",
        "esc2": "Thu 14:00",
        "esc3": "Fri 14:00",
    }


def test_a_reminder_that_would_come_after_the_breach_comes_before_the_night() -> None:
    plan_ = sent(promised("2026-11-17T03:00", 24), NIGHT)
    assert plan_["r50"] == "Tue 15:00"
    assert plan_["r80"] == "Tue 21:00"  # falls at 22:12; due at 03:00, the night ends at 08:00
    assert plan_["due"] == "Wed 08:00"


def test_it_is_put_off_when_the_night_ends_at_the_due_instant_itself() -> None:
    assert sent(promised("2026-11-17T08:00", 24), NIGHT)["r80"] == "Wed 08:00"


def test_what_is_asked_and_due_in_one_night_is_told_at_once() -> None:
    promise = promised("2026-11-17T22:00", 2)
    assert {r: w for r, w in sent(promise, NIGHT).items() if r in {"r50", "r80"}} == {
        "r50": "Tue 22:00",
        "r80": "Tue 22:00",
    }


def test_a_weekend_may_be_quiet_from_friday_night_to_monday_morning() -> None:
    promise = promised("2026-11-20T15:00", 12)  # due on Saturday at 03:00
    assert sent(promise, NIGHT_AND_WEEKEND) == {
        "r50": "Fri 21:00",
        "r80": "Fri 21:00",  # forward: Monday would be after the breach
        "due": "Mon 08:00",
        "esc1": "Mon 08:00",
        "esc2": "Mon 08:00",
        "esc3": "Mon 08:00",
    }
    assert sent(promise, NIGHT)["due"] == "Sat 08:00"


def test_the_night_in_which_the_clocks_change_ends_by_the_wall() -> None:
    assert sent(promised("2026-03-28T12:00", 24), NIGHT)["r50"] == "Sun 08:00"


def test_quiet_hours_by_day_and_none_at_all() -> None:
    noon = Quiet("Europe/Kyiv", 12 * 3600, 14 * 3600)
    assert noon.awake.next_open(at("2026-11-17T13:00")) == at("2026-11-17T14:00")
    assert noon.awake.is_open(at("2026-11-17T11:59"))
    never = Quiet("Europe/Kyiv", 0, 0)
    assert never.awake.is_open(at("2026-11-17T03:00"))


def test_a_paused_promise_has_no_rungs() -> None:
    events = [
        Event("opened", at("2026-11-17T10:00")),
        Event("clarification", at("2026-11-17T11:00")),
    ]
    promise = evaluate(events, at("2026-11-18T10:00")).first_answer
    assert promise is not None
    assert plan(promise, LADDER, NIGHT) == []


def test_the_rungs_of_a_broken_promise_do_not_wander() -> None:
    events = [Event("opened", at("2026-11-17T03:00"))]
    before = plan(promised("2026-11-17T03:00", 24), LADDER, NIGHT)
    broken = evaluate(events, at("2026-11-18T12:00")).first_answer
    assert broken is not None
    after = plan(broken, LADDER, NIGHT)
    due = at("2026-11-18T03:00")
    assert [p for p in after if p.fire_at > due] == [p for p in before if p.fire_at > due]
    assert all(p.notify_at <= due for p in after if p.rung in {"r50", "r80"})


def test_after_a_transfer_reminders_are_shares_of_what_was_left() -> None:
    day = Terms(Policy())
    events = [
        Event("opened", at("2026-11-17T10:00"), terms=day),
        Event("transfer", at("2026-11-18T00:00"), terms=day),
    ]
    promise = evaluate(events, at("2026-11-18T00:00")).first_answer
    assert promise is not None
    assert promise.arm_no == 2
    assert sent(promise, None)["r50"] == "Wed 05:00"
    assert sent(promise, None)["r80"] == "Wed 08:00"


# ------------------------------------------------------------------------------ which is sent


def planned(*minutes: int) -> list[Planned]:
    start = at("2026-11-17T10:00")
    return [
        Planned(rung, start + m * MINUTE, start + m * MINUTE)
        for rung, m in zip(RUNGS, minutes, strict=False)
    ]


@pytest.mark.parametrize(
    ("now", "logged", "rung", "needless"),
    [
        (0, (), None, []),
        (10, (), "r50", []),
        (10, ("r50",), None, []),
        (25, ("r50",), "r80", []),
        (25, (), "r80", ["r50"]),
        (60, (), "esc1", ["r50", "r80", "due"]),
        (60, ("r50", "due"), "esc1", ["r80"]),
        (35, ("due",), None, ["r50", "r80"]),  # what is below one that was sent is needless
    ],
)
def test_of_all_that_are_reached_the_highest_is_sent(
    now: int, logged: tuple[str, ...], rung: str | None, needless: list[str]
) -> None:
    start = at("2026-11-17T10:00")
    chosen = choose(planned(10, 20, 30, 40, 100, 200), set(logged), start + now * MINUTE)
    assert chosen == (rung, needless)


def test_rungs_of_one_instant_are_one_message() -> None:
    chosen = choose(planned(10, 10, 10), set(), at("2026-11-17T10:10"))
    assert chosen == ("due", ["r50", "r80"])


# ------------------------------------------------------------------- may the clock be trusted?


def paced(*ticks: tuple[float, float | None], last: float | None = None) -> list[bool]:
    """Whether each tick (minutes of the wall, minutes of the steady clock) may send."""
    start, pacemaker, admitted = at("2026-11-17T10:00"), Pacemaker(), []
    last_tick = None if last is None else start + last * MINUTE
    for wall, steady in ticks:
        now = start + wall * MINUTE
        admitted.append(pacemaker.admits(now, None if steady is None else steady * 60, last_tick))
        last_tick = now
    return admitted


def test_even_ticks_may_send() -> None:
    assert paced((0, 0), (0.5, 0.5), (1, 1), (600, 600)) == [True] * 4


def test_a_small_correction_of_the_clock_is_no_jump() -> None:
    assert paced((0, 0), (3, 1), (4, 2)) == [True, True, True]
    assert paced((0, 0), (3.1, 1), (4.1, 2)) == [True, False, False]


@pytest.mark.parametrize("jump", [720, -720, 2.1, -2.1])
def test_after_a_jump_two_ticks_must_agree(jump: float) -> None:
    assert paced((0, 0), (1 + jump, 1), (2 + jump, 2), (3 + jump, 3)) == [True, False, False, True]


def test_a_jump_there_and_back_is_two_jumps() -> None:
    told = paced((0, 0), (721, 1), (2, 2), (3, 3), (4, 4))
    assert told == [True, False, False, False, True]


def test_who_starts_anew_before_the_last_tick_waits() -> None:
    assert paced((-1, 0), (-0.5, 0.5), (0, 1), last=0) == [False, False, True]
    assert paced((-0.03, 0), last=0) == [True]  # less than two seconds
    assert paced((5, 0), last=0) == [True]


def test_two_schedulers_do_not_mistake_each_other_s_steady_clocks() -> None:
    one, other = Pacemaker(), Pacemaker()
    start = at("2026-11-17T10:00")
    assert one.admits(start, 100_000, None)
    assert other.admits(start + MINUTE, 5, start)
    assert one.admits(start + 2 * MINUTE, 100_120, start + MINUTE)
    assert other.admits(start + 3 * MINUTE, 125, start + 2 * MINUTE)
