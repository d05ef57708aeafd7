"""How else a query can be read: the other keyboard layout, Latin letters for Cyrillic, a slip.

As typed is right when most of its telling words are known to the index; otherwise the reading with
more known words is taken, and the page says so. Pure: what is known, the caller tells.

Both keyboard and transliteration look at the first words of a text only, and try a handful of ways
for each: any text is read in bounded time.

The only door to rapidfuzz, which counts the slips.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

from app.core.lazily import lazily
from app.search import analysis, empty_words
from app.search.analysis import Word
from app.search.wording import OPERATOR

if TYPE_CHECKING:
    from rapidfuzz import distance
else:
    distance = lazily("rapidfuzz.distance")

Why = Literal["layout", "translit", "spelling"]
Knows = Callable[[str], bool]

# More than anybody types by mistake; a text beyond is searched for as it stands.
LONGEST: Final = 500
_MOST_WORDS: Final = 16
_MOST_VOCABULARY: Final = 5_000
_SHORTEST_LATIN: Final = 2

# One slip in a short word, two in a long one; none in a word of three letters.
_ONE_SLIP_FROM: Final = 4
_TWO_SLIPS_FROM: Final = 8
_SHORTEST_OPENING: Final = 3

_CHUNK: Final = re.compile(r"\S+")
_LATIN_WORD: Final = re.compile(r"[a-z']+ь?", re.IGNORECASE)
_CYRILLIC_WORD: Final = re.compile(r"[а-яёіїєґ'’ʼ]+", re.IGNORECASE)
# A sign that ends a sentence, and is a letter on the other layout.
_TRAILING: Final = re.compile(r"[,.;:]$")


@dataclass(frozen=True, slots=True)
class Reading:
    """What to search for; `instead_of` what was typed, and why, when that is another text."""

    text: str
    instead_of: str | None = None
    why: Why | None = None


def read(text: str, knows: Knows) -> Reading:
    """The likeliest reading of `text`; as typed unless another has more words that are known."""
    if len(text) > LONGEST:
        return Reading(text)
    knows = _remembering(knows)
    typed = _telling(text)
    if 2 * sum(known for _, known in _marked(typed, text, knows)) > len(typed) or not typed:
        return Reading(text)
    best, most = Reading(text), _known(text, knows)
    told = most[0]
    for why, other in _others(text, knows):
        known = _known(other, knows)
        # A small word more is a chance: тый is no better than тій.
        if known[0] > told and known > most:
            best, most = Reading(other, text, why), known
    return best


def respell(text: str, knows: Knows, vocabulary: Iterable[str]) -> Reading:
    """`text` with its unknown words put right by those of the vocabulary, as far as they can be."""
    if len(text) > LONGEST:
        return Reading(text)
    words = Counter(islice((analysis.fold(word) for word in vocabulary), _MOST_VOCABULARY))
    knows = _remembering(knows)
    right = _word_by_word(
        text, lambda word: None if knows(word) else _nearest(analysis.fold(word), words)
    )
    return Reading(text) if right == text else Reading(right, text, "spelling")


def unknown(text: str, knows: Knows) -> list[str]:
    """The words of `text` that nobody knows."""
    words = (text[w.start : w.end] for w in _telling(text[:LONGEST]))
    return [word for word in words if not _is_word(word, knows)]


def correct(word: str, vocabulary: Iterable[str]) -> str | None:
    """The word of the vocabulary that was meant, the nearest and most frequent; None without one.

    A swap of two neighbours is one slip. A word that stands there in any form is right.
    """
    found = nearest(word, vocabulary)
    if found is None or _apart(analysis.fold(word), found) == 0:
        return None
    return found


def nearest(word: str, vocabulary: Iterable[str]) -> str | None:
    """The same, and the form in which the word itself stands there."""
    words = (analysis.fold(each) for each in vocabulary)
    return _nearest(analysis.fold(word), Counter(islice(words, _MOST_VOCABULARY)))


def _nearest(word: str, vocabulary: Counter[str]) -> str | None:
    if len(word) < _SHORTEST_OPENING or not word.isalpha():
        return None
    near = []
    for other, often in vocabulary.items():
        apart = _apart(word, other)
        if apart is None and other.startswith(word):
            # Half typed is further off than any slip.
            apart = len(other)
        if apart is not None:
            near.append((apart, -often, other))
    return min(near)[2] if near else None


def _apart(word: str, other: str) -> int | None:
    """How many slips lie between two words, or between their stems; None when too many."""
    pairs = [(word, other)]
    pairs += [
        (mine[1:], theirs[1:])
        for mine in analysis.keys(word)
        for theirs in analysis.keys(other)
        # Where the ends differ it is not a slip but another word: метан, метать.
        if mine[0] == theirs[0] and mine[-1] == theirs[-1]
    ]
    found = (_between(*pair) for pair in pairs if min(map(len, pair)) >= _ONE_SLIP_FROM)
    return min((apart for apart in found if apart is not None), default=None)


def _between(one: str, other: str) -> int | None:
    most = 2 if len(one) >= _TWO_SLIPS_FROM else 1
    apart = distance.DamerauLevenshtein.distance(one, other, score_cutoff=most)
    return apart if apart <= most else None


# What is known of a text


def _words(text: str) -> list[Word]:
    """The first words of a text, but for those of operators."""
    operators = [found.span() for found in OPERATOR.finditer(text)]
    free = (
        word
        for word in analysis.words(text)
        if not any(start <= word.start < end for start, end in operators)
    )
    return list(islice(free, _MOST_WORDS))


def _telling(text: str) -> list[Word]:
    """Those words that say something, or all when none does; figures never do."""
    words = [w for w in _words(text) if not text[w.start : w.end].isdigit()]
    return [w for w in words if empty_words.grammar().isdisjoint(w.keys)] or words


def _marked(words: Iterable[Word], text: str, knows: Knows) -> Iterator[tuple[Word, bool]]:
    for word in words:
        yield word, knows(text[word.start : word.end])


def _known(text: str, knows: Knows) -> tuple[int, int]:
    """How many telling words the index knows, and how many words it or the language knows."""
    telling = sum(known for _, known in _marked(_telling(text), text, knows))
    if not telling:
        return 0, 0
    return telling, sum(_is_word(text[w.start : w.end], knows) for w in _words(text))


def _is_word(word: str, knows: Knows) -> bool:
    return _is_grammar(word) or knows(word)


def _is_grammar(word: str) -> bool:
    return not empty_words.grammar().isdisjoint(analysis.keys(word))


def _remembering(knows: Knows) -> Knows:
    told: dict[str, bool] = {}

    def ask(word: str) -> bool:
        if word not in told:
            told[word] = knows(word)
        return told[word]

    return ask


# Other readings


def _others(text: str, knows: Knows) -> Iterator[tuple[Why, str]]:
    """Every other reading, the likelier first."""
    is_latin, is_cyrillic = _has(_LATIN_WORD, text), _has(_CYRILLIC_WORD, text)
    if is_latin:
        yield "layout", _on_another_layout(text, _EN_RU, knows)
        yield "layout", _on_another_layout(text, _EN_UK, knows)
    if is_cyrillic:
        for table in (_RU_EN, _UK_EN):
            english = _on_another_layout(text, table, knows)
            yield "layout", english
            yield "layout", _in_cyrillic(english, knows)
        yield "layout", _on_another_layout(text, _RU_UK, knows)
        yield "layout", _on_another_layout(text, _UK_RU, knows)
    yield "layout", _word_by_word(text, lambda word: _twin(word, knows))
    if is_latin:
        yield "translit", _in_cyrillic(text, knows)


def _has(pattern: re.Pattern[str], text: str) -> bool:
    return any(c.isalpha() for found in pattern.finditer(text) for c in found.group())


def _word_by_word(text: str, other: Callable[[str], str | None]) -> str:
    """The text with each word replaced by another, in its case, where there is another."""
    pieces, last = [], 0
    for word in _words(text):
        typed = text[word.start : word.end]
        found = other(typed)
        pieces += [text[last : word.start], _in_case_of(typed, found) if found else typed]
        last = word.end
    return "".join([*pieces, text[last:]])


def _in_case_of(typed: str, word: str) -> str:
    if len(typed) > 1 and typed.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if typed[:1].isupper() else word


# The keyboard, key by key; a sign after a letter is that key with Shift.
_EN: Final = "`qwertyuiop[]asdfghjkl;'zxcvbnm,./" + '~QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>'
_RU: Final = "ёйцукенгшщзхъфывапролджэячсмитьбю." + "ЁЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ"
_UK: Final = "'йцукенгшщзхїфівапролджєячсмитьбю." + "ʼЙЦУКЕНГШЩЗХЇФІВАПРОЛДЖЄЯЧСМИТЬБЮ"
_EN_RU: Final = str.maketrans(_EN, _RU)
_EN_UK: Final = str.maketrans(_EN, _UK)
_RU_EN: Final = str.maketrans(_RU, _EN)
_UK_EN: Final = str.maketrans(_UK, _EN)
_RU_UK: Final = str.maketrans("ыъэЫЪЭ", "іїєІЇЄ")
_UK_RU: Final = str.maketrans("іїєІЇЄ", "ыъэЫЪЭ")


def _on_another_layout(text: str, table: dict[int, int], knows: Knows) -> str:
    """The same keys on another layout; quotes and operators stay, and words known as they are."""

    def moved(found: re.Match[str]) -> str:
        chunk = found.group()
        if OPERATOR.match(chunk):
            return chunk
        start, end = _quotes(chunk)
        opening, inside, closing = chunk[:start], chunk[start:end], chunk[end:]
        whole = inside.translate(table)
        if _says(whole, knows):
            return opening + whole + closing
        if _says(inside, knows):
            return chunk
        # A sentence's own comma after a word that is known without it.
        tail = _TRAILING.search(inside)
        bare = inside[: tail.start()].translate(table) if tail else ""
        if tail and _says(bare, knows):
            return opening + bare + tail.group() + closing
        return opening + whole + closing

    return _CHUNK.sub(moved, text, count=2 * _MOST_WORDS)


def _quotes(chunk: str) -> tuple[int, int]:
    """Where the text inside quotation marks (and after a minus) begins and ends."""
    start, end = 0, len(chunk)
    while start < end and chunk[start] in '"«“„-−–+(':
        start += 1
    while end > start and chunk[end - 1] in '"»”)!?':
        end -= 1
    return start, end


def _says(text: str, knows: Knows) -> bool:
    words = [text[w.start : w.end] for w in _words(text)]
    return bool(words) and all(_is_word(word, knows) for word in words)


# Letters that look alike, whatever they sound like: АТМ in Cyrillic is ATM.
_CYRILLIC_TWINS: Final = "авекмнорстухіјѕ"
_LATIN_TWINS: Final = "abekmhopctyxijs"
_TO_LATIN: Final = str.maketrans(_CYRILLIC_TWINS, _LATIN_TWINS)
_TO_CYRILLIC: Final = str.maketrans(_LATIN_TWINS, _CYRILLIC_TWINS)


def _twin(word: str, knows: Knows) -> str | None:
    """The word written in the letters that look the same, when that one is known."""
    lower = word.lower()
    for letters, table in ((_CYRILLIC_TWINS, _TO_LATIN), (_LATIN_TWINS, _TO_CYRILLIC)):
        if set(lower) <= set(letters) and not _is_word(word, knows):
            other = lower.translate(table)
            return other if knows(other) else None
    return None


# Latin letters for Cyrillic. One way of writing it is a table, longest groups first.
_COMMON: Final = {
    "shch": "щ", "zh": "ж", "kh": "х", "ts": "ц", "tz": "ц", "ch": "ч", "sh": "ш", "yu": "ю",
    "ya": "я", "yo": "е", "ju": "ю", "ja": "я", "jo": "е", "ph": "ф", "ck": "к", "''": "ъ",
    "'": "ь", "a": "а", "b": "б", "c": "ц", "d": "д", "e": "е", "f": "ф", "g": "г", "h": "х",
    "i": "и", "j": "й", "k": "к", "l": "л", "m": "м", "n": "н", "o": "о", "p": "п", "q": "к",
    "r": "р", "s": "с", "t": "т", "u": "у", "v": "в", "w": "в", "x": "кс", "y": "ы", "z": "з",
}  # fmt: skip
_RUSSIAN: Final = _COMMON | {
    "sch": "сч", "iy": "ий", "ij": "ий", "yy": "ый", "yj": "ый", "yi": "ый", "ay": "ай",
    "ey": "ей", "oy": "ой", "uy": "уй", "ye": "е", "iya": "ия", "iyu": "ию", "ii": "ий",
    "iye": "ие",
}  # fmt: skip
_UKRAINIAN: Final = _COMMON | {
    "sch": "щ", "zgh": "зг", "h": "г", "i": "і", "y": "и", "yi": "ї", "ji": "ї", "ye": "є",
    "je": "є", "ie": "є", "iu": "ю", "ia": "я", "ii": "ії", "yy": "ий", "yj": "ий", "iy": "ій",
    "ay": "ай", "ey": "ей", "oy": "ой", "uy": "уй", "yo": "йо", "jo": "йо",
}  # fmt: skip
# As people differ: щ or сч, ж for j, г for h, к for c, х for x, э at the beginning.
_WAYS: Final = (
    _RUSSIAN,
    _UKRAINIAN,
    _RUSSIAN | {"sch": "щ", "j": "ж", "jk": "жк", "c": "к", "x": "х", "w": "ш", "ts": "тс"},
    _RUSSIAN | {"y": "и", "h": "г", "c": "к", "iy": "и", "kh": "кх", "e": "э"},
    _UKRAINIAN | {"g": "ґ", "h": "х", "iy": "ий", "y": "и", "i": "и", "yi": "ий"},
)
_LONGEST_GROUP: Final = 4
# Soft signs nobody types: skolko, dengi, zakryt.
_SOFT_INSIDE: Final = re.compile(r"л(?=[бвгдзкмнпстчшщ])|н(?=[гкчшс])|с(?=м)|т(?=м)|ц(?=к)")
_SOFT_AT_THE_END: Final = re.compile(r"(?<=[аеиіоуыюя])[тлнс]$")


def _in_cyrillic(text: str, knows: Knows) -> str:
    """The text with its unknown Latin words in Cyrillic, each in the first way that is known."""

    def other(word: str) -> str | None:
        if len(word) < _SHORTEST_LATIN or not _LATIN_WORD.fullmatch(word) or _is_word(word, knows):
            return None
        return next((way for way in _ways(word.lower()) if _is_word(way, knows)), None)

    return _word_by_word(_with_final_apostrophes(text), other)


def _with_final_apostrophes(text: str) -> str:
    """An apostrophe that ends a word is its soft sign: "zakryt'" is one word."""
    return re.sub(r"(?<=[a-zA-Z])'(?![a-zA-Z\"])", "ь", text)


def _ways(word: str) -> Iterator[str]:
    """The word in Cyrillic, in every way, the usual first."""
    plain = dict.fromkeys(_spelled(word, table) for table in _WAYS)
    if word.startswith("e"):
        plain["э" + next(iter(plain))[1:]] = None
    yield from plain
    for way in plain:
        inside = _SOFT_INSIDE.sub(r"\g<0>ь", way)
        for soft in dict.fromkeys((_SOFT_AT_THE_END.sub(r"\g<0>ь", way), inside)):
            if soft != way:
                yield soft


def _spelled(word: str, table: dict[str, str]) -> str:
    letters, at = [], 0
    while at < len(word):
        for length in range(min(_LONGEST_GROUP, len(word) - at), 0, -1):
            group = word[at : at + length]
            if group in table or length == 1:
                letters.append(table.get(group, group))
                at += length
                break
    return "".join(letters)
