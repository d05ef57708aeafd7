"""For how long things are kept here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import retention
from app.core.events import record
from app.privacy.events import PeriodsChosen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.accounts.models import Person


def choose_periods(administrator: Person, days: Mapping[str, int]) -> None:
    """Keep what is named for so many days from now on."""
    before = retention.chosen()
    changed = [name for name, number in days.items() if before.get(name, number) != number]
    for name in changed:
        retention.choose(name, days[name])
    if changed:
        record(PeriodsChosen(changed), by=administrator.id)
