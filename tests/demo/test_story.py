"""The demo bank's story stays believable: keys resolve, times flow, nobody speaks out of turn."""

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.widget.origins import normal
from app.widget.pages import masked

STORY = Path(__file__).parents[2] / "app" / "commands" / "story"
KINDS = {"question", "idea", "problem", "praise"}
STATES = {"under_consideration", "planned", "done", "declined"}
ROLES = {"customer", "delegate", "executive", "community_manager", "administrator"}
PROMISE = timedelta(hours=24)
DURATION = re.compile(r"(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?")
LINK = re.compile(r"\(topic:([^)]*)\)")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
LONG_NUMBER = re.compile(r"\+?\d(?:[ ()\N{NO-BREAK SPACE}-]{0,2}\d){8,}")
ACTS = {
    "accepted": set(),
    "reopened": {"text"},
    "state": {"to", "note"},
    "moved": {"to", "reason"},
    "pinned": {"reason"},
    "closed": {"reason"},
    "hidden": {"reason"},
}


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((STORY / name).read_text(encoding="utf-8"))


def span(words: str) -> timedelta:
    match = DURATION.fullmatch(words)
    assert match, words
    assert words.strip(), "an empty duration"
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


@dataclass(frozen=True)
class Happening:
    """A post or an act of a topic, at its delay after the opening."""

    after: timedelta
    what: str
    who: str
    more: dict[str, Any]


BANK = read("bank.toml")
FOLK = read("people.toml")
PEOPLE = {person["key"]: person for person in FOLK["people"]}
CATEGORIES = {category["slug"]: category for category in FOLK["categories"]}
FILES = sorted((STORY / "topics").glob("*.toml"))
TOPICS = [topic for file in FILES for topic in read(f"topics/{file.name}")["topic"]]
BY_KEY = {topic["key"]: topic for topic in TOPICS}
CUSTOMERS = [
    key
    for key, person in PEOPLE.items()
    if person["roles"] == ["customer"] and person.get("active", True)
]
each_topic = pytest.mark.parametrize("topic", TOPICS, ids=[topic["key"] for topic in TOPICS])


def happenings(topic: dict[str, Any]) -> list[Happening]:
    posts = [
        Happening(span(post["after"]), post["kind"], post["author"], post)
        for post in topic.get("post", [])
    ]
    acts = [
        Happening(span(act["after"]), act["act"], act["by"], act) for act in topic.get("act", [])
    ]
    return sorted(posts + acts, key=lambda happening: happening.after)


def officials(slug: str) -> set[str]:
    category = CATEGORIES[slug]
    return {category["owner"], category["deputy"], *category["delegates"]}


def first_answer(topic: dict[str, Any]) -> timedelta | None:
    return next((h.after for h in happenings(topic) if h.what == "answer"), None)


def asked_back(topic: dict[str, Any]) -> bool:
    return any(h.what == "clarification" for h in happenings(topic))


def final_state(topic: dict[str, Any]) -> str:
    states = [h.more["to"] for h in happenings(topic) if h.what == "state"]
    return states[-1] if states else "new"


def texts_of(topic: dict[str, Any]) -> list[str]:
    inner = [
        h.more.get(field, "") for h in happenings(topic) for field in ("text", "note", "reason")
    ]
    return [topic["title"], topic["body"], *inner]


def test_the_bank_speaks_its_three_languages() -> None:
    bank = BANK["bank"]
    assert bank["languages"] == ["ru", "uk", "en"]
    assert bank["locale"] in bank["languages"]
    for texts in (bank["welcome"], bank["taglines"], *BANK["footer"]):
        assert all(texts[language].strip() for language in bank["languages"])
    assert (STORY / bank["logo"]).read_text(encoding="utf-8").startswith("<svg")
    for colour in (bank["primary"], bank["accent"]):
        assert re.fullmatch(r"#[0-9A-F]{6}", colour)


def test_people_are_told_apart() -> None:
    everybody = FOLK["people"]
    assert len(PEOPLE) == len(everybody)
    for field in ("name", "email"):
        assert len({person[field].casefold() for person in everybody}) == len(everybody)
    for person in everybody:
        assert set(person["roles"]) <= ROLES
        assert person["locale"] in BANK["bank"]["languages"]
        assert re.fullmatch(r"[a-z0-9.]+@demo\.example", person["email"])
        if person["roles"] != ["customer"]:
            assert person["post"]
    roles = Counter(role for person in everybody for role in person["roles"])
    assert roles["executive"] == 8
    assert roles["community_manager"] == roles["administrator"] == 1
    assert 25 <= len(CUSTOMERS) <= 30


def test_the_faces_are_drawn() -> None:
    faces = [
        person
        for person in PEOPLE.values()
        if {"executive", "community_manager"} & {*person["roles"]}
    ]
    for person in faces:
        picture = STORY / "portraits" / person["portrait"]
        assert picture.stem == person["key"]
        head = picture.read_bytes()[:16]
        assert (head[:4], head[8:12]) == (b"RIFF", b"WEBP")
        drawing = picture.with_suffix(".svg").read_text(encoding="utf-8")
        assert 'viewBox="0 0 512 512"' in drawing
        assert "<text" not in drawing
        assert "<image" not in drawing
        assert person["about"].count(". ") + person["about"].count("? ") >= 1


def test_every_category_has_its_people() -> None:
    assert len(CATEGORIES) == len(FOLK["categories"]) == 9
    assert sorted(category["order"] for category in CATEGORIES.values()) == list(range(1, 10))
    for slug, category in CATEGORIES.items():
        owner, deputy = PEOPLE[category["owner"]], PEOPLE[category["deputy"]]
        assert "executive" in owner["roles"]
        assert "executive" in deputy["roles"]
        assert owner is not deputy
        assert all(PEOPLE[key]["roles"] == ["delegate"] for key in category["delegates"])
        assert (STORY / "topics" / f"{slug}.toml").exists()
    owners = {category["owner"] for category in CATEGORIES.values()}
    assert owners == {k for k, person in PEOPLE.items() if "executive" in person["roles"]}


def test_the_community_is_large_and_varied() -> None:
    assert len(TOPICS) == len(BY_KEY) >= 66
    kinds = Counter(topic["kind"] for topic in TOPICS)
    assert set(kinds) == KINDS
    assert min(kinds.values()) >= 8
    languages = Counter(topic["language"] for topic in TOPICS)
    assert languages["uk"] >= 8
    assert languages["en"] >= 6
    assert languages["ru"] >= 45
    assert {topic["category"] for topic in TOPICS} == set(CATEGORIES)
    asked = Counter(topic["asker"] for topic in TOPICS)
    assert set(asked) >= set(CUSTOMERS), "somebody never asks"
    recent = [topic for topic in TOPICS if span(topic["ago"]) <= timedelta(days=14)]
    assert len(recent) >= len(TOPICS) / 4
    assert max(span(topic["ago"]) for topic in TOPICS) <= timedelta(days=121)


def test_ideas_stand_in_every_state() -> None:
    ideas = Counter(final_state(topic) for topic in TOPICS if topic["kind"] == "idea")
    assert set(ideas) == STATES | {"new"}
    assert min(ideas.values()) >= 2


def test_one_promise_is_broken_and_five_still_run() -> None:
    silent = [
        topic
        for topic in TOPICS
        if topic["kind"] != "praise" and first_answer(topic) is None and not asked_back(topic)
    ]
    left = sorted(PROMISE - span(topic["ago"]) for topic in silent)
    assert left == [
        timedelta(hours=-5),
        timedelta(minutes=40),
        timedelta(hours=4),
        timedelta(hours=11),
        timedelta(hours=19),
        timedelta(hours=22),
    ]
    late = [topic for topic in TOPICS if (first_answer(topic) or PROMISE) > PROMISE]
    assert 1 <= len(late) <= 2


def test_somebody_is_asked_back_and_somebody_waits_for_news() -> None:
    assert sum(asked_back(topic) for topic in TOPICS) == 1
    [(ago, news)] = [
        (span(topic["ago"]), h)
        for topic in TOPICS
        for h in happenings(topic)
        if h.what == "holding"
    ]
    assert news.after + span(news.more["news_in"]) > ago, "the day has not come yet"


def test_somebody_is_away_and_somebody_stands_in() -> None:
    for absence in FOLK["absences"]:
        owners = {category["owner"] for category in CATEGORIES.values()}
        assert absence["person"] in owners
        assert absence["substitute"] in owners - {absence["person"]}
        assert span(absence["since"]) > timedelta(0) < span(absence["until"])


def test_a_question_said_to_be_unsolved_is_answered_in_time_again() -> None:
    reopened = 0
    for topic in TOPICS:
        line = happenings(topic)
        for at, happening in enumerate(line):
            if happening.what == "reopened":
                reopened += 1
                assert any(before.what == "answer" for before in line[:at])
                second = next(later for later in line[at:] if later.what == "answer")
                assert second.after - happening.after <= PROMISE
    assert reopened >= 3


def test_the_moderator_acted_and_said_why() -> None:
    acts = Counter(act["act"] for topic in TOPICS for act in topic.get("act", []))
    assert all(acts[act] == 1 for act in ("moved", "pinned", "closed", "hidden"))


@each_topic
def test_a_topic_is_whole(topic: dict[str, Any]) -> None:
    assert set(topic) <= {
        *("key", "kind", "category", "asker", "language", "title", "body", "ago", "tags"),
        *("votes", "followers", "post", "act"),
    }
    assert topic["kind"] in KINDS
    assert topic["language"] in BANK["bank"]["languages"]
    assert 8 <= len(topic["title"]) <= 120
    assert all(text.strip() for text in (topic["title"], topic["body"]))
    assert PEOPLE[topic["asker"]]["roles"] == ["customer"]
    assert 2 <= len(topic["tags"]) == len(set(topic["tags"])) <= 3
    assert set(topic["tags"]) <= set(BANK["tags"])
    votes, followers = topic["votes"], topic["followers"]
    if isinstance(votes, int):
        assert 0 <= votes < len(CUSTOMERS)
    else:
        assert len(votes) == len(set(votes))
        assert set(votes) <= set(CUSTOMERS) - {topic["asker"]}
    assert set(followers) <= set(PEOPLE) - {topic["asker"]}


@each_topic
def test_everybody_keeps_to_their_part(topic: dict[str, Any]) -> None:
    slug, accepted, answered = topic["category"], False, False
    for happening in happenings(topic):
        roles = PEOPLE[happening.who]["roles"]
        match happening.what:
            case "answer":
                assert topic["kind"] != "praise"
                assert happening.who in officials(slug)
                answered = True
            case "clarification" | "holding":
                assert happening.who in officials(slug)
            case "comment":
                assert PEOPLE[happening.who].get("active", True)
            case "accepted" | "reopened":
                assert topic["kind"] in {"question", "problem"}
                assert happening.who == topic["asker"]
                assert answered
                assert not accepted
                accepted = happening.what == "accepted"
            case "state":
                assert topic["kind"] == "idea"
                assert happening.more["to"] in STATES
                assert happening.who in officials(slug)
            case "moved":
                assert roles == ["community_manager"]
                assert happening.more["to"] in set(CATEGORIES) - {slug}
                slug = happening.more["to"]
            case _:
                assert roles == ["community_manager"]
        if happening.what in ACTS:
            assert set(happening.more) == {"act", "by", "after"} | ACTS[happening.what]
        else:
            more = set(happening.more) - {"news_in", "wants_answer"}
            assert more == {"author", "kind", "after", "text"}
            assert "news_in" not in happening.more or happening.what == "holding"
    states = [h.more["to"] for h in happenings(topic) if h.what == "state"]
    order = ["under_consideration", "planned", "done"]
    forward = [order.index(state) for state in states if state != "declined"]
    assert forward == sorted(set(forward))


@each_topic
def test_time_flows_one_way(topic: dict[str, Any]) -> None:
    line = happenings(topic)
    moments = [happening.after for happening in line]
    assert len(moments) == len(set(moments)), "two things at one instant"
    assert all(timedelta(0) < moment < span(topic["ago"]) for moment in moments)
    for part in ("post", "act"):
        written = [span(entry["after"]) for entry in topic.get(part, [])]
        assert written == sorted(written)


@each_topic
def test_links_lead_to_the_past(topic: dict[str, Any]) -> None:
    opened = span(topic["ago"])
    said = [(opened, topic["body"])]
    said += [
        (opened - h.after, h.more.get(field, ""))
        for h in happenings(topic)
        for field in ("text", "note", "reason")
    ]
    for ago, text in said:
        for key in LINK.findall(text):
            assert span(BY_KEY[key]["ago"]) > ago, key


@each_topic
def test_nobody_is_exposed(topic: dict[str, Any]) -> None:
    for text in texts_of(topic):
        assert all(found.endswith("@demo.example") for found in EMAIL.findall(text))
        assert not LONG_NUMBER.search(text), text


@each_topic
def test_the_bank_keeps_its_voice(topic: dict[str, Any]) -> None:
    for happening in happenings(topic):
        if PEOPLE[happening.who]["roles"] == ["customer"]:
            continue
        words = " ".join(happening.more.get(field, "") for field in ("text", "note", "reason"))
        assert "горяч" not in words
        assert "обратитесь" not in words.casefold()
        assert "!" not in words
        assert not re.search(r"(?<![.?:>\n»*—-])[ ](Вы|Вам|Вас|Ваш\w*)\b", words), words


def test_the_guards_can_fail() -> None:
    assert LONG_NUMBER.search("карта 4111 1111 1111 1111")
    assert LONG_NUMBER.search("звоните +7 (900) 123-45-67")
    assert not LONG_NUMBER.search("осталось 1 200 000 на 14 лет")
    assert EMAIL.findall("пишите на x.y@bank.example.com") == ["x.y@bank.example.com"]
    assert LINK.findall("[история](topic:a-b)") == ["a-b"]
    with pytest.raises(AssertionError):
        span("two days")


def test_the_bank_s_site_is_one_and_leads_to_its_categories() -> None:
    for site in read("widget.toml")["site"]:
        assert re.fullmatch(r"[\w-]{10,22}", site["key"])
        assert [normal(origin) for origin in site["origins"]] == site["origins"]
        assert {site["category"], *site["places"].values()} <= CATEGORIES.keys()
        for used in site["uses"]:
            assert masked(used["page"]) == used["page"]
            assert used["helped"] <= used["searched"] <= used["opened"]
