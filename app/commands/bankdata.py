"""`flask bankdata …`: the guard from the terminal, and what older rows still hold."""

import json
from collections import Counter
from typing import Any

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy import JSON, Column, String, Table, Update, and_, func, select, update
from sqlalchemy.exc import IntegrityError

from app.brand.queries import brand
from app.core import transactions
from app.core.allowed import known
from app.core.bankdata import mask
from app.core.db import Base, session
from app.core.guarded import PLACES, is_exact
from app.core.places import mask_address
from app.search.service import keeping

BATCH = 500
# What readers search in: after it changed, the index is made anew.
SEARCHED = {"topics", "posts", "tags", "people", "categories"}

console = Console(highlight=False)

bankdata = AppGroup("bankdata", help="Find and hide card numbers, accounts, phones and the like.")


@bankdata.command("scan", with_appcontext=False)
@click.option("--jsonl", is_flag=True, required=True, help="One JSON string a line, in and out.")
def scan(jsonl: bool) -> None:  # noqa: ARG001 (there is no other form yet, and the call says which)
    """Read JSON strings from standard input, a line each; print what each holds, and it masked.

    Offsets count code points of the string. A line that is no JSON string is named on the error
    stream; the rest go on, and the exit code is 1 at the end.
    """
    failed = False
    for number, line in enumerate(click.get_binary_stream("stdin"), start=1):
        if not line.strip():
            continue
        try:
            text = _text_in(line)
        except (ValueError, RecursionError) as error:
            click.echo(f"line {number}: {error}", err=True)
            failed = True
            continue
        done = mask(text)
        found = [{"type": f.type, "start": f.start, "end": f.end} for f in done.found]
        # A lone half of a character, which JSON may name, no terminal can show.
        said = json.dumps({"found": found, "masked": done.text}, ensure_ascii=False)
        click.echo(said.encode("utf-8", "backslashreplace"))
    if failed:
        raise click.exceptions.Exit(1)


def _text_in(line: bytes) -> str:
    try:
        text = json.loads(line.decode())
    except json.JSONDecodeError as error:
        # The decoder's own words would quote nothing, but name the place.
        raise ValueError(f"not JSON, at character {error.pos}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8, at byte {error.start}") from None
    if not isinstance(text, str):
        raise ValueError("not a JSON string")  # noqa: TRY004 -- a wrong line, not a wrong call
    return text


@bankdata.command("sweep")
@click.option("--dry-run", is_flag=True, help="Only count; change nothing.")
def sweep(dry_run: bool) -> None:
    """Hide what rows written by older versions still hold, in every text of every table.

    Says numbers only. May be interrupted and run again. Rows are held while they are masked, so
    nobody's edit is lost. Afterwards the index is made anew where it has to be.
    """
    brand()  # and with it the bank's own numbers
    found: Counter[str] = Counter()
    rows = 0
    changed = set()
    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        for table in Base.metadata.sorted_tables:
            texts = _texts(table)
            if not texts:
                continue
            total = session.scalar(select(func.count()).select_from(table)) or 0
            task = bar.add_task(table.name, total=total)
            last: tuple[Any, ...] | None = ()
            while last is not None:
                count, hidden, last = _sweep_batch(table, texts, last, found, dry_run=dry_run)
                bar.advance(task, count)
                rows += hidden
                if hidden:
                    changed.add(table.name)
    for kind, count in sorted(found.items()):
        console.print(f"{kind}: {count}")
    console.print(f"Rows {'that would be masked' if dry_run else 'masked'}: {rows}.")
    if not dry_run and changed & SEARCHED:
        keeping.rebuild(lambda _done: None)
        console.print("The index is made anew.")


def _texts(table: Table) -> list[Column[Any]]:
    """The columns of a table that people's words may stand in; keys of the table stay."""
    return [
        column
        for column in table.columns
        if isinstance(column.type, String | JSON)
        and not column.primary_key
        and not is_exact(table.name, column.name)
    ]


def _sweep_batch(
    table: Table,
    texts: list[Column[Any]],
    after: tuple[Any, ...],
    found: Counter[str],
    *,
    dry_run: bool,
) -> tuple[int, int, tuple[Any, ...] | None]:
    """Mask the next batch; how many were read and changed, and the last key (None: it was all)."""
    keys = list(table.primary_key.columns)
    query = select(*keys, *texts).order_by(*keys).limit(BATCH)
    if not dry_run:
        query = query.with_for_update()
    if after:
        query = query.where(_beyond(keys, after))
    rows = session.execute(query).all()
    changed = 0
    for row in rows:
        key, values = tuple(row[: len(keys)]), row[len(keys) :]
        masked = {
            c.name: clean
            for c, value in zip(texts, values, strict=True)
            if (clean := _clean(c.name, value, found)) != value
        }
        if not masked:
            continue
        changed += 1
        if not dry_run:
            mine = and_(*(k == v for k, v in zip(keys, key, strict=True)))
            _write(update(table).where(mine), table, masked, key)
    transactions.commit()
    last = tuple(rows[-1][: len(keys)]) if len(rows) == BATCH else None
    return len(rows), changed, last


def _write(changing: Update, table: Table, masked: dict[str, Any], key: tuple[Any, ...]) -> None:
    try:
        with session.begin_nested():
            session.execute(changing.values(masked))
    except IntegrityError:  # two tags were two numbers, and are one word now
        unique = {
            name: f"{value} {key[0]}" for name, value in masked.items() if table.c[name].unique
        }
        session.execute(changing.values({**masked, **unique}))


def _beyond(keys: list[Column[Any]], after: tuple[Any, ...]) -> Any:
    """Rows after this key, in the order of all its columns."""
    first, rest = keys[0], keys[1:]
    if not rest:
        return first > after[0]
    return (first > after[0]) | and_(first == after[0], _beyond(rest, after[1:]))


def _clean(name: str, value: Any, found: Counter[str]) -> Any:
    if isinstance(value, str):
        if name in PLACES:
            clean = mask_address(value)
            found["address of a page"] += clean != value
            return clean
        done = mask(value, known())
        found.update(each.type for each in done.found)
        return done.text
    if isinstance(value, list):
        return [_clean("", each, found) for each in value]
    if isinstance(value, dict):
        return {key: _clean("", each, found) for key, each in value.items()}
    return value
