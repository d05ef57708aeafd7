"""What readers reported, and what the house itself put on the review list."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.core import clock
from app.core.db import session
from app.core.pages import SIZE, Order, Page, keyset, keyset_rows
from app.moderation import thresholds, trust
from app.moderation.models import Act, Report
from app.topics.models import Post, Topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Row
    from sqlalchemy.sql.base import ExecutableOption

    from app.accounts.models import Person

_OPEN = (
    select(Report.about, func.min(Report.id).label("first"))
    .where(Report.state == "open")
    .group_by(Report.about)
    .subquery()
)
OLDEST: Order[Row[tuple[str, int]]] = Order(
    (_OPEN.c.first,), lambda row: (row[1],), descending=False
)
# As long as the column is.
LONGEST = 500
NEWEST: Order[Report] = Order((Report.id,), lambda report: (report.id,))


@dataclass
class Case:
    """Everything that is open about one topic or post."""

    topic: Topic
    post: Post | None = None
    reports: list[Report] = field(default_factory=list)

    @property
    def about(self) -> str:
        """How it is named: "topic:7" or "post:9"."""
        return name_of(self.post or self.topic)

    @property
    def author(self) -> Person:
        """Whose words they are."""
        return self.post.author if self.post is not None else self.topic.asker

    @property
    def is_hidden(self) -> bool:
        """Whether it is out of sight now."""
        return (self.post or self.topic).hidden_at is not None

    @property
    def weight(self) -> int:
        """What the reports weigh together."""
        return weigh(self.reports)

    @property
    def newest_id(self) -> int:
        """The last report that was on the page: what came after it was not decided on."""
        return max(report.id for report in self.reports)


def name_of(thing: Topic | Post) -> str:
    """How a report names what it is about."""
    return f"post:{thing.id}" if isinstance(thing, Post) else f"topic:{thing.id}"


def weigh(reports: Iterable[Report]) -> int:
    """What these reports weigh together; newcomers, however many, no more than a few."""
    newcomers = others = 0
    for report in reports:
        if report.is_newcomers:
            newcomers += report.weight
        else:
            others += report.weight
    return others + min(newcomers, thresholds.NEWCOMERS_TOGETHER)


def is_enough(reports: Sequence[Report]) -> bool:
    """Whether they may hide something before anybody looked."""
    reporters = {report.reporter_id for report in reports if report.weight}
    return len(reporters) >= thresholds.FEWEST_REPORTERS and weigh(reports) >= thresholds.HIDE_FROM


def weight_of(person: Person) -> int:
    """What a report by this person weighs today."""
    since = clock.now() - thresholds.IGNORED_FOR
    groundless = select(Report.id).where(
        Report.reporter_id == person.id, Report.state == "ignored", Report.decided_at > since
    )
    return 0 if session.scalar(groundless.limit(1)) else trust.weight(person)


def mine(person: Person, thing: Topic | Post) -> Report | None:
    """What this person reported of it."""
    query = select(Report).where(Report.about == name_of(thing), Report.reporter_id == person.id)
    return session.scalar(query)


def by_person(person: Person, cursor: str | None = None) -> Page[Report]:
    """What somebody reported and what became of it, the latest first."""
    query = select(Report).where(Report.reporter_id == person.id).options(*_with_their_things())
    return keyset(query, NEWEST, cursor, SIZE)


def report(report_id: int) -> Report:
    """One report, for letters."""
    return session.get_one(Report, report_id)


def open_about(thing: Topic | Post) -> Sequence[Report]:
    """What is still to be decided about one thing, the first first."""
    query = select(Report).where(Report.about == name_of(thing), Report.state == "open")
    return session.scalars(query.order_by(Report.id)).all()


def waiting() -> int:
    """About how many things somebody has to decide."""
    query = select(func.count(Report.about.distinct())).where(Report.state == "open")
    return session.scalar(query) or 0


def cases(cursor: str | None = None) -> tuple[list[Case], Page[Row[tuple[str, int]]]]:
    """A page of things to decide on, with every open report about each; three statements."""
    page = keyset_rows(select(_OPEN.c.about, _OPEN.c.first), OLDEST, cursor, SIZE)
    names = [row[0] for row in page.items]
    open_ones = select(Report).where(Report.about.in_(names), Report.state == "open")
    found: dict[str, list[Report]] = defaultdict(list)
    for one in session.scalars(open_ones.order_by(Report.id).options(*_with_their_things())):
        found[one.about].append(one)
    made = [Case(found[n][0].topic, found[n][0].post, found[n]) for n in names if n in found]
    return made, page


def flag(thing: Topic | Post, why: Iterable[tuple[str, str]]) -> None:
    """Let the house itself ask for a look; once, while nobody has."""
    query = select(Report.id).where(
        Report.about == name_of(thing), Report.reporter_id.is_(None), Report.state == "open"
    )
    if session.scalar(query.limit(1)):
        return
    told = [f"{code} {detail}" for code, detail in why]
    watched = any(each.startswith(("flagged_word", "watched_word")) for each in told)
    session.add(
        Report(
            about=name_of(thing),
            topic_id=thing.topic_id if isinstance(thing, Post) else thing.id,
            post_id=thing.id if isinstance(thing, Post) else None,
            reason="watched" if watched else "signals",
            words=_as_many_as_fit(told),
        )
    )
    session.flush()


def told_by_the_house(report: Report) -> list[tuple[str, str]]:
    """Why the house asks for a look: code and detail of each reason."""
    lines = (line.partition(" ") for line in report.words.splitlines())
    return [(code, detail) for code, _space, detail in lines]


def _as_many_as_fit(lines: list[str]) -> str:
    kept = ""
    for line in lines:
        longer = f"{kept}\n{line}" if kept else line
        if len(longer) > LONGEST:
            break
        kept = longer
    return kept


def _with_their_things() -> tuple[ExecutableOption, ...]:
    return (joinedload(Report.topic), joinedload(Report.post))


def was_kept(thing: Topic | Post) -> bool:
    """Whether somebody has looked at reports about it before, and let it stay."""
    query = select(Report.id).where(Report.about == name_of(thing), Report.state == "disagreed")
    return session.scalar(query.limit(1)) is not None


def was_hidden_by_reports(thing: Topic | Post) -> bool:
    """Whether it is out of sight, and nobody but readers' reports did that."""
    if thing.hidden_at is None:
        return False
    query = select(Act.by_id).where(
        Act.topic_id == (thing.topic_id if isinstance(thing, Post) else thing.id),
        Act.post_id == thing.id if isinstance(thing, Post) else Act.post_id.is_(None),
        Act.name == ("hide_post" if isinstance(thing, Post) else "hide"),
    )
    last = session.execute(query.order_by(Act.id.desc()).limit(1)).first()
    return last is not None and last[0] is None


def find(report_id: int) -> Report | None:
    """A report, if there is one."""
    return session.get(Report, report_id)


def reporters(report_ids: Iterable[int]) -> list[Person]:
    """Who made these, each once; the house itself is nobody."""
    query = select(Report).where(Report.id.in_(list(report_ids))).order_by(Report.id)
    made = {r.reporter_id: r.reporter for r in session.scalars(query) if r.reporter is not None}
    return list(made.values())
