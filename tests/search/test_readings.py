"""Other readings of a query, against a small bank's worth of known words."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from app.search import analysis, readings
from app.search.readings import Reading, correct, read, respell

ROOT = Path(__file__).parents[2]
NAUGHTY = Path(os.environ.get("OTKLIK_DATA", ROOT.parent / "shared" / "data")) / "blns"

# What stands in the titles of a bank that speaks three languages.
_SAID = """
Карта не работает Почему не приходит смс Как закрыть счёт Комиссия за перевод Ипотека и вклад Штраф
ЖКХ Подписка Юридический адрес Отделение на Лесной Кэшбэк за такси Платёж не дошёл Эквайринг Деньги
пропали Приложение Сколько стоит выписка Картка не працює Рахунок Гроші зникли Переказ Застосунок
Банкомат ATM Card top up payment Visa
"""
TITLES = _SAID.split()
KEYS = {key for word in TITLES for key in analysis.keys(word)}


def knows(word: str) -> bool:
    return not KEYS.isdisjoint(analysis.keys(word))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("rfhnf", "карта"),
        ("Rfhnf yt hf,jnftn", "Карта не работает"),
        ("RFHNF", "КАРТА"),
        ("d rfhnt", "в карте"),
        ("ghbkj;tybt", "приложение"),
        ("ghbkj;tybt, cxtn", "приложение, счет"),
        ("cx`n", "счёт"),
        ("'rdfqhbyu", "эквайринг"),
        ("rfhnrf yt ghfw.'", "картка не працює"),
        ("uhjis", "гроші"),
        ("rfhnf visa", "карта visa"),
        ("сфкв", "card"),
        ("зфньуте", "payment"),
        ("ифтлщьфе", "банкомат"),
        ("грошы", "гроші"),
        ("АТМ", "ATM"),
        ("атм", "atm"),
        ("KAPTA", "КАРТА"),
    ],
)
def test_keys_of_another_layout(typed: str, meant: str) -> None:
    assert read(typed, knows) == Reading(meant, typed, "layout")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("karta", "карта"),
        ("Karta ne rabotaet.", "Карта не работает."),
        ("perevod", "перевод"),
        ("schet", "счет"),
        ("schyot", "счет"),
        ("ipoteka", "ипотека"),
        ("vklad", "вклад"),
        ("shtraf", "штраф"),
        ("zhkh", "жкх"),
        ("jkh", "жкх"),
        ("podpiska", "подписка"),
        ("yuridicheskiy", "юридический"),
        ("yuridicheskij", "юридический"),
        ("pochemu ne prihodit sms", "почему не приходит смс"),
        ("komissiya za perevod", "комиссия за перевод"),
        ("otdelenie", "отделение"),
        ("platyozh", "платеж"),
        ("ekvayring", "эквайринг"),
        ("keshbek", "кэшбэк"),
        ("dengi propali", "деньги пропали"),
        ("skolko stoit vypiska", "сколько стоит выписка"),
        ("KREDIT za kartu", "KREDIT за карту"),
        ("kartka ne pratsiuie", "картка не працює"),
        ("rakhunok", "рахунок"),
        ("hroshi", "гроші"),
        ("zastosunok", "застосунок"),
    ],
)
def test_latin_letters_for_cyrillic(typed: str, meant: str) -> None:
    assert read(typed, knows) == Reading(meant, typed, "translit")


def test_a_soft_sign_may_be_an_apostrophe() -> None:
    found = read("kak zakryt' schet", knows)

    assert found.why == "translit"
    assert [w.keys for w in analysis.words(found.text)] == [
        w.keys for w in analysis.words("как закрыть счет")
    ]


@pytest.mark.parametrize(
    "typed",
    [
        "карта",
        "карта visa",
        "Card",
        "top up",
        "как",
        "12345",
        "",
        "карта xyz",
        "qwzx",
        "top-up Visa",
    ],
)
def test_as_typed_when_it_is_known_or_nothing_else_is(typed: str) -> None:
    assert read(typed, knows) == Reading(typed)


def test_most_known_words_win_over_one_that_could_be_read_otherwise() -> None:
    typed = "card payment rfhnf"

    assert read(typed, knows) == Reading(typed)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ('"rfhnf yt hf,jnftn"', '"карта не работает"'),
        ("«rfhnf»", "«карта»"),
        ("-rfhnf cxtn", "-карта счет"),
        ("category:cards rfhnf", "category:cards карта"),
        ("-state:done karta", "-state:done карта"),
        ('"karta"', '"карта"'),
    ],
)
def test_quotes_and_operators_stay(typed: str, meant: str) -> None:
    assert read(typed, knows).text == meant


def test_the_other_language_is_taken_when_more_of_it_is_known() -> None:
    def knows_ukrainian(word: str) -> bool:
        return word in {"гроші", "зникли"}

    assert read("uhjis pybrkb", knows_ukrainian).text == "гроші зникли"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("катра", "карта"),
        ("крата", "карта"),
        ("комисия", "комиссия"),
        ("ипатека", "ипотека"),
        ("прелажение", "приложение"),
        ("эквайринк", "эквайринг"),
        ("Катра", "карта"),
        ("paymnet", "payment"),
        ("рахунак", "рахунок"),
        ("ипатеку", "ипотека"),
        ("карта", None),
        ("картами", None),
        ("хат", None),
        ("жкк", None),
        ("штрудель", None),
        ("1234", None),
        ("", None),
    ],
)
def test_a_slip_of_the_finger(typed: str, meant: str | None) -> None:
    assert correct(typed, TITLES) == meant


def test_short_words_may_have_one_slip_and_long_ones_two() -> None:
    assert correct("кортк", ["карта"]) is None
    assert correct("ипатика", ["ипотека"]) is None
    assert correct("прилажениа", ["приложение"]) == "приложение"


def test_the_nearest_wins_and_then_the_most_frequent() -> None:
    assert correct("кирта", ["корта", "карта", "карта"]) == "карта"
    assert correct("кирта", ["корта", "корта", "карта"]) == "корта"
    assert correct("переводж", ["перевозка", "перевозка", "перевод"]) == "перевод"


def test_only_unknown_words_are_put_right() -> None:
    assert respell("Комисия за перевод", knows, TITLES) == Reading(
        "Комиссия за перевод", "Комисия за перевод", "spelling"
    )
    assert respell("комиссия за перевод", knows, TITLES).why is None
    assert respell('-катра "комисия" category:катра', knows, TITLES).text == (
        '-карта "комиссия" category:катра'
    )


def naughty() -> list[str]:
    file = NAUGHTY / "blns.json"
    if not file.exists():
        return []
    return list(json.loads(file.read_text(encoding="utf-8")))


HOSTILE = [
    "a" * 100_000,
    "rfhnf " * 20_000,
    "к" * 499,
    "rfhnf " * 83,
    "' " * 250,
    "'" * 500,
    "\ud800 rfhnf",
    "\x00karta",
    "category:" * 50,
    "щ" * 400 + " " + "y" * 99,
    "a'" * 250,
    '"' * 499,
]


@pytest.mark.parametrize("knowing", [True, False])
def test_any_text_is_read_soon_and_without_an_error(knowing: bool) -> None:
    asked = 0

    def ask(_word: str) -> bool:
        nonlocal asked
        asked += 1
        return knowing

    for text in [*HOSTILE, *naughty()]:
        asked, begun = 0, time.perf_counter()
        found = read(text, ask)
        again = respell(text, ask, TITLES)
        assert time.perf_counter() - begun < 1, text[:80]
        assert asked < 1_500, text[:80]
        assert found.instead_of in {None, text}
        assert again.instead_of in {None, text}
        if len(text) > readings.LONGEST:
            assert found == again == Reading(text)


def test_a_huge_vocabulary_is_read_in_part() -> None:
    begun = time.perf_counter()

    assert correct("комисия", ("слово" + "о" * (n % 7) for n in range(10_000_000))) is None

    assert time.perf_counter() - begun < 1
