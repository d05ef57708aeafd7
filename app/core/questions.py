"""Questions of the house's own, for whoever cannot or will not let their machine count.

Everybody who reads the language can answer them, and a screen reader reads them like any other
text. The bank may write its own: a line each, "question | answer | another answer".
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Model, session

FEWEST: Final = 3
MOST: Final = 50
LONGEST: Final = 200
FIRST: Final[dict[str, tuple[str, ...]]] = {
    "ru": (
        "Какой день недели идёт после вторника? | среда | в среду",
        "Сколько будет пять плюс два? Напишите словом или цифрой. | семь | 7",
        "Какого цвета снег? | белый | белого | белого цвета",
        "Что едят ложкой: суп или стул? | суп",
        "Сколько дней в неделе? | семь | 7 | семь дней | 7 дней",
        "Назовите последнее слово этой фразы: сегодня светит солнце. | солнце",
        "Какой месяц идёт после мая? | июнь",
        "Кто мяукает: кошка или собака? | кошка",
    ),
    "uk": (
        "Який день тижня йде після вівторка? | середа | у середу | в середу",
        "Скільки буде п'ять плюс два? Напишіть словом або цифрою. | сім | 7",
        "Якого кольору сніг? | білий | білого | білого кольору",
        "Що їдять ложкою: суп чи стілець? | суп",
        "Скільки днів у тижні? | сім | 7 | сім днів | 7 днів",
        "Назвіть останнє слово цієї фрази: сьогодні світить сонце. | сонце",
        "Який місяць іде після травня? | червень",
        "Хто нявкає: кішка чи собака? | кішка",
    ),
    "en": (
        "Which day comes after Tuesday? | wednesday",
        "What is five plus two? A word or a figure. | seven | 7",
        "What colour is snow? | white",
        "Which of these is eaten with a spoon: soup or a chair? | soup",
        "How many days has a week? | seven | 7 | seven days | 7 days",
        "What is the last word of this sentence: the sun shines today. | today",
        "Which month comes after May? | june",
        "Which of them says miaow: a cat or a dog? | cat | a cat | the cat",
    ),
}


class QuestionList(Model):
    """The questions in one language, as the bank wrote them."""

    __tablename__ = "challenge_questions"

    locale: Mapped[str] = mapped_column(String(5), primary_key=True)
    lines: Mapped[str]
    editor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)


@dataclass(frozen=True)
class Question:
    """What is asked, and every answer that is right, folded."""

    words: str
    answers: frozenset[str]


class NotAQuestionError(ValueError):
    """The line with this number asks nothing, or nothing answers it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class TooFewError(ValueError):
    """So few questions are soon known by heart."""


class TooManyError(ValueError):
    """More than anybody will look after."""


def questions(locale: str) -> list[Question]:
    """What is asked in this language; in English when there is nothing in it."""
    return read(lines(locale))


def lines(locale: str) -> str:
    """The same as the bank sees and edits it."""
    kept = session.get(QuestionList, locale)
    return kept.lines if kept is not None else "\n".join(FIRST.get(locale, FIRST["en"]))


def write(locale: str, text: str, editor_id: int | None) -> None:
    """Keep the bank's own questions; raises what `read` raises."""
    read(text)
    kept = session.get(QuestionList, locale) or QuestionList(locale=locale)
    kept.lines, kept.editor_id, kept.updated_at = text.strip(), editor_id, clock.now()
    session.add(kept)
    session.flush()


def read(text: str) -> list[Question]:
    """The questions of `text`, a line each. Raises NotAQuestionError, Too{Few,Many}Error."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        words, *answers = (part.strip() for part in line.split("|"))
        right = frozenset(filter(None, map(folded, answers)))
        if not words or not right or len(line) > LONGEST:
            raise NotAQuestionError(number)
        found.append(Question(words, right))
    if len(found) < FEWEST:
        raise TooFewError
    if len(found) > MOST:
        raise TooManyError
    return found


def folded(answer: str) -> str:
    """An answer as it is compared: case, ё, spaces and a full stop say nothing."""
    plain = unicodedata.normalize("NFKC", answer).casefold().replace("ё", "е")
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())
