"""The rows of a bank of any size: who asks what, when, and what is answered. Chance with a seed.

The shape is that of a public forum of a bank: a third of all topics stand in one category, one
customer asked one in twenty, one tag stands under one in ten; topics are spread over eight years,
and the last hours' wait for an answer. The pile that waits is the same at all sizes, for it is what
a bank can work off in a day, whatever its past: who measures growth wants the past to grow.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from app.core.digests import digest, instant

YEARS = timedelta(days=8 * 365)
LATELY = timedelta(hours=30)
DAY = timedelta(hours=24)
CATEGORIES, MANAGERS, PILE = 40, 3, 400
# Posts to a topic, on average and in all.
POSTS = 4
RULES = 1_000_000  # no text of ours is ever rendered anew
KINDS = ("question",) * 70 + ("problem",) * 15 + ("idea",) * 12 + ("praise",) * 3
IDEAS = ("new",) * 2 + ("under_consideration", "planned", "done", "declined") * 2
WORDS = """
карта перевод комиссия кэшбэк лимит вклад процент ипотека кредит приложение вход пароль банкомат
отделение выписка справка доставка блокировка уведомление счёт валюта курс поездка платёж автоплатёж
возврат срок договор страховка карман копилка семья ребёнок бизнес эквайринг
terminal transfer statement card deposit limit branch password рахунок переказ картка
""".split()  # noqa: SIM905 (words are read as words)

COLUMNS = {
    "people": "id name skeleton email confirmed_at role post about letters origin created_at",
    "categories": "id slug name description words place owner_id gate topics_count",
    "tags": "id name topics_count",
    "pseudonyms": "person_id name",
    "topics": "id kind title body body_html rules language state category_id asker_id opened_at"
    " active_at responsible_id promised_at due_at kept_at is_awaiting at_risk_at first_answer_at"
    " answer_id solved_at votes_count answers_count comments_count last_seq pinned hidden_at"
    " closed_at merged_into_id",
    "posts": "id topic_id seq kind author_id signed_as body body_html rules language score"
    " published_at hidden_at accepted_at",
    "topic_tags": "topic_id tag_id",
    "votes": "topic_id person_id at",
    "follows": "topic_id person_id at",
    "promises": "id topic_id category_id kind cycle started_at target_s due_at at_risk_at pauses"
    " state fulfilled_at ended_at answer_id breached_at detected_at overdue_s overdue_wall_s took_s"
    " accountable_id attributed_to_id arm_no next_action_at",
    "clock_events": "topic_id type at data",
    "facts": "id name data stream actor_id at",
    "record": "seq id fact_id at actor role action object topic_id payload of_staff prev_hash hash",
}
# The tables that grow with the number of topics.
LARGE = tuple(COLUMNS)[4:]

Row = tuple[Any, ...]


@dataclass
class Chain:
    """The end of the record, and the number of the last fact."""

    fact_id: int
    seq: int
    hash: str


@dataclass
class Batch:
    """The rows of some topics, by table."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in LARGE})

    def __len__(self) -> int:
        """How many rows."""
        return sum(map(len, self.rows.values()))


@dataclass(frozen=True)
class Bank:
    """A bank with so many `topics`, the last of them asked at `newest`."""

    topics: int
    seed: int
    newest: datetime

    @property
    def pile(self) -> int:
        """How many topics wait for an answer."""
        return min(PILE, max(1, self.topics // 20))

    @property
    def customers(self) -> int:
        """How many people ask."""
        return max(100, self.topics // 10)

    @property
    def tags(self) -> int:
        """How many words topics are tied together by."""
        return min(2000, 20 + self.topics // 20)

    @property
    def first_customer(self) -> int:
        """The number of the one who asks most; those before work for the bank."""
        return 1 + MANAGERS + CATEGORIES + 1

    @cached_property
    def texts(self) -> list[str]:
        """A few thousand texts, from which all are taken."""
        chance = random.Random(self.seed)
        return [self._text(chance, chance.choice((12, 20, 35))) for _ in range(3000)]

    @staticmethod
    def _text(chance: random.Random, words: int) -> str:
        said = " ".join(chance.choices(WORDS, k=words))
        return f"{said.capitalize()}."

    def people(self) -> list[Row]:
        """Everybody: an administrator, managers, an executive a category, customers."""
        made = []
        for number in range(1, self.first_customer + self.customers):
            name = f"{WORDS[number % len(WORDS)].capitalize()} {letters(number)}"
            role, post = self.role(number)
            email, since = f"p{number}@bench.example", self.newest - YEARS
            origin = f"bench:{self.seed}:{self.topics}" if number == 1 else None
            made.append(
                (number, name, name.casefold(), email, since, role, post, "", "{}", origin, since)
            )
        # The marker of the fill remembers when the newest topic was asked.
        made[0] = (*made[0][:-1], self.newest)
        return made

    def role(self, number: int) -> tuple[str, str]:
        """Their role, and their post at the bank."""
        if number == 1:
            return "administrator", "Администратор"
        if number <= 1 + MANAGERS:
            return "manager", "Менеджер сообщества"
        return ("executive", "Директор") if number < self.first_customer else ("customer", "")

    def owner(self, category_id: int) -> int:
        """Who answers in a category."""
        return 1 + MANAGERS + category_id

    def categories(self) -> list[Row]:
        """The categories; how many topics they hold is counted at the end, and so are tags."""
        return [
            (n, f"c{n}", f"Категория {letters(n)}", "", "", n, self.owner(n), "open", 0)
            for n in range(1, CATEGORIES + 1)
        ]

    def all_tags(self) -> list[Row]:
        """The tags."""
        return [(n, f"{WORDS[n % len(WORDS)]} {letters(n)}", 0) for n in range(1, self.tags + 1)]

    def pseudonyms(self) -> list[Row]:
        """What everybody is called in the record."""
        return [(row[0], pseudonym(row[0])) for row in self.people()]

    def opened(self, number: int) -> datetime:
        """When a topic was asked: the last ones within hours, the others over the years."""
        left = self.topics - number
        if left < self.pile:
            return self.newest - LATELY * (left / self.pile)
        others = max(1, self.topics - self.pile)
        return self.newest - LATELY - YEARS * ((left - self.pile + 1) / others)

    def batch(self, start: int, count: int, chain: Chain) -> Batch:
        """Topics `start + 1` to `start + count` and all that is theirs; POSTS posts to a topic."""
        chance, made = random.Random(f"{self.seed}/{self.topics}/{start}"), Batch()
        post_id, last_post = start * POSTS, (start + count) * POSTS
        numbers = range(start + 1, start + count + 1)
        for number in numbers:
            behind = start + count - number
            most = last_post - post_id - behind
            # What the others left out is said under the last one: some topics are long.
            said = most if not behind else min(most, chance.choice((1, 2, 2, 3, 3, 4, 4, 5, 6, 9)))
            _Topic(self, number, chance, made, chain).write(post_id, said)
            post_id += said
        return made


@dataclass
class _Topic:
    """One topic while its rows are made."""

    bank: Bank
    number: int
    chance: random.Random
    made: Batch
    chain: Chain

    def write(self, post_id: int, said: int) -> None:
        bank, chance, rows = self.bank, self.chance, self.made.rows
        number, opened = self.number, self.bank.opened(self.number)
        kind = chance.choice(KINDS)
        category_id = 1 if chance.random() < 0.3 else 2 + int(39 * chance.random() ** 1.5)
        owner, asker = bank.owner(category_id), self._asker()
        praise = kind == "praise"
        waits = bank.topics - number < bank.pile and not praise
        answered = None
        if not waits and not praise:
            answered = min(opened + timedelta(hours=chance.expovariate(1 / 8)), bank.newest)
        answer_id = post_id + 1 if answered else None
        is_solved = answered is not None and chance.random() < 0.45
        state = self._state(kind, waits=waits, is_solved=is_solved)
        solved = None
        if state == "solved" and answered is not None:
            solved = min(answered + timedelta(hours=3), bank.newest)
        hidden = opened if number % 211 == 0 else None
        into = number - 1 if number % 97 == 0 and number > 1 else None
        active, comments = self._posts(post_id, said, answered, solved, owner, opened)
        title, body = chance.choice(bank.texts)[:70], chance.choice(bank.texts)
        promised = None if praise else opened
        due = None if praise else opened + DAY
        at_risk = due - DAY / 5 if due and waits and due >= bank.newest else None
        rows["topics"].append(
            (
                *(number, kind, f"{title} {letters(number)}", body, f"<p>{body}</p>", RULES, "ru"),
                *(state, category_id, asker, opened, active, None if praise else owner, promised),
                *(due, answered, waits, at_risk, answered, answer_id, solved),
                *(self._votes(asker, opened), 1 if answered else 0, comments, said, 0, hidden),
                *(opened if into else None, into),
            )
        )
        tags = {1 + int(bank.tags * chance.random() ** 4) for _ in range(chance.choice((0, 1, 2)))}
        rows["topic_tags"].extend((number, tag) for tag in tags)
        rows["follows"].append((number, asker, opened))
        self._fact("TopicOpened", {"topic_id": number, "is_article": False}, asker, opened)
        if due:
            named = f'{{"owner":{owner},"category":{category_id}}}'
            rows["clock_events"].append((number, "opened", opened, named))
        if answered:
            told = {"topic_id": number, "post_id": answer_id, "seen_seq": None}
            self._fact("AnswerPublished", told, owner, answered)
            data = f'{{"id":"post:{answer_id}","seq":1}}'
            rows["clock_events"].append((number, "official_answer", answered, data))
        if due:
            self._promise(category_id, owner, opened, due, answered, answer_id)

    def _asker(self) -> int:
        first, people = self.bank.first_customer, self.bank.customers
        if self.chance.random() < 0.05:
            return first
        return first + int(people * self.chance.random() ** 2)

    def _state(self, kind: str, *, waits: bool, is_solved: bool) -> str:
        if kind == "praise":
            return "said"
        if kind == "idea":
            return "new" if waits else self.chance.choice(IDEAS)
        if waits:
            return "waiting"
        return "solved" if is_solved else "answered"

    def _posts(
        self,
        post_id: int,
        said: int,
        answered: datetime | None,
        solved: datetime | None,
        owner: int,
        opened: datetime,
    ) -> tuple[datetime, int]:
        bank, chance = self.bank, self.chance
        last, comments = answered or opened, 0
        for seq in range(1, said + 1):
            official = seq == 1 and answered is not None
            if not official:
                last = min(last + timedelta(minutes=chance.randint(1, 600)), bank.newest)
            hidden = last if not official and chance.random() < 0.005 else None
            comments += not official and hidden is None
            body = chance.choice(bank.texts)
            self.made.rows["posts"].append(
                (
                    *(post_id + seq, self.number, seq, "answer" if official else "comment"),
                    *(owner if official else self._asker(), "Директор" if official else ""),
                    *(body, f"<p>{body}</p>", RULES, "ru", 0, last, hidden),
                    solved if official else None,
                )
            )
        return last, comments

    def _votes(self, asker: int, opened: datetime) -> int:
        chance, first, people = self.chance, self.bank.first_customer, self.bank.customers
        number = 0 if chance.random() < 0.5 else int(chance.expovariate(1 / 4))
        if self.number % 1000 == 0:
            number = 300
        start = chance.randrange(people)
        wanted = (first + (start + step) % people for step in range(min(number, people)))
        voices = [(self.number, person, opened) for person in wanted if person != asker]
        self.made.rows["votes"].extend(voices)
        return len(voices)

    def _promise(
        self,
        category_id: int,
        owner: int,
        opened: datetime,
        due: datetime,
        answered: datetime | None,
        answer_id: int | None,
    ) -> None:
        late = max((answered or self.bank.newest) - due, timedelta())
        state = ("met_late" if late else "met") if answered else ("breached" if late else "running")
        runs, broken = state == "running", due if late else None
        took = (answered - opened).total_seconds() if answered else None
        overdue = late.total_seconds() if answered else 0.0
        self.made.rows["promises"].append(
            (
                *(self.number, self.number, category_id, "first_answer", 1, opened, 86400, due),
                *(due - DAY / 5 if runs else None, "", state, answered, answered, answer_id),
                *(broken, broken, overdue, overdue, took, owner, owner if late else None, 1),
                due if runs else None,
            )
        )

    def _fact(self, name: str, data: dict[str, Any], by: int, at: datetime) -> None:
        chain, rows = self.chain, self.made.rows
        chain.fact_id, chain.seq = chain.fact_id + 1, chain.seq + 1
        role = self.bank.role(by)[0]
        nearest = "post" if data.get("post_id") else "topic"
        entry = {
            "seq": chain.seq,
            "id": f"00000000-0000-7000-8000-{chain.seq:012x}",
            "at": instant(at),
            "actor": pseudonym(by),
            "role": role,
            "action": name,
            "object": f"{nearest}:{data[f'{nearest}_id']}",
            "topic": self.number,
            "payload": data,
        }
        before, chain.hash = chain.hash, digest(chain.hash, entry)
        said = json.dumps(data, separators=(",", ":"))
        rows["facts"].append((chain.fact_id, name, said, f"topic:{self.number}", by, at))
        rows["record"].append(
            (
                *(chain.seq, entry["id"], chain.fact_id, at, entry["actor"], role, name),
                *(entry["object"], self.number, said, role != "customer", before, chain.hash),
            )
        )


def pseudonym(person_id: int) -> str:
    """What somebody is called in the record."""
    return f"{person_id:016x}"


def letters(number: int) -> str:
    """A number in letters, so that no text holds what looks like an account."""
    return "".join("абвгдежзик"[int(digit)] for digit in str(number))
