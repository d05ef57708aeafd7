"""`flask search …`: the index, which the worker keeps; here to look at it and to make it anew."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.search import queries
from app.search.index import IndexBusy
from app.search.service import keeping

console = Console(highlight=False)

search = AppGroup("search", help="The index of past topics.")


@search.command("rebuild")
def rebuild() -> None:
    """Make the index anew from the database. Searches go on meanwhile."""
    columns = (TextColumn("Reading the topics"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
    total = queries.topics_at_all()
    with bar:
        task = bar.add_task("", total=total)
        try:
            held = keeping.rebuild(lambda done: bar.update(task, completed=done))
        except IndexBusy:
            click.echo("Somebody else is writing the index; try again in a minute.", err=True)
            sys.exit(1)
    console.print(f"The index holds {held} of {total} topics; hidden ones stay out.")


@search.command("status")
def status() -> None:
    """Compare the index with the database; exit code 1 when they differ."""
    index = keeping.standing()
    table = Table("What", "How many", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    held = "none can be read" if index.held is None else str(index.held)
    table.add_row("Topics in the index", held)
    table.add_row("Topics in the database, in sight", str(index.wanted))
    table.add_row("Topics that changed since it was told", str(index.waiting))
    console.print(table)
    if index.held != index.wanted and not index.waiting:
        console.print("The worker repairs this within a minute; or: flask search rebuild")
        sys.exit(1)
