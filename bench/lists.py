"""Every list of a bank made by `bench/fill.py`, its first page and its last; and what it reads."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, select
from sqlalchemy.sql.sqltypes import Integer

from app.accounts.models import Person
from app.core import pages
from app.core.db import db, session
from app.core.policy import PUBLIC
from app.topics import queries
from app.topics.models import Category, Tag, Topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.core.pages import Order

LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Listed:
    """A page: its name in the report, its address, and who reads it (None: a guest)."""

    name: str
    address: str
    reader: int | None = None


def every_list(topics: int) -> list[Listed]:
    """All pages that show rows of a table which grows."""
    return [*_public(topics), *_staff()]


def _public(topics: int) -> Iterator[Listed]:
    category = session.scalars(select(Category).where(Category.slug == "c1")).unique().one()
    tag = session.scalars(select(Tag).order_by(Tag.topics_count.desc()).limit(1)).one()
    asker = _heavy_asker()
    for view in queries.VIEWS:
        for name, address, among in (
            ("front", "/", {}),
            ("category", "/categories/c1", {"category": category}),
            ("tag", f"/tags/{tag.name}", {"tag": tag}),
        ):
            yield Listed(f"{name}, {view}", f"{address}?view={view}")
            cursor = last_page(view, **among)
            if cursor:
                yield Listed(f"{name}, {view}, last page", f"{address}?view={view}&cursor={cursor}")
    yield Listed("person who asks", f"/people/{asker.id}")
    deep = last_page("recent", asker=asker)
    yield Listed("person who asks, last page", f"/people/{asker.id}?cursor={deep}")
    yield Listed("person who answers", f"/people/{category.owner_id}")
    yield Listed("topic", f"/topics/{topics // 2 + 3}")
    yield Listed("tags", "/tags")
    yield Listed("executives", "/executives")
    yield Listed("feed", "/feed.atom")
    yield Listed("category's feed", "/categories/c1/feed.atom")
    yield Listed("sitemap", "/sitemap.xml")
    yield Listed("sitemap, first page", "/sitemap-1.xml")
    yield Listed("sitemap, people and tags", "/sitemap-0.xml")
    yield Listed("scoreboard", "/scoreboard")
    yield Listed("scoreboard, a category", "/scoreboard/category-1")
    for what in ("kept", "broken", "waiting", "unanswered"):
        yield Listed(f"behind a figure: {what}", f"/scoreboard/all/{what}")
    yield Listed("what was moderated", "/moderation")
    yield Listed("desk of a category's owner", "/desk", category.owner_id)
    yield Listed("followed topics", "/following", asker.id)
    yield Listed("own texts that wait", "/submissions", asker.id)


def _staff() -> Iterator[Listed]:
    manager = session.scalars(select(Person).where(Person.role == "manager").limit(1)).one()
    for name, address in (
        ("desk of the whole bank", "/desk"),
        ("staff board", "/manage/board"),
        ("broken promises", "/manage/breaches"),
        ("who holds what", "/manage/holders"),
        ("moderation queue", "/manage/queue"),
        ("reports", "/manage/reports"),
        ("moderation, home", "/manage"),
        ("acts", "/manage/acts"),
        ("record", "/manage/record"),
        ("gaps", "/manage/gaps"),
        ("front, as a manager sees it", "/"),
    ):
        yield Listed(name, address, manager.id)


def _heavy_asker() -> Person:
    role = Person.role == "customer"
    return session.scalars(select(Person).where(role).order_by(Person.id).limit(1)).unique().one()


def last_page(view: str, **among: Any) -> str | None:
    """The cursor that "older" carries on the last page but one; None when one page holds it all.

    At a million topics this is page 49,000 of the front page's list.
    """
    order: Order[Topic] = {
        "unanswered": queries.NEWEST,
        "solved": queries.NEWEST,
        "popular": queries.POPULAR,
        "ideas": queries.POPULAR,
    }.get(view, queries.RECENT)
    least = tuple(-1 if isinstance(c.type, Integer) else LONG_AGO for c in order.columns)
    end = pages._encode("newer", least)  # noqa: SLF001 (nobody links there)
    last = queries.topics(PUBLIC, view, cursor=end, **among)
    if last.newer is None:
        return None
    before = queries.topics(PUBLIC, view, cursor=last.newer, **among)
    session.expunge_all()
    return before.older


# ——— what a page asks of PostgreSQL


@contextmanager
def asked() -> Iterator[list[tuple[str, Any]]]:
    """Every SELECT with its parameters that goes to the database meanwhile."""
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if re.match(r"\s*(SELECT|WITH)\b", statement, re.IGNORECASE):
            statements.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@dataclass
class Read:
    """What PostgreSQL read for some statements.

    `by_table`: rows, also those it threw away. `blocks`: of 8 KB, in memory or not. `scanned`: the
    tables that were read from one end to the other.
    """

    by_table: Counter[str] = field(default_factory=Counter)
    blocks: int = 0
    scanned: set[str] = field(default_factory=set)

    @property
    def rows(self) -> int:
        """Of all tables."""
        return self.by_table.total()


def read(statements: Iterable[tuple[str, Any]], connection: Any) -> Read:
    """Run them once more, and look at how they were carried out."""
    found = Read()
    for statement, parameters in statements:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}"
        plan = connection.exec_driver_sql(explain, parameters).scalar()[0]["Plan"]
        found.blocks += plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0)
        for node in nodes(plan):
            if not node["Node Type"].endswith("Scan") or "Relation Name" not in node:
                continue
            each = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            each += node.get("Rows Removed by Index Recheck", 0)
            found.by_table[node["Relation Name"]] += round(each * node["Actual Loops"])
            if node["Node Type"] == "Seq Scan":
                found.scanned.add(node["Relation Name"])
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's steps."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)
