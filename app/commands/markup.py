"""`flask markup …`: the text rules from the terminal."""

import json
from typing import IO

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy import func, select, update

from app.core import transactions
from app.core.db import session
from app.core.markup import RULES_VERSION, TooLong, clean, render
from app.topics.models import Post, Topic

BATCH = 200

console = Console(highlight=False)

markup = AppGroup("markup", help="Turn Markdown into safe HTML.")


@markup.command("render", with_appcontext=False)
@click.option("--jsonl", is_flag=True, help="One JSON string a line, in and out.")
def render_text(jsonl: bool) -> None:
    """Read Markdown from standard input, print safe HTML.

    With --jsonl a line that cannot be rendered becomes {"error": …, "line": n}; the rest go on,
    and the exit code is 1 at the end.
    """
    source = click.get_binary_stream("stdin")
    failed = _render_lines(source) if jsonl else _render_whole(source)
    if failed:
        raise click.exceptions.Exit(1)


def _render_whole(source: IO[bytes]) -> bool:
    try:
        click.echo(render(source.read().decode()))
    except (TooLong, UnicodeDecodeError) as error:
        click.echo(str(error), err=True)
        return True
    return False


def _render_lines(source: IO[bytes]) -> bool:
    failed = False
    for number, line in enumerate(source, start=1):
        try:
            said: object = render(_text_in(line))
        except (ValueError, RecursionError) as error:  # TooLong and both decoders' are ValueErrors
            said = {"error": str(error), "line": number}
            failed = True
        click.echo(json.dumps(said, ensure_ascii=False))
    return failed


def _text_in(line: bytes) -> str:
    text = json.loads(line.decode())
    if not isinstance(text, str):
        raise ValueError("not a JSON string")  # noqa: TRY004 -- a wrong line, not a wrong call
    return text


@markup.command("rerender")
def rerender() -> None:
    """Render again every topic and reply that was rendered by older rules.

    May be interrupted and run again; whatever somebody edits meanwhile is left alone.
    """
    columns = (TextColumn("{task.description:<7}"), BarColumn(), MofNCompleteColumn())
    done = 0
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        for what, model in (("Topics", Topic), ("Replies", Post)):
            old = select(func.count()).where(model.rules < RULES_VERSION)
            task = bar.add_task(what, total=session.scalar(old))
            last: int | None = 0
            while last is not None:
                count, last = _rerender_batch(model, last)
                bar.advance(task, count)
                done += count
    console.print(f"Rendered again: {done}.")


def _rerender_batch(model: type[Topic | Post], after: int) -> tuple[int, int | None]:
    """Render the next batch of `model`; how many, and the last id (None: that was all)."""
    columns = (model.id, model.body, model.body_html, model.origin, model.edited_at)
    query = select(*columns).where(model.id > after, model.rules < RULES_VERSION)
    rows = session.execute(query.order_by(model.id).limit(BATCH)).all()
    transactions.commit()  # rendering takes its time, and nobody should wait for it
    made = []
    for id_, body, html, origin, edited_at in rows:
        brought_in = origin is not None and edited_at is None
        made.append((id_, clean(html) if brought_in else _rendered(body, html)))
    for id_, html in made:
        mine = (model.id == id_, model.rules < RULES_VERSION)
        session.execute(update(model).where(*mine).values(body_html=html, rules=RULES_VERSION))
    transactions.commit()
    return len(rows), rows[-1].id if len(rows) == BATCH else None


def _rendered(body: str, html: str) -> str:
    try:
        return render(body)
    except TooLong:  # brought in and then edited: longer than anybody may write here
        return clean(html)
