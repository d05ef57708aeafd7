"""Finding past topics.

The index decides nothing: hits are re-checked against the reader's rights and, while a change is on
its way into the index, against the words that stand in public now. Whatever happens to its files,
readers get an answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from cachetools import TTLCache, cached
from markupsafe import Markup

from app.core import markup
from app.core.policy import PUBLIC
from app.search import closeness, facets, facts, fragments, queries, quotes, shelf
from app.search.facets import Facets
from app.search.index import MOST_HITS, NO_FILTERS, Document, Filters, Found, Hit
from app.search.readings import Reading
from app.search.service import narrowing, understanding
from app.search.suggesting import NEAR, suggest
from app.topics import queries as topics_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from app.core.policy import Actor
    from app.search.cursor import Cursor
    from app.search.facets import Sort
    from app.search.quotes import Quote, Said
    from app.search.wording import Wording
    from app.topics.models import Post, Topic


SIZE = 20
# Fragments are cut from the text and so many replies, the bank's answers first.
REPLIES_LOOKED_AT = 40
# How many of the index's suggestions are looked at more closely.
CANDIDATES = 12
# How much of an official answer is read in place, beneath a question that is being written.
OPENING = 400


@dataclass(frozen=True)
class Result:
    """A topic that was found, with the words marked: its title, and what tells most of them.

    `answer` is the official answer, when it is short enough to be read at once.
    """

    topic: Topic
    title: Markup
    quote: Quote
    answer: Markup
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
    facets: Facets = field(default_factory=Facets)
    # What was chosen, and what the words themselves asked for.
    filters: Filters = NO_FILTERS
    # Operators of which nobody knows what they ask for.
    ignored: Sequence[str] = ()
    # How the words were read, and how else they would be spelled, if that finds anything.
    reading: Reading | None = None
    meant: str = ""


def find(
    actor: Actor,
    text: str,
    *,
    filters: Filters = NO_FILTERS,
    number: int = 1,
    literal: bool = False,
) -> Results:
    """One page of the topics this actor may read; any text is a query, none is an error.

    Unless `literal`, a text whose words nobody knows is read as it was probably meant:
    `Results.reading`.
    """
    reading = Reading(text) if literal else understanding.understood(text)
    results, is_exact = _find(actor, reading.text, filters, number)
    results = replace(results, reading=reading)
    if literal or is_exact or reading.instead_of is not None or not results.is_ready:
        return results
    spelled = understanding.respelled(actor, text)
    if spelled.instead_of is None:
        return results
    others, is_exact = _find(actor, spelled.text, filters, number)
    if is_exact or not results.count:
        return replace(others, reading=spelled) if others.count else results
    return replace(results, meant=spelled.text) if others.count else results


def _find(actor: Actor, text: str, filters: Filters, number: int) -> tuple[Results, bool]:
    """One page of them, and whether some topic holds every word."""
    asked = understanding.asked(text)
    filters, ignored = narrowing.narrowed(asked, filters)
    # Everything first: what is chosen is taken from it, so that the facets' figures hold true.
    wide = facets.widened(filters)
    # Before the search: what the index is told in between is looked at once more, no harm done.
    cursor = shelf.cursor()
    if asked:
        found = shelf.read(lambda index: index.find(asked, filters=wide))
    else:
        found = _newest(actor, asked, filters)
    if found is None:
        return Results(is_ready=False), False
    seen = _in_sight(actor, found, cursor)
    counted = facets.count(seen.values(), filters, is_partial=found.total > len(found.hits))
    allowed = {i for i, sort in seen.items() if facets.fits(sort, filters)}
    if asked and filters != wide and (counted.is_partial or not allowed):
        # There may be more of that sort than the best of all sorts held.
        found = shelf.read(lambda index: index.find(asked, filters=filters)) or found
        allowed = set(_in_sight(actor, found, cursor))
    pages = max(1, math.ceil(len(allowed) / SIZE))
    number = min(max(number, 1), pages)
    results = Results(
        _results(actor, found.page(allowed, number=number, size=SIZE), found.wording),
        len(allowed),
        found.total > len(found.hits),
        number,
        pages,
        facets=counted,
        filters=filters,
        ignored=ignored,
    )
    return results, any(hit.exact and hit.topic_id in allowed for hit in found.hits)


def _newest(actor: Actor, asked: Wording, filters: Filters) -> Found:
    """What operators without a word ask for: the newest topics of that sort."""
    ids = queries.newest(actor, filters, MOST_HITS) if filters != NO_FILTERS else []
    return Found(tuple(Hit(i, 0.0, exact=True) for i in ids), len(ids), asked)


def _in_sight(actor: Actor, found: Found, cursor: Cursor) -> dict[int, Sort]:
    """Of the hits those that this actor may read and that still say what was asked."""
    withdrawn = _no_longer_said(found.ids, found.wording, cursor)
    return {i: s for i, s in queries.visible(actor, found.ids).items() if i not in withdrawn}


def _results(actor: Actor, hits: Sequence[Hit], wording: Wording) -> list[Result]:
    ids = [hit.topic_id for hit in hits]
    topics = topics_queries.topics_by_id(actor, ids)
    replies = queries.replies(ids, REPLIES_LOOKED_AT)
    return [
        _result(topics[hit.topic_id], replies.get(hit.topic_id, []), hit, wording)
        for hit in hits
        if hit.topic_id in topics
    ]


def _result(topic: Topic, replies: Sequence[Said], hit: Hit, wording: Wording) -> Result:
    answer = topic.answer
    read = Markup()
    if answer is not None and answer.hidden_at is None:
        read = quotes.whole(queries.plain(answer.body_html), wording)
    others = (said for said in replies if not (read and said.post_id == topic.answer_id))
    question = queries.plain(topic.body_html)
    quote = quotes.best(question, others, wording, official_first=not read)
    return Result(topic, fragments.marked(topic.title, wording), quote, read, hit.exact)


def _no_longer_said(ids: Collection[int], wording: Wording, cursor: Cursor) -> set[int]:
    """Hits of which the public does not read what was asked: edited, hidden, merged just now."""
    stale = facts.stale_ids(cursor, ids)
    if not stale:
        return set()
    now = queries.documents(stale)
    return {d.topic_id for d in now if not (d.visible and closeness.says_all(wording, _texts(d)))}


def _texts(document: Document) -> list[str]:
    d = document
    return [d.title, d.body, *d.official, *d.comments, *d.tags]


@dataclass(frozen=True)
class Suggestion:
    """A past topic for somebody who types: its title marked, the opening of its answer.

    `meant`: the words it was found by, when they are others than were typed.
    """

    topic: Topic
    title: Markup
    opening: str
    meant: str | None = None


def completions(actor: Actor, text: str, *, limit: int = 6) -> list[Suggestion]:
    """Topics with the words typed so far into a search box, the last of them perhaps unfinished."""
    return _as_meant(text, lambda meant: _completions(actor, meant, limit))


def _as_meant(text: str, ask: Callable[[str], list[Suggestion]]) -> list[Suggestion]:
    """What is found as typed; if nothing, what is as the words were probably meant."""
    found = ask(text)
    if found:
        return found
    reading = understanding.understood(text, typing=True)
    if reading.instead_of is None:
        return []
    return [replace(each, meant=reading.text) for each in ask(reading.text)]


def _completions(actor: Actor, text: str, limit: int) -> list[Suggestion]:
    cursor = shelf.cursor()
    asked = understanding.asked(text, typing=True)
    filters, _ = narrowing.narrowed(asked, NO_FILTERS)
    found = shelf.read(lambda index: index.find(asked, filters=filters, limit=CANDIDATES))
    if found is None:
        return []
    withdrawn = _no_longer_said(found.ids, found.wording, cursor)
    unknown = understanding.unknown(text, typing=True)
    topics = topics_queries.topics_by_id(actor, found.ids)
    near = (
        topics[hit.topic_id]
        for hit in found.hits
        if hit.topic_id in topics
        and hit.topic_id not in withdrawn
        and (hit.exact or _is_close(topics[hit.topic_id], found.wording, closeness.ENOUGH, unknown))
    )
    return _suggestions(islice(near, limit), found.wording)


def suggestions(
    actor: Actor, text: str, *, limit: int = 5, category_id: int | None = None
) -> list[Suggestion]:
    """Topics like the question being written, to be read in place; none that are far-fetched."""
    return _as_meant(text, lambda meant: _suggested(actor, meant, limit, _within(category_id)))


def _suggested(actor: Actor, text: str, limit: int, filters: Filters) -> list[Suggestion]:
    asked = understanding.asked(text, typing=True)
    found = shelf.read(lambda index: suggest(index, text, asked, limit=CANDIDATES, filters=filters))
    if found is None:
        return []
    unknown = understanding.unknown(text, typing=True)
    close = _those_close(actor, found, closeness.ENOUGH, limit, unknown)
    return _suggestions(close, found.wording)


def _suggestions(topics: Iterable[Topic], wording: Wording) -> list[Suggestion]:
    return [Suggestion(t, fragments.marked(t.title, wording), _opening(t.answer)) for t in topics]


def _opening(answer: Post | None) -> str:
    if answer is None or answer.hidden_at is not None:
        return ""
    return markup.first_line(answer.body_html, OPENING)


def _within(category_id: int | None) -> Filters:
    return NO_FILTERS if category_id is None else Filters(category_ids=frozenset({category_id}))


def similar(actor: Actor, text: str, *, limit: int = 5) -> list[Topic]:
    """Topics like this text, the closest first; none rather than far-fetched ones."""
    reading = understanding.understood(text, typing=True)
    close = _close(actor, text, limit=limit)
    if close or reading.instead_of is None:
        return close
    return _close(actor, reading.text, limit=limit)


def answered_like(actor: Actor, topic: Topic, *, limit: int = 3) -> list[Topic]:
    """Other topics like this one that have an official answer."""
    ids = _like(topic)
    found = topics_queries.answered_among(actor, ids) if ids else {}
    return [found[i] for i in ids if i in found][:limit]


def said_before(actor: Actor, topic: Topic, *, limit: int = 5) -> list[tuple[int, str, Post]]:
    """Of the same their numbers, titles and answers."""
    ids = _like(topic)
    found = topics_queries.answers_among(actor, ids) if ids else {}
    return [found[i] for i in ids if i in found][:limit]


def _like(topic: Topic) -> list[int]:
    return _ids_like(topic.id, " ".join([topic.title, *(tag.name for tag in topic.tags)]))


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
    but_for: int | None = None,
    enough: float = closeness.ENOUGH,
) -> list[Topic]:
    asked = understanding.asked(text)
    found = shelf.read(lambda index: suggest(index, text, asked, limit=CANDIDATES, but_for=but_for))
    if found is None:
        return []
    return _those_close(actor, found, enough, limit, understanding.unknown(text))


def _those_close(
    actor: Actor, found: Found, enough: float, limit: int, unknown: Sequence[str]
) -> list[Topic]:
    ids = found.ids
    topics = topics_queries.topics_by_id(actor, ids)
    # In sight of everybody: the index may not know yet that one was hidden or merged.
    there = (topics[i] for i in ids if i in topics and queries.is_in_sight(topics[i]))
    near = {hit.topic_id for hit in found.hits if hit.near >= NEAR}
    close = (t for t in there if t.id in near or _is_close(t, found.wording, enough, unknown))
    return list(islice(close, limit))


def _is_close(topic: Topic, wording: Wording, enough: float, unknown: Sequence[str]) -> bool:
    texts = [queries.plain(topic.body_html)]
    if topic.answer is not None and topic.answer.hidden_at is None:
        texts.append(queries.plain(topic.answer.body_html))
    headings = [topic.title, *(tag.name for tag in topic.tags)]
    return closeness.is_close(wording, headings, texts, enough, unknown)
