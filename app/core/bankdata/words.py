"""The words beside which a number is what they say, in Russian, Ukrainian and English.

They are compared with the text as it is seen: small letters, `е` for ё, `и` for й, `і` for ї.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_B, _E = r"(?<![^\W\d_])", r"(?![^\W\d_])"
_WORDS: Final = {
    # Phrases before the words they begin with.
    "cvv": r"cv[vc][ -]?2?|cvn2?|csc|cid|[сц]в[вц][ -]?2?|[сц]ви2?|ппк2?"
    r"|security (?:code|number)|card verification (?:code|value|number)"
    r"|(?:код|цифр\w{0,2}|числ\w{1,2}|number|digits|code)\s(?:(?:с|со|на|з|зі|із|on|from|at)\s)"
    r"(?:the\s)?(?:задн\w{2,3}|обратн\w{2,3}|оборот\w{0,2}|зворот\w{0,3}|звороті|back)"
    r"(?: (?:сторон\w{1,2}|стороні|боці|side))?(?: (?:of (?:the )?(?:my )?)?(?:карт\w{1,3}|card))?",
    "code": r"(?:смс|sms|пуш|push|otp|3ds|3-?d ?secure)[ -]?(?:код|парол|code|password)\w{0,3}|otp"
    r"|(?:код\w{0,2}|парол\w{1,2}|code|password|цифр\w{1,2})\s(?:из|з|із|in|from|в|по|via|by)\s"
    r"(?:the\s)?(?:смс|sms|сообщени\w{1,2}|повідомленн\w|пуш\w?|push|text|message)\w{0,4}"
    r"|(?:код\w{0,2}|парол\w{1,2})\s(?:для\s)?(?:п[оі]дтверж?д\w{3,8}|п[оі]дтвердження|входа|входу"
    r"|доступа|доступу|авторизаци\w|авторизаціі|операци\w|операціі|вериф\w{5,8}|активаци\w)"
    r"|(?:одноразов\w{2,3}|разов\w{2,3}|пров[еі]рочн\w{2,3}|перев[іи]рочн\w{2,3}|секретн\w{2,3})\s"
    r"(?:смс-?\s?|sms-?\s?)?(?:код|парол)\w{0,2}"
    r"|(?:verification|confirmation|one[- ]time|security|authentication|authori[sz]ation|secret"
    r"|access|login|sms|text)\s(?:code|password|passcode|pass)|passcode",
    "pin": r"п[иі]н(?:[ -]?код\w{0,2})?|pin(?:[ -]?code)?",
    "unionpay": r"union ?pay|юнион ?п[еэ]и\w?",
    "snils": r"снилс\w?|snils|страхов\w{2,3} (?:номер|свидетельств)\w{0,2}",
    "ipn": r"іпн|ипн|рнокпп|ipn|рнукпн|іін|інн|ідентифікаціин\w{2,3} (?:код|номер)\w?|дрфо",
    "edrpou": r"єдрпоу|едрпоу|edrpou|окпо|зкпо",
    "ogrn": r"огрн(?:ип)?|ogrn(?:ip)?",
    "inn": r"инн|inn|иин|tin|tax(?:payer)?(?: id\w{0,12}| number)?|налогоплательщик\w?",
    "kpp": r"кпп|kpp",
    "bik": r"бик\w?|bik|мфо|mfo",
    "account": r"р\s?/\s?сч?|к\s?/\s?сч?|л\s?/\s?сч?|сч[ео]т\w{0,3}|рахун\w{0,4}|accounts?|acc",
    "passport": r"п[ао]спорт\w{0,4}|загран\w{0,9}|серия|серии|серию|серіі|серія|passports?|pasport",
    "card": r"карт\w{0,5}|картк\w{0,4}|кредитк\w{0,3}|visa|виз[аыуе]|mastercard|мастеркард\w?|мир"
    r"|maestro|unionpay|cards?|pan|uatp|amex|diners",
    "phone": r"т[еи]л(?:\.|еф\w{2,5})?|моб(?:\.|ильн\w{2,3}|ільн\w{2,3})?|позвон\w{1,5}"
    r"|звон\w{1,5}|дзвон\w{1,5}"
    r"|зателефон\w{2,4}|набер\w{1,3}|перезвон\w{1,5}|whats ?app|вотсап\w?|ватсап\w?|viber"
    r"|ва[иі]бер\w?|telegram|телеграм\w?|phones?|mobile|cell|tel|contact|fax|факс",
    "number": r"номер\w?|number",
}
_LETTER: Final = r"[^\W\d_]"
_ANY: Final = re.compile(
    _B
    + "(?:"
    + "|".join(f"(?P<{n}>{words})" for n, words in _WORDS.items()).replace(r"\w", _LETTER)
    + ")"
    + _E
)
# A code that is called no more than that, where the words around say which it is.
_AROUND: Final = 60
_CODE: Final = re.compile(rf"{_B}(?:код\w{{0,2}}|парол\w{{1,2}}|code|password){_E}")
_SENT: Final = re.compile(
    rf"{_B}(?:смс\w{{0,4}}|sms|пуш\w{{0,4}}|push|приш\w{{1,3}}|приход\w{{1,3}}|приишо\w{{1,3}}"
    r"|присла\w{1,2}|надісла\w{1,2}|п[оі]дтверд\w{1,6}|одноразов\w{2,3}|продикт\w{2,6}"
    r"|назва\w{1,3}|сказа\w{1,3}|получи\w{1,2}|отрима\w{1,2}|received|sent|texted|got|told)" + _E
)


@dataclass(frozen=True)
class Word:
    """One of the words above, where it stands."""

    kind: str
    start: int
    end: int


class Words:
    """All such words of a text, in order, for asking what stands near a place."""

    def __init__(self, text: str, masks: re.Pattern[str]) -> None:
        """`masks` are words of our own: they are left out, for they say nothing of what follows."""
        ours = {place for m in masks.finditer(text) for place in range(*m.span())}
        self.by_kind: dict[str, list[Word]] = {}
        for kind, start, end in self._all(text):
            if start not in ours:
                self.by_kind.setdefault(kind, []).append(Word(kind, start, end))
        for words in self.by_kind.values():
            words.sort(key=lambda word: word.end)
        self._ends = {k: [w.end for w in ws] for k, ws in self.by_kind.items()}
        self._starts = {k: [w.start for w in ws] for k, ws in self.by_kind.items()}

    @staticmethod
    def _all(text: str) -> Iterator[tuple[str, int, int]]:
        for found in _ANY.finditer(text):
            if found.lastgroup:
                yield found.lastgroup, found.start(), found.end()
        sent = [found.start() for found in _SENT.finditer(text)]
        for found in _CODE.finditer(text) if sent else ():
            at = bisect_left(sent, found.start() - _AROUND)
            if at < len(sent) and sent[at] <= found.end() + _AROUND:
                yield "code", found.start(), found.end()

    def __contains__(self, kind: str) -> bool:
        return kind in self.by_kind

    def before(self, kind: str, place: int, within: int) -> Word | None:
        """The nearest word of that kind that ends at most `within` before `place`."""
        ends = self._ends.get(kind, [])
        at = bisect_right(ends, place) - 1
        return self.by_kind[kind][at] if at >= 0 and ends[at] >= place - within else None

    def after(self, kind: str, place: int, within: int) -> Word | None:
        """The nearest word of that kind that begins at most `within` after `place`."""
        starts = self._starts.get(kind, [])
        at = bisect_left(starts, place)
        return self.by_kind[kind][at] if at < len(starts) and starts[at] <= place + within else None

    def near(self, kind: str, start: int, end: int, within: int) -> bool:
        """Whether such a word stands at most `within` before or after."""
        return self.before(kind, start, within) is not None or (
            self.after(kind, end, within) is not None
        )
