"""Builders with names from the domain: `house.executive()`, `house.question(category=cards)`."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from app.accounts import service as accounts
from app.accounts.models import Person
from app.brand.models import Brand
from app.core import clock
from app.core.db import Base, session
from app.topics import service as topics
from app.topics.models import Category, Post, Topic
from app.widget.models import Origin, Site

if TYPE_CHECKING:
    from datetime import datetime

M = TypeVar("M", bound=Base)
PASSWORD = "correct horse battery"


class Builders:
    """Makes what a test needs, saved and flushed; anything not said is invented."""

    def __init__(self) -> None:
        self.numbers = count(1)

    def brand(self, **fields: Any) -> Brand:
        """The bank's brand."""
        made = Brand(
            **{"name": "Банк Пример", "locale": "ru", "timezone": "Europe/Moscow", **fields}
        )
        return self._saved(made)

    def person(self, role: str = "customer", **fields: Any) -> Person:
        """A confirmed person who may sign in with PASSWORD once `with_password=True` is said."""
        number = next(self.numbers)
        name = fields.pop("name", f"Человек {_letters(number)}")
        with_password = fields.pop("with_password", False)
        made = Person(
            **{
                "email": f"person{number}@example.org",
                "confirmed_at": clock.now(),
                "role": role,
                "locale": "ru",
                **fields,
            }
        )
        accounts.rename(made, name)
        if with_password:
            accounts.set_password(made, PASSWORD)
        return self._saved(made)

    def customer(self, **fields: Any) -> Person:
        """Somebody who asks."""
        return self.person("customer", **fields)

    def executive(self, **fields: Any) -> Person:
        """Somebody who answers."""
        return self.person("executive", **{"post": "Директор по картам", **fields})

    def manager(self, **fields: Any) -> Person:
        """The community manager."""
        return self.person("manager", **{"post": "Комьюнити-менеджер", **fields})

    def administrator(self, **fields: Any) -> Person:
        """The administrator."""
        return self.person("administrator", **{"post": "Администратор", **fields})

    def category(self, owner: Person | None = None, **fields: Any) -> Category:
        """A category with its owner."""
        number = next(self.numbers)
        made = Category(
            **{
                "slug": f"category-{number}",
                "name": f"Категория {number}",
                "place": number,
                "owner": owner or self.executive(),
                **fields,
            }
        )
        return self._saved(made)

    def topic(
        self,
        kind: str = "question",
        *,
        asker: Person | None = None,
        category: Category | None = None,
        title: str = "Почему карта не работает в метро?",
        body: str | None = None,
        tags: list[str] | None = None,
        at: datetime | None = None,
    ) -> Topic:
        """A published topic, with everything that happens at once when one is asked."""
        category = category or self.category()
        # A number of its own: the same words twice would be one topic sent twice.
        body = body or f"Сегодня утром турникет не принял карту, поездка {next(self.numbers)}."
        words = topics.Words(kind, title, body, category, tags or [])
        return topics.ask(asker or self.customer(), words, at=at)

    def question(self, **fields: Any) -> Topic:
        """A question."""
        return self.topic("question", **fields)

    def idea(self, **fields: Any) -> Topic:
        """An idea."""
        return self.topic("idea", **{"title": "Добавьте тёмную тему в приложение", **fields})

    def problem(self, **fields: Any) -> Topic:
        """A problem."""
        return self.topic("problem", **fields)

    def praise(self, **fields: Any) -> Topic:
        """Praise."""
        return self.topic("praise", **{"title": "Спасибо отделению на Лесной", **fields})

    def answer(self, topic: Topic, body: str = "Починили, проверьте.", **fields: Any) -> Post:
        """The official answer by the category's owner."""
        author = fields.pop("author", topic.category.owner)
        return topics.answer(author, topic, body, **fields)

    def comment(self, topic: Topic, body: str = "У меня так же.", **fields: Any) -> Post:
        """Somebody's comment."""
        author = fields.pop("author", None) or self.customer()
        return topics.comment(author, topic, body, **fields)

    def site(
        self,
        origins: list[str] | None = None,
        *,
        category: Category | None = None,
        **fields: Any,
    ) -> Site:
        """A registered site that carries the widget."""
        number = next(self.numbers)
        made = Site(
            **{
                "key": f"site-{number:04}-{'k' * 12}",
                "name": f"Сайт {number}",
                "issuer": "https://bank.example",
                "category_id": category.id if category else None,
                **fields,
            }
        )
        made.origins = [Origin(origin=o) for o in origins or ["https://bank.example"]]
        return self._saved(made)

    def _saved(self, made: M) -> M:
        session.add(made)
        session.flush()
        return made


def _letters(number: int) -> str:
    """A surname-like word: digits in names would look like one another to the skeleton."""
    word = ""
    while number:
        number, digit = divmod(number, 10)
        word = "бвгджзклмн"[digit] + "ао"[digit % 2] + word
    return word.capitalize()
