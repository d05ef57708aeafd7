"""A light stemmer for Ukrainian, which Snowball has none of.

It takes endings off by length, longest first, and then closes the gaps that Ukrainian opens inside
a word: the fleeting vowel (картка, карток), and і that becomes о or е in an open syllable (договір,
договору; платіж, платежу). The stem is a key to compare by, never a word to show.

The known dictionary for this (VESUM) may not be used commercially, hence rules and no dictionary.
"""

import re
from typing import Final

VOWELS: Final = frozenset("аеиіоуєюяї")
_MIN_STEM: Final = 3

_REFLEXIVE: Final = ("ся", "сь")

# Verbs first try these: an infinitive, past or personal ending with the vowel before it, and the
# noun made of the verb (поповнення), so that the act and the deed are found by each other.
_VERBAL: Final = """
ювання ування овання ювати увати овати ювала ювало ювали увала увало ували ювали ював ував
юючи уючи юєте уєте юємо уємо юють ують юєш уєш ую юю ує ює юй уй юйте уйте
ювалося увалося ованого ованому ованими ованих ований ована ованої овану оване овані ованою
юваний уваний ювана увана юване уване ювані увані юваного уваного
ення ень еннями еннях енням енню енні ання аннями аннях анням анню анні яння інні
ити ила ило или ив иш ить имо ите ять лять
іти ілo іла іло іли ів ієш іє іють іємо іємо
ати ала ало али ав аєш ає аємо аєте ають ай айте аючи авши ивши
яти яла яло яли яв яєш яє яємо яєте яють яючи
ути нути нула нуло нули нув
ений ена ене ені еного еному еної ену еною ених еними енім
аний ана ане ані аного аному аної ану аною аних аними
ено ано емо еш ете уть ють єть
тиму тимеш тиме тимемо тимете тимуть
атиму атимеш атиме атимемо атимете атимуть
итиму итимеш итиме итимемо итимете итимуть
уватиму уватимеш уватиме уватимемо уватимете уватимуть
юватиму юватимеш юватиме юватимемо юватимете юватимуть
""".split()  # noqa: SIM905 - a table of words reads better

_NOMINAL: Final = """
іями ями ами ими има іми ому ого ові еві єві ою ею єю ією ої ів їв ей ах ях іях ам ям іям
их іх ий ій ім им ом ем єм ію ія ії іє їх їм
а я у ю о е є и і ї ь й
""".split()  # noqa: SIM905 - a table of words reads better


def _by_length(endings: list[str]) -> tuple[str, ...]:
    return tuple(sorted(dict.fromkeys(endings), key=lambda ending: (-len(ending), ending)))


_VERBAL_ENDINGS: Final = _by_length(_VERBAL)
_NOMINAL_ENDINGS: Final = _by_length(_NOMINAL)
# What is left of an adjective or a past tense after its last vowel is gone (банковий, сигнали):
# taken from every stem alike, so that all forms of one word meet.
_REMAINDERS: Final = (
    "ал",
    "ил",
    "ов",
    "ев",
    "єв",
    "ан",
    "ен",
    "ав",
    "ив",
    "ув",
    "ат",
    "ит",
    "ят",
    "ом",
)
_FLEETING: Final = re.compile(r"(?<=[^аеиіоуєюяї])[оеє](?=[кцч]$)")
# Consonants that change before і: картка, картці; послуга, послузі.
_SOFTENED: Final = {"ц": "к", "г": "з"}
_SUFFIX: Final = re.compile(r"(?:ість|ост)$")
_DOUBLED: Final = re.compile(r"([лнтдзсцжшч])\1$")


def _strip(word: str, endings: tuple[str, ...], least: int) -> str:
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return word[: -len(ending)]
    return word


def stem(word: str) -> str:
    """Return the stem of one lower-case word whose apostrophes are already unified to '."""
    word = word.replace("'", "").replace("ґ", "г")
    if len(word) <= _MIN_STEM or not VOWELS.intersection(word):
        return word
    if len(word) > _MIN_STEM + 3 and word.endswith(_REFLEXIVE):
        word = word[:-2]
    cut = _strip(word, _VERBAL_ENDINGS, _MIN_STEM + 1)
    if cut == word:
        cut = _strip(word, _NOMINAL_ENDINGS, _MIN_STEM)
    return _tidy(cut)


def _tidy(word: str) -> str:
    word = word.rstrip("ьй") if len(word) > _MIN_STEM else word
    word = _strip(word, _REMAINDERS, _MIN_STEM + 1)
    word = _SUFFIX.sub("ост", word)
    word = _DOUBLED.sub(r"\1", word)
    if len(word) > _MIN_STEM + 1:
        word = _FLEETING.sub("", word)
        word = word[:-1] + _SOFTENED.get(word[-1], word[-1])
    return _close_syllable(word)


def _close_syllable(word: str) -> str:
    """і, о and е of the last syllable are one key when the stem is long enough to stay itself."""
    if len(word) <= _MIN_STEM + 1:
        return word
    for at in range(len(word) - 1, 1, -1):
        if word[at] in VOWELS:
            return word[:at] + "о" + word[at + 1 :] if word[at] in "іоеє" else word
    return word
