"""`flask erasures`, `flask retention`: what was erased stays so; what is old goes."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from app.core import chain, retention, transactions
from app.core.db import session
from app.privacy import ledger, queries
from app.privacy import service as privacy

console = Console(highlight=False)

erasures = AppGroup("erasures", help="People who were erased, and who must stay so.")
retention_group = AppGroup("retention", help="For how long things are kept.")


@erasures.command("reapply")
def reapply_command() -> None:
    """Erase again whoever came back with a backup of the database."""
    done = reapply()
    console.print(f"Erased again: {done}." if done else "Everybody who was erased still is.")


def reapply() -> int:
    """Go through the ledger, a transaction for each line; how many had come back."""
    done = 0
    for line in ledger.read():
        again = privacy.reapply(line)
        transactions.commit()
        if again is not None:
            done += 1
            chain.forget(line.person_id)
            transactions.commit()
    session.remove()
    return done


@erasures.command("list")
def list_command() -> None:
    """What the ledger outside the database says."""
    table = Table("When", "Person", "Ground", "Words too")
    for line in ledger.read():
        table.add_row(line.at[:19], str(line.person_id), line.basis, "yes" if line.words else "no")
    console.print(table if table.row_count else f"Nobody was erased ({ledger.path()}).")


@retention_group.command("run")
@click.option("--dry-run", is_flag=True, help="Count what is too old and delete nothing.")
def run_command(dry_run: bool) -> None:
    """Delete what is older than its term, in batches."""
    chosen, held = retention.chosen(), queries.held_people()
    table = Table("What", "Days", "Too old", "Deleted")
    for term in retention.terms():
        days = chosen[term.name]
        old = retention.overdue(term, days, held)
        gone = 0 if dry_run else _clean(term, days, held, old)
        table.add_row(term.name, str(days), str(old), "—" if dry_run else str(gone))
    transactions.rollback()
    console.print(table)


def _clean(term: retention.Term, days: int, held: set[int], old: int) -> int:
    gone = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(term.name, total=old)
        for number in retention.clean(term, days, held):
            transactions.commit()
            gone += number
            progress.advance(bar, number)
    return gone
