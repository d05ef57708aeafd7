"""Reading what the search has learned: gaps in our answers, and questions that were saved.

Every list is one statement a page, whatever the number of rows behind a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, func, select

from app.core import clock
from app.core.db import session
from app.core.pages import Order, Page, keyset_rows
from app.search.models import AskedWords, SettledGap, TopicHelp
from app.topics import queries as topics_queries

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Select, Subquery

    from app.core.policy import Actor
    from app.topics.models import Topic

PERIODS = (30, 90)


@dataclass(frozen=True)
class Look:
    """What of the gaps is looked at: so many last days, one language, one category."""

    days: int = PERIODS[0]
    language: str = ""
    category_id: int | None = None

    @property
    def since(self) -> date:
        """The first day that counts."""
        return clock.now().date() - timedelta(days=self.days - 1)


def missed(look: Look, cursor: str | None = None) -> Page[Row[Any]]:
    """What people searched for and did not find, the most frequent first."""
    asked = _asked(look)
    query = _unsettled(asked).where(asked.c.missed > 0)
    order: Order[Row[Any]] = Order(
        (asked.c.missed, asked.c.words), lambda row: (row.missed, row.words)
    )
    return keyset_rows(query, order, cursor)


def untouched(look: Look, cursor: str | None = None) -> Page[Row[Any]]:
    """What people found and never opened, the most frequent first."""
    asked = _asked(look)
    query = _unsettled(asked).where(asked.c.found > 0, asked.c.clicked == 0, asked.c.helped == 0)
    order: Order[Row[Any]] = Order(
        (asked.c.found, asked.c.words), lambda row: (row.found, row.words)
    )
    return keyset_rows(query, order, cursor)


def settled(look: Look, cursor: str | None = None) -> Page[Row[Any]]:
    """What was settled, the latest first, with how often it was asked in that time."""
    asked = _asked(look)
    gap = SettledGap
    query = select(gap.words, gap.at, gap.topic_id, asked.c.searched, asked.c.missed).outerjoin(
        asked, asked.c.words == gap.words
    )
    return keyset_rows(query, Order((gap.at, gap.words), lambda row: (row.at, row.words)), cursor)


def saved(look: Look, cursor: str | None = None) -> Page[Row[Any]]:
    """The topics that saved questions, those that saved most first."""
    helped = func.sum(TopicHelp.helped)
    sums = (
        select(
            TopicHelp.topic_id,
            helped.label("helped"),
            func.sum(TopicHelp.clicked).label("clicked"),
            func.max(TopicHelp.day).filter(TopicHelp.helped > 0).label("last"),
        )
        .where(TopicHelp.day >= look.since)
        .group_by(TopicHelp.topic_id)
        .having(helped > 0)
        .subquery()
    )
    order: Order[Row[Any]] = Order(
        (sums.c.helped, sums.c.topic_id), lambda row: (row.helped, row.topic_id)
    )
    return keyset_rows(select(sums), order, cursor)


def topics_of(actor: Actor, page: Page[Row[Any]]) -> dict[int, Topic]:
    """The topics of these lines that this actor may read, by id."""
    ids = {row.topic_id for row in page.items if row.topic_id is not None}
    return topics_queries.topics_by_id(actor, ids) if ids else {}


def is_known(words: str) -> bool:
    """Whether anybody asked these words, just so."""
    query = select(AskedWords.words).where(AskedWords.words == words).limit(1)
    return session.scalar(query) is not None


def saved_since(day: date) -> int:
    """How many questions were saved since that day."""
    query = select(func.sum(TopicHelp.helped)).where(TopicHelp.day >= day)
    return session.scalar(query) or 0


def _asked(look: Look) -> Subquery:
    """All that was asked in that time, by the words."""
    one = AskedWords
    query = select(
        one.words,
        func.max(one.language).label("language"),
        func.max(one.category_id).label("category_id"),
        func.max(one.day).label("last"),
        func.sum(one.searched - one.missed).label("found"),
        *(
            func.sum(column).label(column.key)
            for column in (one.searched, one.missed, one.clicked, one.helped, one.asked)
        ),
    ).where(one.day >= look.since)
    if look.language:
        query = query.where(one.language == look.language)
    if look.category_id is not None:
        query = query.where(one.category_id == look.category_id)
    return query.group_by(one.words).subquery()


def _unsettled(asked: Subquery) -> Select[Any]:
    is_settled = select(SettledGap.words).where(SettledGap.words == asked.c.words).exists()
    return select(asked).where(~is_settled)
