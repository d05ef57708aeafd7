"""Everything about a person in one file, for a day."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts import personal as accounts
from app.accounts.models import Person
from app.core import clock
from app.core.db import session
from app.core.events import record
from app.privacy import archive, queries
from app.privacy.events import ExportAsked, ExportMade
from app.privacy.models import Export

# One a day, and for as long the file lies here.
ONE_IN = timedelta(days=1)
KEPT_FOR = timedelta(days=1)


class TooSoonError(ValueError):
    """They asked less than a day ago; they may again at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


def ask_export(person: Person, locale: str) -> Export:
    """Have the worker put everything together; raises TooSoonError."""
    # Two windows at once: one of them waits for the other's row.
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update())
    at = clock.now()
    asked = queries.exports_asked_since(person.id, at - ONE_IN)
    if asked:
        raise TooSoonError(asked[-1].asked_at + ONE_IN)
    export = Export(key=secrets.token_hex(20), person_id=person.id, locale=locale, asked_at=at)
    session.add(export)
    session.flush()
    record(ExportAsked(person.id, export.id), by=person.id)
    return export


def make(export: Export) -> None:
    """Write the file; done again, it is the same file written anew."""
    if export.made_at is not None or export.gone_at is not None:
        return
    if export.person.erased_at is not None:
        export.gone_at = clock.now()
        return
    export.size = archive.write(export, accounts.subject(export.person))
    export.made_at = clock.now()
    session.flush()
    record(ExportMade(export.person_id, export.id), by=export.person_id)


def drop_file(export: Export) -> None:
    """Delete the file of an export; that it was made stays known."""
    archive.file(export).unlink()
    export.gone_at = export.gone_at or clock.now()
    session.flush()


def drop_old() -> int:
    """Delete the files that are older than a day; how many."""
    old = queries.exports_made_before(clock.now() - KEPT_FOR)
    for export in old:
        drop_file(export)
    return len(old)


def stands_until(export: Export) -> datetime | None:
    """Until when it may be downloaded; None when it may not, or not yet."""
    if export.made_at is None or export.gone_at is not None:
        return None
    until = export.made_at + KEPT_FOR
    return until if until > clock.now() else None
