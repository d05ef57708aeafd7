"""Reading a Stack Exchange dump: `Posts.xml` and, when it is there, `Users.xml`.

Files are streamed and may be larger than memory. A row that makes no sense raises BadRow with its
number, and the next one is read; XML that breaks off raises BrokenOffError, and what stood before
it counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from app.core import clock, markdown, markup

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import IO

QUESTION, ANSWER = "1", "2"
# As long as the columns are.
TITLE, NAME, TAGS = 150, 80, 10

_ID = re.compile(r"[0-9]{1,18}")
_SCORE = re.compile(r"-?[0-9]{1,9}")
_TAG = re.compile(r"[^<>|]+")


class BadRow(ValueError):
    """A row that cannot be brought in; `number` counts the file's rows from one."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"row {number}: {why}")
        self.number = number
        self.why = why


class BrokenOffError(ValueError):
    """The file is no (longer) XML from here on."""


@dataclass(frozen=True)
class Author:
    """Who wrote something there: `key` is theirs for good, `name` may be only a stand-in."""

    key: str
    name: str


@dataclass(frozen=True)
class Question:
    """One question, cleaned."""

    id: str
    title: str
    html: str
    body: str
    tags: list[str]
    author: Author
    score: int
    at: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class Answer:
    """One answer, cleaned."""

    id: str
    question_id: str
    html: str
    body: str
    author: Author
    score: int
    at: datetime
    number: int


def rows(file: IO[bytes]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Every row of a dump with its number; raises BrokenOffError where the XML ends too early."""
    number = 0
    try:
        parts = iterparse(file, events=("start", "end"))
        _, root = next(parts)
        for event, element in parts:
            if event == "end" and element.tag == "row":
                number += 1
                yield number, element.attrib
                root.clear()  # else the whole file would gather under it
    except ParseError as error:
        raise BrokenOffError(f"after row {number}: {error}") from error
    except (DefusedXmlException, StopIteration, UnicodeError, LookupError) as error:
        raise BrokenOffError(f"after row {number}: this is not a dump ({error})") from error


def question(number: int, row: Mapping[str, str]) -> Question:
    """The question in a row; raises BadRow."""
    title = " ".join(_needed(number, row, "Title").split())
    if not title:
        raise BadRow(number, "its Title is empty")
    html, body = _text(number, row)
    return Question(
        id=_id(number, row, "Id"),
        title=cut(title, TITLE),
        html=html,
        body=body,
        tags=_TAG.findall(row.get("Tags", ""))[:TAGS],
        author=_author(number, row),
        score=_score(number, row),
        at=_instant(number, row, "CreationDate"),
        closed_at=_instant(number, row, "ClosedDate") if "ClosedDate" in row else None,
    )


def answer(number: int, row: Mapping[str, str]) -> Answer:
    """The answer in a row; raises BadRow."""
    html, body = _text(number, row)
    return Answer(
        id=_id(number, row, "Id"),
        question_id=_id(number, row, "ParentId"),
        html=html,
        body=body,
        author=_author(number, row),
        score=_score(number, row),
        at=_instant(number, row, "CreationDate"),
        number=number,
    )


def person(number: int, row: Mapping[str, str]) -> Author:
    """The person in a row of `Users.xml`; raises BadRow."""
    name = " ".join(_needed(number, row, "DisplayName").split())
    if not name:
        raise BadRow(number, "its DisplayName is empty")
    key = row.get("Id", "")
    if not re.fullmatch(r"-?[0-9]{1,18}", key):
        raise BadRow(number, f"its Id is no number: {key[:40]!r}")
    return Author(f"user:{key}", name[:NAME])


def stand_in(user_id: str) -> str:
    """How Stack Exchange itself calls somebody without a name."""
    return f"user{user_id}"


def cut(text: str, width: int) -> str:
    """`text` in at most `width` characters, cut at a word."""
    if len(text) <= width:
        return text
    head, space, _ = text[:width].rpartition(" ")
    return (head if space else text[: width - 1]).rstrip(" ,.;:–—-") + "…"


def _needed(number: int, row: Mapping[str, str], name: str) -> str:
    try:
        return row[name]
    except KeyError:
        raise BadRow(number, f"it has no {name}") from None


def _id(number: int, row: Mapping[str, str], name: str) -> str:
    value = _needed(number, row, name)
    if not _ID.fullmatch(value):
        raise BadRow(number, f"its {name} is no number: {value[:40]!r}")
    return value


def _score(number: int, row: Mapping[str, str]) -> int:
    value = row.get("Score") or "0"
    if not _SCORE.fullmatch(value):
        raise BadRow(number, f"its Score is no number: {value[:40]!r}")
    return int(value)


def _instant(number: int, row: Mapping[str, str], name: str) -> datetime:
    value = _needed(number, row, name)
    try:
        read = datetime.fromisoformat(value)
        at = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRow(number, f"its {name} is no date: {value[:40]!r}") from None
    if at > clock.now() + timedelta(days=1):
        raise BadRow(number, f"its {name} is yet to come: {value[:40]!r}")
    return at


def _text(number: int, row: Mapping[str, str]) -> tuple[str, str]:
    try:
        html = markup.clean(_needed(number, row, "Body"))
    except markup.TooLong as error:
        raise BadRow(number, f"its Body is too long: {error}") from None
    if not markup.plain(html).strip():
        raise BadRow(number, "its Body says nothing")
    try:
        return html, markdown.of(html)
    except RecursionError:
        raise BadRow(number, "its Body is nested too deeply") from None


def _author(number: int, row: Mapping[str, str]) -> Author:
    shown = " ".join(row.get("OwnerDisplayName", "").split())[:NAME]
    key = row.get("OwnerUserId")
    if key:
        if not re.fullmatch(r"-?[0-9]{1,18}", key):
            raise BadRow(number, f"its OwnerUserId is no number: {key[:40]!r}")
        return Author(f"user:{key}", shown or stand_in(key))
    # The account is gone; its last name may remain.
    return Author(f"name:{shown}", shown) if shown else Author("user:unknown", "Anonymous")
