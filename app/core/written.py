"""What people send us, as it may be kept: the door's part of the bank-data guard.

Every text of every form and address is masked as it is read, so no view ever holds the digits;
declared below is what must arrive to the letter. What was hidden is told on the next page, as
counts, and recorded as counts.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from flask import Request, g, has_request_context
from werkzeug.datastructures import FileStorage, ImmutableMultiDict, iter_multi_items

from app.core import allowed
from app.core.bankdata import mask
from app.core.places import mask_address

if TYPE_CHECKING:
    from collections.abc import Mapping

# Secrets, what machines made, addresses to write to, and the list of what is not hidden.
EXACT: Final = frozenset({
    "password", "old", "email", "mail_address", "own_numbers", "token", "code", "state", "iss",
    "session_state", "id_token", "nonce", "credential", "challenge", "challenge_work", "cursor",
    "logo_key", "colour", "v", "to", "by",
})  # fmt: skip
# Addresses of pages of ours, which carry texts in their turn.
PLACES: Final = frozenset({"next"})
# Controls, which no keyboard types and PostgreSQL refuses, and halves of characters.
_UNPRINTED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Written(ImmutableMultiDict[str, Any]):
    """What was sent, of every text only what can be shown and kept; every line ends alike."""

    def __init__(self, sent: Any = None) -> None:
        pairs = iter_multi_items(sent if sent is not None else ())
        super().__init__([(name, _kept(name, value)) for name, value in pairs])


class Asked(Request):
    """A request, its address, its forms, its files and its JSON read as `Written`."""

    parameter_storage_class = Written

    @property
    def full_path(self) -> str:
        """The path and its query, for links back to here."""
        address = super().full_path
        # What a long query says was looked at when it was read, but for what is kept otherwise.
        is_read = EXACT.isdisjoint(self.args) and PLACES.isdisjoint(self.args)
        if is_read and not hidden() and not mask(self.path).found:
            return address
        return mask_address(address)

    def get_json(self, *args: Any, **kwargs: Any) -> Any:
        """The body, its texts masked like those of forms."""
        return _inside("", super().get_json(*args, **kwargs))


def hidden() -> Mapping[str, int]:
    """How many of each type were hidden in this request."""
    return g.get("hidden_bank_data", Counter()) if has_request_context() else Counter()


def _kept(name: str, value: Any) -> Any:
    if isinstance(value, FileStorage):
        if value.filename:
            value.filename = _masked(value.filename)
        return value
    if not isinstance(value, str):
        return value
    value = _UNPRINTED.sub("", value.replace("\r\n", "\n"))
    if name in EXACT:
        return value
    return mask_address(value) if name in PLACES else _masked(value)


def _inside(name: str, value: Any) -> Any:
    if name in EXACT:
        return value
    if isinstance(value, dict):
        return {key: _inside(key, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_inside(name, each) for each in value]
    return _kept(name, value)


def _masked(text: str) -> str:
    found = mask(text).found and mask(text, allowed.fresh())
    if not found:
        return text
    if has_request_context():
        counts = g.setdefault("hidden_bank_data", Counter())
        counts.update(each.type for each in found.found)
    return found.text
