"""Figures: what is counted, what is not, and that each says from how many."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from app.core import clock
from app.core.db import reads_only, session
from app.insight import measures, reactions, service
from app.insight.models import Figures
from app.insight.queries import figures as kept
from app.insight.queries import sources
from app.insight.queries.archive import first_answer_hours
from app.moderation import service as moderation
from app.sla.models import CalendarVersion, ClockEvent, PolicyVersion, Promise, WorkCalendar
from app.sla.service import ticking
from app.sla.service.promises import note
from app.topics import service as topics
from tests.insight.promised import DAY, HOUR, at, promised

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

    from app.insight.measures import Measures
    from app.topics.models import Topic
    from tests.builders import Builders
    from tests.conftest import Browser

ENGLISH = {"Accept-Language": "en"}


def figures(scope: str = "all", period: str = "all") -> Measures:
    service.count()
    return kept.figures(period).get(scope, measures.Measures())


def answered(house: Builders, after: timedelta, **fields: Any) -> Topic:
    """A question of ten days ago, answered so long after."""
    topic = house.question(at=clock.now() - timedelta(days=10), **fields)
    house.answer(topic, at=topic.opened_at + after)
    return topic


def test_nothing_promised_is_nothing_counted(house: Builders) -> None:
    house.praise()

    found = figures()

    assert found.is_empty
    assert (found.due, found.asked, found.wall.median, found.oldest) == (0, 0, None, None)


def test_a_promise_is_kept_only_in_time(house: Builders) -> None:
    category = house.category()
    answered(house, 2 * HOUR, category=category)
    answered(house, 30 * HOUR, category=category)
    house.question(category=category, at=clock.now() - 30 * HOUR)
    house.question(category=category)

    # One in time, one late, one broken though nobody has noticed; one still runs.
    found = figures(f"category:{category.id}")
    assert (found.met, found.late, found.broken, found.waiting) == (1, 1, 1, 1)
    assert (found.kept.part, found.kept.whole) == (1, 3)
    assert (found.answered, found.asked, found.topics) == (2, 3, 4)
    assert found.kinds == {"first_answer": [1, 1, 1]}

    while ticking.tick():
        pass
    assert figures(f"category:{category.id}").met == 1
    assert figures(f"person:{category.owner_id}").broken == 1
    assert figures().kinds == {"first_answer": [1, 1, 1]}


def test_a_promise_due_at_this_instant_is_not_broken_yet(house: Builders) -> None:
    category = house.category()
    with time_machine.travel("2026-11-20T12:00:00Z", tick=False):
        promised(house, category, clock.now() - DAY)
        promised(house, category, clock.now() - DAY - timedelta(seconds=1))

        assert (figures().broken, figures().waiting) == (1, 1)


def test_not_solved_is_another_promise_on_the_same_topic(house: Builders) -> None:
    topic = answered(house, HOUR)
    topics.dispute(topic.asker, topic, at=topic.opened_at + 2 * HOUR)
    house.answer(topic, "Теперь точно.", at=topic.opened_at + 60 * HOUR)

    found = figures()

    assert (found.due, found.met, found.late) == (2, 1, 1)
    assert (found.asked, found.answered, found.reopened) == (1, 1, 1)
    assert found.kinds == {"first_answer": [1, 0, 0], "next_answer": [0, 1, 0]}
    assert found.overdue_s == found.overdue_wall_s == found.worst_s == 34 * 3600


def test_a_promise_belongs_to_the_month_it_fell_due_in(house: Builders) -> None:
    house.brand(timezone="UTC")
    category = house.category()
    promised(house, category, at("2026-10-31T20:00"), took=HOUR)  # due on 1 November
    promised(house, category, at("2026-10-30T20:00"), took=HOUR)  # due on 31 October
    promised(house, category, at("2026-09-01T12:00"))  # due on 2 September, broken ever since
    with time_machine.travel("2026-11-20T12:00:00Z"):
        this, last = figures(period="month"), figures(period="last-month")
        lately, ever = figures(period="90-days"), figures()

    assert (this.met, this.broken) == (1, 0)
    assert (last.met, last.broken) == (1, 0)
    assert (lately.met, lately.broken) == (2, 1)
    assert (ever.met, ever.broken) == (2, 1)
    # What waits now waits in every period.
    assert this.unanswered == last.unanswered == ever.unanswered == 1


def test_a_closed_month_stays_as_it_was(house: Builders) -> None:
    house.brand(timezone="UTC")
    category = house.category()
    promised(house, category, at("2026-10-10T12:00"), took=HOUR)
    with time_machine.travel("2026-11-02T12:00:00Z"):
        before = figures(period="last-month")
        promised(house, category, at("2026-11-01T06:00"), took=HOUR)
        promised(house, category, at("2026-10-31T20:00"))
        after = figures(period="last-month")

    assert before.kept == after.kept == measures.Share(1, 1)


def test_the_month_is_the_bank_s(house: Builders) -> None:
    house.brand(timezone="Asia/Tokyo")
    with time_machine.travel("2026-10-31T20:00:00Z", tick=False):
        house.answer(house.question())  # due on 1 November in UTC and in Tokyo
        house.answer(house.question(at=clock.now() - 28 * HOUR), at=clock.now() - 9 * HOUR)
        house.question(at=clock.now() - timedelta(days=2))  # was due in October
        found, last = figures(period="month"), figures(period="last-month")

    # The second was due on 31 October, 16:00 in UTC: 1 November in Tokyo.
    assert (found.met, found.due) == (2, 2)
    assert (last.met, last.due) == (0, 1)


@pytest.mark.parametrize(
    ("now", "zone", "name", "begins", "ends"),
    [
        ("2026-01-15T12:00", "UTC", "last-month", "2025-12-01T00:00", "2026-01-01T00:00"),
        ("2026-12-31T23:30", "UTC", "month", "2026-12-01T00:00", "2027-01-01T00:00"),
        ("2026-12-31T23:30", "Asia/Tokyo", "month", "2026-12-31T15:00", "2027-01-31T15:00"),
        # The clocks of Kyiv go back on 25 October: the month ends at another offset.
        ("2026-10-05T12:00", "Europe/Kyiv", "month", "2026-09-30T21:00", "2026-10-31T22:00"),
        ("2026-11-22T12:00", "Europe/Kyiv", "90-days", "2026-08-24T21:00", None),
        ("2026-03-01T00:00", "UTC", "90-days", "2025-12-02T00:00", None),
    ],
)
def test_periods_begin_and_end_by_the_bank_s_wall_clock(
    now: str, zone: str, name: str, begins: str, ends: str | None
) -> None:
    found = measures.periods(at(now), zone)[name]

    assert found.begins == at(begins)
    assert found.ends == (at(ends) if ends else None)


def test_what_was_let_off_is_not_counted_and_is_listed(house: Builders) -> None:
    manager, category = house.manager(), house.category()
    now = clock.now()
    moderation.mark_spam(manager, house.question(category=category, at=now - 40 * HOUR), "реклама")
    promised(house, category, now - 2 * DAY, state="cancelled", reason="merged")
    promised(house, category, now - 2 * DAY, state="cancelled", reason="merged")
    # As if it had never been: what had made it was undone.
    promised(house, category, now - 2 * DAY, state="cancelled", reason="superseded")
    answered(house, HOUR, category=category)

    found = figures()

    assert (found.due, found.met, found.topics, found.waiting) == (1, 1, 1, 0)
    assert found.excluded == {"spam": 1, "merged": 2}


def test_an_answer_taken_back_has_kept_nothing(house: Builders) -> None:
    topic = answered(house, HOUR)
    assert figures().met == 1

    topics.retract(topic.category.owner, topic.answer, "ошибка")
    found = figures()

    assert (found.met, found.broken, found.answered) == (0, 1, 0)
    assert (found.retracted, found.answers) == (1, 1)


def test_hiding_a_topic_does_not_mend_its_promise(house: Builders) -> None:
    topic = house.question(at=clock.now() - 3 * DAY)
    while ticking.tick():
        pass
    moderation.hide(house.manager(), topic, "грубость")

    found = figures()

    assert found.broken == 1
    # Out of sight it does not wait in public.
    assert found.unanswered == 0


def test_a_pause_has_no_hour(house: Builders) -> None:
    topic = house.question(at=clock.now() - 3 * HOUR)
    topics.ask_back(topic.category.owner, topic, "Какая карта?", at=clock.now() - 2 * HOUR)

    found = figures()

    assert (found.due, found.waiting, found.unanswered) == (0, 1, 1)
    assert (found.clarified, found.topics) == (1, 1)
    assert figures(period="month").topics == 0
    assert session.query(Promise).one().due_at is None


def test_an_answer_in_a_pause_is_kept_and_belongs_where_it_was_given(house: Builders) -> None:
    house.brand(timezone="UTC")
    with time_machine.travel("2026-11-20T12:00:00Z", tick=False):
        topic = house.question(at=at("2026-11-10T10:00"))
        owner = topic.category.owner
        topics.ask_back(owner, topic, "Какая карта?", at=at("2026-11-10T12:00"))
        house.answer(topic, at=at("2026-11-15T12:00"))

        found = figures(period="month")

    assert (found.met, found.due) == (1, 1)
    # Five days for the asker, two hours of the bank's.
    assert found.wall.median == 122 * 3600
    assert found.open.median == 2 * 3600


def test_times_are_counted_with_those_who_still_wait(house: Builders) -> None:
    category = house.category()
    now = clock.now()
    for hours in range(1, 12):
        promised(house, category, now - 5 * DAY, took=hours * HOUR)
    for _ in range(10):
        promised(house, category, now - 5 * DAY)

    found = figures()

    # Of the eleven answered the middle one took six hours; of all 21 the middle one took eleven.
    assert (found.wall.count, found.wall.waiting) == (11, 10)
    assert found.wall.median == found.open.median == 6 * 3600
    assert found.wall.fair_median == found.open.fair_median == 11 * 3600
    assert found.wall.p90 == 10 * 3600
    # Nine in ten have not been answered by anybody's count.
    assert found.wall.fair_p90 is None


def test_overdue_time_grows_while_nobody_answers(house: Builders) -> None:
    category = house.category()
    with time_machine.travel("2026-11-20T12:00:00Z", tick=False):
        promised(house, category, clock.now() - 30 * HOUR)
        promised(house, category, clock.now() - 5 * DAY, took=25 * HOUR)
        first = figures()
    with time_machine.travel("2026-11-20T13:00:00Z", tick=False):
        then = figures()

    assert (first.overdue_s, first.worst_s) == (7 * 3600, 6 * 3600)
    assert (then.overdue_s, then.worst_wall_s) == (8 * 3600, 7 * 3600)


def test_overdue_time_is_the_calendar_s_and_the_wall_s(house: Builders) -> None:
    calendar = WorkCalendar(name="Будни")
    session.add(calendar)
    session.flush()
    hours = {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    version = CalendarVersion(
        calendar_id=calendar.id,
        version=1,
        spec={"mode": "hours", "tz": "UTC", "weekly": hours, "dates": {}},
        digest="b" * 64,
    )
    session.add(version)
    session.flush()
    # Friday 17:00: an hour that day, the weekend closed, three hours on Monday.
    promised(
        house,
        house.category(),
        at("2026-11-19T17:00"),
        due_at=at("2026-11-20T17:00"),
        target_s=9 * 3600,
        calendar_version_id=version.id,
    )
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False):
        found = figures()

    assert found.overdue_s == 4 * 3600
    assert found.overdue_wall_s == 67 * 3600


def test_overdue_time_stands_still_while_the_asker_is_waited_for(house: Builders) -> None:
    with time_machine.travel("2026-11-20T12:00:00Z", tick=False):
        topic = house.question(at=at("2026-11-15T12:00"))
        # Overdue since the 16th, 12:00; asked back six hours later, and told a day after that.
        owner = topic.category.owner
        topics.ask_back(owner, topic, "Какая карта?", at=at("2026-11-16T18:00"))
        stopped = figures()
        topics.comment(topic.asker, topic, "Синяя.", at=at("2026-11-17T18:00"))
        running = figures()

    assert stopped.overdue_s == 6 * 3600
    assert running.overdue_s == 6 * 3600 + 66 * 3600


def test_within_a_day_and_a_week_asks_only_those_old_enough(house: Builders) -> None:
    category = house.category()
    now = clock.now()
    promised(house, category, now - 10 * DAY, took=2 * HOUR)
    promised(house, category, now - 10 * DAY, took=3 * DAY)
    promised(house, category, now - 10 * DAY)
    promised(house, category, now - 3 * DAY, took=2 * HOUR)
    promised(house, category, now - 3 * HOUR, took=2 * HOUR)

    found = figures()

    assert found.within_day == measures.Share(2, 4)
    assert found.within_week == measures.Share(2, 3)
    assert found.response == measures.Share(4, 5)


def test_the_backlog_is_as_old_as_its_oldest(house: Builders) -> None:
    category, now = house.category(), clock.now()
    ages = [1, 2, 3, 40]
    for hours in ages:
        promised(house, category, now - hours * HOUR)
    promised(house, category, now - 50 * HOUR, took=HOUR)

    found = figures(period="last-month")

    assert found.unanswered == 4
    assert found.oldest == now - 40 * HOUR
    assert found.half_since == now - 3 * HOUR


def test_solved_takes_the_asker_s_time_and_the_bank_s(house: Builders) -> None:
    topic = answered(house, 3 * HOUR)
    topics.accept(topic.asker, topic, at=topic.opened_at + 50 * HOUR)

    found = figures()

    assert (found.solved.count, found.solved.median) == (1, 50 * 3600)
    assert found.solved_bank.median == 3 * 3600


def test_signals_of_a_game_are_counted(house: Builders) -> None:
    topic = answered(house, 3 * HOUR)
    owner, opened = topic.category.owner, topic.opened_at
    topics.comment(topic.asker, topic, "А со второй картой?", at=opened + 5 * HOUR)
    topics.let_off(owner, topic, at=opened + 6 * HOUR)
    topics.want_an_answer(topic.asker, topic, at=opened + 7 * HOUR)
    house.answer(topic, "И со второй.", at=opened + 8 * HOUR)
    topics.accept(topic.asker, topic, at=opened + 9 * HOUR)
    topics.comment(topic.asker, topic, "Снова не работает.", at=opened + 10 * HOUR)
    moderation.move(house.manager(), topic, house.category(), "не туда")

    found = figures()

    assert (found.no_reply, found.disputed) == (1, 1)
    assert (found.reopened, found.transfers, found.answers) == (1, 1, 2)


def test_whose_answer_it_was_and_whose_breach(house: Builders) -> None:
    category, other = house.category(), house.executive()
    own = house.question(category=category)
    house.answer(own)
    category.deputy = other
    house.answer(house.question(category=category), author=other)
    promised(house, category, clock.now() - 3 * DAY, attributed_to_id=other.id)

    found = figures(f"person:{category.owner_id}")

    assert (found.met, found.in_person) == (2, 1)
    assert (found.broken, found.inherited) == (1, 1)


def test_what_was_brought_in_was_never_promised(house: Builders) -> None:
    topic = house.praise(at=clock.now() - timedelta(days=900))
    topic.kind, topic.origin = "question", "stackexchange:coffee:1"
    topic.first_answer_at = topic.opened_at + 90 * timedelta(minutes=1)
    answered(house, 5 * HOUR)

    assert first_answer_hours("stackexchange") == [1.5]
    assert first_answer_hours("stackexchange:tea") == []
    assert first_answer_hours() == [1.5, 5.0]
    assert (figures().answered, figures().due, figures().topics) == (1, 1, 1)


def test_figures_are_counted_anew_only_when_something_happened(house: Builders) -> None:
    with time_machine.travel("2026-11-20T12:00:00Z", tick=False) as travelling:
        house.question()

        def again() -> bool:
            travelling.shift(DAY / 24)
            found = service.counted_if_stale()
            if found is not None:
                service.write(found)
            return found is not None

        assert again()
        assert not again()
        house.question()
        assert again()
        assert not again()
        # A day begins, and at noon a promise falls due that no scheduler looks at.
        travelling.move_to(at("2026-11-21T00:00"))
        assert again()
        travelling.move_to(at("2026-11-21T11:00"))
        assert not again()
        assert again()
        assert figures().broken == 1


def test_counting_takes_no_more_than_its_share_of_time(house: Builders) -> None:
    with time_machine.travel("2026-11-20T12:00:00Z", tick=False) as travelling:
        service.count()
        session.get(Figures, ("all", "all")).took_s = 30.0
        house.question()

        travelling.shift(timedelta(seconds=599))
        assert service.counted_if_stale() is None
        travelling.shift(timedelta(seconds=2))
        assert service.counted_if_stale() is not None


def test_an_older_count_never_replaces_a_newer(house: Builders) -> None:
    before = service.counted()
    house.question()
    service.count()

    service.write(before)

    assert kept.figures("all")["all"].waiting == 1


def test_a_clock_that_was_set_right_does_not_stop_the_counting(house: Builders) -> None:
    with time_machine.travel("2027-11-20T12:00:00Z", tick=False) as travelling:
        service.count()
        travelling.move_to(at("2026-11-20T12:00"))
        house.question()
        found = service.counted_if_stale()
        assert found is not None
        service.write(found)

        assert kept.figures("all")["all"].waiting == 1
        assert service.counted_if_stale() is None


def test_the_worker_counts_without_keeping_writers_waiting(
    app: Any, house: Builders, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.question()
    session.commit()
    only_read: list[bool] = []
    counted = service.counted

    def watched() -> service.Counted:
        only_read.append(reads_only.get())
        return counted()

    monkeypatch.setattr(service, "counted", watched)
    reactions.count_again()

    assert only_read == [True]
    assert not reads_only.get()
    assert kept.figures("all")["all"].waiting == 1


def test_a_scope_that_is_empty_again_goes(house: Builders) -> None:
    made = promised(house, house.category(), clock.now() - 2 * DAY)
    scope = f"category:{made.category_id}"
    assert figures(scope).broken == 1

    session.delete(made)
    session.flush()
    service.count()

    assert scope not in kept.figures("all")
    assert kept.figures("all")["all"].is_empty


def test_figures_survive_their_row(house: Builders) -> None:
    answered(house, HOUR)
    house.question()
    counted = figures()

    session.expire_all()
    row = session.get(Figures, ("all", "all"))
    assert measures.from_json(row.counted) == counted
    assert counted.oldest is not None
    assert measures.from_json({**row.counted, "of another version": 1}) == counted


def test_the_front_page_says_the_month_s_promise_in_one_sentence(
    house: Builders, browser: Browser
) -> None:
    house.brand(timezone="UTC")
    with time_machine.travel("2026-11-20T12:00:00Z"):
        house.answer(house.question())
        house.question(at=clock.now() - 40 * HOUR)
        service.count()
        page = browser.get("/", headers=ENGLISH).text

    assert "Kept 1 of 2 promises" in page
    assert "/scoreboard?period=month" in page


def test_last_month_s_figures_are_not_shown_as_this_month_s(
    house: Builders, browser: Browser
) -> None:
    house.brand(timezone="UTC")
    with time_machine.travel("2026-10-20T12:00:00Z"):
        house.answer(house.question())
        service.count()
    with time_machine.travel("2026-11-20T12:00:00Z"):
        page = browser.get("/", headers=ENGLISH).text

    assert "Kept 1 of 1" not in page


def test_the_command_prints_what_the_scoreboard_shows(app: Any, house: Builders) -> None:
    category = house.category(name="Карты")
    for hours in (1, 2, 3, 30):
        answered(house, hours * HOUR, category=category)

    printed = app.test_cli_runner().invoke(args=["figures"]).output

    assert "2.50" in printed
    assert "3 of 4" in printed
    assert "too few" in printed
    nothing = app.test_cli_runner().invoke(args=["figures", "--origin", "stackexchange"]).output
    assert "No answered topics" in nothing


def test_a_page_reads_the_figures_once(
    house: Builders, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    for _ in range(4):
        house.question(category=house.category())
    service.count()

    with count_sql() as statements:
        browser.get("/executives")

    assert len([s for s in statements if "FROM figures" in s]) == 1


def test_counting_costs_the_same_number_of_statements_however_much_there_is(
    house: Builders, count_sql: Callable[[], Any]
) -> None:
    category = house.category()

    def cost(number: int) -> int:
        for _ in range(number):
            promised(house, category, clock.now() - 3 * DAY, took=HOUR)
            promised(house, category, clock.now() - 3 * DAY)
        service.count()
        with count_sql() as statements:
            service.count()
        return len(statements)

    assert cost(1) == cost(15)
    assert session.query(ClockEvent).count() == 0


def test_what_ends_a_broken_promise_does_not_mend_it(house: Builders) -> None:
    at = clock.now() - timedelta(hours=30)
    category = house.category()
    merged, spam = (house.question(category=category, at=at) for _ in range(2))
    other, manager = house.question(category=category), house.manager()
    moderation.merge(manager, merged, other, "О том же")
    moderation.mark_spam(manager, spam, "Реклама")

    found = figures(f"category:{category.id}")

    assert (found.broken, found.excluded) == (1, {"spam": 1})


@pytest.mark.parametrize("end", ["merged", "withdrawn", "closed"])
def test_overdue_time_stands_still_once_a_broken_promise_has_ended(
    house: Builders, end: str
) -> None:
    with time_machine.travel("2026-11-20T12:00:00Z", tick=False):
        category, manager = house.category(), house.manager()
        # Overdue for six hours when it ended, two days ago.
        topic = house.question(category=category, at=clock.now() - 78 * HOUR)
        ended = clock.now() - 48 * HOUR
        if end == "merged":
            into = house.question(category=category, at=clock.now() - HOUR)
            moderation.merge(manager, topic, into, "О том же", at=ended)
        elif end == "withdrawn":
            moderation.withdraw(topic.asker, topic, at=ended)
        else:
            moderation.close(manager, topic, "Спор", at=ended)
        found = figures()

    assert (found.broken, found.unanswered) == (1, int(end == "merged"))
    assert found.overdue_s == found.overdue_wall_s == found.worst_s == 6 * 3600


def policy(scope: str = "all", **spec: int) -> None:
    session.add(PolicyVersion(scope=scope, version=1, spec=spec, made_at=at("2026-01-01T00:00")))
    session.flush()


def resolution_overdue(now: str) -> float:
    """Hours for which the solution is overdue, of all that is."""
    with time_machine.travel(now + ":00Z", tick=False):
        found = figures()
        answers = session.query(Promise).where(Promise.kind != "resolution", Promise.overdue_s > 0)
        return found.overdue_s / 3600 - sum(p.overdue_s for p in answers) / 3600


def test_an_answer_stops_the_overdue_time_of_a_solution(house: Builders) -> None:
    policy(resolution_s=24 * 3600)
    with time_machine.travel("2026-11-12T12:00:00Z", tick=False):
        topic = house.question(at=at("2026-11-10T12:00"))
        house.answer(topic, at=at("2026-11-11T18:00"))

    # The asker says nothing more.
    assert resolution_overdue("2026-11-12T12:00") == 6
    assert resolution_overdue("2026-11-20T12:00") == 6


def test_the_overdue_time_of_a_solution_runs_while_the_bank_is_to_act(house: Builders) -> None:
    policy(resolution_s=24 * 3600)
    with time_machine.travel("2026-11-12T12:00:00Z", tick=False):
        topic = house.question(at=at("2026-11-10T12:00"))
        house.answer(topic, at=at("2026-11-10T14:00"))
        # 22 hours are left: due on the 11th at 13:00.
        topics.comment(topic.asker, topic, "Нет, всё так же.", at=at("2026-11-10T15:00"))
        topics.let_off(topic.category.owner, topic, at=at("2026-11-11T18:00"))

    assert resolution_overdue("2026-11-12T12:00") == 5
    assert resolution_overdue("2026-11-13T12:00") == 5

    with time_machine.travel("2026-11-14T12:00:00Z", tick=False):
        topics.comment(topic.asker, topic, "Опять.", at=at("2026-11-14T00:00"))
        topics.accept(topic.asker, topic, at=at("2026-11-14T02:00"))
        topics.dispute(topic.asker, topic, at=at("2026-11-14T10:00"))

    # Two hours until it was called solved, and those since it was not.
    assert resolution_overdue("2026-11-14T12:00") == 5 + 2 + 2
    assert resolution_overdue("2026-11-14T15:00") == 5 + 2 + 5


def test_who_is_content_waits_for_no_solution(house: Builders) -> None:
    policy(resolution_s=24 * 3600)
    with time_machine.travel("2026-11-12T12:00:00Z", tick=False):
        topic = house.question(at=at("2026-11-10T12:00"))
        house.answer(topic, at=at("2026-11-10T14:00"))
        topics.comment(topic.asker, topic, "И ещё вопрос.", at=at("2026-11-10T15:00"))
        note(topic, "asker_content", at=at("2026-11-11T18:00"))

    assert resolution_overdue("2026-11-12T12:00") == 5
    assert resolution_overdue("2026-11-20T12:00") == 5


def waited(now: datetime) -> list[float]:
    """Hours of open time for which first answers are waited for."""
    everything = {"all": measures.Period("all", None, None)}
    found = sources.first_answers(everything, now)
    return sorted(round(first.open_s / 3600, 3) for first in found if not first.done)


def test_a_shorter_promise_does_not_lengthen_what_was_waited(house: Builders) -> None:
    with time_machine.travel("2026-11-20T12:00:00Z", tick=False):
        now, manager, quick = clock.now(), house.manager(), house.category()
        policy(f"category:{quick.id}", first_answer_s=4 * 3600)
        moved = house.question(at=now - 2 * HOUR)
        moderation.move(manager, moved, quick, "Это сюда", at=now - HOUR)
        assert moved.due_at == now + 3 * HOUR
        assert waited(now) == [2]

        tightened = house.question(at=now - 3 * HOUR)
        note(tightened, "tighten_open", at=now - HOUR, target=4 * 3600, grace=0)
        assert tightened.due_at == now + HOUR
        assert waited(now) == [2, 3]

        older = house.question(at=now - 20 * HOUR)
        joined = house.question(at=now - 5 * HOUR, category=older.category)
        moderation.merge(manager, older, joined, "О том же", at=now - HOUR)
        assert joined.due_at == now + 4 * HOUR
        assert waited(now) == [2, 3, 5]

        # Broken by the shorter hour, too.
        assert waited(now + 10 * HOUR) == [12, 13, 15]


def test_what_was_waited_stands_still_in_a_pause(house: Builders) -> None:
    with time_machine.travel("2026-11-20T12:00:00Z", tick=False):
        now = clock.now()

        def asked_back(opened: int, asked: int) -> Topic:
            topic = house.question(at=now - opened * HOUR)
            owner = topic.category.owner
            topics.ask_back(owner, topic, "Какая карта?", at=now - asked * HOUR)
            return topic

        asked_back(10, 8)
        assert waited(now) == [2]

        # Broken 16 hours ago, asked back six hours later.
        asked_back(40, 10)
        assert waited(now) == [2, 30]

        # An hour was left, but two are the least after a pause: one of them is over.
        told = asked_back(33, 10)
        topics.comment(told.asker, told, "Синяя.", at=now - HOUR)
        assert waited(now) == [2, 24, 30]
        assert waited(now + 5 * HOUR) == [2, 29, 30]


def test_waiting_is_counted_in_as_many_statements_however_many_were_moved(
    house: Builders, count_sql: Callable[[], Any]
) -> None:
    def cost(number: int) -> int:
        for _ in range(number):
            topic = house.question(at=clock.now() - 40 * HOUR)
            topics.ask_back(topic.category.owner, topic, "Какая карта?")
        service.count()
        with count_sql() as statements:
            waited(clock.now())
            list(sources.still_broken({}, clock.now()))
        return len(statements)

    assert cost(1) == cost(5)
