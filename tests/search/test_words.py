"""Which words are the same to the search, and which only look alike."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.core.policy import PUBLIC
from app.search import analysis, snowball
from app.search import shelf as shelves
from app.search.closeness import is_close
from app.search.index import ENGINES
from app.search.service import finding
from app.search.wording import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.builders import Builders


@pytest.mark.parametrize(
    "forms",
    [
        "плагин плагины плагина плагинов плагином",
        "депозит депозиты депозита депозите депозитов",
        "кредит кредита кредите кредиты",
        "лимит лимиты лимите лимитов",
        "приём приёма приёме приёмов",
        "заём заёма",
        "режим режима режимы",
        "обмен обмена обмены обменов",
        "экран экрана экраном экраны",
        "терминал терминала терминалы терминалом",
        "архив архивы архиве",
        "отзыв отзывы отзыву",
        "печать печати печатью",
        "сайт сайте сайты",
        "замена замену замены замен",
        "система системы систем",
        "выписка выписки выписок",
        "остаток остатка остатки",
        "деньги денег деньгами",
        "копейка копеек",
        "кошелёк кошелька",
        "ребёнок ребёнка ребёнку",
        "Лёня Леня леня",
        "закрыть закрывать закрыл закрывают",
        "отказать отказали отказывают отказ",
        "оформить оформлять оформляют",
        "добавить добавлять",
        "подключить подключать подключают",
        "показать показывают показал",
        "списали списывают списать",
        "карта кaрта КАРТА кар\u00adта",
        "ПИН ПИH",
        "mortgage mоrtgage",
        "об'єкт об’єкт обʼєкт об`єкт",
    ],
)
def test_forms_of_one_word_meet(forms: str) -> None:
    first, *others = forms.split()
    asked = set(analysis.asked_keys(first))
    for other in others:
        assert not asked.isdisjoint(analysis.keys(other)), other
        assert not set(analysis.asked_keys(other)).isdisjoint(analysis.keys(first)), other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("метан", "метать"),
        ("актив", "акт"),
        ("заём", "за"),
        ("опыт", "опт"),
        ("вид", "від"),
        ("счёт", "счётчик"),
        ("вклад", "склад"),
        ("залог", "налог"),
        ("режим", "режу"),
    ],
)
def test_other_words_do_not(one: str, other: str) -> None:
    assert set(analysis.keys(one, "ru")).isdisjoint(analysis.keys(other, "ru"))


def test_threads_do_not_get_in_the_way_of_each_other() -> None:
    asked = (
        *[
            (f"{word}ами", "russian")
            for word in ("карт", "отделени", "подключени", "счёт", "лимит")
        ],
        *[(word, "english") for word in ("mortgages", "cards", "connections", "banking")],
    )
    alone = [snowball.stem(*each) for each in asked]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: [snowball.stem(*each) for each in asked], range(100)))
    finally:
        sys.setswitchinterval(usual)
    assert all(stems == alone for stems in found)


def test_ukrainian_words_are_looked_for_as_they_are_spelled_in_russian_too() -> None:
    for ukrainian, russian in (("ліміті", "лимит"), ("банкоматі", "банкомат"), ("візи", "виза")):
        assert not set(analysis.asked_keys(ukrainian)).isdisjoint(analysis.keys(russian, "ru"))


@pytest.mark.parametrize(
    ("typed", "unknown", "close"),
    [
        ("отпечатк", (), True),
        ("атпечаток", ("атпечаток",), True),
        ("атпечаток", (), False),
        ("метан", ("метан",), False),
        ("вылетел", (), False),
        ("палец", (), True),
    ],
)
def test_slips_halves_and_synonyms_are_no_reason_to_cut(
    typed: str, unknown: tuple[str, ...], close: bool
) -> None:
    wording = read(typed, typing=True)
    if typed == "палец":
        others = ((read("отпечаток").words,),)
        wording = type(wording)(words=wording.words, synonyms=others)
    headings = ["Отпечатки и как метать копьё"]
    assert is_close(wording, headings, [], unknown=unknown) is close


@pytest.fixture(params=sorted(ENGINES))
def topics(
    request: pytest.FixtureRequest,
    app: Flask,
    house: Builders,
    tmp_path: Path,
    work: Callable[[], None],
) -> Iterator[None]:
    """Four topics in the index of either engine."""
    shelves.init({**app.config, "INDEX_PATH": tmp_path / "words", "SEARCH_ENGINE": request.param})
    house.question(title="Плагин для бухгалтерии", body="Где его взять?")
    house.question(title="Как метать копьё", body="И далеко ли летит.")
    house.question(title="Леня из отделения", body="Хочу поблагодарить.")
    house.question(title="Депозиты и проценты", body="Сколько выходит за год?")
    work()
    yield
    shelves.init(app.config)


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize(
    ("typed", "titles"),
    [
        ("плагины", ["Плагин для бухгалтерии"]),
        ("Лёня", ["Леня из отделения"]),
        ("леня", ["Леня из отделения"]),
        ("депозит", ["Депозиты и проценты"]),
        ("метан", []),
        ("метать", ["Как метать копьё"]),
    ],
)
def test_everywhere_the_same_is_found(typed: str, titles: list[str]) -> None:
    results = finding.find(PUBLIC, typed)

    assert [item.topic.title for item in results.items] == titles
    assert not results.meant
    assert [each.topic.title for each in finding.suggestions(PUBLIC, typed)] == titles
