"""The bank's own numbers and addresses, as this process knows them: they are public and stay.

The brand keeps them (`brands.own_numbers`), and says so whenever it is read. Columns ask what is
known, for in the middle of writing nothing can be read; whoever has the time asks for what is true.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from flask import has_app_context
from sqlalchemy.exc import SQLAlchemyError

from app.core.bankdata import NOTHING, Own

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class _Known:
    lines: tuple[str, ...] = ()
    own: Own = NOTHING
    read: Callable[[], Sequence[str]] | None = None


def init(read: Callable[[], Sequence[str]]) -> None:
    """`read` tells them from the database."""
    _Known.read = staticmethod(read)
    know(())


def know(lines: Sequence[str]) -> None:
    """This is what the administrator wrote by now."""
    if tuple(lines) != _Known.lines:
        _Known.lines, _Known.own = tuple(lines), Own.of(lines)


def known() -> Own:
    """As they were when somebody last read them."""
    return _Known.own


def fresh() -> Own:
    """As they are; as they were, while the database is away."""
    if _Known.read is not None and has_app_context():
        with suppress(SQLAlchemyError):
            know(_Known.read())
    return _Known.own
