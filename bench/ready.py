"""A bank for benches that ask a server: filled, indexed, with somebody signed in."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import config  # noqa: E402 (the line above finds it)
from app.accounts.models import Person  # noqa: E402
from app.accounts.models import Session as Row  # noqa: E402
from app.accounts.sessions import digest  # noqa: E402
from app.core import clock  # noqa: E402
from app.core.db import db, session  # noqa: E402
from app.core.policy import PUBLIC  # noqa: E402
from app.factory import create_app  # noqa: E402
from app.search.service import keeping as search  # noqa: E402
from app.topics import queries  # noqa: E402
from app.topics.models import Category, Topic  # noqa: E402
from bench.fill import make  # noqa: E402

SECRET = "only-for-measuring-" * 3
# Of different topics that are asked for in turn.
TURN = 200


@dataclass(frozen=True)
class ReadyBank:
    """Where it is; `topics` are addresses that a guest may read, spread over all of it."""

    settings: dict[str, str]
    topics: tuple[str, ...]
    cookie: str
    executive: str

    def environ(self, port: int, **settings: str) -> dict[str, str]:
        """What a server on this port is told."""
        public = {"PUBLIC_URL": f"http://127.0.0.1:{port}"}
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.settings, **public,
                **settings}  # fmt: skip


def ready_bank(folder: Path, topics: int, database: str = "", engine: str = "") -> ReadyBank:
    """Fill one, in `folder` or in the empty database of that address."""
    instance = folder / "bank"
    instance.mkdir()
    settings = {
        "SECRET_KEY": SECRET,
        "INSTANCE_PATH": str(instance),
        "DATABASE_URL": database,
        # As the settings advise.
        "SEARCH_ENGINE": engine or ("tantivy" if topics >= 10_000 else "whoosh"),
        "LOG_LEVEL": "ERROR",
        "RATE_LIMITS": "no",
        "STAFF_SECOND_FACTOR": "no",
    }
    app = create_app(config.load(settings))
    with app.app_context():
        make(topics, quiet=True)
        search.rebuild()
        customer = session.scalars(select(Person).where(Person.role == "customer").limit(1)).one()
        owner = session.scalars(select(Category).order_by(Category.id).limit(1)).unique().one()
        cookies = [_signed_in(person) for person in (customer.id, owner.owner_id)]
        found = _spread(topics)
        session.commit()
        session.remove()
        db.engine.dispose()
    return ReadyBank(settings, found, *cookies)


def _spread(topics: int) -> tuple[str, ...]:
    step = max(1, topics // (TURN * 2))
    ids = session.scalars(select(Topic.id).order_by(Topic.id).offset(1)).all()[::step]
    seen = queries.topics_by_id(PUBLIC, ids)
    return tuple(f"/topics/{topic.id}" for topic in seen.values() if topic.merged_into_id is None)[
        :TURN
    ]


def _signed_in(person_id: int | None) -> str:
    """A session of theirs, as the form for signing in begins one; the cookie that leads to it."""
    key, now = secrets.token_urlsafe(32), clock.now()
    data = {"_user_id": str(person_id), "_fresh": True, "proved": now.timestamp()}
    session.add(Row(key_hash=digest(key), data=data, person_id=person_id, browser="bench"))
    return f"sid={key}"
