"""What Snowball's Russian stems need so that the forms of one word meet.

Snowball takes кредит for a verb (он кредит) and кредиты for a noun: two stems. So does it with the
many nouns that end like a verb or a participle (режим, приём, архив, канал, экран, замена). Such a
word gets a second key, that of the noun it may be. All keys are then closed up where Russian
changes the inside or the end of a stem: the fleeting vowel (остаток, остатка) and what tells one
aspect of a verb from the other (отказать, отказывать; оформить, оформлять).

Measured with 53,000 nouns of the OpenCorpora dictionary: 97 % of their forms meet the first one,
with Snowball alone 89 %; of 94 % of the nouns all forms do, with Snowball alone of 74 %. What meets
besides is mostly kin (создание, создать), now and then not (марш, маршал).
"""

from __future__ import annotations

import re
from typing import Final

from app.search import snowball

# What Snowball takes for the ending of a verb or a participle, and may belong to a noun.
_LIKE_A_VERB: Final = re.compile(
    r"(?:ите?|(?<!.{5})им|ем|ен[аы]?|[иыа]в|ила?|ыл|ала?|ан[аы]?|йте|ать)$"
)
_LAST_VOWEL: Final = re.compile(r"(?<=...)[аеьы]$")
_SHORTEST_NOUN: Final = 4
# Where so little is left after that ending, it was none: режим, приём, архив; метан, экран.
_THREE_LEFT: Final = re.compile(r"(?:[иыа]в|[иео]м)$")
_FOUR_LEFT: Final = re.compile(r"ан[аы]?$")

# Выписок, выписка; денег, деньги; копеек, копейка.
_FLEETING: Final = (
    (re.compile(r"(?<=[лн])е(?=[кг]$)"), "ь"),
    (re.compile(r"(?<=[аеиоу])е(?=к$)"), "й"),
    (re.compile(r"(?<=..[^аеиоуыэюя])[ое](?=[кцг]$)"), ""),
)
_ASPECT: Final = re.compile(r"(?<=....)(?:[иы]ва|(?<=[бпвмф])ля|[ая])$")
_SOFTENED: Final = re.compile(r"(?<=....[бпвмф])л$")


def stems(word: str) -> tuple[str, ...]:
    """One or two stems of a lower-case word without ё; that of a noun first."""
    stem = snowball.stem(word, "russian")
    if not _LIKE_A_VERB.search(word):
        return (_closed(stem),)
    noun = _LAST_VOWEL.sub("", word)
    if noun == stem or len(noun) < _SHORTEST_NOUN:
        return (_closed(stem),)
    is_noun = (len(stem) <= 3 and _THREE_LEFT.search(word)) or (  # noqa: PLR2004 (as named)
        len(stem) <= 4 and _FOUR_LEFT.search(word)  # noqa: PLR2004 (as named)
    )
    return tuple(dict.fromkeys([_closed(noun)] + ([] if is_noun else [_closed(stem)])))


def _closed(stem: str) -> str:
    for vowel, instead in _FLEETING:
        stem = vowel.sub(instead, stem)
    return _SOFTENED.sub("", _ASPECT.sub("", stem))
