"""`flask sla …`: the deadline engine from the terminal."""

import json
from collections.abc import Iterator
from pathlib import Path

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, track
from rich.table import Table

from app.commands.vectors import VectorError, compute, left_out, opened
from app.core import transactions
from app.core.db import session
from app.sla.queries import explain as explaining
from app.sla.service import verifying
from app.sla.service.verifying import Replayed
from app.topics.models import Topic

sla = AppGroup("sla", help="Work out deadlines and explain them.")


@sla.command(with_appcontext=False)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def evaluate(file: Path) -> None:
    """Work out the deadlines of FILE, print one JSON object: id → what came out.

    FILE is JSON: {"calendars": {name: …}, "vectors": [{"id": …}]}. Needs no database. A vector that
    cannot be worked out, and what one says that nobody here understands, is named on standard
    error; the first leaves it out of the object and ends with 1.
    """
    refused: list[VectorError] = []
    try:
        given = opened(file.read_bytes())
        # The bar must never mix with the answer: it is drawn for an eye only.
        eye = Console(stderr=True)
        columns = (TextColumn("Vectors"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=eye, disable=not eye.is_terminal, transient=True) as bar:
            computed = dict(bar.track(compute(given, refused), total=len(given["vectors"])))
    except (OSError, VectorError) as error:
        raise click.ClickException(f"{file}: {error}") from None
    told = [vector for vector in given["vectors"] if vector["id"] in computed]
    for note in left_out({**given, "vectors": told}):
        click.echo(note, err=True)
    click.echo(json.dumps(computed, ensure_ascii=False, indent=1))
    for each in refused:
        click.echo(f"Error: {file}: {each}", err=True)
    if refused:
        raise click.exceptions.Exit(1)


def _each(batches: Iterator[list[Replayed]]) -> Iterator[Replayed]:
    """The topics of all batches; what was repaired in one is everybody's before the next begins."""
    for batch in batches:
        transactions.commit()
        yield from batch


@sla.command()
@click.option("--repair", is_flag=True, help="Write the promises anew from their events.")
def verify(repair: bool) -> None:
    """Replay every topic from its events, print what is stored otherwise; 1 when anything is."""
    screen = Console(stderr=True)
    table = Table("Topic", "Promise", "Column", "Stored", "Computed")
    total, wrong = verifying.count(), 0
    replayed = _each(verifying.replay(repair=repair))
    for _topic_id, found in track(
        replayed, "Replaying", total=total, console=screen, disable=not screen.is_terminal
    ):
        wrong += bool(found)
        for each in found:
            promise = f"{each.kind} {each.cycle}"
            cells = (str(each.topic_id), promise, each.column, str(each.stored), str(each.computed))
            table.add_row(*map(escape, cells))
    console = Console(highlight=False)
    if table.row_count:
        console.print(table)
    console.print(f"{total} topics replayed, {wrong} of them stored otherwise.")
    if wrong and not repair:
        raise click.exceptions.Exit(1)


@sla.command()
@click.argument("topic", type=int)
def explain(topic: int) -> None:
    """Show why the answers in TOPIC (its number) are due when they are."""
    found = session.get(Topic, topic)
    if found is None:
        message = f"There is no topic {topic}."
        raise click.ClickException(message)
    told = explaining.explain(found)
    console = Console(highlight=False)
    console.print(f"[bold]{escape(found.title)}[/]")
    if not told.promises:
        console.print("Nothing was promised here.")
    for each in told.promises:
        promise, version = each.promise, each.calendar
        hours = f"{version.calendar.name}, version {version.version}" if version else "24×7"
        due = f"{promise.due_at:%Y-%m-%d %H:%M:%S}Z" if promise.due_at else "unknown in a pause"
        table = Table(title=f"{promise.kind} {promise.cycle}: {promise.state}, due {due} ({hours})")
        for column in ("From", "To", "What", "Counted"):
            table.add_column(column)
        for part in each.segments:
            what = f"{part.kind} ({', '.join(part.reasons)})" if part.reasons else part.kind
            table.add_row(
                f"{part.start:%Y-%m-%d %H:%M:%S}Z",
                f"{part.end:%Y-%m-%d %H:%M:%S}Z",
                what,
                str(part.counts).split(".")[0],
            )
        console.print(table)
    events = Table("At", "Event", "By", "Data", title="Events")
    for happened in told.events:
        row, data = happened.event, json.dumps(happened.event.data, ensure_ascii=False)
        name = f"{row.type} (undone)" if happened.undone else row.type
        by = happened.by.name if happened.by else ""
        events.add_row(f"{row.at:%Y-%m-%d %H:%M:%S}Z", name, escape(by), escape(data))
    console.print(events)
