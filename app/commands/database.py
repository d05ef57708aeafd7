"""`flask database …`: migrations, all at once or phase by phase (docs/upgrading.md)."""

from __future__ import annotations

import time
from functools import partial
from itertools import groupby, takewhile
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import delete, insert
from sqlalchemy.exc import OperationalError

from app.accounts.service import fold_names_anew
from app.commands.erasures import reapply
from app.core import backfilling, clock, presence, schema, transactions
from app.core.db import db
from app.core.lazily import lazily
from app.core.presence import Seen
from app.core.schema import CONTRACT, EXPAND, upgrades
from app.sla.service.verifying import project_what_never_was

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alembic import command
    from sqlalchemy import ColumnElement

    from app.core.backfilling import Batch, Work
    from app.core.schema import Step
else:
    command = lazily("alembic.command")

database = AppGroup("database", help="The database's migrations.")
# How often a batch that meets somebody steps back before it gives up.
ATTEMPTS = 50


@database.command("upgrade")
@click.argument("revision", default="head")
def upgrade(revision: str = "head") -> None:
    """Bring the database to REVISION (the newest by default), through every phase.

    What older code on other machines needs is left to it, for `contract` or the next `upgrade`.
    """
    migrate(revision)


def migrate(revision: str = "head") -> None:
    """Bring the database to `revision`, for commands and the launcher."""
    if revision != "head":
        _apply(revision)
        return
    if _is_ahead():
        return
    pending = _pending()
    for phase, group in groupby(pending, key=lambda step: step.phase):
        steps = list(group)
        if phase != CONTRACT:
            _apply(steps[-1].revision)
            continue
        fill()
        others = _contract(steps, partial(_older_elsewhere, steps))
        if others and steps[-1] != pending[-1]:
            raise click.ClickException(_who_is_in_the_way(steps, others))
        if others:
            click.echo(
                f"Left for later, as older code runs on other machines: {_names(steps)}"
                " (`flask database contract`)."
            )
    fill()
    project_what_never_was()
    fold_names_anew()
    transactions.commit()
    # A database from a backup may hold people who were erased since.
    reapply()


@database.command("expand")
def expand() -> None:
    """Add what newer code needs; older code goes on. Before newer code is started anywhere."""
    if _is_ahead():
        return
    pending = _pending()
    if pending and _is_from_before(pending):
        raise click.ClickException(
            f"This database is from before {schema.FIRST}, when everything stood still for an"
            " upgrade. Stop every process, then run `flask database upgrade`."
        )
    steps = list(takewhile(lambda step: step.phase == EXPAND, pending))
    if steps:
        _apply(steps[-1].revision)
    click.echo(f"Expanded: {_names(steps)}." if steps else "Nothing to expand.")
    rest = pending[len(steps) :]
    if any(step.phase == EXPAND for step in rest):
        raise click.ClickException(
            f"What comes next was to follow a contraction of an earlier release"
            f" ({rest[0].revision}). Start a release in between, or end the older processes and run"
            " `flask database contract`, then this again."
        )


@database.command("backfill")
@click.option("--size", default=backfilling.SIZE, show_default=True, help="Rows in a batch.")
@click.option("--hurry", is_flag=True, help="Do not rest after a batch for as long as it took.")
def backfill(size: int, *, hurry: bool) -> None:
    """Fill what was added, in batches, while everybody works. May be stopped and run again."""
    click.echo("Filled." if fill(size, hurry=hurry) else "Nothing to fill.")


def fill(size: int = backfilling.SIZE, *, hurry: bool = True) -> bool:
    """Fill what expansions added; whether there was anything to fill."""
    with schema.looking() as connection:
        steps = backfilling.waiting(connection)
    screen = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as bar:
        for step in steps:
            job = backfilling.work(step.revision)
            with schema.looking() as connection:
                end = backfilling.last(connection, job)
            task = bar.add_task(f"{step.revision} {step.title}", total=end)
            while True:
                began = time.monotonic()
                batch = _go_on(step.revision, job, size)
                if batch is None:
                    break
                bar.update(task, completed=batch.position)
                if not hurry:
                    time.sleep(time.monotonic() - began)
    return bool(steps)


def _go_on(revision: str, job: Work, size: int) -> Batch | None:
    for attempt in range(ATTEMPTS):
        try:
            return backfilling.go_on(revision, job, size)
        except OperationalError:
            if attempt == ATTEMPTS - 1:
                raise
            # Somebody holds a row of ours: they go first.
            time.sleep(0.1 * (attempt + 1))
    return None


@database.command("contract")
@click.option("--force", is_flag=True, help="Even while older code runs: it will answer 503.")
def contract(*, force: bool) -> None:
    """Take away what newer code does not need, when nothing older runs any more."""
    if _is_ahead():
        return
    pending = _pending()
    steps = list(takewhile(lambda step: step.phase == CONTRACT, pending))
    if not steps:
        if pending:
            raise click.ClickException("First: `flask database expand`.")
        click.echo("Nothing to contract.")
        return
    with schema.looking() as connection:
        waiting = backfilling.waiting(connection)
    if waiting:
        raise click.ClickException(f"First: `flask database backfill` ({_names(waiting)}).")
    older = _contract(steps, lambda: [] if force else presence.without(steps[-1].revision))
    if older:
        raise click.ClickException(_who_is_in_the_way(steps, older))
    click.echo(f"Contracted: {_names(steps)}.")


@database.command("status")
def status() -> None:
    """Say where the database is, what is to be done in which phase, and who runs."""
    console = Console(highlight=False, width=100)
    with schema.looking() as connection:
        found, at = schema.standing(connection), schema.current(connection)
        waiting = backfilling.waiting(connection)
        positions = {
            step.revision: f"{backfilling.position(connection, step.revision) or 0}"
            f" of {backfilling.last(connection, backfilling.work(step.revision))}"
            for step in waiting
        }
    console.print(f"The database is {found.words}.")
    if not found.fits:
        console.print(found.advice)
    table = Table("To do", "Phase", "What", "How far")
    pending = schema.pending(at)
    for step in schema.steps():
        if step in waiting:
            table.add_row(step.revision, "backfill", step.title, positions[step.revision])
        elif step in pending:
            table.add_row(step.revision, step.phase, step.title, "")
            if step.has_backfill:
                table.add_row(step.revision, "backfill", step.title, "")
    console.print(table if table.row_count else "Nothing is to be done.")
    running = presence.seen()
    people = Table("Runs", "On", "Process", "Knows up to", "Last seen")
    for each in running:
        people.add_row(each.kind, each.host, str(each.pid), each.revision, _ago(each))
    console.print(people if running else "Nobody runs.")


@database.command("downgrade")
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the database back to REVISION ("base" for nothing)."""
    command.downgrade(schema.alembic_config(), revision)


@database.command("revise")
@click.argument("message")
def revise(message: str) -> None:
    """Write a new migration from the difference between the models and the database."""
    number = f"{int(schema.newest()) + 1:04}"
    command.revision(schema.alembic_config(), message, autogenerate=True, rev_id=number)


# ------------------------------------------------------------------------------------------ inside


def _apply(revision: str) -> None:
    try:
        command.upgrade(schema.alembic_config(), revision)
    except schema.InUseError as error:
        raise click.ClickException(str(error)) from None


def _pending() -> tuple[Step, ...]:
    with schema.looking() as connection:
        return schema.pending(schema.current(connection))


def _is_ahead() -> bool:
    """Whether newer code has been here: then nothing is to be done by this one."""
    with schema.looking() as connection:
        at = schema.current(connection)
        if at is None or at in {step.revision for step in schema.steps()}:
            return False
        found = schema.standing(connection)
    if not found.fits:
        raise click.ClickException(f"The database is {found.words}. {found.advice}")
    click.echo(f"The database is {found.words}. Nothing to do.")
    return True


def _is_from_before(pending: Sequence[Step]) -> bool:
    known = [step.revision for step in schema.steps()]
    return pending[0].revision != known[0] and schema.FIRST in {s.revision for s in pending}


def _contract(steps: Sequence[Step], in_the_way: Callable[[], list[Seen]]) -> list[Seen]:
    """Take away what these do; or nothing, and who is in the way."""
    if others := in_the_way():
        return others
    _announce(steps)
    try:
        # Whoever began before it was announced has said so by now.
        others = in_the_way()
        if not others:
            _warn(presence.without(steps[-1].revision))
            _apply(steps[-1].revision)
        return others
    finally:
        _withdraw()


def _older_elsewhere(steps: Sequence[Step]) -> list[Seen]:
    """Those of this machine stop for an upgrade, or did a moment ago."""
    older = presence.without(steps[-1].revision)
    return [each for each in older if each.host != presence.here()]


def _who_is_in_the_way(steps: Sequence[Step], older: Sequence[Seen]) -> str:
    return (
        f"Older code still runs, and needs what {_names(steps)} would take away:\n"
        + "\n".join(f"  {_who(each)}" for each in older)
        + "\nEnd these, then run this again. One that was killed is believed to run for"
        f" {presence.GONE.total_seconds():.0f} s. `flask database contract --force` contracts all"
        " the same; what they are asked then, they answer with 503."
    )


def _warn(older: Sequence[Seen]) -> None:
    for each in older:
        click.echo(f"Older code, which will answer 503 from now on: {_who(each)}", err=True)


def _announce(steps: Sequence[Step]) -> None:
    """Say what is about to go: older code that begins now sees it and stays away."""
    with db.engine.begin() as connection:
        mine = [step.revision for step in steps]
        connection.execute(delete(upgrades).where(upgrades.c.revision.in_(mine), _is_announced()))
        row = {"phase": CONTRACT, "position": 0, "done_at": None}
        connection.execute(insert(upgrades), [{"revision": each, **row} for each in mine])


def _withdraw() -> None:
    """Of what was announced, leave only what was done."""
    with db.engine.begin() as connection:
        connection.execute(delete(upgrades).where(_is_announced()))


def _is_announced() -> ColumnElement[bool]:
    return (upgrades.c.phase == CONTRACT) & upgrades.c.done_at.is_(None)


def _names(steps: Sequence[Step]) -> str:
    return ", ".join(step.revision for step in steps)


def _who(each: Seen) -> str:
    return f"{each.kind} on {each.host}, process {each.pid}, {each.revision}, seen {_ago(each)}"


def _ago(each: Seen) -> str:
    return f"{max(0, (clock.now() - each.at).total_seconds()):.0f} s ago"
