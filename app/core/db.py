"""The database: one session, one typed base, instants that stay in UTC.

SQLite is asked for what PostgreSQL gives unasked: foreign keys, readers that do not block, and a
write lock taken at `BEGIN`, so that two writers queue instead of failing half-way.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    String,
    Text,
    event,
    inspect,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

from app.core import guarded, reach

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from flask import Flask
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.orm import Session, scoped_session
    from sqlalchemy.pool import ConnectionPoolEntry

# Thirty seconds: longer than any transaction of ours, shorter than a proxy's patience.
BUSY_MS = 30_000

T = TypeVar("T")

# A request that only reads says so, and then takes no write lock on SQLite.
reads_only: ContextVar[bool] = ContextVar("reads_only", default=False)
# Where the session reads instead of the database: a replica of it (`pagecache.replica`).
reads_at: ContextVar[Connection | None] = ContextVar("reads_at", default=None)


def while_reading(name: str, ask: Callable[[], T]) -> T:
    """What `ask` found, asked once in a request that only reads; in one that writes, each time."""
    if not reads_only.get():
        return ask()
    kept = session.info.setdefault("while_reading", {})
    if name not in kept:
        kept[name] = ask()
    found: T = kept[name]
    return found


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant in, an aware UTC instant out, on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values, for nobody could say whose wall clock they are."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"a naive instant cannot be stored: {value!r}"
            raise ValueError(message)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite forgets the zone; PostgreSQL answers in the connection's."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table's base. Constraint names are fixed so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


Base.registry.update_type_annotation_map(
    {datetime: UTCDateTime(), dict[str, Any]: JSON(), list[Any]: JSON(), str: Text()}
)
guarded.init()


class _Session(FlaskSession):
    """Asks the database, or the replica that stands for it in this request."""

    def get_bind(
        self, mapper: Any = None, clause: Any = None, bind: Any = None, **more: Any
    ) -> Engine | Connection:
        """Where to ask."""
        return super().get_bind(mapper, clause, reads_at.get() if bind is None else bind, **more)


db = SQLAlchemy(model_class=Base, session_options={"class_": _Session})
session: scoped_session[Session] = db.session  # type: ignore[assignment]

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model

intpk = Annotated[int, mapped_column(primary_key=True)]
name_text = Annotated[str, mapped_column(String(120))]
short_text = Annotated[str, mapped_column(String(200))]
word = Annotated[str, mapped_column(String(40))]


_ID = re.compile(r"[0-9]{1,9}")


def row_id(text: object) -> int | None:
    """The id that `text` names; None for what no row can have, which PostgreSQL would refuse."""
    named = _ID.fullmatch(str(text or ""))
    return int(named[0]) if named else None


def add_once(row: Model) -> bool:
    """Insert `row`; False when somebody was first with its unique key, and nothing changed."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def add_up(model: type[Base], rows: Sequence[dict[str, Any]], counts: Collection[str]) -> None:
    """Insert `rows`; where one with the same primary key stands, add these `counts` to it.

    Whoever does the same at the same time adds to what this has added; `rows` go in the order of
    their keys, for two who wait for each other would wait for ever.
    """
    keys = [column.name for column in inspect(model).primary_key]
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    new: Any = (sqlite if is_sqlite else postgresql).insert(model)
    table = model.__table__.c
    summed = {name: table[name] + new.excluded[name] for name in counts}
    added = new.on_conflict_do_update(index_elements=keys, set_=summed)
    session.execute(added, sorted(rows, key=lambda row: [row[key] for key in keys]))


def init(app: Flask) -> None:
    """Bind to the application's database and teach SQLite its manners."""
    options: dict[str, Any] = {}
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        options = {"connect_args": {"timeout": BUSY_MS / 1000, "check_same_thread": False}}
    else:
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        options = {"pool_pre_ping": True, "connect_args": reach.ways(url)}
    # An error is logged with its statement, and never with what somebody wrote.
    options["hide_parameters"] = True
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", options)
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _teach_sqlite(db.engine)
        else:
            reach.watch(db.engine)


def _teach_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver's own BEGIN comes too late (before the first write only); ours is below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_MS}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if reads_only.get() else "BEGIN IMMEDIATE")
