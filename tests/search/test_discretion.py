"""What of asked words is kept: what people look for, and nothing about who they are."""

import json
import os
import random
import unicodedata
from pathlib import Path

import pytest

from app.search.discretion import LONGEST, worth_keeping

DATA = Path(os.environ.get("OTKLIK_DATA", Path(__file__).parents[2].parent / "shared/data"))
PII = DATA / "pii" / "vectors"
CARD = "4276123456789012"
ARABIC = CARD.translate({ord(str(n)): chr(0x0660 + n) for n in range(10)})
WIDE = CARD.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
DEVANAGARI = CARD.translate({ord(str(n)): chr(0x0966 + n) for n in range(10)})
MATHEMATICAL = CARD.translate({ord(str(n)): chr(0x1D7CE + n) for n in range(10)})
CIRCLED = CARD.translate({ord(str(n)): chr(0x245F + n) if n else "⓪" for n in range(10)})


def split(text: str, by: str, every: int) -> str:
    return by.join(text[i : i + every] for i in range(0, len(text), every))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("карта", "карта"),
        ("  КАРТА   не Работает?! ", "карта не работает"),
        ("Лёня", "леня"),
        ("об’єкт", "об'єкт"),
        ("об'єкт", "об'єкт"),
        ("ＶＩＳＡ", "visa"),
        ("3-НДФЛ", "3-ндфл"),
        ("ипотека 5 процентов", "ипотека 5 процентов"),
        ('"комиссия за снятие"', "комиссия за снятие"),
        ("карта -кредитная", "карта"),
        ('карта category:"Вклады и счета" state:answered', "карта"),
        ("by:зорина карта", "карта"),
        ("сбербанк-онлайн", "сбербанк-онлайн"),
        ("24/7 поддержка", "поддержка"),  # three digits in all: it may be anything
    ],
)
def test_words_are_kept_as_they_are_compared(typed: str, kept: str) -> None:
    assert worth_keeping(typed) == kept


@pytest.mark.parametrize("number", [CARD, ARABIC, WIDE, DEVANAGARI, MATHEMATICAL, CIRCLED])
@pytest.mark.parametrize(
    "by",
    [
        *("", " ", "  ", "-", " - ", "–", "—", ".", ", ", "/", "_", "\u00a0", "\u2009", "\t", "+"),
        *("\u200b", "\u00ad", "\u2060", "\ufeff", "\u0301", " и ", "x", " a ", "*", "·", "\n"),
    ],
)
@pytest.mark.parametrize("every", [1, 2, 4])
def test_a_cards_number_is_never_kept(number: str, by: str, every: int) -> None:
    typed = f"карта {split(number, by, every)} пропала"
    kept = worth_keeping(typed)
    assert kept is None or not any(c.isnumeric() for c in kept), kept


@pytest.mark.parametrize(
    "number",
    [
        *("+7 (912) 345-67-89", "8 912 345 67 89", "+380 44 123 45 67", "0441234567"),
        *("cvv 123", "пин 0000", "код 12 34 56", "паспорт 45 08 123456", "ИНН 7707083893"),
        *("UA213223130000026007233566001", "UA21 3223 1300 0002 6007 2335 6600 1"),
        *("GB29 NWBK 6016 1331 9268 19", "DE89370400440532013000", "LT12 1000 0111 0100 1000"),
        *("договор АБ-12345/67", "счёт 40817810099910004312", "12.03.1985", "03/27"),
        *("ул. Ленина, д. 5, кв. 7", "улица Мира 9", "вул. Хрещатик 22", "221b baker street"),
        *(
            "VII-АН 123456",
            "№ 123",
            "١٢٣",
            "１２３",
            "１ ２ ３",
            "1\u200b2\u200b3",
            "½ 25",
            "四二七六",
        ),
    ],
)
def test_no_number_of_anything_is_kept(number: str) -> None:
    kept = worth_keeping(f"вопрос {number} ответ") or ""
    assert not any(c.isnumeric() for c in kept), kept
    assert kept.startswith("вопрос")
    assert kept.endswith("ответ")


def test_an_account_leaves_not_even_its_bank() -> None:
    assert worth_keeping("перевод на GB29 NWBK 6016 1331 9268 19") == "перевод на"


@pytest.mark.parametrize(
    "address",
    [
        *(
            "ivan.petrov@mail.ru",
            "Ivan＠mail.ru",
            "ivan @ mail.ru",
            "ivan@локально",
            "@ivan_petrov",
        ),
        *("ivan собака mail.ru", "ivan (at) mail.ru", "ivan at mail.ru", "<ivan@bank.example>"),
        *("mailto:ivan@bank.example", "ivan\u200b@\u200bmail.ru", "iv\u00adan@mail.ru"),
        "https://bank.example/u/ivan?x=1",
    ],
)
def test_no_address_is_kept(address: str) -> None:
    kept = worth_keeping(f"сменить почту {address}") or ""
    assert kept == "сменить почту", kept


def test_a_password_is_not_kept() -> None:
    assert worth_keeping("пароль qwertyu1 не подходит") == "пароль не подходит"


@pytest.mark.parametrize(
    "nothing",
    [
        *("", " ", "?!", "12", "4276", "ivan@mail.ru", "я", "-карта", "😀😀", "\u3164", "_"),
        "category:cards",
        *("а" * (LONGEST + 1), "слово " * 14, "слово " * 20_000, "\u0301" * 50, "’’’", "﷽" * 30),
    ],
)  # fmt: skip
def test_nothing_is_kept_of_what_says_nothing_or_too_much(nothing: str) -> None:
    assert worth_keeping(nothing) is None


def test_what_is_kept_is_kept_as_it_stands() -> None:
    """Clean words are clean: what was kept once is a key of its own."""
    rng = random.Random(4)
    letters = "абвёїє'’ xyzABC-_.@12٣３\u200b\u0301\u00ad🎉ß ﬁ"
    for _ in range(3000):
        typed = "".join(rng.choices(letters, k=rng.randint(1, 40)))
        kept = worth_keeping(typed)
        if kept is None:
            continue
        assert len(kept) <= LONGEST
        assert "@" not in kept
        assert sum(c.isnumeric() for c in kept) < 3
        assert "\x00" not in kept
        assert kept == kept.strip()
        assert unicodedata.is_normalized("NFC", kept) or worth_keeping(kept) is not None


ODD = [
    *(chr(n) * 3 for n in (0, 7, 0x1F, 0x7F, 0x85, 0xAD, 0x202E, 0xFEFF, 0xFFFF, 0x1F4A9)),
    *("\ud800", "Ω≈ç√∫˜µ", "ثم نفس سقطت", "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟", "'; DROP TABLE x;--", "%s%n", "(" * 500),
]


def test_no_text_is_an_error() -> None:
    naughty = DATA / "blns" / "blns.json"
    strings = json.loads(naughty.read_text("utf-8")) if naughty.exists() else []
    for each in [*ODD, *strings]:
        kept = worth_keeping(each)
        assert kept is None or (len(kept) <= LONGEST and "@" not in kept)


@pytest.mark.skipif(not PII.exists(), reason="the published examples lie elsewhere")
def test_nothing_of_the_published_examples_is_kept() -> None:
    """Phones, cards, accounts, documents and addresses as others test their guards with them."""
    lines = [
        json.loads(line)
        for name in ("phone_matcher_cases.jsonl", "presidio_recognizers.jsonl")
        for line in (PII / name).read_text("utf-8").splitlines()
    ]
    rows = [row.split("\t") for row in (PII / "ru_requisites.tsv").read_text("utf-8").splitlines()]
    examples = [line["text"] for line in lines if "text" in line]
    assert len(examples) > 300
    for each in [*examples, *(cell for row in rows for cell in row)]:
        for typed in (each, f"вопрос {each}", each.replace("-", "\u2011").replace(" ", "\u00a0")):
            kept = worth_keeping(typed) or ""
            assert sum(c.isnumeric() for c in kept) < 3, (typed, kept)
            assert "@" not in kept
