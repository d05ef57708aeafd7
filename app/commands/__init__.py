"""The command line: `flask …`. Like `factory`, it may know every slice.

A command's module is loaded when it is called for: web processes are made by the same factory, and
what commands need (Alembic, a terminal's colours, the demo bank's story) is none of theirs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

if TYPE_CHECKING:
    from flask import Flask

# Where each stands, by the name it is called by: module and name in it.
COMMANDS = {
    "archive": "archive:archive",
    "bankdata": "bankdata:bankdata",
    "catalogs": "catalogs:catalogs",
    "counters": "counters:counters",
    "create-admin": "people:create_admin",
    "database": "database:database",
    "deliveries": "deliveries:deliveries",
    "demo": "demo:demo",
    "doctor": "doctor:doctor",
    "erasures": "erasures:erasures",
    "figures": "figures:figures",
    "files": "files:files",
    "import": "importing:importing",
    "limits": "limits:limits",
    "markup": "markup:markup",
    "permissions": "permissions:permissions",
    "retention": "erasures:retention_group",
    "search": "search:search",
    "settings": "settings:settings",
    "sla": "sla:sla",
    "worker": "worker:worker",
}


def command(name: str) -> click.Command:
    """The command of this name; raises KeyError when there is none."""
    module, _, attribute = COMMANDS[name].partition(":")
    found: click.Command = getattr(import_module(f"app.commands.{module}"), attribute)
    return found


class _Commands(AppGroup):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return command(cmd_name) if cmd_name in COMMANDS else super().get_command(ctx, cmd_name)


def init(app: Flask) -> None:
    """Have `flask` know them all."""
    app.cli = _Commands(app.name)
