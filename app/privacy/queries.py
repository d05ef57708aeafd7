"""Finding exports, erasures and holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.core import clock
from app.core.chain import Entry
from app.core.db import session
from app.core.events import Fact
from app.core.pages import SIZE, Order, Page, keyset
from app.privacy.models import Erasure, Export, Hold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.accounts.models import Person
    from app.core.policy import Actor

LATEST: Order[Erasure] = Order((Erasure.asked_at, Erasure.id), lambda e: (e.asked_at, e.id))


def export(_actor: Actor | None, export_id: int) -> Export | None:
    """An export by its number; whose it is, the policy asks."""
    return session.get(Export, export_id)


def last_export(person: Person) -> Export | None:
    """The one they asked for last."""
    query = select(Export).where(Export.person_id == person.id)
    return session.scalars(query.order_by(Export.id.desc()).limit(1)).first()


def exports_asked_since(person_id: int, at: datetime) -> Sequence[Export]:
    """Those somebody asked for since then."""
    query = select(Export).where(Export.person_id == person_id, Export.asked_at > at)
    return session.scalars(query.order_by(Export.id)).all()


def exports_to_make(limit: int = 10) -> Sequence[int]:
    """Exports nobody has made yet."""
    query = select(Export.id).where(Export.made_at.is_(None), Export.gone_at.is_(None))
    return session.scalars(query.order_by(Export.id).limit(limit)).all()


def exports_made_before(at: datetime) -> Sequence[Export]:
    """Exports whose files lie here too long."""
    query = select(Export).where(Export.made_at < at, Export.gone_at.is_(None))
    return session.scalars(query.order_by(Export.id)).all()


def exports_of(person_id: int) -> Sequence[Export]:
    """Everything they ever asked for."""
    query = select(Export).where(Export.person_id == person_id)
    return session.scalars(query.order_by(Export.id)).all()


def erasure(_actor: Actor, erasure_id: int) -> Erasure | None:
    """An erasure by its number."""
    return session.get(Erasure, erasure_id)


def erasure_by_key(key: str) -> Erasure | None:
    """An erasure as the ledger knows it."""
    return session.scalar(select(Erasure).where(Erasure.key == key))


def waiting_erasure(person_id: int) -> Erasure | None:
    """What somebody asked for and can still take back."""
    query = select(Erasure).where(
        Erasure.person_id == person_id, Erasure.done_at.is_(None), Erasure.cancelled_at.is_(None)
    )
    return session.scalars(query.order_by(Erasure.id).limit(1)).first()


def erasures_due(limit: int = 20) -> Sequence[int]:
    """Those whose days are over, the oldest first, but for people under a hold."""
    query = select(Erasure.id).where(
        Erasure.done_at.is_(None),
        Erasure.cancelled_at.is_(None),
        Erasure.due_at <= clock.now(),
        Erasure.person_id.not_in(select(Hold.person_id).where(Hold.lifted_at.is_(None))),
    )
    return session.scalars(query.order_by(Erasure.due_at, Erasure.id).limit(limit)).all()


def held_erasure(erasure_id: int) -> Erasure | None:
    """The erasure, its row ours, if it is still to be done; None while another worker is at it."""
    query = select(Erasure).where(
        Erasure.id == erasure_id, Erasure.done_at.is_(None), Erasure.cancelled_at.is_(None)
    )
    query = query.with_for_update(of=Erasure, skip_locked=True)
    return session.scalar(query.execution_options(populate_existing=True))


def erasures(*, cursor: str | None = None, size: int = SIZE) -> Page[Erasure]:
    """All of them, the last asked for first."""
    return keyset(select(Erasure), LATEST, cursor, size)


def hold(_actor: Actor, hold_id: int) -> Hold | None:
    """A hold by its number."""
    return session.get(Hold, hold_id)


def hold_on(person_id: int) -> Hold | None:
    """The hold on somebody, when there is one."""
    query = select(Hold).where(Hold.person_id == person_id, Hold.lifted_at.is_(None))
    return session.scalars(query.limit(1)).first()


def holds() -> Sequence[Hold]:
    """Those in force, the first to be reviewed first."""
    query = select(Hold).where(Hold.lifted_at.is_(None))
    return session.scalars(query.order_by(Hold.review_on, Hold.id)).unique().all()


def held_people() -> set[int]:
    """Whose data must not be deleted now."""
    return set(session.scalars(select(Hold.person_id).where(Hold.lifted_at.is_(None))))


def log_extract(erasure: Erasure) -> list[dict[str, object]]:
    """The facts about an erasure as the chained record holds them, by their place in it."""
    names = ("ErasureAsked", "ErasureCancelled", "PersonErased")
    mine = Fact.data["erasure_id"].as_integer() == erasure.id
    query = (
        select(Entry.seq, Entry.at, Entry.action, Entry.hash)
        .join(Fact, Fact.id == Entry.fact_id)
        .where(Fact.name.in_(names), mine)
        .order_by(Entry.seq)
    )
    return [
        {"seq": row.seq, "at": row.at, "event": row.action, "hash": row.hash}
        for row in session.execute(query)
    ]
