"""In the demo bank: texts that wait or came back, an appeal, a report, an erasure and a hold.

Written by the services themselves, beside the running house, for pages that show nothing otherwise.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

import config
from app.accounts import consents
from app.accounts import queries as accounts
from app.accounts import service as people
from app.accounts.models import Person
from app.core import clock, leaving
from app.core.db import session
from app.factory import create_app
from app.moderation import queries, service
from app.moderation.models import Submission
from app.moderation.service import reporting, watching
from app.privacy import service as privacy
from app.topics import service as topics
from app.topics.models import Category, Topic
from tests.live import PASSWORD

if TYPE_CHECKING:
    from tests.live import Live

# Whose texts these are.
LENA = "lena.moderated@demo.example"
# Who has not agreed to the texts yet.
NINA = "nina.asked@demo.example"
NIKA = "nika.lebedeva@demo.example"
PAVEL = "pavel.drozdov@demo.example"


def fill(live: Live) -> dict[str, Any]:
    """The numbers and links of it all, by name."""
    environ = {"INSTANCE_PATH": str(live.mail.parent), "PUBLIC_URL": live.url}
    app = create_app(config.load(environ))
    with app.test_request_context(base_url=live.url):
        found = _filled()
        session.commit()
    return found


def _filled() -> dict[str, Any]:
    nika, pavel = accounts.by_email(NIKA), accounts.by_email(PAVEL)
    assert nika is not None
    assert pavel is not None
    _customer("Нина Спрошенная", NINA)
    lena, restrained = _customer("Лена Примерова", LENA), _customer("Глеб Молчанов")
    leaver = _customer("Вера Уходящая")
    consents.agree(lena, consents.missing(lena), "sign_up", None)
    category = session.scalars(select(Category).order_by(Category.id)).first()
    assert category is not None
    waiting = _sent(lena, category, "Почему карта не приехала в четверг?")
    returned = _sent(lena, category, "Верните мою карту")
    service.give_back(nika, returned, "unclear", "Какую карту? Что с ней было?")
    restraint = service.restrain(nika, restrained, "silence", "Реклама в ответах.", None)
    act = queries.act(restraint.act_id)
    words = topics.Words("question", "Куплю номера карт", "Недорого, пишите.", category, [])
    removed = topics.ask(lena, words)
    asked = session.scalars(
        select(Topic).where(Topic.state == "solved", Topic.hidden_at.is_(None)).limit(1)
    ).one()
    watching.add(nika, [watching.Entry("flag", "кэшбэкомания")])
    reporting.report(lena, asked, "off_topic", "Это про другой банк.")
    on = (clock.now() + timedelta(days=90)).date()
    privacy.place(pavel, leaver, "Спор о переводе.", on)
    return {
        "submission": waiting.id,
        "returned": returned.id,
        "appeal": service.appeal_act(restrained, act, "Это была не реклама.").id,
        "restraint": service.token_of(restraint),
        "restrained": restrained.id,
        "removal": service.hide(nika, removed, "Объявление, а не вопрос.").id,
        "erasure": privacy.request_erasure(leaver, words=True).id,
        "leaver": leaver.id,
        "export": privacy.ask_export(lena, "en").id,
        "outside": leaving.way("https://example.org/tariffs?year=2026"),
    }


def _customer(name: str, email: str | None = None) -> Person:
    made = Person(email=email, confirmed_at=clock.now(), role="customer", locale="ru")
    people.rename(made, name)
    if email is not None:
        people.set_password(made, PASSWORD)
    session.add(made)
    session.flush()
    return made


def _sent(author: Person, category: Category, title: str) -> Submission:
    at = clock.now()
    fields = {
        "kind": "question",
        "title": title,
        "body": f"{title} Жду с понедельника.",
        "tags": [],
    }
    made = Submission(
        author=author, act="topic", category=category, fields=fields, why=[["category", ""]],
        sent_at=at, due_at=at + timedelta(hours=8), turn_at=at + timedelta(hours=8),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made
