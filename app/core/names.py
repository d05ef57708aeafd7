"""Names nobody may imitate: look-alike letters are folded into one skeleton and compared.

Folding: NFKC, lower case, no marks, no zero-width or control characters, Cyrillic letters that look
Latin turned into Latin, spaces and punctuation dropped.
"""

from __future__ import annotations

import unicodedata

from confusable_homoglyphs import confusables

# Latin shapes of Cyrillic letters that the confusables table leaves apart or maps by capitals only.
LOOKALIKES = str.maketrans("авекмнорстухіїјѕԁԛԝ0134568", "abekmhopctyxiijsdqwoieaasb")


def skeleton(name: str) -> str:
    """What remains of `name` to the eye; equal skeletons look alike."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name)).casefold()
    seen = [c for c in folded if unicodedata.category(c)[0] in "LN"]
    return "".join(_base(c.translate(LOOKALIKES)) for c in seen)[:200]


def mixes_scripts(name: str) -> bool:
    """Whether a single word of `name` mixes alphabets ("Bаnk" with a Cyrillic а)."""
    return any(len(_scripts(word)) > 1 for word in name.split())


def is_printable(name: str) -> bool:
    """Whether `name` shows something: letters, and no invisible or direction-turning characters."""
    kinds = [unicodedata.category(c) for c in name]
    if any(k in {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"} for k in kinds):
        return False
    marks = max((sum(1 for _ in run) for run in _runs_of_marks(kinds)), default=0)
    shown = [c for c, k in zip(name, kinds, strict=True) if k[0] in "LN" and c not in "ㅤᅟᅠﾠ"]
    return bool(shown) and marks <= 2  # noqa: PLR2004 (two marks a letter is Vietnamese; three is zalgo)


def _runs_of_marks(kinds: list[str]) -> list[list[str]]:
    runs: list[list[str]] = [[]]
    for kind in kinds:
        if kind.startswith("M"):
            runs[-1].append(kind)
        else:
            runs.append([])
    return runs


def _scripts(word: str) -> set[str]:
    found = set()
    for c in word:
        if c.isalpha():
            name = unicodedata.name(c, "?").split()[0]
            if name in {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}:
                found.add(name)
    return found


def _base(c: str) -> str:
    if c.isascii():
        return c
    found = confusables.is_confusable(c, preferred_aliases=["latin"], greedy=False)
    if not found:
        return c
    for twin in found[0]["homoglyphs"]:
        if twin["c"].isascii() and twin["c"].isalpha():
            return str(twin["c"]).lower()
    return c
