"""Playing the demo bank's story: the files of `story/`, told through the real services.

Everything happens in the order of its instants, so a text may link to any earlier topic and every
promise is made, kept or broken by the same rules as a customer's.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.accounts import service as accounts
from app.accounts.models import Absence, Person
from app.brand.models import Brand
from app.commands import showing
from app.core.db import session
from app.core.events import Fact
from app.ideas import service as ideas
from app.media import images
from app.media import service as media
from app.moderation import service as moderation
from app.notify.models import Follow
from app.topics import service as topics
from app.topics.events import VoteCast
from app.topics.models import Category, Topic, Vote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STORY = Path(__file__).parent / "story"
ROLES = {
    "customer": "customer",
    "delegate": "executive",
    "executive": "executive",
    "community_manager": "manager",
    "administrator": "administrator",
}
_DURATION = re.compile(r"(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?")
_LINK = re.compile(r"\(topic:([^)]+)\)")


def read(name: str) -> dict[str, Any]:
    """One file of the story."""
    return tomllib.loads((STORY / name).read_text(encoding="utf-8"))


def duration(words: str) -> timedelta:
    """`"3d 4h 12m"` as a span of time."""
    match = _DURATION.fullmatch(words.strip())
    if match is None or not words.strip():
        raise ValueError(words)
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


@dataclass(frozen=True)
class Step:
    """Something that somebody did, and how to do it again."""

    at: datetime
    who: str
    play: Callable[[], object]


@dataclass
class Storyteller:
    """Plays the story so that it ends at `now`; `password` opens every account."""

    now: datetime
    password: str
    people: dict[str, Person] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folk = read("people.toml")
        files = sorted((STORY / "topics").glob("*.toml"))
        self.script = [t for f in files for t in read(f"topics/{f.name}")["topic"]]
        self.steps = sorted(
            (step for topic in self.script for step in self._steps(topic)), key=lambda s: s.at
        )

    def __len__(self) -> int:
        return len(self.steps)

    def tell(self) -> Iterator[Step]:
        """Play everything, one step at a time; the caller commits."""
        self._dress_the_bank()
        self._gather_the_people()
        self._open_the_categories()
        for step in self.steps:
            step.play()
            yield step
        self._send_on_leave()
        self._shut_out()
        self._put_up_the_widget()
        session.flush()

    # ————— before the first word

    def _dress_the_bank(self) -> None:
        told = read("bank.toml")
        bank = told["bank"]
        logo = (STORY / bank["logo"]).with_suffix(".webp").read_bytes()
        session.add(
            Brand(
                name=bank["name"],
                tagline=bank["tagline"],
                welcome=bank["welcome"],
                colour=bank["primary"].lower(),
                logo_id=media.store(images.process(logo)).id,
                footer_links=[
                    {"label": link[bank["locale"]], "url": link["url"]} for link in told["footer"]
                ],
                languages=bank["languages"],
                locale=bank["locale"],
                timezone=bank["time_zone"],
                mail_name=bank["mail_name"],
                mail_address=bank["mail_address"],
                changed_at=self.steps[0].at,
            )
        )

    def _gather_the_people(self) -> None:
        first_seen: dict[str, datetime] = {}
        for step in self.steps:
            first_seen.setdefault(step.who, step.at)
        opening = self.steps[0].at - timedelta(days=2)
        for told in self.folk["people"]:
            role = ROLES[told["roles"][0]]
            seen = first_seen.get(told["key"], opening) - timedelta(minutes=20)
            joined = seen if role == "customer" else opening
            person = Person(
                email=told["email"],
                role=role,
                post=told.get("post", ""),
                about=told.get("about", ""),
                locale=told["locale"],
                created_at=joined,
                confirmed_at=joined,
            )
            accounts.rename(person, told["name"])
            if not self.people:
                accounts.set_password(person, self.password)
            else:  # hashing is slow by intent; one hash will do for one password
                person.password_hash = next(iter(self.people.values())).password_hash
            session.add(person)
            self.people[told["key"]] = person
        session.flush()
        for told in self.folk["people"]:
            if "portrait" in told:
                drawing = (STORY / "portraits" / told["portrait"]).read_bytes()
                person = self.people[told["key"]]
                person.portrait = media.store(images.square(drawing), owner_id=person.id)

    def _open_the_categories(self) -> None:
        for told in self.folk["categories"]:
            self.categories[told["slug"]] = Category(
                slug=told["slug"],
                name=told["name"],
                description=told["description"],
                words=" ".join(self._words_of(told["slug"])),
                place=told["order"],
                owner=self.people[told["owner"]],
                deputy=self.people[told["deputy"]],
                delegates=[self.people[key] for key in told["delegates"]],
            )
        session.add_all(self.categories.values())
        session.flush()

    def _words_of(self, slug: str) -> list[str]:
        """The tags that are said here more often than in any other category."""
        said: dict[str, Counter[str]] = {}
        for topic in self.script:
            for tag in topic["tags"]:
                said.setdefault(tag, Counter())[topic["category"]] += 1
        return [tag for tag, where in said.items() if where.most_common(1)[0][0] == slug]

    # ————— what happens in one topic

    def _steps(self, told: dict[str, Any]) -> Iterator[Step]:
        opened = self.now - duration(told["ago"])
        ends = self.now
        yield Step(opened, told["asker"], partial(self._ask, told, opened))
        for post in told.get("post", []):
            at = opened + duration(post["after"])
            yield Step(at, post["author"], partial(self._reply, told["key"], post, at))
        for act in told.get("act", []):
            at = opened + duration(act["after"])
            yield Step(at, act["by"], partial(self._act, told["key"], act, at))
            if act["act"] in {"closed", "hidden"}:
                ends = min(ends, at)
        voters = list(self._voters(told))
        for number, key in enumerate(voters, start=1):
            # Most voices come soon after the opening, the last ones trickle in.
            at = opened + (ends - opened) * (number / (len(voters) + 1)) ** 2
            yield Step(at, key, partial(self._vote, told["key"], key, at))
        for number, key in enumerate(told["followers"], start=1):
            at = opened + (ends - opened) * number / (4 * (len(told["followers"]) + 1))
            yield Step(at, key, partial(self._follow, told["key"], key, at))

    def _voters(self, told: dict[str, Any]) -> Iterator[str]:
        votes = told["votes"]
        if not isinstance(votes, int):
            yield from votes
            return
        customers = (
            p["key"]
            for p in self.folk["people"]
            if p["roles"] == ["customer"] and p.get("active", True) and p["key"] != told["asker"]
        )
        yield from (key for key, _ in zip(customers, range(votes), strict=False))

    def _ask(self, told: dict[str, Any], at: datetime) -> None:
        words = topics.Words(
            told["kind"],
            told["title"],
            self._linked(told["body"]),
            self.categories[told["category"]],
            told["tags"],
        )
        topic = topics.ask(self.people[told["asker"]], words, at=at)
        topic.language = told["language"]
        self.topics[told["key"]] = topic
        self._follow(told["key"], told["asker"], at)

    def _reply(self, key: str, told: dict[str, Any], at: datetime) -> None:
        person, topic = self.people[told["author"]], self.topics[key]
        text = self._linked(told["text"])
        match told["kind"]:
            case "answer":
                topics.answer(person, topic, text, at=at)
            case "comment":
                wants_answer = told.get("wants_answer", False)
                topics.comment(person, topic, text, wants_answer=wants_answer, at=at)
            case "clarification":
                topics.ask_back(person, topic, text, at=at)
            case "holding":
                until = at + duration(told["news_in"]) if "news_in" in told else None
                topics.promise_news(person, topic, text, until, at=at)
            case other:
                raise ValueError(other)
        followed = session.get(Follow, (topic.id, person.id))
        if followed is not None:  # whoever takes part follows, from that moment on
            followed.at = min(followed.at, at)

    def _vote(self, key: str, who: str, at: datetime) -> None:
        # Two thirds of the story are votes: written as `topics.vote` writes them, but in batches.
        topic, person = self.topics[key], self.people[who]
        cast = VoteCast(topic.id, person.id)
        session.add_all(
            [
                Vote(topic_id=topic.id, person_id=person.id, at=at),
                Fact(
                    name=type(cast).__name__,
                    data=asdict(cast),
                    stream=f"topic:{topic.id}",
                    actor_id=person.id,
                    at=at,
                ),
            ]
        )
        topic.votes_count += 1

    def _follow(self, key: str, who: str, at: datetime) -> None:
        topic, person = self.topics[key], self.people[who]
        followed = session.get(Follow, (topic.id, person.id))
        if followed is None:
            session.add(Follow(topic_id=topic.id, person_id=person.id, at=at))
        else:
            followed.at = min(followed.at, at)

    def _act(self, key: str, told: dict[str, Any], at: datetime) -> None:
        topic, person = self.topics[key], self.people[told["by"]]
        reason = self._linked(told.get("reason", ""))
        match told["act"]:
            case "accepted":
                topics.accept(person, topic, at=at)
            case "reopened":
                text = self._linked(told["text"])
                topics.comment(person, topic, text, wants_answer=False, at=at)
                topics.dispute(person, topic, at=at)
            case "state":
                ideas.decide(person, topic, told["to"], self._linked(told["note"]), at=at)
            case "moved":
                moderation.move(person, topic, self.categories[told["to"]], reason, at=at)
            case "pinned":
                moderation.pin(person, topic, reason, at=at)
            case "closed":
                moderation.close(person, topic, reason, at=at)
            case "hidden":
                moderation.hide(person, topic, reason, at=at)
            case other:
                raise ValueError(other)

    def _linked(self, text: str) -> str:
        return _LINK.sub(lambda link: f"(/topics/{self.topics[link[1]].id})", text)

    # ————— after the last

    def _send_on_leave(self) -> None:
        for told in self.folk["absences"]:
            session.add(
                Absence(
                    person=self.people[told["person"]],
                    starts_at=self.now - duration(told["since"]),
                    ends_at=self.now + duration(told["until"]),
                    substitute=self.people[told["substitute"]],
                    made_at=self.now - duration(told["since"]),
                )
            )

    def _shut_out(self) -> None:
        last_seen = {step.who: step.at for step in self.steps}
        for told in self.folk["people"]:
            if not told.get("active", True):
                gone = last_seen.get(told["key"], self.now) + timedelta(hours=1)
                self.people[told["key"]].disabled_at = min(gone, self.now)

    def _put_up_the_widget(self) -> None:
        folk = self.folk["people"]
        by = next(self.people[p["key"]] for p in folk if "administrator" in p["roles"])
        showing.put_up(read("widget.toml"), by, self.categories, self.now.date())
