"""`flask limits`: how often anybody may do what; the table of them all."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.table import Table

from app.core.limits import Limit, declared

MINUTE, HOUR, DAY = 60, 3600, 86_400


@click.command()
@with_appcontext
def limits() -> None:
    """Print every limit: how many times, within what time.

    Limits have one figure for guests, by address (IPv6 by /64), and one for people, by account.
    Paces have one figure, for whatever they are counted by.
    """
    table = Table()
    for words in ("Limit", "Guests", "People", "Within"):
        table.add_column(words, overflow="fold")
    for row in rows():
        table.add_row(*row)
    Console().print(table)


def rows() -> list[tuple[str, str, str, str]]:
    """Name, figures and span of each, by name."""
    return [(name, *_figures(name), _span(each.seconds)) for name, each in sorted(declared.items())]


def _figures(name: str) -> tuple[str, str]:
    each = declared[name]
    if isinstance(each, Limit):
        return str(each.guests) if each.guests else "-", str(each.people)
    return "", str(each.times)


def _span(seconds: int) -> str:
    for unit, length in (("d", DAY), ("h", HOUR), ("min", MINUTE)):
        if seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
