"""What the search may have learned of a person: titles of theirs, and their name, as asked words.

What is asked is kept without anybody; but a question published beside suggestions is counted by its
title, and people look for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from app.core import retention
from app.core.db import session
from app.core.i18n import _l
from app.core.personal import BANK, NUMBER, WORDS, Erasing, holds
from app.search.discretion import worth_keeping
from app.search.models import AskedWords, SettledGap, TopicHelp
from app.search.service.learning import KEPT_FOR
from app.topics.models import Revision, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement

SHORTEST_NAME = 4


def forget(erasing: Erasing) -> None:
    """Forget the words that only they could have brought. Comes before topics lose their titles."""
    words = set(_titles(erasing.subject.person_id)) if erasing.words else set()
    for model in (AskedWords, SettledGap):
        those: list[ColumnElement[bool]] = [model.words.in_(words)] if words else []
        name = worth_keeping(erasing.subject.name) or ""
        if len(name) >= SHORTEST_NAME and " " in name:
            those.append(model.words.contains(name, autoescape=True))
        if those:
            erasing.delete(model, or_(*those))


def _titles(person_id: int) -> Iterator[str]:
    mine = select(Topic.id).where(Topic.asker_id == person_id)
    now = session.scalars(select(Topic.title).where(Topic.asker_id == person_id))
    before = session.scalars(
        select(Revision.title).where(Revision.topic_id.in_(mine), Revision.title.is_not(None))
    )
    for title in (*now, *before):
        kept = worth_keeping(title or "")
        if kept:
            yield kept


retention.keep(
    "searches",
    KEPT_FOR.days,
    _l("What was searched for, without saying who"),
    retention.Rows(AskedWords, lambda until: AskedWords.day < until.date()),
    retention.Rows(TopicHelp, lambda until: TopicHelp.day < until.date()),
    # What was settled and written is a topic; what was not needed may be asked for again.
    retention.Rows(SettledGap, lambda until: SettledGap.at < until),
)

holds(
    "search",
    {
        "asked_words.words": WORDS,
        "settled_gaps.words": WORDS,
        "synonyms.words": BANK,
        "synonyms.editor_id": NUMBER,
    },
    forget=forget,
    order=20,
)
