"""`flask files`: where pictures and exports lie, and bringing them there."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.core import checkpoints
from app.core import files as kept
from app.privacy import ledger

console = Console(highlight=False)
# What lies in the instance folder and belongs to all machines, a file each.
FOLDERS = ("media", "exports")

files = AppGroup("files", help="Pictures and exports, wherever they lie.")


@files.command("move")
@click.option("--keep", is_flag=True, help="Leave them here too: a first round, before the switch.")
def move_command(keep: bool) -> None:
    """Bring what lies in the instance folder to FILES_URL; done again, it goes on."""
    if not kept.is_shared():
        raise click.ClickException("FILES_URL is empty: files lie in the instance folder.")
    try:
        brought, there = move(keep=keep)
    except kept.OutOfReachError as error:
        raise click.ClickException(f"{error}. Run it again: what is there stays there.") from None
    console.print(f"Brought: {brought}. There already: {there}.", soft_wrap=True)


def move(*, keep: bool) -> tuple[int, int]:
    """How many were brought, and how many were there already."""
    home = kept.Folder(Path(current_app.config["INSTANCE_PATH"]))
    names = [name for folder in FOLDERS for name in home.names(folder)]
    brought = 0
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        for name in progress.track(names, description="files"):
            brought += _bring(home.path(name), kept.File(name))
            if not keep:
                home.unlink(name)
    # Of these each machine keeps its own as well.
    list(ledger.read())
    list(checkpoints.kept())
    return brought, len(names) - brought


def _bring(source: Path, target: kept.File) -> bool:
    """Whether it was not there yet, whole; its name is another for other contents."""
    size = source.stat().st_size
    if target.exists() and target.size() == size:
        return False
    target.write(source)
    if target.size() != size:
        raise kept.OutOfReachError(f"{target.name} did not arrive whole")
    return True
