"""`flask figures`: how soon answers come and how promises are kept, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.table import Table

from app.core import transactions
from app.insight import service
from app.insight.measures import PERIODS, WHOLE, Measures
from app.insight.queries import figures as kept
from app.insight.queries.archive import first_answer_hours
from app.insight.statistics import percentile
from app.topics.queries import categories

if TYPE_CHECKING:
    from collections.abc import Iterable


@click.command()
@click.option("--origin", help='Only topics brought in from there, e.g. "stackexchange".')
@click.option(
    "--period",
    type=click.Choice(PERIODS),
    default=WHOLE,
    show_default=True,
    help="Promises that fell due then.",
)
@with_appcontext
def figures(origin: str | None, period: str) -> None:
    """Print median and 90th percentile of the first answer, and kept promises, with counts."""
    hours = first_answer_hours(origin)
    median, p90 = percentile(hours, 0.5), percentile(hours, 0.9)
    console = Console()
    if median is None or p90 is None:
        console.print("No answered topics to count.")
    else:
        table = Table(title="Hours to the first answer")
        for column in ("Topics", "Answered", "Median, h", "90 % within, h"):
            table.add_column(column, justify="left" if column == "Topics" else "right")
        table.add_row(origin or "all", str(len(hours)), f"{median:.2f}", f"{p90:.1f}")
        console.print(table)
    if origin is None:
        for table in _promises(period):
            console.print(table)


def _promises(period: str) -> Iterable[Table]:
    """What the scoreboard shows, by category and by executive."""
    service.count()
    transactions.commit()
    counted = kept.figures(period)
    fields = categories()
    people = kept.people_with(counted, [category.owner for category in fields])
    rows = [("All", counted.get(WHOLE, Measures()))]
    rows += [(c.name, counted.get(f"category:{c.id}", Measures())) for c in fields]
    rows += [(p.name, counted.get(f"person:{p.id}", Measures())) for p in people]
    yield _kept(period, rows)
    yield _times(period, rows)


def _kept(period: str, rows: Iterable[tuple[str, Measures]]) -> Table:
    table = _table(f"Promises: {period}", "Kept", "Likely, of 100", "Late", "Broken", "Open")
    for name, found in rows:
        between = found.kept.interval
        likely = f"{100 * between.low:.0f} to {100 * between.high:.0f}"
        table.add_row(
            name,
            f"{found.met} of {found.due}",
            likely if found.kept.enough else "too few",
            *(str(number) for number in (found.late, found.broken, found.waiting)),
        )
    return table


def _times(period: str, rows: Iterable[tuple[str, Measures]]) -> Table:
    """By the clock on the wall; "fair" counts those that still wait, too (Kaplan-Meier)."""
    table = _table(f"First answers: {period}", "Answered", "Median", "Fair", "90 % within", "Fair")
    for name, found in rows:
        times = found.wall
        spans = (times.median, times.fair_median, times.p90, times.fair_p90)
        table.add_row(name, f"{found.answered} of {found.asked}", *(_span(s) for s in spans))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table("Whose", title=title)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _span(seconds: float | None) -> str:
    return "—" if seconds is None else f"{seconds / 3600:.2f} h"
