"""`flask doctor`: is everything well, and what to do when it is not."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import with_appcontext
from rich.console import Console
from rich.markup import escape

from app.insight import health

console = Console(highlight=False)


@click.command()
@with_appcontext
def doctor() -> None:
    """Look at everything Otklik needs; exit with 1 when something is wrong."""
    wrong = 0
    for check, found in health.examine(current_app.config):
        sign = "[green]✓[/]" if found.ok else "[red]✗[/]"
        console.print(f"{sign} {check.name}: {escape(found.words)}", soft_wrap=True)
        if not found.ok:
            wrong += 1
            console.print(f"  → {escape(found.advice)}", soft_wrap=True)
    sys.exit(1 if wrong else 0)
