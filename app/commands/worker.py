"""`flask worker`: the process that runs later reactions and sweeps."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from app.core import jobs, presence


@click.command()
@click.option("--threads", default=1, show_default=True, help="Tasks run at the same time.")
@with_appcontext
def worker(threads: int) -> None:
    """Deliver letters, keep the index and watch the clock until stopped."""
    _refuse_what_does_not_fit()
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    jobs.run_worker(threads, around=app.app_context)
    # It may have stopped for the same reason; a status other than 0 has it started again.
    _refuse_what_does_not_fit()


def _refuse_what_does_not_fit() -> None:
    complaint = presence.complaint_of_worker()
    if complaint:
        raise click.ClickException(complaint)
