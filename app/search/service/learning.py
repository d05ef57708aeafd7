"""Learning from searches: what was not found, what was taken up, what helped.

A page that is read writes nothing: searches, clicks and "this helped" are added up in the memory of
each web process and written in batches (`core.tallies`), so the last seconds of a process that is
killed are lost. What is kept says nothing about who asked, see `discretion`.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from app.core import clock, language, policy
from app.core.db import add_once, add_up, session
from app.core.policy import PUBLIC
from app.core.tallies import Tally
from app.search.discretion import worth_keeping
from app.search.models import AskedWords, SettledGap, TopicHelp
from app.search.service import finding
from app.topics import queries as topics_queries
from app.topics import service as topics
from app.topics.models import Topic

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from app.accounts.models import Person

# So long what was asked is remembered: a year to compare with, and a month to do it in.
KEPT_FOR = timedelta(days=400)
_OF_WORDS = ("searched", "missed", "clicked", "helped", "asked")
_OF_TOPICS = ("clicked", "helped")

# The day, the words as they are kept, their language.
WordsKey = tuple[date, str, str]
TopicKey = tuple[date, int]


def note_search(words: str, found: int, *, locale: str = "") -> None:
    """Somebody searched and found so many topics that hold what was asked; written later.

    `locale` is the reader's: it decides where the words themselves could be of two languages.
    """
    key = _key(words, locale)
    if key is not None:
        _words.add(key, searched=1, missed=int(found == 0))


def note_click(words: str, topic_id: int, *, locale: str = "") -> None:
    """Somebody took up a topic that was found or suggested for these words; written later."""
    _note(words, topic_id, locale, "clicked")


def note_helped(words: str, topic_id: int, *, locale: str = "") -> None:
    """Somebody says that a topic helped: a question saved; written later."""
    _note(words, topic_id, locale, "helped")


def note_asked(words: str, *, locale: str = "") -> None:
    """A question was published although there were suggestions; in the caller's transaction."""
    key = _key(words, locale)
    if key is not None:
        add_up(AskedWords, [_row(key, {"asked": 1}, None)], _OF_WORDS)


def count_if_asked_anyway(topic: Topic) -> None:
    """Count a new question of a customer's that something like it stood beside; see `note_asked`.

    Told by what is like it now: whoever asked from elsewhere was shown nothing, but might have
    been.
    """
    if topic.asker.is_staff:
        return
    words = f"{topic.title} {topic.body}"
    if any(near.id != topic.id for near in finding.similar(PUBLIC, words, limit=2)):
        note_asked(topic.title, locale=topic.language)


def flush() -> None:
    """Write what was noted in this process, at once, in a transaction of its own."""
    _words.flush()
    _topics.flush()


def settle(words: str, topic: Topic | None = None) -> None:
    """These words need no answer, or have one now: a gap no more."""
    if not add_once(SettledGap(words=words, topic_id=topic.id if topic else None)) and topic:
        known = session.get_one(SettledGap, words)
        known.topic_id = topic.id


def unsettle(words: str) -> None:
    """It is a gap after all."""
    session.execute(delete(SettledGap).where(SettledGap.words == words))


def publish_article(author: Person, said: topics.Words, answer: str, gap: str | None) -> Topic:
    """Write a topic with its official answer at once, for the words that nobody found it by."""
    topic = topics.ask(author, said, is_article=True)
    policy.require(author, "topics.answer", topic)
    topics.answer(author, topic, answer)
    if gap is not None:
        settle(gap, topic)
    return topic


def forget_the_old() -> int:
    """Drop what was asked longer than `KEPT_FOR` ago; how many rows."""
    until = clock.now() - KEPT_FOR
    gone = 0
    for old in (
        delete(AskedWords).where(AskedWords.day < until.date()),
        delete(TopicHelp).where(TopicHelp.day < until.date()),
        # What was settled and written is a topic; what was not needed may be asked for again.
        delete(SettledGap).where(SettledGap.at < until),
    ):
        gone += session.execute(old).rowcount  # type: ignore[attr-defined]
    return gone


def _note(words: str, topic_id: int, locale: str, what: str) -> None:
    _topics.add((clock.now().date(), topic_id), **{what: 1})
    key = _key(words, locale)
    if key is not None:
        _words.add(key, **{what: 1})


def _key(words: str, locale: str) -> WordsKey | None:
    said = _said(words, locale)
    return None if said is None else (clock.now().date(), *said)


@lru_cache(maxsize=512)
def _said(words: str, locale: str) -> tuple[str, str] | None:
    """The words as they are kept, and their language; the same are often looked for."""
    kept = worth_keeping(words)
    return None if kept is None else (kept, language.guess(kept, locale))


def _row(key: WordsKey, counted: Mapping[str, int], category_id: int | None) -> dict[str, object]:
    day, words, tongue = key
    counts = {name: counted.get(name, 0) for name in _OF_WORDS}
    return {"day": day, "words": words, "language": tongue, "category_id": category_id, **counts}


def _write_words(counts: Mapping[WordsKey, Counter[str]]) -> None:
    categories = topics_queries.categories()
    rows = []
    for key, counted in counts.items():
        about = topics_queries.category_for(key[1], categories)
        rows.append(_row(key, counted, about.id if about else None))
    add_up(AskedWords, rows, _OF_WORDS)


def _write_topics(counts: Mapping[TopicKey, Counter[str]]) -> None:
    ids = {topic_id for _day, topic_id in counts}
    # Some may have been erased meanwhile; the others' counts must not fall with theirs.
    there = set(
        session.scalars(
            select(Topic.id).where(Topic.id.in_(ids)).with_for_update(read=True, key_share=True)
        )
    )
    rows = [
        {"day": day, "topic_id": topic_id, **{name: counted[name] for name in _OF_TOPICS}}
        for (day, topic_id), counted in counts.items()
        if topic_id in there
    ]
    if rows:
        add_up(TopicHelp, rows, _OF_TOPICS)


_words: Tally[WordsKey] = Tally("asked words", _write_words)
_topics: Tally[TopicKey] = Tally("topics that helped", _write_topics)
