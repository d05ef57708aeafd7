"""Ask with a picture, through the web's door, and be killed before each statement in turn.

Run as a process of its own; it prints what each death left behind, and what the survivor did.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import signal
import sys
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from PIL import Image as Picture
from sqlalchemy import event, func, select

import config
from app.commands.database import migrate
from app.core import clock, jobs
from app.core.db import db, session
from app.core.events import Delivery, Fact
from app.factory import create_app
from app.media.models import Image
from app.notify.models import Follow
from app.sla.models import Promise
from app.topics.models import Topic
from tests.builders import Builders
from tests.conftest import BASE_URL, Browser
from tests.programs import fork

if TYPE_CHECKING:
    from flask import Flask

TABLES = (Topic, Promise, Image, Follow, Fact, Delivery)
# What one asks, nobody before them has.
TEXTS = (
    ("Почему карта не работает в метро?", "Утром турникет её не принял. На снимке чек."),
    ("Когда придёт выписка по вкладу?", "Обещали прислать письмом до пятницы, вот обещание."),
    ("Где поменять старые монеты?", "В отделении у вокзала отказали, бумагу прилагаю."),
)
LONGEST = 200


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def signed_in(app: Flask, person_id: int) -> Browser:
    browser = Browser(app.test_client())
    with browser.client.session_transaction(base_url=BASE_URL) as data:
        data |= {"_user_id": str(person_id), "_fresh": True}
    return browser


def ask(browser: Browser, category_id: int, text: int) -> None:
    picture = io.BytesIO()
    Picture.new("RGB", (6, 4), (text * 50, 9, 9)).save(picture, "PNG")
    picture.seek(0)
    title, body = TEXTS[text]
    fields = {
        "kind": "question", "title": title, "body": body, "tags": "",
        "category_id": str(category_id), "seen_similar": "1", "picture": (picture, "чек.png"),
    }  # fmt: skip
    answer = browser.post("/ask", fields)
    if answer.status_code != HTTPStatus.SEE_OTHER:
        raise AssertionError(re.sub(r"(?s)<[^>]*>|\s+", " ", answer.text))


def be_killed(browser: Browser, category_id: int, at: int) -> None:
    """Ask, and drop dead before the statement of this number; `at` 0: after the commit."""
    left = [at]

    def count(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            die()

    with browser.client.application.app_context():
        for moment in ("before_cursor_execute", "commit"):
            event.listen(db.engine, moment, count)
        if at == 0:
            jobs.enqueue = die
        ask(browser, category_id, 2 if at else 1)


def counted(app: Flask) -> dict[str, int]:
    with app.app_context():
        found = {
            model.__tablename__: session.scalar(select(func.count()).select_from(model)) or 0
            for model in TABLES
        }
        session.remove()
        db.engine.dispose()
    return found


def main() -> None:
    logging.disable(logging.WARNING)
    app = create_app(config.load())
    with app.app_context():
        migrate()
        house = Builders()
        house.brand()
        # No newcomers, of whom one is asked more than of others.
        since = clock.now() - timedelta(days=400)
        people = [house.customer(created_at=since).id for _ in TEXTS]
        category_id = house.category().id
        session.commit()
        session.remove()
        first, second, third = (signed_in(app, person_id) for person_id in people)
        # One that lives, so that what is forked is warm.
        ask(first, category_id, 0)
        session.remove()
    before = counted(app)
    left: list[dict[str, int]] = []
    for at in [0, *range(1, LONGEST)]:
        child = fork(lambda at=at: be_killed(third if at else second, category_id, at))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        after = counted(app)
        left.append({name: after[name] - before[name] for name in after} | {"status": status})
        before = after
        # The first death that comes after the commit, or the first that does not come.
        if at and (left[-1]["topics"] or status != -signal.SIGKILL):
            break
    sys.stdout.write(json.dumps({"left": left}))


if __name__ == "__main__":
    main()
