"""Finding past topics.

The index decides nothing: hits are re-checked against the reader's rights and, while a change is on
its way into the index, against the words that stand in public now. Whatever happens to its files,
readers get an answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from cachetools import TTLCache, cached

from app.core.policy import PUBLIC
from app.search import closeness, fragments, queries, shelf
from app.search.index import NO_FILTERS, Document, Filters
from app.topics import queries as topics_queries

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from markupsafe import Markup

    from app.core.policy import Actor
    from app.search.wording import Wording
    from app.topics.models import Topic

SIZE = 20
# Fragments are cut from the text, the bank's answers and so many replies in all.
REPLIES_LOOKED_AT = 40
# How many of the index's suggestions are looked at more closely.
CANDIDATES = 12


@dataclass(frozen=True)
class Result:
    """A topic that was found, its title and a stretch of its text with the words marked."""

    topic: Topic
    title: Markup
    excerpt: Markup
    exact: bool


@dataclass(frozen=True)
class Results:
    """One page of what was found; `is_more` than `count` there is, unless no index `is_ready`."""

    items: Sequence[Result] = ()
    count: int = 0
    is_more: bool = False
    number: int = 1
    pages: int = 1
    is_ready: bool = True


def find(actor: Actor, text: str, *, filters: Filters = NO_FILTERS, number: int = 1) -> Results:
    """One page of the topics this actor may read; any text is a query, none is an error."""
    found = shelf.read(lambda index: index.find(text, filters=filters))
    if found is None:
        return Results(is_ready=False)
    withdrawn = _no_longer_said(found.ids, found.wording)
    allowed = queries.visible_ids(actor, found.ids) - withdrawn
    pages = max(1, math.ceil(len(allowed) / SIZE))
    number = min(max(number, 1), pages)
    hits = found.page(allowed, number=number, size=SIZE)
    ids = [hit.topic_id for hit in hits]
    topics = topics_queries.topics_by_id(actor, ids)
    texts = {d.topic_id: d for d in queries.documents(ids, posts=REPLIES_LOOKED_AT)}
    items = [
        Result(
            topics[hit.topic_id],
            fragments.marked(topics[hit.topic_id].title, found.wording),
            _excerpt(texts[hit.topic_id], found.wording),
            hit.exact,
        )
        for hit in hits
        if hit.topic_id in topics and hit.topic_id in texts
    ]
    return Results(items, len(allowed), found.total > len(found.hits), number, pages)


def _excerpt(document: Document, wording: Wording) -> Markup:
    said = [document.body, *document.official, *document.comments]
    return fragments.fragment(said, wording)


def _no_longer_said(ids: Collection[int], wording: Wording) -> set[int]:
    """Hits whose public text does not hold what was asked: hidden or edited a moment ago."""
    stale = queries.stale_ids().intersection(ids)
    if not stale:
        return set()
    now = queries.documents(stale)
    return {d.topic_id for d in now if not closeness.says_all(wording, _texts(d))}


def _texts(document: Document) -> list[str]:
    d = document
    return [d.title, d.body, *d.official, *d.comments, *d.tags]


def similar(
    actor: Actor, text: str, *, limit: int = 5, category_id: int | None = None
) -> list[Topic]:
    """Topics like what is being written, the closest first; none rather than far-fetched ones."""
    within = NO_FILTERS
    if category_id is not None:
        within = Filters(category_ids=frozenset({category_id}))
    return _close(actor, text, limit=limit, filters=within)


def answered_like(actor: Actor, topic: Topic, *, limit: int = 3) -> list[Topic]:
    """Other topics like this one that have an official answer."""
    words = " ".join([topic.title, *(tag.name for tag in topic.tags)])
    ids = _ids_like(topic.id, words)
    found = topics_queries.topics_by_id(actor, ids) if ids else {}
    close = (found[i] for i in ids if i in found)
    return [t for t in close if t.answer is not None and t.answer.hidden_at is None][:limit]


# What is like a topic changes slowly, and every reader of its page asks. Only ids are remembered:
# whether this reader may see them, and whether they are answered, is looked up each time.
_remembered: TTLCache[tuple[int, str], list[int]] = TTLCache(maxsize=20_000, ttl=600)


@cached(_remembered, lock=Lock())
def _ids_like(topic_id: int, words: str) -> list[int]:
    enough = closeness.ENOUGH_FOR_RELATED
    close = _close(PUBLIC, words, limit=CANDIDATES, but_for=topic_id, enough=enough)
    return [t.id for t in close]


def forget() -> None:
    """Forget what was like what, after the index changed as a whole."""
    _remembered.clear()


def _close(
    actor: Actor,
    text: str,
    *,
    limit: int,
    filters: Filters = NO_FILTERS,
    but_for: int | None = None,
    enough: float = closeness.ENOUGH,
) -> list[Topic]:
    found = shelf.read(
        lambda index: index.similar(text, limit=CANDIDATES, filters=filters, but_for=but_for)
    )
    if found is None:
        return []
    ids = found.ids
    topics = topics_queries.topics_by_id(actor, ids)
    close = (topics[i] for i in ids if i in topics and _is_close(topics[i], found.wording, enough))
    return list(islice(close, limit))


def _is_close(topic: Topic, wording: Wording, enough: float) -> bool:
    texts = [queries.plain(topic.body_html)]
    if topic.answer is not None and topic.answer.hidden_at is None:
        texts.append(queries.plain(topic.answer.body_html))
    headings = [topic.title, *(tag.name for tag in topic.tags)]
    return closeness.is_close(wording, headings, texts, enough)
