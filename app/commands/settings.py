"""`flask settings`: every setting, its default and its meaning, from the one place that knows."""

from __future__ import annotations

import textwrap

import click

from config import SETTINGS


@click.command()
@click.option("--env-example", "form", flag_value="env", default=True, help="As .env.example.")
@click.option("--markdown", "form", flag_value="markdown", help="As the table in the README.")
def settings(form: str) -> None:
    """Print every setting of Otklik."""
    click.echo(env_example() if form == "env" else markdown(), nl=False)


def env_example() -> str:
    """`.env.example`: a copy changes nothing until a line is uncommented."""
    head = "Otklik's settings. Copy to .env and uncomment what you change; the environment wins."
    parts = [_comment(head)]
    parts += [f"{_comment(s.meaning)}\n#{s.name}={s.default}" for s in SETTINGS]
    return "\n\n".join(parts) + "\n"


def markdown() -> str:
    """A table in Markdown."""
    rows = [
        f"| `{s.name}` | {f'`{s.default}`' if s.default else ''} | {s.meaning} |" for s in SETTINGS
    ]
    return "\n".join(["| Setting | Default | Meaning |", "|---|---|---|", *rows]) + "\n"


def _comment(text: str) -> str:
    return textwrap.fill(text, 98, initial_indent="# ", subsequent_indent="# ")
