"""`flask permissions`: who may do what, and which addresses ask for it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.core import policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask


@click.command()
@click.option("--plain", is_flag=True, help="Lines to keep in tests/architecture/permissions.txt.")
@with_appcontext
def permissions(plain: bool) -> None:
    """Print every permission: its clauses, and the routes that demand it.

    Any one clause is enough; within a clause everything must hold.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    if plain:
        click.echo(as_text(app), nl=False)
        return
    table = Table(show_lines=True)
    for words in ("Permission", "Granted to whoever", "Demanded by"):
        table.add_column(words, overflow="fold")
    demanded = routes(app)
    for name in sorted(policy.permissions):
        table.add_row(name, "\nor ".join(clauses(name)), escape("\n".join(demanded[name])))
    Console().print(table)


def as_text(app: Flask) -> str:
    """The whole table as text that reads well in a diff."""
    return "\n".join(_lines(app)) + "\n"


def clauses(name: str) -> list[str]:
    """The clauses of a permission in words, from the names of their predicates."""
    return [
        " and ".join(predicate.__name__.replace("_", " ") for predicate in clause)
        for clause in policy.permissions[name]
    ]


def routes(app: Flask) -> defaultdict[str, list[str]]:
    """The routes that demand each permission; those that declare none stand under ""."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.endpoint == "static":
            continue
        view = app.view_functions[rule.endpoint]
        methods = " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        found[getattr(view, "may", "")].append(f"{methods} {rule.rule}")
    return found


def _lines(app: Flask) -> Iterator[str]:
    demanded = routes(app)
    for name in sorted(policy.permissions):
        yield name
        for clause in clauses(name):
            yield f"    if {clause}"
        for route in demanded[name]:
            yield f"        {route}"
