"""A topic as an engine stores it: the keys of its words by field, its labels, its worth.

| field      | holds                                        | weighs (see `plans`) |
|------------|----------------------------------------------|----------------------|
| `title`    | the title                                    | most                 |
| `official` | the bank's answers and decisions             | more than the body   |
| `body`     | what was asked, and the tags                 | one                  |
| `comments` | what others said                             | half                 |
| `grams`    | every three letters of the title, in a row   | carries typos        |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.search import analysis

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from app.search.analysis import Language

TEXTS: Final = ("title", "official", "body", "comments")
GRAMS: Final = "grams"
ID: Final = "id"
LABELS: Final = ("category", "kind", "state", "tag", "by")

_GAP: Final = 100  # between two texts of a topic, so that no phrase spans them
_LONGEST_TEXT: Final = 50_000
_LONGEST_TITLE: Final = 400
LONGEST_MEANT: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A topic as search sees it: plain texts (`markup.plain`), only what the public may see.

    `people`: who asked it and who answered it for the bank.
    """

    topic_id: int
    title: str
    body: str = ""
    official: Sequence[str] = ()
    comments: Sequence[str] = ()
    tags: Sequence[str] = ()
    category_id: int | None = None
    kind: str = ""
    state: str = ""
    people: Sequence[int] = ()
    asked_at: datetime | None = None
    answered: bool = False
    visible: bool = True
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """What of a topic, besides its words, moves it up or down: see `ranking`.

    `day`: when it was asked, in days since 1970; 0 when that is not known.
    """

    answered: bool
    solved: bool
    waits: bool
    day: int


@dataclass(frozen=True, slots=True)
class Row:
    """`texts`: by field, each key with the place of its word. `labels`: by name, what it is.

    `line`: the words of the title as `pieces` takes them apart.
    """

    topic_id: int
    texts: dict[str, list[tuple[str, int]]]
    line: str
    labels: dict[str, list[str]]
    worth: Worth


def of(document: Document) -> Row:
    """The row of a document."""
    d = document
    language = d.language or analysis.language_of(f"{d.title} {d.body}")
    return Row(
        d.topic_id,
        {
            "title": _keys([d.title], language),
            "official": _keys(d.official, language),
            "body": _keys([d.body, *(tag.replace("-", " ") for tag in d.tags)], language),
            "comments": _keys(d.comments, language),
        },
        line(d.title[:_LONGEST_TITLE]),
        {
            "category": [] if d.category_id is None else [str(d.category_id)],
            "kind": _labels([d.kind]),
            "state": _labels([d.state]),
            "tag": _labels(d.tags),
            "by": [str(number) for number in d.people],
        },
        Worth(d.answered, d.state == "solved", d.state in {"waiting", "reopened"}, _day(d)),
    )


def meant(document: Document) -> str:
    """What a topic is about, in the words by which its meaning is known: its title and tags."""
    return line(" ".join([document.title[:_LONGEST_TITLE], *document.tags]))[:LONGEST_MEANT]


def line(text: str) -> str:
    """The words of a text as they are compared, one space around each."""
    folded = [analysis.fold(word).replace("'", "") for word in analysis.split(text)]
    return f" {' '.join(folded)} " if folded else ""


def pieces(line: str) -> list[str]:
    """Every three letters in a row of a line, also across the space between two words."""
    return [line[at : at + 3] for at in range(len(line) - 2)]


def _keys(texts: Iterable[str], language: Language | None) -> list[tuple[str, int]]:
    return list(_placed(texts, language))


def _placed(texts: Iterable[str], language: Language | None) -> Iterator[tuple[str, int]]:
    place = 0
    for text in texts:
        for word in analysis.words(text[:_LONGEST_TEXT], language):
            for key in word.keys:
                yield key, place
            place += 1
        place += _GAP


def _labels(names: Iterable[str]) -> list[str]:
    # Lone surrogates cannot be written down.
    return [name.encode("utf-8", "replace").decode() for name in names if name]


def _day(document: Document) -> int:
    at = document.asked_at
    return 0 if at is None else max(0, int(at.timestamp() // 86400))
