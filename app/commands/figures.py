"""`flask figures`: how soon answers come and how promises are kept, as a table."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.table import Table

from app.insight import queries, service
from app.topics.queries import categories


@click.command()
@click.option("--origin", help='Only topics brought in from there, e.g. "stackexchange".')
@with_appcontext
def figures(origin: str | None) -> None:
    """Print median and 90th percentile of the first answer, and kept promises, with counts."""
    hours = queries.first_answer_hours(origin)
    median, p90 = queries.percentile(hours, 0.5), queries.percentile(hours, 0.9)
    console = Console()
    if median is None or p90 is None:
        console.print("No answered topics to count.")
        return
    table = Table(title="Hours to the first answer")
    for column in ("Topics", "Answered", "Median, h", "90 % within, h"):
        table.add_column(column, justify="left" if column == "Topics" else "right")
    table.add_row(origin or "all", str(len(hours)), f"{median:.2f}", f"{p90:.1f}")
    console.print(table)
    if origin is None:
        console.print(_by_category())


def _by_category() -> Table:
    service.count()
    counted = queries.figures()
    table = Table(title="By category")
    for column in ("Category", "Answered", "Median", "90 % within", "Promises kept"):
        table.add_column(column, justify="left" if column == "Category" else "right")
    for category in categories():
        found = counted.get(f"category:{category.id}")
        if found is None:
            continue
        table.add_row(
            category.name,
            f"{found.answered} of {found.eligible}",
            _span(found.median_s),
            _span(found.p90_s),
            f"{found.kept} of {found.due}",
        )
    return table


def _span(seconds: float | None) -> str:
    return "—" if seconds is None else f"{seconds / 3600:.2f} h"
