"""`flask markup …`: the text rules from the terminal."""

import json
from typing import IO

import click
from flask.cli import AppGroup

from app.core.markup import TooLong, render

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
