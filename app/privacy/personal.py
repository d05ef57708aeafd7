"""What this slice itself holds: exports with their files, what was asked to be erased, holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import retention
from app.core.i18n import _l
from app.core.personal import BANK, ERASED, NOBODY, NUMBER, Erasing, Section, Subject, holds
from app.privacy import archive, queries
from app.privacy.models import Erasure, Export

if TYPE_CHECKING:
    from collections.abc import Iterator

COOLING, OLD_EXPORTS, OLD_ACTS = 3, 365, 3 * 365


def collect(of: Subject) -> Iterator[Section]:
    """What was asked for before."""
    yield Section(
        "exports",
        _l("When you asked for your data"),
        {"number": _l("Number"), "at": _l("When")},
        [{"number": e.id, "at": e.asked_at} for e in queries.exports_of(of.person_id)],
    )


def forget(erasing: Erasing) -> None:
    """The files, which hold everything, and that they were made."""
    for export in queries.exports_of(erasing.subject.person_id):
        file = archive.file(export)
        if file.exists():
            erasing.files.append(file)
    erasing.delete(Export, Export.person_id == erasing.subject.person_id)


# Days that mean no deletion by themselves: how long an erasure can be taken back.
retention.keep("cooling", COOLING, _l("Before somebody who asked for it is erased"))
retention.keep(
    "exports",
    OLD_EXPORTS,
    _l("The list of exports; their files go after a day"),
    retention.Rows(
        Export,
        lambda until: (Export.asked_at < until) & Export.gone_at.is_not(None),
        Export.person_id,
    ),
)
retention.keep(
    "acts",
    OLD_ACTS,
    _l("Deletion acts"),
    retention.Rows(
        Erasure, lambda until: (Erasure.done_at < until) | (Erasure.cancelled_at < until)
    ),
)

holds(
    "privacy",
    {
        "exports.person_id": ERASED,
        "erasures.person_id": NUMBER,
        "erasures.asked_by_id": NUMBER,
        "erasures.reference": BANK,
        "erasures.act": NOBODY,
        "legal_holds.person_id": NUMBER,
        "legal_holds.reason": BANK,
        "legal_holds.placed_by_id": NUMBER,
        "legal_holds.lifted_by_id": NUMBER,
    },
    collect=collect,
    forget=forget,
    order=80,
)
