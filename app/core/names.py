"""Names nobody may imitate: look-alike letters are folded into one skeleton and compared.

Folding: NFKC, lower case, no marks, no zero-width or control characters, letters and digits that
look alike turned into one Latin letter, spaces and punctuation dropped.

`fault` says what is wrong with the look of a name, whoever bears it; `takes` and `is_reserved`
whether a customer's could be taken for somebody else's.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from app.core.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confusable_homoglyphs import confusables
else:
    confusables = lazily("confusable_homoglyphs.confusables")

# What the confusables table leaves apart or maps by capitals only: Cyrillic letters that look
# Latin, digits that stand for letters, and the one stroke that is I, l, 1 and |.
_SEEN = "авезкмнорстухіїјѕԁԛԝһ0134568l|ı"
_DRAWN = "abeekmhopctyxiijsdqwhoieasbbiii"
LOOKALIKES = str.maketrans(_SEEN, _DRAWN)

# Nobody at a bank has one of these names, and nobody else may look as if.
NOBODYS = """
    admin administrator administration moderator moderation support helpdesk official bank manager
    operator security verified staff employee consultant podderzhka podderjka
    админ администратор администрация модератор модерация поддержка техподдержка саппорт служба
    официальный официально официальная банк банка банку банком банке оператор безопасность
    сотрудник сотрудница консультант менеджер руководство дирекция
    адміністратор адміністрація підтримка техпідтримка офіційний офіційно банку безпека
    співробітник оператор керівництво
"""
# Words that say what a bank is, not which: alone they name none.
_KINDS = frozenset({"банк", "bank", "пао", "ао", "ооо", "оао", "зао", "ат", "пат", "jsc", "pjsc"})

# Characters that show nothing though they count as letters or signs.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_INVISIBLE_MARKS = frozenset({"\u034f", "\u17b4", "\u17b5", "\u180b", "\u180c", "\u180d", "\u180f"})
_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
_TALLEST = 2  # marks a letter: two are Vietnamese, three are zalgo
_FEWEST = 2  # letters
_LONG = 7  # a shorter bank's name may stand inside of people's: Мир in Владимир
# A Japanese or Korean word is written with all of them.
_EASTERN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"})


@lru_cache(maxsize=4096)
def skeleton(name: str) -> str:
    """What remains of `name` to the eye; equal skeletons look alike."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name)).casefold()
    seen = [c for c in folded if unicodedata.category(c)[0] in "LN" or c == "|"]
    return "".join(_base(c.translate(LOOKALIKES)) for c in seen)[:200]


def words(name: str) -> list[str]:
    """The skeletons of the words of `name`."""
    return [looks for word in _split(name) if (looks := skeleton(word))]


def fault(name: str) -> str | None:
    """What no name may have: "hidden", "marks", "signs", "styled", "mixed" or "short"; else None.

    Hidden: controls, direction marks, joiners, tags, blanks. Signs: pictures and ticks, of which
    one could be taken for the bank's. Styled: letters that only draw other letters (𝐁, Ｂ, ⓑ).
    """
    composed = unicodedata.normalize("NFC", name)
    kinds = [unicodedata.category(c) for c in composed]
    faults = {
        "hidden": any(k in _HIDDEN for k in kinds) or any(map(_is_blank, composed)),
        "marks": "Me" in kinds or _tallest(kinds) > _TALLEST,
        "signs": any(map(_is_sign, composed, kinds)),
        "styled": any(map(_is_styled, composed, kinds)),
        "mixed": mixes_scripts(composed),
        "short": sum(1 for k in kinds if k[0] == "L") < _FEWEST,
    }
    return next((what for what, is_so in faults.items() if is_so), None)


def takes(name: str, other: str) -> bool:
    """Whether `name` could be read as `other`: the same to the eye, in any order, or with more."""
    theirs, ours = _joined(skeleton(other)), _joined(skeleton(name))
    if not theirs or theirs == ours:
        return bool(theirs)
    parts, seen = (set(map(_joined, words(each))) for each in (other, name))
    return len(parts) > 1 and parts <= seen


def is_reserved(name: str, reserved: Iterable[str]) -> bool:
    """Whether `name` has a word that is nobody's, or one of the `reserved` names."""
    seen = words(name)
    if set(seen) & _nobodys() or skeleton(name) in _nobodys():
        return True
    return any(takes(name, other) or _is_among(words(other), seen) for other in reserved)


def is_the_banks(name: str, bank: str) -> bool:
    """Whether `name` has the bank's name in it, or is what tells this bank from others."""
    looks = skeleton(bank)
    if len(looks) >= _LONG and looks in skeleton(name):
        return True
    if _is_among(words(bank), words(name)):
        return True
    telling = [word for word in bank.split() if word.casefold().strip("«»\"'") not in _KINDS]
    return bool(telling) and takes(name, " ".join(telling))


def mixes_scripts(name: str) -> bool:
    """Whether a single word of `name` mixes alphabets ("Bаnk" with a Cyrillic а).

    The parts of "IT-директор" are words of their own.
    """
    return any(len(_scripts(word)) > 1 for word in _split(name))


def is_printable(name: str) -> bool:
    """Whether `name` shows letters, and nothing invisible or direction-turning."""
    return fault(name) in {None, "mixed"}


@lru_cache(maxsize=1)
def _nobodys() -> frozenset[str]:
    return frozenset(map(skeleton, NOBODYS.split()))


def _split(name: str) -> list[str]:
    spaced = (c if unicodedata.category(c)[0] in "LNMC" or c == "|" else " " for c in name)
    return "".join(spaced).split()


def _is_among(few: list[str], many: list[str]) -> bool:
    """Whether `few` stand in `many` one after another."""
    length = len(few)
    return bool(few) and any(many[i : i + length] == few for i in range(len(many) - length + 1))


def _is_blank(c: str) -> bool:
    if c in _BLANKS or c in _INVISIBLE_MARKS:
        return True
    # Variation selectors; and every space but the usual one and the one that does not break.
    return "\ufe00" <= c <= "\ufe0f" or (unicodedata.category(c) == "Zs" and c not in " \u00a0")


def _is_sign(c: str, kind: str) -> bool:
    return kind == "So" or c == "√" or (kind in {"Sk", "Sm", "Sc"} and not c.isascii())


def _is_styled(c: str, kind: str) -> bool:
    """Whether a letter or a figure is another one in disguise."""
    if kind[0] not in "LN":
        return False
    return kind == "No" or unicodedata.normalize("NFKC", c) != unicodedata.normalize("NFC", c)


def _tallest(kinds: list[str]) -> int:
    tallest = height = 0
    for kind in kinds:
        height = height + 1 if kind[0] == "M" else 0
        tallest = max(tallest, height)
    return tallest


def _scripts(word: str) -> set[str]:
    found = set()
    for c in word:
        # Modifiers belong to every alphabet: the apostrophe of Ukrainian names is one.
        if c.isalpha() and unicodedata.category(c) != "Lm":
            script = unicodedata.name(c, "?").split()[0]
            found.add("EASTERN" if script in _EASTERN else script)
    return found


def _joined(looks: str) -> str:
    """Two letters that draw a third between them."""
    return looks.replace("rn", "m").replace("vv", "w")


def _base(c: str) -> str:
    if c.isascii():
        return c
    found = confusables.is_confusable(c, preferred_aliases=["latin"], greedy=False)
    if not found:
        return c
    for twin in found[0]["homoglyphs"]:
        if twin["c"].isascii() and twin["c"].isalpha():
            return str(twin["c"]).lower().translate(LOOKALIKES)
    return c
