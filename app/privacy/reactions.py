"""What the worker does for personal data: exports, erasures that are due, and cleaning up."""

from __future__ import annotations

import logging

from app.core import chain, jobs, retention, transactions
from app.core.db import db
from app.core.events import later
from app.privacy import queries, service
from app.privacy.events import ExportAsked, PersonErased

log = logging.getLogger(__name__)


@later(ExportAsked)
def put_it_together(event: ExportAsked) -> None:
    """Everything about the person, in one file."""
    export = queries.export(None, event.export_id)
    if export is not None:
        service.make(export)


@jobs.every(600, "privacy.drop_exports")
def drop_old_exports() -> None:
    """A file that holds everything about somebody lies here for a day, no longer."""
    if service.drop_old():
        transactions.commit()
    else:
        transactions.rollback()


@jobs.every(5, "privacy.erase")
def erase_who_is_due() -> None:
    """Each in a transaction of its own; what fails is tried again."""
    due = queries.erasures_due()
    transactions.rollback()
    for erasure_id in due:
        erasure = queries.held_erasure(erasure_id)
        if erasure is None:
            transactions.rollback()
            continue
        try:
            service.erase(erasure)
            transactions.commit()
        except Exception:
            transactions.rollback()
            log.exception("Erasure %d failed; it will be tried again.", erasure_id)
        else:
            empty_the_journal()


@later(PersonErased)
def forget_the_pseudonym(event: PersonErased) -> None:
    """The record was written with it; from now on it means nobody."""
    chain.forget(event.person_id)


@jobs.every(3600, "privacy.clean")
def clean_up() -> None:
    """Delete what is older than its term, a batch a transaction."""
    for term, number in ((t, retention.chosen()[t.name]) for t in retention.terms()):
        try:
            for _gone in retention.clean(term, number, queries.held_people()):
                transactions.commit()
        except Exception:
            log.exception("Cleaning up %s failed; it will be tried again.", term.name)
        transactions.rollback()


def empty_the_journal() -> None:
    """SQLite keeps what was overwritten in its journal until that is emptied."""
    if db.engine.dialect.name != "sqlite":
        return
    with db.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        if driver is not None:
            driver.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
