"""Telling what was hidden: on the next page, as counts, and as a fact for the bank's figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import flash, g, request

from app.core.bankdata.hiding import MASK_LANGUAGES, hidden_in, mask_for
from app.core.events import Event, record
from app.core.i18n import _, locale_code
from app.core.written import hidden

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask, Response

# What is counted together.
SORTS: Final = {
    "cards": ("card",),
    "codes": ("cvv", "pin", "code"),
    "accounts": ("account", "iban", "bik"),
    "passports": ("passport",),
    "numbers": ("inn", "ipn", "edrpou", "kpp", "snils", "ogrn"),
    "phones": ("phone",),
    "addresses": ("email",),
}


@dataclass(frozen=True)
class BankDataHidden(Event):
    """Somebody wrote what must not be public, and it was hidden before it was kept.

    `which`: the endpoint it was sent to. The rest are counts.
    """

    which: str
    cards: int = 0
    codes: int = 0
    accounts: int = 0
    passports: int = 0
    numbers: int = 0
    phones: int = 0
    addresses: int = 0


def init(app: Flask) -> None:
    """Let every page say what it came without."""
    app.jinja_env.globals.update(what_was_hidden=what_was_hidden, bank_data_mask=bank_data_mask)


def bank_data_mask(kind: str) -> str:
    """What the page's script puts where it hides something: the guard's word in this language."""
    return mask_for(kind, MASK_LANGUAGES.index(locale_code()))


def tell(response: Response, actor_id: int | None) -> None:
    """After an act, in its transaction: say it on the page that comes next, and write it down.

    A text that is kept while it is typed says nothing: its writer is told when they send it.
    """
    counts = _counts(hidden())
    if not counts or request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return
    if response.status_code == 204:  # noqa: PLR2004
        return
    write_down(actor_id)
    if response.location:
        flash(_words(counts), "risk")


def write_down(actor_id: int | None) -> None:
    """That it was hidden, once; `tell` does it for whole pages, a sent fragment for itself."""
    counts = _counts(hidden())
    if counts and not g.get("told_bank_data"):
        g.told_bank_data = True
        record(BankDataHidden(request.endpoint or "", **counts), by=actor_id)


def what_was_hidden() -> str:
    """What this page's request came without, in words; "" when it was nothing."""
    counts = _counts(hidden())
    if not counts and request.method == "GET":
        # Sent on to an address without it: its words say what they stand for.
        counts = _counts(hidden_in(" ".join(request.args.values())))
    return _words(counts) if counts else ""


def _counts(found: Mapping[str, int]) -> dict[str, int]:
    counts = {sort: sum(found.get(kind, 0) for kind in kinds) for sort, kinds in SORTS.items()}
    return {sort: count for sort, count in counts.items() if count}


def _words(counts: Mapping[str, int]) -> str:
    names = {
        "cards": _("card numbers"),
        "codes": _("secret codes"),
        "accounts": _("account details"),
        "passports": _("passport details"),
        "numbers": _("personal or company numbers"),
        "phones": _("phone numbers"),
        "addresses": _("e-mail addresses"),
    }
    what = ", ".join(f"{names[sort]}: {count}" for sort, count in counts.items())
    return _(
        "This was hidden before anything was kept, so that nobody can misuse it: %(what)s."
        " The bank never asks for it here.",
        what=what,
    )
