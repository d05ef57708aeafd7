"""Which language a text is in, by the letters only that language has."""

import re

_SIGNS = {
    "uk": re.compile("[іїєґІЇЄҐ]"),
    "ru": re.compile("[ыэъёЫЭЪЁ]"),
}
_CYRILLIC = re.compile("[а-яА-ЯёЁіїєґІЇЄҐ]")
_LATIN = re.compile("[a-zA-Z]")


def guess(text: str, otherwise: str) -> str:
    """The code "ru", "uk" or "en"; `otherwise` when the letters do not tell."""
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if cyrillic == 0 and latin == 0:
        return otherwise
    if latin > 2 * cyrillic:
        return "en"
    ukrainian, russian = (len(_SIGNS[code].findall(text)) for code in ("uk", "ru"))
    if ukrainian != russian:
        return "uk" if ukrainian > russian else "ru"
    return otherwise if otherwise in _SIGNS else "ru"
