"""The forms of one word: what a watched word may look like in a sentence.

Forms are made from the word, not cut from the text: a stem that is cut meets its neighbours (мат,
мать and матрица have one), a form that is made meets itself alone. Russian and Ukrainian endings
are taken together, for a word seldom says which of the two it is; where a form is no word of
either language, nobody writes it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_CYRILLIC: Final = re.compile(r"[а-яіїєґ]+")
_LATIN: Final = re.compile(r"[a-z]+")
_VOWELS: Final = "аеиоуыэюяіїє"
# Shorter words are taken as they stand: too many others begin like them.
_SHORTEST: Final = 3


def _endings(*lines: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(["", *" ".join(lines).split()]))


# After a consonant: перевод, лохотрон; товарищ, нож.
_HARD: Final = _endings("а у ом ем е ы и ов ев ей ам ами ах", "ові еві і ів")
_IN_A: Final = _endings("а ы и е у ой ою ей ею ам ами ах", "і о")
_IN_YA: Final = _endings("я и е ю ей ею ям ями ях ь й", "і ї ь")
_SOFT: Final = _endings("ь я ю ем и ей ям ями ях е ью", "ем еві і ів ям ями ях ю")
_IN_Y: Final = _endings("й я ю ем е и ев ям ями ях", "єм єві ї їв")
_IN_O: Final = _endings("о а у ом е ам ами ах", "і")
_IN_E: Final = _endings("е я ю ем и ей й ям ями ях а у ам ами ах", "є ю ям ь")
_ADJECTIVE: Final = _endings(
    "ый ий ой ого его ому ему ым им ом ем ая яя ей ую юю ою ею ое ее ые ие ых их ыми ими а о ы",
    "ій ої її е є і ї ім їх",
)
_VERB: Final = _endings(
    "ть ти л ла ло ли ть ю у ешь ет ем ете ют ут ишь ит им ите ят ат й йте и ите в вши вший",
    "вшая вшее вшие вшего вшей вших н на но ны нный нная нное нные нного нной нных нным нную",
    "ен ена ено ены енный енная енное енные енного енной енных енным енную",
    "ющий ющая ющее ющие ющего ющей ющих ущий ящий ащий лю ля",
    "в є еш ємо єте ють уть ить иш имо іть еш емо ете",
)
_REFLEXIVE: Final = ("ся", "сь")
# Остаток, остатка; конец, конца. Кладка, кладок.
_FLEETING: Final = re.compile(r"(?<=..[^аеиоуыэюяіїє])[оеі](?=[кцл]$)")
_CLOSED_A: Final = re.compile(r"(?<=[^аеиоуыэюяіїєьй])(?=[к]а$)")


@lru_cache(maxsize=4096)
def forms(word: str) -> frozenset[str]:
    """Every form of a lower-case `word` without ё, itself among them."""
    if len(word) < _SHORTEST:
        return frozenset({word})
    if _CYRILLIC.fullmatch(word):
        return frozenset(_slavic(word)) | {word}
    if _LATIN.fullmatch(word):
        return frozenset(_english(word)) | {word}
    return frozenset({word})


def _slavic(word: str) -> set[str]:
    for reflexive in _REFLEXIVE:
        if word.endswith(("ть" + reflexive, "ти" + reflexive)):
            plain = _verb(word.removesuffix(reflexive))
            return {form + r for form in plain for r in _REFLEXIVE}
    # Кость and сеть are nouns of one syllable; the rest in -ать, -еть, -ить, -уть, -ыть are verbs.
    if re.search(r"[аеиоуыяіє]т[ьи]$", word) and sum(c in _VOWELS for c in word[:-1]) > 1:
        return _verb(word) | _with(word[:-1], _SOFT)
    if len(word) > len("ный") and re.search(r"(?:[ыи]й|ой|ая|яя|ое|ее|ые|ие|ій)$", word):
        return _with(word[:-2], _ADJECTIVE[1:]) | _with(word[:-1], _IN_Y)
    return _noun(word)


def _noun(word: str) -> set[str]:
    base, last = word[:-1], word[-1]
    by_ending = {
        "а": _IN_A,
        "я": _IN_YA,
        "ь": _SOFT,
        "й": _IN_Y,
        "о": _IN_O,
        "е": _IN_E,
    }
    if last in by_ending:
        made = _with(base, by_ending[last])
        # The bare stem is a form of feminine and neuter nouns, never of those in ь and й.
        if last in "ьй" or len(base) < _SHORTEST:
            made.discard(base)
        if _CLOSED_A.search(word):
            made |= {_CLOSED_A.sub(vowel, word)[:-1] for vowel in "оеі"}
        return made
    if last in "ыиі" and len(base) >= _SHORTEST:  # said in the plural: деньги, наркотики
        return _with(base, _HARD) | _with(base, _IN_A)
    if last in _VOWELS:  # кредо, авеню: borrowed, and never changed
        return {word}
    made = _with(word, _HARD)
    short = _FLEETING.sub("", word)
    return made | (_with(short, _HARD[1:]) if short != word else set())


def _verb(word: str) -> set[str]:
    """Both halves of a verb: with the infinitive's vowel and without it."""
    base = word[:-2]
    made = {base + ending for ending in _VERB[1:]}
    if len(base) > _SHORTEST and base[-1] in _VOWELS:
        made |= {base[:-1] + ending for ending in _VERB[1:] if ending[0] in _VOWELS + "л"}
    return made


def _english(word: str) -> set[str]:
    made = {word + ending for ending in ("s", "es", "ed", "ing", "er", "ers")}
    if word.endswith("e"):
        made |= {word[:-1] + ending for ending in ("ing", "ed", "er", "ers")}
    elif word.endswith("y"):
        made |= {word[:-1] + ending for ending in ("ies", "ied")}
    elif re.search(r"[^aeiou][aeiou][^aeiouwxy]$", word):
        made |= {word + word[-1] + ending for ending in ("ing", "ed", "er", "ers")}
    return made


def _with(base: str, endings: tuple[str, ...]) -> set[str]:
    return {base + ending for ending in endings}
