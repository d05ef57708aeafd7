"""Readers report, a person decides, and what weighs enough is out of sight until then."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select

from app.core import clock, limits
from app.core.db import session
from app.core.events import Fact
from app.moderation import reported, thresholds, trust
from app.moderation.models import Act, Report
from app.moderation.service import acting, reporting
from app.notify.models import Letter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.accounts.models import Person
    from app.topics.models import Post
    from tests.builders import Builders
    from tests.conftest import Browser


def known(house: Builders, published: int = 5) -> Person:
    """Somebody who has been here: their report weighs 2, with 50 texts 4."""
    person = house.customer(confirmed_at=clock.now() - timedelta(days=400))
    trust.count(person.id, published=published)
    return person


def comment(house: Builders) -> Post:
    return house.comment(house.question(), "Все вы там мошенники и дураки.")


@pytest.fixture
def paced() -> Iterator[None]:
    before = (limits._Door.is_open, limits._Door.redis_url)
    limits.init({"RATE_LIMITS": True})
    yield
    limits._Door.is_open, limits._Door.redis_url = before
    limits._Door.forget()


# ---------------------------------------------------------------------------------- reporting


def test_a_reader_reports_and_reads_what_came_of_it(
    house: Builders, new_browser: Callable[[], Browser], work: Callable[[], None]
) -> None:
    post, reader, manager = comment(house), house.customer(), house.manager()
    browser = new_browser().sign_in(reader)
    topic_page = browser.get(f"/topics/{post.topic_id}").text
    assert f"/posts/{post.id}/report" in topic_page
    assert f"/topics/{post.topic_id}/report" in topic_page

    assert browser.get(f"/posts/{post.id}/report").status_code == 200
    wrong = browser.post(f"/posts/{post.id}/report", {"words": "плохо"})
    assert wrong.status_code == 422
    assert "плохо" in wrong.text
    assert browser.post(f"/posts/{post.id}/report", {"reason": "other"}).status_code == 422

    sent = {"reason": "insult", "words": "Обзывается"}
    assert browser.post(f"/posts/{post.id}/report", sent).status_code == 303
    assert post.hidden_at is None
    assert "Обзывается" not in browser.get(f"/topics/{post.topic_id}").text

    staff = new_browser().sign_in(manager)
    listed = staff.get("/manage/reports").text
    assert "Обзывается" in listed
    assert reader.name in listed

    about = f"/manage/reports/post/{post.id}"
    seen = str(session.scalars(select(Report)).one().id)
    assert staff.post(f"{about}/agreement", {"reason": "", "seen": seen}).status_code == 422
    hidden = {"reason": "Оскорбление", "seen": seen}
    assert staff.post(f"{about}/agreement", hidden).status_code == 303
    assert post.hidden_at is not None
    work()
    kinds = {letter.kind: letter.person_id for letter in session.scalars(select(Letter))}
    assert kinds["report_decided"] == reader.id
    assert kinds["post_hidden"] == post.author_id
    assert "<strong>" in browser.get("/reports").text
    # Out of sight is out of sight, for its reporter too.
    assert browser.get(f"/posts/{post.id}/report").status_code == 404


def test_a_fragment_is_the_form_alone(house: Builders, browser: Browser) -> None:
    topic = house.question()
    browser.sign_in(house.customer())
    piece = browser.get(f"/topics/{topic.id}/report", headers={"X-Fragment": "1"}).text
    assert "<form" in piece
    assert "<html" not in piece


def test_guests_sign_in_first_and_nobody_reports_themselves(
    house: Builders, browser: Browser
) -> None:
    post = comment(house)
    away = browser.get(f"/posts/{post.id}/report")
    assert away.status_code == 303
    assert "/sign-in" in away.headers["Location"]
    browser.sign_in(post.author)
    assert browser.get(f"/posts/{post.id}/report").status_code == 404
    assert f"/posts/{post.id}/report" not in browser.get(f"/topics/{post.topic_id}").text


def test_once_for_each_person_and_thing(house: Builders, browser: Browser) -> None:
    post, reader = comment(house), house.customer()
    browser.sign_in(reader)
    for _ in range(2):
        browser.post(f"/posts/{post.id}/report", {"reason": "spam"})
    assert len(session.scalars(select(Report)).all()) == 1
    with pytest.raises(reporting.AlreadyReportedError):
        reporting.report(reader, post, "insult")


def test_twenty_a_day(house: Builders, browser: Browser, paced: None) -> None:
    post, topic, reader = comment(house), house.question(), house.customer()
    browser.sign_in(reader)
    with time_machine.travel(clock.now(), tick=False) as frozen:
        for _ in range(18):  # as many reports as it takes, without the pages
            assert limits._counted("report", 20, 24 * 3600, f"person:{reader.id}") == 0
        for _ in range(2):
            other = house.comment(topic, "Ещё одно слово не по делу.")
            # What is sent wrongly counts nothing.
            assert browser.post(f"/posts/{other.id}/report", {}).status_code == 422
            sent = {"reason": "spam"}
            assert browser.post(f"/posts/{other.id}/report", sent).status_code == 303
        refused = browser.post(f"/posts/{post.id}/report", {"reason": "spam", "words": "Слова"})
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 24 * 3600
        assert "Слова" in refused.text
        frozen.shift(24 * 3600 + 1)
        assert browser.post(f"/posts/{post.id}/report", {"reason": "spam"}).status_code == 303


# ----------------------------------------------------------------------------- hidden by weight


def test_enough_weight_hides_it_until_somebody_looks(
    house: Builders, work: Callable[[], None]
) -> None:
    post = comment(house)
    for _ in range(2):
        reporting.report(known(house), post, "insult")
    assert post.hidden_at is None
    reporting.report(known(house), post, "insult")
    assert post.hidden_at is not None
    act = session.scalars(select(Act).where(Act.name == "hide_post")).one()
    assert (act.by, act.is_public) == (None, False)
    work()
    told = session.scalars(select(Letter).where(Letter.kind == "post_hidden")).one()
    assert told.person_id == post.author_id


def test_a_topic_is_hidden_and_comes_back_with_its_counts_and_promise(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    topic = house.question()
    counted = topic.category.topics_count
    for _ in range(3):
        reporting.report(known(house), topic, "dangerous")
    session.expire_all()
    assert topic.hidden_at is not None
    assert not topic.is_awaiting
    assert topic.category.topics_count == counted - 1
    assert new_browser().get(f"/topics/{topic.id}").status_code == 404

    staff = new_browser().sign_in(house.manager())
    assert staff.get(f"/topics/{topic.id}").status_code == 200
    assert staff.get("/manage/acts").status_code == 200
    assert staff.post(f"/manage/reports/topic/{topic.id}/disagreement").status_code == 303
    assert topic.hidden_at is None
    assert topic.is_awaiting
    assert topic.category.topics_count == counted

    # Somebody has looked: more reports wait for a person, and hide nothing.
    for _ in range(4):
        reporting.report(known(house), topic, "dangerous")
    session.expire_all()
    assert topic.hidden_at is None
    assert reported.waiting() == 1


@pytest.mark.parametrize("people", [1, 12])
def test_newcomers_alone_hide_nothing_however_many(house: Builders, people: int) -> None:
    post = comment(house)
    for _ in range(people):
        reporting.report(house.customer(), post, "spam")
    assert post.hidden_at is None
    assert reported.weigh(reported.open_about(post)) <= thresholds.NEWCOMERS_TOGETHER


def test_one_person_alone_hides_nothing(house: Builders) -> None:
    post = comment(house)
    reporting.report(house.executive(), post, "spam")
    assert reported.weigh(reported.open_about(post)) >= thresholds.HIDE_FROM
    assert post.hidden_at is None


def test_trusted_readers_weigh_more(house: Builders) -> None:
    post = comment(house)
    for published in (50, 5):
        reporting.report(known(house, published), post, "spam")
    assert post.hidden_at is not None


@pytest.mark.parametrize("what", ["answer", "staff comment", "staff topic"])
def test_what_the_bank_says_is_never_hidden_by_itself(house: Builders, what: str) -> None:
    topic = house.question()
    if what == "answer":
        thing: Any = house.answer(topic)
    elif what == "staff comment":
        thing = house.comment(topic, author=house.executive())
    else:
        thing = house.question(asker=house.executive())
    for _ in range(9):
        reporting.report(known(house), thing, "insult")
    session.expire_all()
    assert thing.hidden_at is None
    assert reported.waiting() == 1


# ------------------------------------------------------------------------------------- deciding


def test_agreeing_with_what_is_hidden_lets_its_author_appeal(
    house: Builders, new_browser: Callable[[], Browser], work: Callable[[], None]
) -> None:
    post, manager = comment(house), house.manager()
    for _ in range(3):
        reporting.report(known(house), post, "insult")
    first = session.scalars(select(Act)).one()
    author = new_browser().sign_in(post.author)
    # Nobody has decided yet: there is nothing to appeal against.
    assert author.get(f"/removals/{first.id}").status_code == 404
    reporting.agree(manager, post, "Оскорбление")
    second = session.scalars(select(Act).order_by(Act.id.desc()).limit(1)).one()
    assert (second.by_id, second.name) == (manager.id, "hide_post")
    assert author.get(f"/removals/{second.id}").status_code == 200
    assert trust.standing(post.author).upheld == 1
    work()
    kinds = [letter.kind for letter in session.scalars(select(Letter))]
    assert kinds.count("post_hidden") == 2
    assert kinds.count("report_decided") == 3


def test_nobody_removes_alone_what_they_answer_for(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    own = house.manager()
    topic = house.question(category=house.category(owner=own))
    other = house.manager()
    for _ in range(3):
        reporting.report(known(house), topic, "off_topic")
    session.expire_all()
    browser = new_browser().sign_in(own)
    refused = browser.post(
        f"/manage/reports/topic/{topic.id}/agreement", {"reason": "Не по теме", "seen": ""}
    )
    assert refused.status_code == 422
    assert other.name in refused.text
    assert {report.state for report in session.scalars(select(Report))} == {"open"}
    with pytest.raises(acting.SecondPersonError):
        reporting.agree(own, topic, "Не по теме")
    reporting.agree(other, topic, "Не по теме")
    assert {report.state for report in session.scalars(select(Report))} == {"agreed"}


def test_whoever_reports_groundlessly_weighs_nothing_for_a_while(
    house: Builders, browser: Browser
) -> None:
    posts = [comment(house) for _ in range(2)]
    pest, manager = known(house, 50), house.manager()
    one = reporting.report(pest, posts[0], "spam")
    browser.sign_in(manager)
    assert browser.post(f"/manage/reports/{one.id}/ignored").status_code == 303
    assert one.state == "ignored"
    assert reporting.report(pest, posts[1], "spam").weight == 0
    later = clock.now() + thresholds.IGNORED_FOR + timedelta(days=1)
    with time_machine.travel(later):
        assert reported.weight_of(pest) == 4


def test_what_came_after_the_page_is_not_decided_by_it(house: Builders) -> None:
    post, manager = comment(house), house.manager()
    first = reporting.report(house.customer(), post, "spam")
    second = reporting.report(house.customer(), post, "personal_data")
    reporting.disagree(manager, post, up_to=first.id)
    assert (first.state, second.state) == ("disagreed", "open")
    with pytest.raises(reporting.AlreadyDecidedError):
        reporting.disagree(manager, post, up_to=first.id)


def test_two_who_decide_at_once_decide_once(house: Builders, browser: Browser) -> None:
    post = comment(house)
    reporting.report(house.customer(), post, "spam")
    browser.sign_in(house.manager())
    about = f"/manage/reports/post/{post.id}"
    assert browser.post(f"{about}/disagreement").status_code == 303
    assert browser.post(f"{about}/agreement", {"reason": "Спам"}).status_code == 303
    assert post.hidden_at is None


def test_only_moderators_see_and_decide(house: Builders, browser: Browser) -> None:
    post = comment(house)
    one = reporting.report(house.customer(), post, "spam")
    for person in (house.customer(), house.executive()):
        browser.sign_in(person)
        assert browser.get("/manage/reports").status_code == 404
        for act in (f"post/{post.id}/agreement", f"post/{post.id}/disagreement"):
            assert browser.post(f"/manage/reports/{act}", {"reason": "Спам"}).status_code == 404
        assert browser.post(f"/manage/reports/{one.id}/ignored").status_code == 404
    assert one.state == "open"


def test_facts_of_reports_carry_no_words(house: Builders) -> None:
    post = comment(house)
    reporting.report(house.customer(), post, "other", "Секретные слова")
    reporting.agree(house.manager(), post, "Тайная причина")
    names = {"ThingReported", "ReportsDecided"}
    facts = [f for f in session.scalars(select(Fact)) if f.name in names]
    assert {f.name for f in facts} == names
    assert not any("слова" in str(f.data) or "причина" in str(f.data) for f in facts)


def test_the_list_costs_the_same_however_long_it_is(
    house: Builders, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    browser.sign_in(house.manager())

    def cost(number: int) -> int:
        for _ in range(number):
            reporting.report(house.customer(), comment(house), "spam")
        browser.get("/manage/reports")
        with count_sql() as statements:
            assert browser.get("/manage/reports").status_code == 200
        return len(statements)

    assert cost(2) == cost(6)
