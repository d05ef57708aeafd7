"""Passports: series and number near their words, Russian, Ukrainian and of other countries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.bankdata.words import Words

NEAR: Final = 60
# Where the series ends and the number begins people write "№", "номер", "n", or nothing.
_JOIN: Final = r"[ \n,.;:\-/()]{0,3}(?:номер|number|no|n|№)?[ \n.:#№\-]{0,3}"
_SHAPES: Final = re.compile(
    # 45 08 123456, of Russia; 71 1234567 for going abroad
    rf"(?<![0-9a-z])[0-9]{{2}}[ \-]?[0-9]{{2}}{_JOIN}[0-9]{{3}}[ \-]?[0-9]{{3}}(?![0-9])"
    rf"|(?<![0-9a-z])[0-9]{{2}}{_JOIN}[0-9]{{7}}(?![0-9])"
    # МЕ 123456 of Ukraine, AB1234567 of many countries
    rf"|(?<![^\W_])[a-zа-яі]{{2}}{_JOIN}[0-9]{{6,7}}(?![0-9])"
    r"|(?<![^\W_])[a-z]{0,3}[0-9]{6,9}(?![0-9a-z])"
    # Нові паспорти: запис у реєстрі
    r"|(?<![0-9])[0-9]{8}-[0-9]{5}(?![0-9])"
)
_PHONE: Final = re.compile(r"[78]?9[0-9]{9}")


def passports(text: str, words: Words) -> Iterator[tuple[int, int]]:
    """Numbers in the shape of a passport's with its word before, or directly behind."""
    if "passport" not in words:
        return
    for found in _SHAPES.finditer(text):
        digits = "".join(c for c in found[0] if c.isdigit())
        if not any(map(int, digits)):
            continue
        before = words.before("passport", found.start(), NEAR)
        behind = words.after("passport", found.end(), NEAR // 3)
        if before or behind:
            yield found.start(), found.end()
