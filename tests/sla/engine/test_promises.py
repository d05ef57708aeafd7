"""Promises from state to state, worked by hand; as a vector file tells them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.commands.vectors import VectorError, compute
from app.sla.engine.calendars import parse
from app.sla.engine.events import Event, UnknownEventError
from app.sla.engine.explain import segments
from app.sla.engine.promises import Outcome, evaluate
from app.sla.engine.rules import Policy, Terms

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
OFFICE = {
    "mode": "hours",
    "tz": "Europe/Moscow",
    "weekly": {d: [["09:00", "18:00"]] for d in WEEKDAYS},
}
CALENDARS = {
    "always": {"mode": "24x7", "tz": "UTC"},
    "office": OFFICE,
    # 23 November is a Monday; later it is decreed a day off.
    "decree": {**OFFICE, "dates": {"2026-11-23": []}},
}
DAY = timedelta(days=1)


def worked(*events: dict[str, Any], now: str, **more: Any) -> dict[str, Any]:
    """What comes of a topic opened on Monday, 16 November at 08:00Z; times are "17T08:00"."""
    vector = {
        "id": "X",
        "calendar": "always",
        "opened_at": instant("16T08:00"),
        "events": [{**event, "at": instant(event["at"])} for event in events],
        "evaluate_at": instant(now),
        **more,
    }
    return dict(compute({"calendars": CALENDARS, "vectors": [vector]}))["X"]


def instant(short: str) -> str:
    return f"2026-11-{short}:00Z"


def shown(promise: dict[str, Any]) -> dict[str, Any]:
    """Without the date's beginning and end, so that a line can be read."""
    return {
        name: value.removeprefix("2026-11-").removesuffix(":00Z")
        if isinstance(value, str) and value.startswith("2026-11-")
        else value
        for name, value in promise.items()
        if name not in {"kind", "started_at"}
    }


def event(at: str, type_: str, **more: Any) -> dict[str, Any]:
    return {"at": at, "type": type_, **more}


# ------------------------------------------------------------------------------------- pauses


def test_a_question_back_after_the_breach_stops_the_overdue_time_and_keeps_the_flag() -> None:
    told = worked(event("17T10:00", "clarification"), now="18T10:00")
    expected = {"state": "breached", "due_at": "17T08:00", "breached_at": "17T08:00"}
    assert shown(told["first_answer"]) == {**expected, "overdue_s": 7200}
    assert told["overdue_badge"] is True


def test_overdue_time_runs_on_when_the_asker_replies_and_no_floor_is_given() -> None:
    told = worked(
        event("17T10:00", "clarification"),
        event("18T10:00", "customer_post"),
        now="18T11:00",
        policy={"resume_floor_s": 7200},
    )
    expected = {"state": "breached", "due_at": "17T08:00", "breached_at": "17T08:00"}
    assert shown(told["first_answer"]) == {**expected, "overdue_s": 3 * 3600}


def test_a_reply_at_night_counts_from_the_next_opening() -> None:
    told = worked(
        event("16T08:30", "clarification"),
        event("20T17:00", "customer_post"),  # Friday, 20:00 in Moscow
        now="21T08:00",
        calendar="office",
        policy={"first_answer_s": 7200},
    )
    expected = {"state": "running", "due_at": "23T07:30", "at_risk_at": "23T07:06"}
    assert shown(told["first_answer"]) == {**expected, "remaining_s": 5400}


@pytest.mark.parametrize(
    ("policy", "due"),
    [
        ({"max_pauses": 2}, "17T14:00"),
        ({"max_pauses": 1}, "17T10:00"),
        ({"max_pauses": 0}, "17T08:00"),
    ],
)
def test_as_many_pauses_as_the_policy_allows(policy: dict[str, Any], due: str) -> None:
    told = worked(
        event("16T10:00", "clarification"),
        event("16T12:00", "customer_post"),
        event("16T13:00", "clarification"),
        event("16T17:00", "customer_post"),
        now="16T18:00",
        policy=policy,
    )
    assert shown(told["first_answer"])["due_at"] == due


def test_a_policy_may_forbid_pauses() -> None:
    told = worked(
        event("16T10:00", "clarification"), now="16T12:00", policy={"clarification_pauses": False}
    )
    assert shown(told["first_answer"])["due_at"] == "17T08:00"


def test_the_asker_s_reply_does_not_start_what_is_out_of_sight() -> None:
    events = [
        event("16T10:00", "clarification"),
        event("16T12:00", "removed"),
        event("16T14:00", "customer_post"),
    ]
    told = worked(*events, now="16T16:00")
    assert shown(told["first_answer"]) == {"state": "paused", "due_at": None, "remaining_s": 79200}
    told = worked(*events, event("16T20:00", "restored"), now="16T21:00")
    assert shown(told["first_answer"])["due_at"] == "17T18:00"


@pytest.mark.parametrize(("counts", "state"), [(True, "met"), (False, "breached")])
def test_a_holding_reply_counts_where_the_policy_says_so(counts: bool, state: str) -> None:
    told = worked(
        event("16T09:00", "holding"),
        now="18T08:00",
        policy={"holding_counts": counts, "resolution_s": 5 * 86400},
    )
    assert told["first_answer"]["state"] == state
    # … and never stops the time in which the bank is to solve it.
    assert shown(told["resolution"])["due_at"] == "21T08:00"


# ----------------------------------------------------------------------------------- next answer


def test_what_crossed_the_answer_is_owed_one_from_its_own_instant() -> None:
    told = worked(
        event("16T09:59", "customer_post", seq=2),
        event("16T10:00", "official_answer", id="a1", seq=3, seen_seq=1),
        now="16T12:00",
    )
    assert told["first_answer"]["state"] == "met"
    assert [shown(each) for each in told["next_answer"]] == [
        {"state": "running", "due_at": "17T09:59", "at_risk_at": "17T05:11", "remaining_s": 79140}
    ]
    assert told["next_answer"][0]["started_at"] == instant("16T09:59")


def test_what_crossed_the_next_answer_opens_another() -> None:
    told = worked(
        event("16T10:00", "official_answer", seq=2, seen_seq=1),
        event("16T12:00", "customer_post", seq=3),
        event("16T13:00", "customer_post", seq=4),
        event("16T13:01", "official_answer", seq=5, seen_seq=3),
        event("16T15:00", "official_answer", seq=6, seen_seq=5),
        now="16T16:00",
    )
    assert [shown(each)["fulfilled_at"] for each in told["next_answer"]] == ["16T13:01", "16T15:00"]
    assert told["next_answer"][1]["started_at"] == instant("16T13:00")


def test_an_answer_that_saw_less_than_what_is_owed_fulfils_nothing() -> None:
    told = worked(
        event("16T10:00", "official_answer", seq=2, seen_seq=1),
        event("16T12:00", "customer_post", seq=3),
        event("16T12:01", "official_answer", seq=4, seen_seq=2),
        now="16T16:00",
    )
    assert [each["state"] for each in told["next_answer"]] == ["running"]


@pytest.mark.parametrize("type_", ["no_reply_disputed", "dispute", "disputed"])
def test_a_disputed_no_reply_needed_never_was(type_: str) -> None:
    told = worked(
        event("16T10:00", "official_answer"),
        event("18T09:00", "customer_post"),
        event("18T10:00", "no_reply_needed", id="n1"),
        event("19T12:00", type_, ref="n1"),
        now="19T13:00",
    )
    assert [shown(each) for each in told["next_answer"]] == [
        {"state": "breached", "due_at": "19T09:00", "breached_at": "19T09:00", "overdue_s": 14400}
    ]


def test_no_reply_needed_cannot_be_said_of_the_first_answer() -> None:
    told = worked(event("16T10:00", "no_reply_needed"), now="16T12:00")
    assert told["first_answer"]["state"] == "running"


# ------------------------------------------------------------------------------ what is undone


def test_a_replaced_answer_keeps_its_time_and_falls_with_its_replacement() -> None:
    events = [
        event("16T10:00", "official_answer", id="a1"),
        event("18T10:00", "answer_replaced", id="a2", ref="a1"),
    ]
    assert shown(worked(*events, now="19T08:00")["first_answer"])["fulfilled_at"] == "16T10:00"
    events.append(event("19T10:00", "answer_retracted", ref="a2"))
    assert worked(*events, now="19T11:00")["first_answer"]["state"] == "breached"
    events.append(event("19T12:00", "answer_restored", ref="a2"))
    assert worked(*events, now="19T13:00")["first_answer"]["state"] == "met"


def test_a_retracted_answer_takes_the_turn_it_opened_with_it() -> None:
    told = worked(
        event("16T10:00", "official_answer", id="a1"),
        event("16T12:00", "customer_post"),
        event("16T14:00", "answer_retracted", ref="a1"),
        now="16T15:00",
    )
    assert shown(told["first_answer"])["due_at"] == "17T08:00"
    assert "next_answer" not in told


@pytest.mark.parametrize(
    ("ends", "undoes", "reason"),
    [
        ("merged_into", "unmerged", "merged"),
        ("withdrawn", "reinstated", "withdrawn"),
        ("spam", "unspammed", "spam"),
        ("closed", "unlocked", "closed"),
    ],
)
def test_what_ended_a_topic_may_be_undone(ends: str, undoes: str, reason: str) -> None:
    events = [event("16T12:00", ends)]
    told = worked(*events, now="18T08:00")
    expected = {"state": "cancelled", "due_at": "17T08:00", "reason": reason}
    assert shown(told["first_answer"]) == expected
    assert told["overdue_badge"] is False
    told = worked(*events, event("17T12:00", undoes), now="17T13:00")
    assert shown(told["first_answer"])["overdue_s"] == 5 * 3600


# -------------------------------------------------------------- transfer, merge, another rule


@pytest.mark.parametrize(
    ("at", "hours", "due", "at_risk"),
    [
        ("16T18:00", 4, "16T22:00", "16T21:12"),  # transfer + 4 h
        ("16T18:00", 72, "17T08:00", "17T05:12"),  # never later than what was shown
        ("17T07:00", 2, "17T08:00", "17T07:48"),
        ("17T05:00", 2, "17T07:00", "17T06:36"),
    ],
)
def test_a_transfer_keeps_the_earlier_of_the_two(
    at: str, hours: int, due: str, at_risk: str
) -> None:
    passed = event(at, "transfer", calendar="always", first_answer_s=hours * 3600)
    told = shown(worked(passed, now=at)["first_answer"])
    assert (told["due_at"], told["at_risk_at"]) == (due, at_risk)


def test_a_transfer_after_the_breach_changes_nothing() -> None:
    passed = event("17T10:00", "transfer", calendar="office", first_answer_s=259200)
    told = worked(passed, now="17T12:00")
    expected = {"state": "breached", "due_at": "17T08:00", "breached_at": "17T08:00"}
    assert shown(told["first_answer"]) == {**expected, "overdue_s": 14400}


@pytest.mark.parametrize(
    "other", [{"due_at": instant("17T02:00")}, {"opened_at": instant("16T02:00")}]
)
def test_two_that_are_merged_are_due_at_the_earlier(other: dict[str, Any]) -> None:
    told = worked(event("16T12:00", "absorbed", **other), now="16T14:00")
    assert shown(told["first_answer"])["due_at"] == "17T02:00"
    later = worked(event("16T12:00", "merged_from", due_at=instant("18T02:00")), now="16T14:00")
    assert shown(later["first_answer"])["due_at"] == "17T08:00"


def test_a_day_off_that_is_decreed_moves_what_is_not_yet_broken() -> None:
    changed = event("20T14:30", "calendar_changed", calendar="decree")
    told = worked(
        changed,
        now="20T14:45",
        opened_at=instant("20T14:00"),  # Friday, 17:00 in Moscow
        calendar="office",
        policy={"first_answer_s": 7200},
    )
    expected = {"state": "running", "due_at": "24T07:00", "at_risk_at": "24T06:36"}
    assert shown(told["first_answer"]) == {**expected, "remaining_s": 4500}


def test_a_new_policy_is_for_what_opens_under_it() -> None:
    told = worked(
        event("16T09:00", "policy_changed", first_answer_s=7200, next_answer_s=7200),
        event("16T20:00", "official_answer"),
        event("17T10:00", "customer_post"),
        now="17T11:00",
    )
    assert shown(told["first_answer"])["due_at"] == "17T08:00"
    assert shown(told["next_answer"][0])["due_at"] == "17T12:00"


@pytest.mark.parametrize(
    ("at", "target", "grace", "due"),
    [
        ("16T10:00", 14400, 3600, "16T12:00"),  # start + new
        ("16T18:00", 14400, 7200, "16T20:00"),  # now + grace
        ("17T07:00", 14400, 7200, "17T08:00"),  # never later than what stands
        ("16T10:00", 259200, 3600, "17T08:00"),
    ],
)
def test_what_is_open_may_be_tightened_with_grace(
    at: str, target: int, grace: int, due: str
) -> None:
    tightened = event(at, "tighten_open", first_answer_s=target, grace_s=grace)
    assert shown(worked(tightened, now=at)["first_answer"])["due_at"] == due


# ---------------------------------------------------------------------------------- resolution


def test_the_time_to_solve_it_stands_still_while_the_bank_waits() -> None:
    policy = {"resolution_s": 5 * 86400}
    answered = event("16T20:00", "official_answer")
    told = worked(answered, now="20T08:00", policy=policy)
    remaining = 5 * 86400 - 12 * 3600
    assert shown(told["resolution"]) == {
        "state": "paused",
        "due_at": None,
        "remaining_s": remaining,
    }
    told = worked(answered, event("19T20:00", "resolved"), now="20T08:00", policy=policy)
    assert shown(told["resolution"]) == {
        "state": "met",
        "due_at": None,
        "fulfilled_at": "19T20:00",
    }


def test_an_answer_taken_back_gives_the_time_to_solve_it_no_rest() -> None:
    told = worked(
        event("16T20:00", "official_answer", id="a1"),
        event("18T08:00", "answer_retracted", ref="a1"),
        now="18T09:00",
        policy={"resolution_s": 5 * 86400},
    )
    assert shown(told["resolution"])["due_at"] == "21T08:00"


# --------------------------------------------------------------------------------------- a date


def test_a_date_that_was_named_is_kept_by_the_next_word() -> None:
    named = event("16T10:00", "update_promised", due_at=instant("17T10:00"))
    late = worked(named, now="17T11:00")
    assert [each["state"] for each in late["promised_update"]] == ["breached"]
    told = worked(named, event("17T09:00", "official_answer"), now="17T11:00")
    assert [each["state"] for each in told["promised_update"]] == ["met"]


# ------------------------------------------------------------------------------------- the rest


def test_an_unknown_event_is_refused_even_when_it_lies_ahead() -> None:
    with pytest.raises(VectorError, match=r"^X: unknown event type 'teleported'$"):
        worked(event("30T10:00", "teleported"), now="16T12:00")
    at = datetime(2026, 11, 16, 8, tzinfo=UTC)
    with pytest.raises(UnknownEventError):
        evaluate([Event("opened", at), Event("teleported", at)], at)


def test_nothing_is_promised_before_the_question() -> None:
    assert worked(now="16T07:00") == {"overdue_badge": False}


def test_what_was_true_does_not_depend_on_when_it_is_looked_at() -> None:
    at = datetime(2026, 11, 16, 8, tzinfo=UTC)
    events = [Event("opened", at), Event("official_answer", at + DAY)]
    for looked in (at + DAY, at + 2 * DAY, at + 2000 * DAY):
        found = evaluate(events, looked).first_answer
        assert found is not None
        assert (found.state, found.fulfilled_at, found.due_at) == ("met", at + DAY, at + DAY)


# -------------------------------------------------------------------------------- the explanation


def first(events: list[Event], now: datetime) -> Outcome:
    found = evaluate(events, now).first_answer
    assert found is not None
    return found


def office_terms(hours: int) -> Terms:
    return Terms(Policy(first_answer_s=hours * 3600), parse(OFFICE))


def test_counted_and_ahead_make_the_target() -> None:
    opened = datetime(2026, 11, 20, 14, tzinfo=UTC)  # Friday, 17:00 in Moscow
    now = datetime(2026, 11, 23, 7, tzinfo=UTC)
    told = segments(first([Event("opened", opened, terms=office_terms(8))], now), now)
    hour = timedelta(hours=1)
    assert [(s.kind, s.counts, s.end - s.start) for s in told] == [
        ("counted", hour, hour),
        ("closed", timedelta(0), 63 * hour),
        ("counted", hour, hour),
        ("ahead", 6 * hour, 6 * hour),
    ]
    assert [s.end for s in told[:-1]] == [s.start for s in told[1:]]
    assert told[0].start == opened


def test_midnight_in_greenwich_cuts_nothing() -> None:
    opened = datetime(2026, 11, 16, 8, tzinfo=UTC)
    now = opened + 3 * DAY
    told = segments(first([Event("opened", opened)], now), now)
    assert [(s.kind, s.counts) for s in told] == [("counted", DAY), ("overdue", 2 * DAY)]


def test_a_pause_says_why() -> None:
    opened = datetime(2026, 11, 16, 8, tzinfo=UTC)
    hour = timedelta(hours=1)
    events = [
        Event("opened", opened),
        Event("clarification", opened + hour),
        Event("removed", opened + 2 * hour),
        Event("restored", opened + 3 * hour),
        Event("customer_post", opened + 4 * hour),
    ]
    told = segments(first(events, opened + 5 * hour), opened + 5 * hour)
    assert [(s.kind, s.reasons) for s in told] == [
        ("counted", ()),
        ("paused", ("customer",)),
        ("paused", ("customer", "removed")),
        ("paused", ("customer",)),
        ("counted", ()),
        ("ahead", ()),
    ]
    assert sum((s.counts for s in told), timedelta(0)) == DAY
