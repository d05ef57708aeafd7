"""The words the bank watches, and what becomes of a text that holds some.

`block` refuses it, `approve` lets somebody read it first, `flag` puts it on the review list once it
is out, `mask` shows stars, `link` leads to a page of the bank's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from app.core.db import session
from app.moderation import watching
from app.moderation.models import WatchedWord
from app.moderation.models.words import ACTIONS
from app.moderation.watching import Found, Watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# More than anybody looks after, and few enough to be read for every text.
MOST: Final = 2_000
# Where Markdown has a link or code already, no second link can stand.
_NO_LINKS: Final = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]{0,500}`|!?\[[^\]\n]{0,500}\]\([^)\n]{0,500}\)"
    r"|<[^>\s]{1,500}>|(?:https?://|www\.)[^\s<>]{1,2000}",
    re.DOTALL | re.IGNORECASE,
)
# Only text that people read one line at a time is Markdown.
_MARKDOWN: Final = "body"


@dataclass(frozen=True)
class Looked:
    """What was found: the words by action as they stand in the text, and the changed texts."""

    found: dict[str, tuple[str, ...]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    # In which fields the blocked words stand.
    blocked_in: tuple[str, ...] = ()


def entries() -> Sequence[WatchedWord]:
    """All of them, by phrase."""
    return session.scalars(select(WatchedWord).order_by(WatchedWord.phrase, WatchedWord.id)).all()


def entry(_actor: object, word_id: int) -> WatchedWord | None:
    """One of them."""
    return session.get(WatchedWord, word_id)


def by_key(keys: Iterable[str]) -> dict[str, WatchedWord]:
    """Those that are watched already."""
    query = select(WatchedWord).where(WatchedWord.key.in_(list(keys)))
    return {one.key: one for one in session.scalars(query)}


def key_of(phrase: str) -> str:
    """How a phrase is known, however it is written; "" when there is no word in it."""
    key = " ".join(watching.words_of(phrase))
    return f"{key}{watching.BEGINNING}" if phrase.rstrip().endswith(watching.BEGINNING) else key


def look(texts: Mapping[str, str], among: Sequence[WatchedWord] | None = None) -> Looked:
    """Look for everything that is watched in these texts."""
    listed = entries() if among is None else among
    by_id = {one.id: one for one in listed}
    watched = [Watched(one.id, one.phrase, one.is_exact) for one in listed]
    said: dict[str, dict[str, None]] = defaultdict(dict)
    blocked: list[str] = []
    changed = {}
    for name, text in texts.items():
        found = watching.find(text, watched)
        for one in found:
            said[by_id[one.id].action][text[one.start : one.end]] = None
        if any(by_id[one.id].action == "block" for one in found):
            blocked.append(name)
        after = _changed(text, found, by_id, may_link=name == _MARKDOWN)
        if after != text:
            changed[name] = after
    in_order = {action: tuple(said[action]) for action in ACTIONS if action in said}
    return Looked(in_order, changed, tuple(blocked))


def _changed(
    text: str, found: Sequence[Found], by_id: Mapping[int, WatchedWord], *, may_link: bool
) -> str:
    """The text with stars and links; from its end, so that places stay what they are."""
    closed = [(m.start(), m.end()) for m in _NO_LINKS.finditer(text)] if may_link else []
    pieces: dict[tuple[int, int], str] = {}
    linked: set[int] = set()
    for one in found:
        entry = by_id[one.id]
        place = (one.start, one.end)
        if entry.action == "mask":
            star = r"\*" if may_link and not _in_code(text, one, closed) else "*"
            pieces[place] = "".join(c if c.isspace() else star for c in text[slice(*place)])
        elif entry.action == "link" and one.id not in linked and may_link and _free(one, closed):
            linked.add(one.id)
            pieces.setdefault(place, f"[{text[slice(*place)]}]({entry.link})")
    edge = len(text)
    for (start, end), instead in sorted(pieces.items(), reverse=True):
        if end <= edge:  # of two that overlap, the later one
            text, edge = text[:start] + instead + text[end:], start
    return text


def _free(one: Found, closed: Sequence[tuple[int, int]]) -> bool:
    return not any(start < one.end and one.start < end for start, end in closed)


def _in_code(text: str, one: Found, closed: Sequence[tuple[int, int]]) -> bool:
    """Where Markdown shows a star as it stands; elsewhere a line of stars would be a rule."""
    return any(s <= one.start and one.end <= e and text[s] == "`" for s, e in closed)
