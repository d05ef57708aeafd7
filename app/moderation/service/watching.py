"""Keeping the list of watched words: one at a time, or as a text with a line for each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core.db import session
from app.core.events import record
from app.moderation import watchlist
from app.moderation.events import WatchedWordsChanged
from app.moderation.models import WatchedWord
from app.moderation.models.words import ACTIONS
from app.moderation.watching import BEGINNING, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.accounts.models import Person

LONGEST: Final = 120
MOST_WORDS: Final = 8
# Shorter beginnings would catch half of the language.
SHORTEST_BEGINNING: Final = 4
_LINE: Final = re.compile(r"(?P<action>[a-z]+)\s*:\s*(?P<rest>.+)")
_ARROW: Final = "->"


@dataclass(frozen=True)
class Entry:
    """A line of the list, checked."""

    action: str
    phrase: str
    is_exact: bool = False
    link: str = ""


class BadEntryError(ValueError):
    """`why`: no_word, too_long, short_beginning, unknown_action, no_link, foreign_link; where."""

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(why, line)
        self.why, self.line = why, line


class TooManyError(ValueError):
    """The list would be longer than anybody looks after."""


def check(entry: Entry, is_ours: Callable[[str], bool]) -> Entry:
    """The entry as it is kept; raises BadEntryError. `is_ours`: whether we may link there."""
    words = words_of(entry.phrase)
    begins = entry.phrase.rstrip().endswith(BEGINNING)
    if entry.action not in ACTIONS:
        raise BadEntryError("unknown_action")
    if not words:
        raise BadEntryError("no_word")
    if len(entry.phrase) > LONGEST or len(words) > MOST_WORDS:
        raise BadEntryError("too_long")
    if begins and (len(words) > 1 or len(words[0]) < SHORTEST_BEGINNING):
        raise BadEntryError("short_beginning")
    if entry.action != "link":
        return Entry(entry.action, entry.phrase.strip(), entry.is_exact)
    if not entry.link:
        raise BadEntryError("no_link")
    if not is_ours(entry.link):
        raise BadEntryError("foreign_link")
    return entry


def add(person: Person, entries: Iterable[Entry]) -> int:
    """Watch these, already checked; what was watched is watched as said now. How many are new."""
    wanted = {watchlist.key_of(entry.phrase): entry for entry in entries}
    known = watchlist.by_key(wanted)
    if len(watchlist.entries()) + len(wanted) - len(known) > watchlist.MOST:
        raise TooManyError
    for key, entry in wanted.items():
        row = known.get(key) or WatchedWord(key=key, added_by_id=person.id)
        row.phrase, row.action = entry.phrase.strip(), entry.action
        row.is_exact, row.link = entry.is_exact, entry.link
        session.add(row)
    session.flush()
    added = len(wanted) - len(known)
    if wanted:
        record(WatchedWordsChanged(added, 0), by=person.id)
    return added


def remove(person: Person, word: WatchedWord) -> None:
    """Watch it no longer."""
    session.delete(word)
    session.flush()
    record(WatchedWordsChanged(0, 1), by=person.id)


def read(text: str, is_ours: Callable[[str], bool]) -> list[Entry]:
    """A list as it is exported: `block: слово`, `link: фраза -> /page`, exact in quotes.

    Raises BadEntryError with its line.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        plain = line.strip().lstrip("\ufeff").removeprefix("'")
        if not plain or plain.startswith("#"):
            continue
        match = _LINE.fullmatch(plain)
        if match is None:
            raise BadEntryError("unknown_action", number)
        phrase, _arrow, link = (part.strip() for part in match["rest"].partition(_ARROW))
        is_exact = len(phrase) > 1 and phrase[0] == phrase[-1] == '"'
        entry = Entry(match["action"], phrase.strip('"') if is_exact else phrase, is_exact, link)
        try:
            found.append(check(entry, is_ours))
        except BadEntryError as wrong:
            raise BadEntryError(wrong.why, number) from wrong
    return found


def written(words: Iterable[WatchedWord]) -> str:
    """The list as text. Every line begins with its action, so no spreadsheet takes it for a sum."""
    return "".join(f"{_line(word)}\n" for word in words)


def _line(word: WatchedWord) -> str:
    phrase = f'"{word.phrase}"' if word.is_exact else word.phrase
    return f"{word.action}: {phrase}" + (f" {_ARROW} {word.link}" if word.link else "")
