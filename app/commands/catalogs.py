"""`flask catalogs update|check`: keeping the translations whole."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from app.core import catalogs as books
from app.core.i18n import compile_catalogs

catalogs = AppGroup("catalogs", help="The catalogs of translations.")


@catalogs.command("update")
def update() -> None:
    """Write new messages into every catalog, and drop those out of use."""
    for locale in books.TRANSLATED:
        catalog = books.update(locale)
        empty = sum(1 for m in catalog if m.id and not books.is_translated(m))
        click.echo(f"{locale}: {len(catalog)} messages, {empty} to translate")


@catalogs.command("compile")
def compile_() -> None:
    """Write what the application reads; needed only where it may not write beside its code."""
    compile_catalogs()


@catalogs.command("check")
def check() -> None:
    """Name every message that is missing, stale or malformed; exit with 1 if there is any."""
    found = list(books.faults())
    for fault in found:
        click.echo(f"{fault.locale}: {fault.message!r} {fault.words}")
    if found:
        click.echo(f"{len(found)} faults. Run `flask catalogs update` and translate.")
        sys.exit(1)
    click.echo("Every message is translated.")
