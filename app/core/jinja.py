"""Jinja, as our pages use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask.templating import Environment

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from flask import Flask


class _Environment(Environment):
    """Templates share one plain dictionary of globals.

    Jinja lays an empty one over it for each template, so that somebody may give a template globals
    of its own, which nobody here does; and looks through both at each import and each include.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


def init(app: Flask) -> None:
    """Before anything else asks for `app.jinja_env`."""
    app.jinja_environment = _Environment
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.policies["ext.i18n.trimmed"] = True
