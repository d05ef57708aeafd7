"""What may have to be hidden, in the order in which it is asked: the surest first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from app.core.bankdata import accounts, cards, codes, mails, papers, phones, requisites
from app.core.bankdata.hiding import OURS
from app.core.bankdata.runs import Run, runs
from app.core.bankdata.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.bankdata.seen import Seen

    Candidate = tuple[str, int, int]

_DIGIT: Final = re.compile(r"[0-9]")
# The shortest number that is sought in groups.
_SHORTEST: Final = 7


def candidates(seen: Seen) -> Iterator[Candidate]:
    """What may be hidden; where two want the same place, the first has it."""
    text = seen.text
    yield from _named("email", mails.mails(text))
    if not _DIGIT.search(text):
        return
    words = Words(text, OURS)
    numbers = runs(text, _SHORTEST)
    yield from _named("iban", accounts.ibans(text))
    yield from _of_the_bank(text, numbers, words)
    yield from _named("kpp", requisites.kpps(seen.original, words, text))
    for run in numbers:
        yield from _cards(text, run, words)
    yield from _named("passport", papers.passports(text, words))
    for run in numbers:
        yield from _named("phone", phones.phones(text, run, words))
    yield from codes.codes(text, words)


def _of_the_bank(text: str, numbers: list[Run], words: Words) -> Iterator[Candidate]:
    """Accounts, and what stands beside them in a bank's letter."""
    known = accounts.biks(text)
    wrong = []
    for run in numbers:
        for window, is_right in accounts.accounts(run, known):
            if is_right:
                yield "account", window.start, window.end
            else:
                wrong.append(window.start)
    for run in numbers:
        for kind, start, end in requisites.requisites(run, words):
            # Hidden, it could not say any more that the account beside it is none.
            if kind != "bik" or not accounts.is_near(wrong, start):
                yield kind, start, end


def _cards(text: str, run: Run, words: Words) -> Iterator[Candidate]:
    for start, end in cards.cards(text, run, words):
        yield "card", start, end
        if (behind := codes.behind_card(text, end)) is not None:
            yield "cvv", *behind


def _named(kind: str, places: Iterator[tuple[int, int]]) -> Iterator[Candidate]:
    return ((kind, start, end) for start, end in places)
