"""`flask archive …`: looking the record over, signing it, taking a copy of it."""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import func, select

from app.brand.queries import brand as the_brand
from app.core import checkpoints, clock, transactions, verifying
from app.core.chain import Entry, document
from app.core.db import session
from app.core.digests import instant
from app.core.events import Fact, record
from app.core.i18n import speaking
from app.core.verifying import RecordExported, RecordRestored
from app.insight import keeping
from app.insight.told import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Row, Select

archive = AppGroup("archive", help="Prove that the record of what happened is whole; copy it.")
console = Console(highlight=False)
BATCH = 1000


@archive.command()
def verify() -> None:
    """Read the whole record; name every entry that is wrong and exit with 1."""
    columns = (TextColumn("Reading the record"), BarColumn(), MofNCompleteColumn())
    eye = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=eye, disable=not eye.is_terminal) as bar:
        task = bar.add_task("", total=verifying.length())
        found = verifying.look(lambda count: bar.advance(task, count))
    keeping.note(found)
    transactions.commit()
    for problem in found.problems:
        console.print(f"[red]✗[/] {problem}", soft_wrap=True)
    for note in found.notes:
        console.print(f"[yellow]![/] {note}", soft_wrap=True)
    read = f"{found.entries} entries, {found.checkpoints} signed checkpoints"
    if found.holds:
        console.print(f"[green]✓[/] {read}: whole and in order.", soft_wrap=True)
        return
    first = f", the first is number {found.first_seq}" if found.first_seq else ""
    console.print(f"[red]✗[/] {read}: {found.count} wrong{first}.", soft_wrap=True)
    sys.exit(1)


@archive.command()
@click.option(
    "--after-restore",
    is_flag=True,
    help="The database was put back from a backup: what was signed since is known to be lost.",
)
def checkpoint(after_restore: bool) -> None:
    """Sign how far the record has come, and print what was signed."""
    if after_restore:
        agreed, last = verifying.last_agreed()
        if last <= agreed:
            raise click.ClickException("Nothing that was signed is missing: no mark is needed.")
        checkpoints.sign(lost_after=agreed)
        record(RecordRestored(agreed, last - agreed))
        transactions.commit()
    signed = checkpoints.sign()
    if signed is None:
        raise click.ClickException("The record has not begun.")
    click.echo(str(signed))


@archive.command()
def key() -> None:
    """Print the public key that checks our signatures."""
    click.echo(checkpoints.public_key(), nl=False)


@archive.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From this day on (UTC).")
@click.option("--topic", type=int, help="What happened to this topic only.")
def export(folder: Path, since: datetime | None, topic: int | None) -> None:
    """Copy the record into the new FOLDER: JSON lines, a page to read, a manifest, a checkpoint.

    That it was copied is written into the record, and is in the copy.
    """
    if folder.exists() and any(folder.iterdir()):
        raise click.ClickException(f"{folder} is not empty.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    since = since.replace(tzinfo=UTC) if since else None
    those = _asked(since, topic)
    count = session.scalar(select(func.count()).select_from(those.subquery())) or 0
    day = since.date().isoformat() if since else None
    record(RecordExported(count, topic, day))
    transactions.commit()
    signed = checkpoints.sign()
    if signed is None:
        raise click.ClickException("The record has not begun.")
    written = _write_lines(folder / "record.jsonl", those.where(Entry.seq <= signed.seq))
    _write_page(folder / "record.html", those.where(Entry.seq <= signed.seq), written)
    (folder / "checkpoint.json").write_text(f"{signed}\n", encoding="utf-8")
    (folder / "key.pem").write_text(checkpoints.public_key(), encoding="utf-8")
    _write_manifest(folder, written, {"since": day, "topic": topic})
    console.print(f"[green]✓[/] {written} entries in {folder}", soft_wrap=True)


def _asked(since: datetime | None, topic: int | None) -> Select[Any]:
    query = select(Entry.__table__)
    if since is not None:
        query = query.where(Entry.at >= since)
    if topic is not None:
        facts = select(Fact.id).where(Fact.stream == f"topic:{topic}")
        query = query.where(Entry.fact_id.in_(facts))
    return query


def _batches(those: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
    seen = 0
    while True:
        some = those.where(Entry.seq > seen).order_by(Entry.seq).limit(BATCH)
        rows = session.execute(some).all()
        if not rows:
            return
        seen = rows[-1].seq
        yield rows


def _write_lines(to: Path, those: Select[Any]) -> int:
    """An object a line: what is hashed, the hash before, the hash."""
    count = 0
    with to.open("w", encoding="utf-8") as file:
        for rows in _batches(those):
            for row in rows:
                line = {"entry": document(row), "prev_hash": row.prev_hash, "hash": row.hash}
                file.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")
            count += len(rows)
    return count


def _write_page(to: Path, those: Select[Any], count: int) -> None:
    brand = the_brand()
    with speaking(brand.locale, brand.timezone), to.open("w", encoding="utf-8") as file:
        head = _rendered("insight/export.html", brand=brand, count=count, at=clock.now())
        before, after = head.split("<!-- rows -->")
        file.write(before)
        for rows in _batches(those):
            file.write(_rendered("insight/_export_rows.html", rows=rows, words=WORDS))
        file.write(after)


def _rendered(template: str, **about: Any) -> str:
    # Not by Flask: what every page shows needs a request.
    return current_app.jinja_env.get_template(template).render(**about)


def _write_manifest(folder: Path, count: int, asked: dict[str, Any]) -> None:
    names = ("record.jsonl", "record.html", "checkpoint.json", "key.pem")
    told = {
        "made_at": instant(clock.now()),
        "entries": count,
        "asked": asked,
        # Only then does each line follow the one before it.
        "complete": not any(asked.values()),
        "files": {name: _sha256(folder / name) for name in names},
    }
    text = json.dumps(told, indent=2, ensure_ascii=False)
    (folder / "manifest.json").write_text(f"{text}\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
