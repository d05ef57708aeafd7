"""The last line of defence: no column takes in what the bank-data guard hides.

Whatever writes, the pages, the command line, an import or plain SQL of ours, a text or a JSON value
is masked on its way into the database, be it to be stored or to be compared. Every such column is
guarded unless it is declared below: keys and hashes, which a mask would break, and addresses, which
are kept to be written to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import JSON, Column, Enum, String, Table, Text, event

from app.core import allowed
from app.core.bankdata import mask
from app.core.places import mask_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Dialect
    from sqlalchemy.sql.base import SchemaEventTarget
    from sqlalchemy.types import TypeEngine

# Columns of these names hold what machines made, or an address to write to.
EXACT: Final = frozenset({
    "address", "address_hash", "code_hash", "colour", "credential_id", "digest", "email", "guest",
    "hash", "issuer", "key", "key_hash", "looks", "mail_address", "nonce", "own_numbers",
    "password_hash", "prev_hash", "public_key", "secret", "spec", "subject",
})  # fmt: skip
# The chained record and what belongs to it: ids and words from lists, which may not change.
EXACT_TABLES: Final = frozenset({
    "challenges", "clock_events", "erasures", "facts", "record", "record_head",
})  # fmt: skip
SHORT: Final = 20
# Addresses of pages of ours.
PLACES: Final = frozenset({"next"})


def is_exact(table: str, column: str) -> bool:
    """Whether what is written there is kept to the letter."""
    return table in EXACT_TABLES or column in EXACT


def hidden(value: Any) -> Any:
    """A value of a column without what must not be kept: texts, and all texts inside JSON."""
    if isinstance(value, str):
        # One short word of letters holds no number: most of what is compared is a word of ours.
        is_word = len(value) <= SHORT and value.isascii() and value.isalpha()
        return value if is_word else mask(value, allowed.known()).text
    if isinstance(value, list | tuple):
        return [hidden(each) for each in value]
    if isinstance(value, dict):
        return {key: hidden(each) for key, each in value.items()}
    return value


class _Guarded:
    """A type like its parent whose values are masked before they are bound."""

    is_place = False

    def _cached_bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        # `bind_processor` would be passed by: drivers replace the type by one of their own.
        inner = super()._cached_bind_processor(dialect)  # type: ignore[misc]
        longest = getattr(self, "length", None)
        hide = _hidden_place if self.is_place else hidden

        def bind(value: Any) -> Any:
            value = hide(value)
            if longest and isinstance(value, str):
                value = value[:longest]
            return inner(value) if inner else value

        return bind


def _hidden_place(value: Any) -> Any:
    return mask_address(value) if isinstance(value, str) else value


class GuardedString(_Guarded, String):
    """A short text."""


class GuardedText(_Guarded, Text):
    """A long text."""


class GuardedJSON(_Guarded, JSON):
    """Texts in a structure."""


class Place(GuardedString):
    """The address of a page, with what may be in its query."""

    is_place = True


def init() -> None:
    """Guard every column that is declared from now on."""
    if not event.contains(Column, "after_parent_attach", guard):
        event.listen(Column, "after_parent_attach", guard)


def guard(column: SchemaEventTarget, table: SchemaEventTarget) -> None:
    """Every column of every table, as it is declared."""
    if isinstance(column, Column) and isinstance(table, Table):
        kind = _kind(column)
        if kind is not None and not is_exact(table.name, column.name):
            column.type = column.type.adapt(kind)


def _kind(column: Column[Any]) -> type[TypeEngine[Any]] | None:
    declared = type(column.type)
    if declared in {String, Enum}:
        if column.name in PLACES:
            return Place
        return GuardedString if declared is String else None
    return {Text: GuardedText, JSON: GuardedJSON}.get(declared)
