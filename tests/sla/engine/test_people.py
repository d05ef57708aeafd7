"""Who answers today, who is accountable, and whose breach it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.sla.engine.events import Event
from app.sla.engine.people import Absence, Review, Roster, acting, held, ledger, rosters
from app.sla.engine.promises import Outcome, evaluate

NOON = datetime(2026, 11, 17, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def away(who: str, substitute: str | None = None, days: int = 1) -> Absence:
    return Absence(who, NOON, NOON + days * DAY, substitute)


@pytest.mark.parametrize(
    ("absences", "who", "role"),
    [
        ([], "anna", "owner"),
        ([away("anna")], "boris", "deputy"),
        ([away("anna", "vera")], "vera", "substitute"),
        ([away("anna", "vera"), away("vera")], "boris", "deputy"),
        ([away("anna", "vera"), away("vera", "gleb")], "gleb", "substitute"),
        (
            [away("anna", "vera"), away("vera", "gleb"), away("gleb", "dina")],
            "dina",
            "substitute",
        ),
        (  # a fourth is not looked for
            [away("anna", "b"), away("b", "c"), away("c", "d"), away("d", "e")],
            "boris",
            "deputy",
        ),
        ([away("anna", "vera"), away("vera", "anna")], "boris", "deputy"),  # a ring
        ([away("anna", "anna")], "boris", "deputy"),
        ([away("anna"), away("boris")], "manager", "manager"),
        ([away("anna"), away("boris", "vera")], "vera", "deputy"),
        ([away("anna"), away("boris", "anna")], "manager", "manager"),
        ([away("boris")], "anna", "owner"),
    ],
)
def test_who_answers(absences: list[Absence], who: str, role: str) -> None:
    found = acting("anna", "boris", absences, NOON, "manager")
    assert (found.who, found.role) == (who, role)


def test_without_a_deputy_the_manager_answers() -> None:
    found = acting("anna", None, [away("anna")], NOON, "manager")
    assert (found.who, found.role) == ("manager", "manager")


def test_an_absence_begins_with_its_first_instant_and_ends_before_its_last() -> None:
    absence = away("anna")
    moment = timedelta(microseconds=1)
    for instant, who in [
        (NOON - moment, "anna"),
        (NOON, "boris"),
        (NOON + DAY - moment, "boris"),
        (NOON + DAY, "anna"),
    ]:
        assert acting("anna", "boris", [absence], instant, "manager").who == who


def test_it_is_told_because_of_which_absence() -> None:
    absence = away("anna", "vera")
    assert acting("anna", None, [absence], NOON, "manager").absence == absence
    assert acting("anna", None, [absence], NOON - DAY, "manager").absence is None


def promise(*later: Event, now: datetime) -> Outcome:
    found = evaluate([Event("opened", NOON), *later], now).first_answer
    assert found is not None
    return found


def test_absence_moves_no_deadline_and_no_account() -> None:
    now = NOON + 30 * HOUR
    absences = [Absence("anna", NOON + 10 * HOUR, NOON + 60 * HOUR, "vera")]
    told = ledger(promise(now=now), [Roster(NOON, "anna", "boris")], absences, now, "manager")
    assert told.accountable_at_due == told.breach_attributed_to == "anna"
    assert told.acting_at_due == "vera"
    assert told.held == {"anna": 10 * HOUR, "vera": 20 * HOUR}


@pytest.mark.parametrize(
    ("after", "blamed"), [(4, "gleb"), (19, "gleb"), (19.2, "gleb"), (19.5, "anna"), (21, "anna")]
)
def test_who_passes_it_on_at_risk_keeps_the_breach(after: float, blamed: str) -> None:
    now, turn = NOON + 26 * HOUR, NOON + after * HOUR
    passed = Event("transfer", turn, owner="gleb", deputy="dina")
    people = [Roster(NOON, "anna"), *rosters([passed])]
    told = ledger(promise(passed, now=now), people, [], now, "manager")
    assert told.breach_attributed_to == blamed  # 80 % are over after 19.2 hours
    assert told.accountable_at_due == "gleb"
    assert told.held == {"anna": after * HOUR, "gleb": (26 - after) * HOUR}


def test_nobody_holds_it_while_the_bank_waits() -> None:
    now = NOON + 20 * HOUR
    asked = Event("clarification", NOON + 2 * HOUR)
    said = Event("customer_post", NOON + 15 * HOUR)
    spent = held(promise(asked, said, now=now), [Roster(NOON, "anna")], [], "manager")
    assert spent == {"anna": 7 * HOUR}


def test_a_review_has_the_work_and_takes_no_account_away() -> None:
    now = NOON + 26 * HOUR
    reviews = [Review("press", NOON, NOON + 2 * HOUR), Review("legal", NOON + 12 * HOUR)]
    told = ledger(promise(now=now), [Roster(NOON, "anna")], [], now, "manager", reviews)
    assert told.held == {"press": 2 * HOUR, "anna": 10 * HOUR, "legal": 14 * HOUR}
    assert (told.acting_at_due, told.holder_at_due) == ("anna", "legal")
    assert told.accountable_at_due == told.breach_attributed_to == "anna"
    ended = [Review("legal", NOON + 12 * HOUR, NOON + 24 * HOUR)]
    told = ledger(promise(now=now), [Roster(NOON, "anna")], [], now, "manager", ended)
    assert told.holder_at_due == "anna"


def test_a_promise_that_was_kept_is_nobody_s_breach() -> None:
    answer = Event("official_answer", NOON + 3 * HOUR)
    told = ledger(promise(answer, now=NOON + 40 * HOUR), [Roster(NOON, "anna")], [], NOON, "m")
    assert told.breach_attributed_to is None
    assert told.held == {"anna": 3 * HOUR}
