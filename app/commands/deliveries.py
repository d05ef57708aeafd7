"""`flask deliveries`: what the worker still has to do, and what it gave up."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import func, select

from app.core import deliveries as queue
from app.core import transactions
from app.core.db import session
from app.core.events import Delivery, Fact

console = Console(highlight=False)
SHOWN = 50


@click.command()
@click.option("--dead", is_flag=True, help="List those that were given up, with their errors.")
@click.option("--replay", metavar="ID|all", help="Give one dead delivery, or all, a new life.")
@with_appcontext
def deliveries(dead: bool, replay: str | None) -> None:
    """Count deliveries by state; list or revive the dead."""
    if replay is not None:
        _replay(replay)
    elif dead:
        _list_the_dead()
    else:
        query = select(Delivery.state, func.count()).group_by(Delivery.state)
        counts: dict[str, int] = {row[0]: row[1] for row in session.execute(query)}
        for state in ("pending", "done", "dead"):
            console.print(f"{state:<8}{counts.get(state, 0):>8}")


def _replay(which: str) -> None:
    if which != "all" and not which.isdecimal():
        raise click.BadParameter("a number or the word all", param_hint="--replay")
    revived = queue.revive(None if which == "all" else int(which))
    transactions.commit()
    if not revived:
        raise click.ClickException("No dead delivery by that number.")
    console.print(f"Revived: {revived}. The worker runs them now.")


def _list_the_dead() -> None:
    query = select(Delivery, Fact).join(Fact, Fact.id == Delivery.fact_id)
    query = query.where(Delivery.state == "dead").order_by(Delivery.id).limit(SHOWN)
    table = Table("ID", "Reaction", "Fact", "Happened", "Error")
    for delivery, fact in session.execute(query):
        error = ((delivery.error or "").strip().splitlines() or [""])[-1]
        told = f"{fact.name} {fact.data}"
        cells = (str(delivery.id), delivery.reaction, told, f"{fact.at:%Y-%m-%d %H:%M}", error)
        table.add_row(*map(escape, cells))
    console.print(table if table.row_count else "None is dead.")
