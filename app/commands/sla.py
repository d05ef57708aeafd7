"""`flask sla …`: the deadline engine from the terminal."""

import json
from pathlib import Path

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.commands.vectors import VectorError, compute, left_out, opened

sla = AppGroup("sla", help="Work out deadlines and explain them.")


@sla.command(with_appcontext=False)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def evaluate(file: Path) -> None:
    """Work out the deadlines of FILE, print one JSON object: id → what came out.

    FILE is JSON: {"calendars": {name: …}, "vectors": [{"id": …}]}. Needs no database. Nothing is
    printed unless all of it can be worked out; what a vector says and nobody here understands is
    named on standard error.
    """
    try:
        given = opened(file.read_bytes())
        # The bar must never mix with the answer: it is drawn for an eye only.
        eye = Console(stderr=True)
        columns = (TextColumn("Vectors"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=eye, disable=not eye.is_terminal, transient=True) as bar:
            computed = dict(bar.track(compute(given), total=len(given["vectors"])))
    except (OSError, VectorError) as error:
        raise click.ClickException(f"{file}: {error}") from None
    for note in left_out(given):
        click.echo(note, err=True)
    click.echo(json.dumps(computed, ensure_ascii=False, indent=1))
