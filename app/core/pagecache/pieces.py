"""Pieces of pages that are the same for many readers: made once, kept as long as a page is.

    {% piece "topic:words", topic.id %} … {% endpiece %}        in a template
    pieces.keep("topic:authors", topic.id, make=ask)            whatever `ask` found, in Python

The page of somebody who is signed in is theirs alone, and most of what stands on it is not. A piece
is filed under its name, what is named beside it, the language and the zone. It is worth something
while nothing public is committed, for half a minute at most, and not beyond the instant in which it
changes by itself (`making`). The version is the first thing that a request's transaction reads, so
no piece is older than it says, and whoever has just written sees it.

Inside nobody knows who reads: to ask for it is an error. What differs stands outside, or is named.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from flask import current_app, g, has_app_context
from jinja2 import nodes
from jinja2.ext import Extension
from sqlalchemy import event

from app.core import i18n
from app.core.db import reads_only, session
from app.core.pagecache import making
from app.core.pagecache.kept import Part
from app.core.pagecache.versions import read_version

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from flask import Flask
    from jinja2.parser import Parser
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session, SessionTransaction

T = TypeVar("T")

# So much of the memory that is given for pages is given for pieces besides.
SHARE: Final = 0.5
AROUND: Final = 600
# Most of it is Cyrillic.
BYTES_A_LETTER: Final = 2
_VERSION: Final = "otklik.piece_version"


class Nobody:
    """Stands for whoever reads while a piece is made; the language and the zone may be known."""

    def __init__(self, locale: str | None = None, timezone: str | None = None) -> None:
        if locale is not None:
            self.locale, self.timezone = locale, timezone

    def __getattr__(self, name: str) -> NoReturn:
        message = f"A piece of a page is for many readers: it may not ask for their {name}."
        raise RuntimeError(message)

    def __bool__(self) -> NoReturn:
        message = "A piece of a page is for many readers: it may not ask whether one is there."
        raise RuntimeError(message)


@dataclass(frozen=True)
class Piece:
    """What was made, and how long it stands."""

    value: Any
    made: making.Making

    @property
    def size(self) -> int:
        """Bytes, about."""
        parts = self.value if isinstance(self.value, tuple) else (self.value,)
        letters = sum(len(part) for part in parts if isinstance(part, str))
        return AROUND + BYTES_A_LETTER * letters

    @property
    def is_good(self) -> bool:
        """Whether it is still true."""
        return making.stands(self.made)


class Pieces:
    """Those of one version; the longest unused go when there are too many."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        self.version: int | None = None
        self._part: Part[Hashable, Piece] = Part(self.most)

    def get(self, version: int, key: Hashable) -> Piece | None:
        """The piece, if it is still true in this version."""
        with self._lock:
            return self._part.get(key) if version == self.version else None

    def put(self, version: int, key: Hashable, piece: Piece) -> None:
        """Keep it, and none of another version."""
        with self._lock:
            if version != self.version:
                self.version = version
                self._part = Part(self.most)
            self._part.put(key, piece)


def init(app: Flask, most: int) -> None:
    """Keep up to `most` bytes of pieces a process; 0: make each anew."""
    app.jinja_env.add_extension(PieceTag)
    app.extensions["otklik.pieces"] = Pieces(int(most * SHARE)) if most > 0 else None


def keep(name: str, *of: Hashable, make: Callable[[], T]) -> T:
    """What `make` returns, unless it is known; nobody may change it afterwards."""
    # Before anything is made: both are asked of the reader.
    locale, zone = i18n.locale_code(), i18n.zone_now().key
    return _kept((name, of, locale, zone), Nobody(locale, zone), make)


def keep_for_all(name: str, *of: Hashable, make: Callable[[], T]) -> T:
    """The same for what has neither language nor zone."""
    return _kept((name, of), Nobody(), make)


def _kept(key: Hashable, nobody: Nobody, make: Callable[[], T]) -> T:
    shelf: Pieces | None = current_app.extensions["otklik.pieces"]
    version = _version() if shelf is not None and reads_only.get() else None
    if shelf is not None and version is not None:
        found = shelf.get(version, key)
        if found is not None:
            making.take_over(found.made)
            value: T = found.value
            return value
    with making.piece() as made:
        value = _as(nobody, make)
    making.take_over(made)
    if shelf is not None and version is not None and not made.is_for_one:
        shelf.put(version, key, Piece(value, made))
    return value


def _as(nobody: Nobody, make: Callable[[], T]) -> T:
    reader = g.get("_login_user")
    g._login_user = nobody  # noqa: SLF001 (where Flask-Login keeps who reads)
    try:
        return make()
    finally:
        if reader is None:
            g.pop("_login_user")
        else:
            g._login_user = reader  # noqa: SLF001


def _version() -> int | None:
    info = session.info
    if _VERSION not in info:
        session.connection()
    found: int | None = info.get(_VERSION)
    return found


@event.listens_for(session, "after_begin")
def _take_version(begun: Session, _: SessionTransaction, connection: Connection) -> None:
    """First of all: what is committed meanwhile makes a piece old, and never an old piece new."""
    if reads_only.get() and has_app_context() and current_app.extensions.get("otklik.pieces"):
        begun.info[_VERSION] = read_version(connection)
    else:
        begun.info.pop(_VERSION, None)


class PieceTag(Extension):
    """`{% piece name, of, … %} … {% endpiece %}`."""

    tags = {"piece"}  # noqa: RUF012 (as Jinja has it)

    def parse(self, parser: Parser) -> nodes.Node:
        """A call of `keep` whose body is what stands between the tags."""
        line = next(parser.stream).lineno
        named = parser.parse_tuple()
        of = named.items if isinstance(named, nodes.Tuple) else [named]
        body = parser.parse_statements(("name:endpiece",), drop_needle=True)
        nobody = nodes.Assign(nodes.Name("actor", "store"), self.call_method("_nobody"))
        kept = self.call_method("_kept", of)
        return nodes.CallBlock(kept, [], [], [nobody, *body]).set_lineno(line)

    def _nobody(self) -> Any:
        return g._login_user  # noqa: SLF001

    def _kept(self, name: str, *of: Hashable, caller: Callable[[], str]) -> str:
        return keep(name, *of, make=caller)
