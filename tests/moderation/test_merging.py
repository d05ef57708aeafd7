"""Merging on its pages: finding the other topic, what stands where, and how it is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from app.core.db import session
from app.moderation import service
from app.moderation.models import Act
from app.notify import queries as following
from app.notify import service as notify
from app.notify.letters import compose
from app.notify.models import Letter
from app.topics import service as topics
from app.topics.models import Tag, Vote

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from app.topics.models import Category, Topic
    from tests.builders import Builders
    from tests.conftest import Browser

REASON = "Об этом уже спросили."


@pytest.fixture
def cards(house: Builders) -> Category:
    house.brand()
    return house.category(name="Карты", owner=house.executive(name="Ольга Карпова"))


@pytest.fixture
def person(house: Builders) -> Person:
    return house.manager(name="Нина Порядок")


@pytest.fixture
def manager(browser: Browser, person: Person) -> Browser:
    return browser.sign_in(person)


@pytest.fixture
def topic(house: Builders, cards: Category) -> Topic:
    return house.question(category=cards, title="Карту не берут в метро", tags=["метро"])


@pytest.fixture
def into(house: Builders, cards: Category) -> Topic:
    return house.question(category=cards, title="Турникет не читает карту", tags=["метро"])


def page_of(topic: Topic) -> str:
    return f"/topics/{topic.id}"


def form_of(topic: Topic) -> str:
    return f"/topics/{topic.id}/moderation/merge"


def send(browser: Browser, topic: Topic, into: Topic, **fields: str) -> Any:
    return browser.post(form_of(topic), {"into": str(into.id), "reason": REASON, **fields})


def voters(topic: Topic) -> set[int]:
    return set(session.scalars(select(Vote.person_id).where(Vote.topic_id == topic.id)))


# ————— who may


@pytest.mark.parametrize("role", ["customer", "executive"])
def test_only_managers_merge(
    house: Builders, browser: Browser, topic: Topic, into: Topic, role: str
) -> None:
    browser.sign_in(house.person(role))
    assert form_of(topic) not in browser.get(page_of(topic)).text
    assert browser.get(form_of(topic)).status_code == 404
    assert send(browser, topic, into).status_code == 404
    assert topic.merged_into_id is None


def test_guests_are_asked_to_sign_in(browser: Browser, topic: Topic, into: Topic) -> None:
    assert send(browser, topic, into).location.startswith("/sign-in")
    assert topic.merged_into_id is None


# ————— finding the other one


@pytest.mark.parametrize(
    "typed", ["{id}", "#{id}", "/topics/{id}", "http://otklik.test/topics/{id}"]
)
def test_the_other_is_found_by_its_number_or_link(
    manager: Browser, topic: Topic, into: Topic, typed: str
) -> None:
    page = manager.get(form_of(topic), query_string={"q": typed.format(id=into.id)}).text
    assert f'name="into" value="{into.id}"' in page
    assert 'name="reason"' in page


def test_a_link_to_elsewhere_names_no_topic(manager: Browser, topic: Topic, into: Topic) -> None:
    typed = f"https://evil.example/topics/{into.id}"
    assert 'name="reason"' not in manager.get(form_of(topic), query_string={"q": typed}).text


@pytest.mark.parametrize("typed", ["турникет", "Турникета КАРТА", "карту  не читает"])
def test_the_other_is_found_by_words_of_its_title(
    manager: Browser, topic: Topic, into: Topic, typed: str
) -> None:
    page = manager.get(form_of(topic), query_string={"q": typed}).text
    assert f"{form_of(topic)}?into={into.id}" in page
    assert f"into={topic.id}&" not in page


def test_what_cannot_be_meant_is_not_offered(
    house: Builders, manager: Browser, topic: Topic, into: Topic, person: Person
) -> None:
    service.close(person, into, "Хватит.")
    page = manager.get(form_of(topic), query_string={"q": "турникет"}).text
    assert f"into={into.id}" not in page
    assert 'role="status"' in page
    assert manager.get(form_of(topic), query_string={"q": "%"}).status_code == 200
    assert manager.get(form_of(topic), query_string={"q": "9" * 30}).status_code == 200


def test_similar_topics_are_offered_unasked(
    house: Builders, manager: Browser, cards: Category, work: Callable[[], None]
) -> None:
    topic = house.question(category=cards, title="Почему карта не работает в метро?")
    like = house.question(category=cards, title="Почему карта не работает в метро утром?")
    work()
    page = manager.get(form_of(topic)).text
    assert f"{form_of(topic)}?into={like.id}" in page


# ————— what it does


def test_a_merged_topic_stays_to_be_read_and_leads_to_the_other(
    manager: Browser, new_browser: Callable[[], Browser], topic: Topic, into: Topic
) -> None:
    assert send(manager, topic, into).location == page_of(topic)
    page = new_browser().get(f"{page_of(topic)}?stay=1")
    assert page.status_code == 200
    assert f'href="{page_of(into)}"' in page.text
    assert f'<link rel="canonical" href="http://otklik.test{page_of(into)}">' in page.text
    assert '<meta name="robots" content="noindex">' in page.text
    assert REASON in page.text
    assert 'name="body"' not in page.text
    there = new_browser().get(page_of(into)).text
    assert f'<a href="{page_of(topic)}?stay=1">' in there
    assert "noindex" not in there


def test_its_address_leads_everybody_on_but_the_asker_and_the_bank_s_people(
    house: Builders, person: Person, new_browser: Callable[[], Browser], topic: Topic, into: Topic
) -> None:
    comment = house.comment(topic)
    service.merge(person, topic, into, REASON)
    for reader in (None, house.customer(), into.asker):
        browser = new_browser().sign_in(reader) if reader else new_browser()
        assert browser.get(page_of(topic)).location == page_of(into)
        reply = browser.get(f"{page_of(topic)}/posts/{comment.seq}").location
        assert reply == f"{page_of(topic)}?stay=1#post-{comment.seq}"
    for reader in (topic.asker, person, topic.category.owner):
        assert new_browser().sign_in(reader).get(page_of(topic)).status_code == 200
    service.hide(house.manager(), into, "Нельзя")
    assert new_browser().get(page_of(topic)).status_code == 200


def test_lists_feeds_and_the_sitemap_leave_it_out(
    manager: Browser, new_browser: Callable[[], Browser], topic: Topic, into: Topic
) -> None:
    guest, asker = new_browser(), topic.asker
    places = ["/", "/?view=popular", f"/categories/{topic.category.slug}", "/feed.atom"]
    places += ["/tags/метро", "/sitemap-1.xml"]
    for place in places:
        assert (
            f"{page_of(topic)}<" in guest.get(place).text
            or f'{page_of(topic)}"' in guest.get(place).text
        ), place
    send(manager, topic, into)
    for place in places:
        shown = guest.get(place).text
        assert f'{page_of(topic)}"' not in shown, place
        assert f"{page_of(topic)}<" not in shown, place
    assert f'{page_of(topic)}"' in guest.get(f"/people/{asker.id}").text


def test_search_finds_the_one_that_is_left(
    manager: Browser, new_browser: Callable[[], Browser], topic: Topic, into: Topic, work: Any
) -> None:
    work()
    assert f'{page_of(topic)}"' in new_browser().get("/search?q=карту").text
    send(manager, topic, into)
    work()
    found = new_browser().get("/search?q=карту").text
    assert f'{page_of(topic)}"' not in found
    assert f'{page_of(into)}"' in found


def test_counts_leave_it_out_and_take_it_back(
    topic: Topic, into: Topic, person: Person, cards: Category
) -> None:
    tag = session.scalars(select(Tag).where(Tag.name == "метро")).one()
    counts = lambda: (cards.topics_count, tag.topics_count)  # noqa: E731
    session.refresh(cards), session.refresh(tag)
    assert counts() == (2, 2)
    service.merge(person, topic, into, REASON)
    session.refresh(cards), session.refresh(tag)
    assert counts() == (1, 1)
    service.hide(person, topic, "Телефон в тексте.")
    service.restore(person, topic, "Убрали.")
    topics.retag(topic, ["метро", "турникет"])
    session.refresh(cards), session.refresh(tag)
    assert counts() == (1, 1)
    service.unmerge(person, topic, "Разные вещи.")
    session.refresh(cards), session.refresh(tag)
    assert counts() == (2, 2)


def test_everybody_who_has_the_same_counts_once(
    house: Builders, topic: Topic, into: Topic, person: Person
) -> None:
    both, one, other = house.customer(), house.customer(), house.customer()
    topics.vote(both, topic)
    topics.vote(both, into)
    topics.vote(one, topic)
    topics.vote(other, into)
    topics.vote(into.asker, topic)
    service.merge(person, topic, into, REASON)
    assert voters(into) == {both.id, one.id, other.id, topic.asker_id}
    assert into.votes_count == 4
    service.unmerge(person, topic, "Разные вещи.")
    assert voters(into) == {both.id, other.id}
    assert (into.votes_count, topic.votes_count) == (2, 3)


def test_votes_of_a_third_topic_stay_when_one_is_parted(
    house: Builders, topic: Topic, into: Topic, person: Person, cards: Category
) -> None:
    third, voter = house.question(category=cards), house.customer()
    for each in (topic, third):
        topics.vote(voter, each)
        service.merge(person, each, into, REASON)
    service.unmerge(person, topic, "Разные вещи.")
    assert voters(into) == {voter.id, third.asker_id}
    assert into.votes_count == 2
    service.unmerge(person, third, "Разные вещи.")
    assert (voters(into), into.votes_count) == (set(), 0)


def test_who_voted_there_meanwhile_keeps_the_vote(
    house: Builders, topic: Topic, into: Topic, person: Person
) -> None:
    voter = house.customer()
    topics.vote(voter, topic)
    service.merge(person, topic, into, REASON)
    topics.withdraw_vote(voter, into)
    topics.vote(voter, into)
    service.unmerge(person, topic, "Разные вещи.")
    assert voters(into) == {voter.id}


def test_the_asker_follows_the_other_and_is_told_with_a_link(
    topic: Topic, into: Topic, person: Person, work: Callable[[], None]
) -> None:
    service.merge(person, topic, into, REASON)
    assert following.is_following(topic.asker, into)
    work()
    letters = session.scalars(select(Letter).where(Letter.kind == "moderated")).all()
    assert [letter.person_id for letter in letters] == [topic.asker_id]
    text = compose(letters[0]).get_body(("plain",)).get_content()
    assert into.title in text
    assert f"http://otklik.test{page_of(into)}" in text
    assert REASON in text


def test_who_said_no_to_letters_is_not_made_to_follow(
    house: Builders, topic: Topic, into: Topic, person: Person
) -> None:
    fan, quiet = house.customer(), house.customer()
    notify.follow(fan, topic)
    notify.follow(quiet, topic)
    notify.follow(quiet, into)
    notify.unfollow(quiet, into)
    service.merge(person, topic, into, REASON)
    assert following.is_following(fan, into)
    assert not following.is_following(quiet, into)
    service.unmerge(person, topic, "Разные вещи.")
    assert not following.is_following(fan, into)
    assert not following.is_following(topic.asker, into)
    assert following.is_following(fan, topic)


# ————— what is refused


def test_what_cannot_be_is_said_and_nothing_is_done(
    house: Builders, manager: Browser, person: Person, topic: Topic, into: Topic, cards: Category
) -> None:
    def refused(into: Topic) -> str:
        answer = send(manager, topic, into)
        assert answer.status_code == 422
        assert topic.merged_into_id is None
        return answer.text

    assert refused(topic)
    closed, hidden = house.question(category=cards), house.question(category=cards)
    service.close(person, closed, "Хватит.")
    service.hide(person, hidden, "Нельзя.")
    assert 'name="reason"' not in refused(closed)
    assert 'name="reason"' not in refused(hidden)
    gone = house.question(category=cards)
    service.merge(person, gone, into, REASON)
    assert f"into={into.id}" in refused(gone)
    assert acts("merge") == 1


def acts(name: str) -> int:
    query = select(func.count()).select_from(Act).where(Act.name == name)
    return session.scalar(query) or 0


def test_what_others_were_merged_into_does_not_go(
    house: Builders, topic: Topic, into: Topic, person: Person, cards: Category
) -> None:
    service.merge(person, topic, into, REASON)
    with pytest.raises(service.CannotMergeError) as refused:
        service.merge(person, into, house.question(category=cards), REASON)
    assert refused.value.why == "joined"


def test_twice_is_once(manager: Browser, topic: Topic, into: Topic) -> None:
    send(manager, topic, into)
    assert send(manager, topic, into).status_code == 303
    assert acts("merge") == 1


def test_a_reason_is_needed_and_what_was_typed_is_kept(
    manager: Browser, topic: Topic, into: Topic
) -> None:
    answer = send(manager, topic, into, reason="да")
    assert answer.status_code == 422
    assert 'value="да"' in answer.text
    assert topic.merged_into_id is None


def test_a_merged_topic_is_not_opened_moved_or_spam_but_parted(
    house: Builders, manager: Browser, topic: Topic, into: Topic
) -> None:
    send(manager, topic, into)
    page = manager.get(page_of(topic)).text
    for act in ("move", "unlock", "spam", "merge"):
        assert f"/moderation/{act}" not in page
    tools = f"/topics/{topic.id}/moderation"
    other = house.category()
    for act in ("unlock", "spam", "move"):
        sent = {"reason": REASON, "category_id": str(other.id)}
        assert manager.post(f"{tools}/{act}", sent).status_code == 422
    assert f"{tools}/unmerge" in page
    assert manager.post(f"{tools}/unmerge", {"reason": "Разные вещи."}).status_code == 303
    assert (topic.merged_into_id, topic.closed_at) == (None, None)
    assert manager.post(f"{tools}/unmerge", {"reason": "Ещё раз."}).status_code == 422


def test_what_was_closed_before_is_closed_again(topic: Topic, into: Topic, person: Person) -> None:
    service.close(person, topic, "Хватит.")
    closed_at = topic.closed_at
    service.merge(person, topic, into, REASON)
    service.unmerge(person, topic, "Разные вещи.")
    assert topic.closed_at == closed_at


# ————— into what is answered already


def test_one_line_answers_what_else_would_never_be_answered(
    house: Builders, browser: Browser, person: Person
) -> None:
    house.brand()
    cards = house.category(deputy=person)
    topic, into = house.question(category=cards), house.question(category=cards)
    house.answer(into)
    browser.sign_in(person)
    form = browser.get(form_of(topic), query_string={"into": into.id}).text
    assert f"http://otklik.test{page_of(into)}" in form
    assert send(browser, topic, into, answer="").status_code == 422
    assert topic.merged_into_id is None
    said = f"Ответили здесь: http://otklik.test{page_of(into)}"
    assert send(browser, topic, into, answer=said).status_code == 303
    assert (topic.answers_count, topic.state, topic.merged_into_id) == (1, "answered", into.id)
    assert "Ответили здесь" in browser.get(page_of(topic)).text


def test_who_may_not_answer_there_is_told_whom_to_ask(
    house: Builders, manager: Browser, topic: Topic, into: Topic
) -> None:
    house.answer(into)
    form = manager.get(form_of(topic), query_string={"into": into.id}).text
    assert "Ольга Карпова" in form
    assert 'name="reason"' not in form
    assert send(manager, topic, into, answer="Ответили там.").status_code == 422
    assert (topic.merged_into_id, topic.answers_count) == (None, 0)


# ————— what it is told in


def test_both_stories_tell_it_and_nobody_learns_of_what_is_hidden(
    new_browser: Callable[[], Browser], topic: Topic, into: Topic, person: Person
) -> None:
    service.merge(person, topic, into, REASON)
    service.unmerge(person, topic, "Разные вещи.")
    for each, other in ((topic, into), (into, topic)):
        story = new_browser().get(page_of(each)).text.split('id="story"')[1]
        story = story.split('id="comments"')[0]
        assert story.count(other.title) == 2
        assert REASON in story
    service.merge(person, topic, into, REASON)
    service.hide(person, into, "Нельзя.")
    assert into.title not in new_browser().get(page_of(topic)).text


def test_lists_cost_the_same_with_and_without_merged_topics(
    house: Builders,
    person: Person,
    cards: Category,
    new_browser: Callable[[], Browser],
    count_sql: Callable[[], Any],
) -> None:
    guest, into = new_browser(), house.question(category=cards)
    others = [house.question(category=cards) for _ in range(4)]

    def cost(place: str) -> int:
        with count_sql() as statements:
            assert guest.get(place).status_code == 200
        return len(statements)

    places = ["/", f"/categories/{cards.slug}"]
    for place in places:
        cost(place)
    before = [cost(place) for place in places]
    for each in others[:2]:
        service.merge(person, each, into, REASON)
    assert [cost(place) for place in places] == before
