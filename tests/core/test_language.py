"""Which language a text is in, on real texts where they lie and on what customers type."""

from __future__ import annotations

import csv
import os
import re
import tomllib
from pathlib import Path

import pytest

from app.core import language

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("OTKLIK_DATA", ROOT.parent / "shared" / "data"))
STORY = ROOT / "app" / "commands" / "story" / "topics"
SENTENCE = re.compile(r"(?<=[.!?…])\s+")
HOW_MANY = 1500
# The words read: all, the first six, the first three.
CUTS = (None, 6, 3)


def ukrainian() -> list[str]:
    folder = DATA / "ua_gec" / "data" / "gec-fluency" / "test" / "source"
    files = sorted(folder.glob("*.txt"))
    if not files:
        pytest.skip("the Ukrainian texts are not here")
    lines = (line for file in files for line in file.read_text(encoding="utf-8").splitlines())
    found = {
        sentence.strip()
        for line in lines
        for sentence in SENTENCE.split(line)
        if len(sentence.split()) >= 3 and len(re.findall("[а-яіїєґ]", sentence.lower())) >= 8
    }
    return sorted(found)[:: max(1, len(found) // HOW_MANY)]


def english() -> list[str]:
    file = DATA / "banking77" / "banking_data" / "train.csv"
    if not file.exists():
        pytest.skip("the English questions are not here")
    with file.open(encoding="utf-8") as rows:
        return sorted({row["text"].strip() for row in csv.DictReader(rows)})[:HOW_MANY]


def of_the_story(code: str) -> list[str]:
    topics = [
        topic
        for file in sorted(STORY.glob("*.toml"))
        for topic in tomllib.loads(file.read_text(encoding="utf-8"))["topic"]
    ]
    texts = [
        text
        for topic in topics
        if topic["language"] == code
        for text in (topic["title"], *SENTENCE.split(topic["body"].strip()))
    ]
    return [text for text in texts if len(text.split()) >= 3]


def share(texts: list[str], code: str, words: int | None) -> float:
    """How many percent of the texts are told right from so many first words."""
    told = [language.tell(" ".join(text.split()[:words])) for text in texts]
    return 100 * sum(one == code for one in told) / len(told)


@pytest.mark.parametrize(("words", "floor"), zip(CUTS, (99.0, 98.3, 92.0), strict=True))
def test_ukrainian_sentences(words: int | None, floor: float) -> None:
    assert share(ukrainian(), "uk", words) >= floor


@pytest.mark.parametrize("words", CUTS)
def test_english_questions(words: int | None) -> None:
    assert share(english(), "en", words) >= 99.8


@pytest.mark.parametrize(
    ("code", "floors"), [("ru", (99, 98, 96)), ("uk", (96, 96, 90)), ("en", (100, 100, 100))]
)
def test_what_customers_of_the_demo_bank_write(code: str, floors: tuple[float, ...]) -> None:
    texts = of_the_story(code)

    assert len(texts) >= 20
    for words, floor in zip(CUTS, floors, strict=True):
        assert share(texts, code, words) >= floor, words


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ru", "не приходит смс"),
        ("ru", "где мои деньги"),
        ("ru", "как закрыть счет"),
        ("ru", "почему списали"),
        ("ru", "снять наличные"),
        ("ru", "курс доллара"),
        ("ru", "Apple Pay не работает"),
        ("uk", "картка не працює"),
        ("uk", "смс не приходять"),
        ("uk", "де мої гроші"),
        ("uk", "де мій переказ"),
        ("uk", "чому списали"),
        ("uk", "зняти готівку"),
        ("uk", "курс долара"),
        ("uk", "пам’ять"),
        ("en", "card arrival"),
        ("en", "What does «Перевод отклонён» mean?"),
    ],
)
def test_a_few_words_tell(code: str, text: str) -> None:
    assert language.tell(text) == code


@pytest.mark.parametrize("text", ["", "12345", "🙂", "карта", "банкомат", "...", "\ud800", "你好"])
def test_what_does_not_tell_is_left_open(text: str) -> None:
    assert language.tell(text) is None
    assert language.guess(text, "uk") == "uk"


def test_cyrillic_letters_are_never_english() -> None:
    assert language.guess("карта", "en") == "ru"
    assert language.guess("12345", "en") == "en"


def test_a_long_text_is_read_from_its_beginning() -> None:
    assert language.tell("слово " * 100_000) == "ru"
    assert language.tell("й" * 100_000) in {"ru", "uk", None}
