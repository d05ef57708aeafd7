"""What a query means, by what the index and the synonyms know: see `app.search.readings`."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from app.search import analysis, queries, readings, shelf, synonyms, wording
from app.search.readings import Reading
from app.topics import queries as topics_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.policy import Actor
    from app.search.index import Index
    from app.search.readings import Knows
    from app.search.wording import Wording

# Topics whose titles are looked at for how a word is spelled.
_TITLES = 12
_MOST_UNKNOWN = 3
# How many words are tried as the beginnings of others, while somebody types.
_MOST_OPENINGS = 16
_SHORTEST_OPENING = 3


def understood(text: str, *, typing: bool = False) -> Reading:
    """The reading of `text` of which most words are known; with `typing` the last is unfinished."""
    return shelf.read(lambda index: readings.read(text, _knows(index, typing=typing))) or Reading(
        text
    )


def asked(text: str, *, typing: bool = False) -> Wording:
    """The query taken apart, with what means the same as its words."""
    read = wording.read(text, typing=typing)
    others = synonyms.thesaurus().alternatives(read.words)
    return replace(read, synonyms=others) if any(others) else read


def unknown(text: str, *, typing: bool = False) -> list[str]:
    """The words of `text` that no topic holds and that mean nothing known; not too many of them."""
    found = shelf.read(lambda index: readings.unknown(text, _knows(index, typing=typing)))
    return list(islice(found or (), _MOST_UNKNOWN))


def respelled(actor: Actor, text: str) -> Reading:
    """`text` with its unknown words as titles spell them that this actor may read."""
    unknown = shelf.read(lambda index: readings.unknown(text, _knows(index)))
    if not unknown:
        return Reading(text)
    vocabulary = list(_vocabulary(actor, [text, *islice(unknown, _MOST_UNKNOWN)]))
    return readings.respell(text, lambda word: word not in unknown, vocabulary)


def _knows(index: Index, *, typing: bool = False) -> Knows:
    thesaurus = synonyms.thesaurus()
    left = _MOST_OPENINGS if typing else 0

    def knows(word: str) -> bool:
        nonlocal left
        if index.knows(word) or any(thesaurus.alternatives(synonyms.keys(word))):
            return True
        if left <= 0 or len(word) < _SHORTEST_OPENING:
            return False
        left -= 1
        return bool(index.find(word, limit=1, typing=True).hits)

    return knows


def _vocabulary(actor: Actor, texts: list[str]) -> Iterator[str]:
    """The words of the titles and tags of what is like these texts, as often as they stand there.

    Only of topics that the actor may read: what is suggested gives nothing away.
    """
    found = shelf.read(
        lambda index: [i for text in texts for i in index.similar(text, limit=_TITLES).ids]
    )
    topics = topics_queries.topics_by_id(actor, set(found or ()))
    for topic in topics.values():
        if queries.is_in_sight(topic):
            yield from analysis.split(" ".join([topic.title, *(tag.name for tag in topic.tags)]))
