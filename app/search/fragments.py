"""Titles and fragments with the found words marked, as HTML safe whatever the text holds."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from markupsafe import Markup

from app.search import analysis
from app.search.wording import Wording

LENGTH: Final = 240
_LOOKED_AT: Final = 20_000
_LEAD: Final = 40
_ELLIPSIS: Final = "…"


def marked(text: str, wording: Wording) -> Markup:
    """Return the whole text escaped, with every asked-for word in <mark>."""
    return _mark(text, _matches(text, wording))


def fragment(texts: Iterable[str], wording: Wording, *, length: int = LENGTH) -> Markup:
    """Return the stretch of the texts that holds most of what was asked, marked.

    Pass the plain texts the reader may see, the most telling first (the question, the official
    answer, comments): of equal stretches the earlier wins. Without a match it is the beginning of
    the first text that is not empty.
    """
    opening, best, best_worth = "", Markup(), 0
    for raw in texts:
        text = " ".join(raw[:_LOOKED_AT].split())
        opening = opening or text
        matches = _matches(text, wording)
        first, last, worth = _densest(matches, length)
        if worth > best_worth:
            best_worth = worth
            best = _cut(text, matches, matches[first].start, matches[last].end, length)
    return best if best_worth else _cut(opening, [], 0, 0, length)


def _matches(text: str, wording: Wording) -> list[analysis.Word]:
    return wording.among(analysis.words(text))


def _densest(matches: Sequence[analysis.Word], length: int) -> tuple[int, int, int]:
    """First and last match of the window with most different words, and how many those are."""
    best = (0, 0, 0)
    last = 0
    for first, word in enumerate(matches):
        last = max(last, first)
        while last + 1 < len(matches) and matches[last + 1].end - word.start <= length - _LEAD:
            last += 1
        worth = len({match.keys for match in matches[first : last + 1]})
        if worth > best[2]:
            best = (first, last, worth)
    return best


def _cut(text: str, matches: Sequence[analysis.Word], start: int, end: int, length: int) -> Markup:
    start = 0 if end <= length else max(0, start - _LEAD)
    stop = min(len(text), start + length)
    if start:
        space = text.find(" ", start, start + _LEAD)
        start = space + 1 if space >= 0 else start
    if stop < len(text):
        space = text.rfind(" ", max(end, start + 1), stop)
        stop = space if space > 0 else stop
    inside = [match for match in matches if match.start >= start and match.end <= stop]
    shown = _mark(text[:stop], inside, start)
    before, after = _ELLIPSIS if start else "", _ELLIPSIS if stop < len(text) else ""
    return before + shown + after


def _mark(text: str, matches: Iterable[analysis.Word], start: int = 0) -> Markup:
    pieces: list[str] = []
    for match in matches:
        pieces.append(escape(text[start : match.start]))
        pieces.append(f"<mark>{escape(text[match.start : match.end])}</mark>")
        start = match.end
    pieces.append(escape(text[start:]))
    return Markup("".join(pieces))  # noqa: S704 - every piece is escaped above
