"""What stands where something was hidden: a word in the language of the text, and no digit."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from app.core.bankdata.seen import see

# The columns of the table below.
MASK_LANGUAGES: Final = ("ru", "uk", "en")
# What is hidden, and how it is called where it was: Russian, Ukrainian, English.
NAMES: Final[dict[str, tuple[str, str, str]]] = {
    "card": ("номер карты скрыт", "номер картки приховано", "card number hidden"),
    "account": ("номер счёта скрыт", "номер рахунку приховано", "account number hidden"),
    "iban": ("IBAN скрыт", "IBAN приховано", "IBAN hidden"),
    "bik": ("БИК скрыт", "БІК приховано", "bank code hidden"),
    "inn": ("ИНН скрыт", "ІНН приховано", "tax number hidden"),
    "ipn": ("ИНН скрыт", "РНОКПП приховано", "tax number hidden"),
    "edrpou": ("код ЕГРПОУ скрыт", "код ЄДРПОУ приховано", "company code hidden"),
    "kpp": ("КПП скрыт", "КПП приховано", "tax office code hidden"),
    "snils": ("СНИЛС скрыт", "СНІЛС приховано", "insurance number hidden"),
    "ogrn": ("ОГРН скрыт", "ОДРН приховано", "registration number hidden"),
    "passport": ("паспорт скрыт", "паспорт приховано", "passport number hidden"),
    "cvv": ("код карты скрыт", "код картки приховано", "security code hidden"),
    "pin": ("ПИН скрыт", "ПІН приховано", "PIN hidden"),
    "code": ("код скрыт", "код приховано", "code hidden"),
    "phone": ("телефон скрыт", "телефон приховано", "phone number hidden"),
    "email": ("почта скрыта", "пошту приховано", "e-mail hidden"),
}
KINDS: Final = tuple(NAMES)
# What nobody may write here, whatever the administrator allows.
SECRET: Final = frozenset({"card", "cvv", "pin", "code", "passport", "snils"})
# A text of nothing else has no language.
NEUTRAL: Final = "[•••]"
_WORDS: Final = sorted({name for names in NAMES.values() for name in names}, key=len, reverse=True)
# Our own words, as they are seen; what they say counts for nothing that stands beside them.
OURS: Final = re.compile("|".join(re.escape(see(words).text) for words in _WORDS))
# What stands where something was hidden.
MASK: Final = re.compile(rf"\[(?:{'|'.join(map(re.escape, _WORDS))}|•••)\]", re.IGNORECASE)
_CYRILLIC: Final = re.compile(r"[а-яёіїєґ]", re.IGNORECASE)
_UKRAINIAN: Final = re.compile(r"[іїєґ]", re.IGNORECASE)
_RUSSIAN_ONLY: Final = re.compile(r"[ыэъё]", re.IGNORECASE)
_LETTER: Final = re.compile(r"[^\W\d_]")


def language(rest: str) -> int | None:
    """The column of `NAMES` for a text, of which `rest` is what was not hidden."""
    if _CYRILLIC.search(rest):
        return 1 if _UKRAINIAN.search(rest) and not _RUSSIAN_ONLY.search(rest) else 0
    return 2 if _LETTER.search(rest) else None


def mask_for(kind: str, column: int | None) -> str:
    """What is written where something of that kind stood."""
    return NEUTRAL if column is None else f"[{NAMES[kind][column]}]"


def hidden_in(text: str) -> Counter[str]:
    """What the masks in `text` stand for."""
    kinds = {f"[{name}]": kind for kind, names in NAMES.items() for name in names}
    return Counter({kinds[m]: text.count(m) for m in kinds if m in text})
