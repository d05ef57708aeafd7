"""`flask counters …`: prove that what is stored is what would be counted, and put it right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from app.core import counters as stored
from app.core import transactions
from app.core.db import reads_only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.core.counters import Counter, Looked

counters = AppGroup("counters", help="Prove the stored counters, and repair them.")
# So many rows of a counter are printed; the rest is told by its number.
SHOWN = 20

_only = click.option("--only", help='One counter, e.g. "topics.votes_count".')


@counters.command()
@_only
def verify(only: str | None) -> None:
    """Compare every stored counter with a count; print what differs, and end with 1 if any does."""
    token = reads_only.set(True)
    try:
        wrong = _gone_through(_chosen(only), stored.verify, "Wrong")
    finally:
        reads_only.reset(token)
    if wrong:
        raise click.exceptions.Exit(1)


@counters.command()
@_only
def repair(only: str | None) -> None:
    """Write what is counted wherever something else is stored."""
    _gone_through(_chosen(only), stored.repair, "Repaired")


def _chosen(only: str | None) -> list[Counter]:
    if only is None:
        return stored.declared()
    try:
        return [stored.named(only)]
    except stored.UnknownCounterError:
        known = ", ".join(counter.name for counter in stored.declared())
        message = f"There is no counter {only!r}. Known: {known}."
        raise click.ClickException(message) from None


def _gone_through(
    chosen: list[Counter], look: Callable[[Counter], Iterator[Looked]], word: str
) -> int:
    """Look at these counters in batches, a transaction each; how many rows differ."""
    table, summary = Table("Counter", "Row", "Stored", "Counted"), Table("Counter", "Rows", word)
    screen = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    total = 0
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as bar:
        for counter in chosen:
            task = bar.add_task(counter.name, total=stored.numbers(counter))
            found = 0
            for batch in look(counter):
                transactions.commit()
                for each in batch.wrong[: max(0, SHOWN - found)]:
                    cells = (each.name, each.key, each.stored, each.counted)
                    table.add_row(*map(str, cells))
                found += len(batch.wrong)
                bar.advance(task, batch.numbers)
            if found > SHOWN:
                table.add_row(counter.name, f"and {found - SHOWN} more", "", "")
            summary.add_row(counter.name, str(stored.numbers(counter)), str(found))
            total += found
    # The same words whatever the width of a terminal, or of a log.
    console = Console(highlight=False, width=100)
    if table.row_count:
        console.print(table)
    console.print(summary)
    return total
