"""The words of a topic that tell most of what was asked, and whose words they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from app.search import analysis, fragments

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.search.wording import Wording

# An official answer up to so many characters is shown whole.
FITS: Final = 300
_MARKED: Final = re.compile(r"<mark>(.*?)</mark>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody replied in public, as plain text; a decision on an idea is no post."""

    text: str
    by: str
    is_official: bool = False
    post_id: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of what was said, marked; `by` whom, unless they are the asker's words."""

    words: Markup
    by: str = ""
    is_official: bool = False


def best(
    question: str, said: Iterable[Said], wording: Wording, *, official_first: bool = True
) -> Quote:
    """The most telling stretch; of equal ones the bank's, then the asker's own, then the first.

    Without a match it is the beginning of the question. Where the bank's answer is read anyway,
    not `official_first`: then the question says more than an earlier answer.
    """
    quote = Quote(fragments.fragment([question], wording))
    most = _worth(quote.words)
    for each in said:
        words = fragments.fragment([each.text], wording)
        worth = _worth(words)
        is_first = official_first and each.is_official and not quote.by
        if worth > most or (worth == most > 0 and is_first):
            quote, most = Quote(words, each.by, each.is_official), worth
    return quote


def whole(text: str, wording: Wording) -> Markup:
    """An answer that is short enough to be read at once, marked; else nothing."""
    text = " ".join(text.split())
    return fragments.marked(text, wording) if len(text) <= FITS else Markup()


def _worth(words: Markup) -> int:
    return len({analysis.keys(unescape(marked)) for marked in _MARKED.findall(str(words))})
