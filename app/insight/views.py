"""What insight shows on other slices' pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, g, jsonify, render_template

from app.core.panels import panel
from app.core.web import Door
from app.insight import health, policy, queries  # noqa: F401 (policy declares what it allows)
from app.insight.models import TOO_FEW, Figures

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person
    from app.topics.models import Category

door = Door("insight", __name__)


@door.get("/healthz", may="insight.probe")
def healthz() -> ResponseReturnValue:
    """The process is alive and answers."""
    return "ok", {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


@door.get("/readyz", may="insight.probe")
def readyz() -> ResponseReturnValue:
    """Whether requests may be sent here: 503 when a vital check fails. Names only, no details."""
    found = list(health.examine(current_app.config, probing=True))
    ready = all(finding.ok for check, finding in found if check.vital)
    said = {check.name: "ok" if finding.ok else "wrong" for check, finding in found}
    headers = {"Cache-Control": "no-store"}
    return jsonify(ready=ready, checks=said), 200 if ready else 503, headers


@panel("front:aside", order=10)
def this_month() -> str:
    """How many promises the bank kept this month, and the ideas it made true lately."""
    counted = _figures().get("all")
    if counted is not None and counted.month != queries.this_month()[0]:
        counted = None
    return render_template("insight/_front.html", figures=counted, done=queries.ideas_done())


@panel("category:figures")
def of_category(category: Category) -> str:
    """A category's figures, each with its count."""
    return _shown(f"category:{category.id}")


@panel("executive:figures")
def of_person(person: Person) -> str:
    """The figures of what somebody answers for."""
    return _shown(f"person:{person.id}")


@panel("executives:figures")
def of_person_in_short(person: Person) -> str:
    """The same in two lines, for a page with many people."""
    return _shown(f"person:{person.id}", "insight/_short.html")


def _shown(scope: str, template: str = "insight/_figures.html") -> str:
    counted = _figures().get(scope)
    return render_template(template, figures=counted, too_few=TOO_FEW) if counted else ""


def _figures() -> dict[str, Figures]:
    # One statement a page, however many people stand on it.
    if "figures" not in g:
        g.figures = queries.figures()
    found: dict[str, Figures] = g.figures
    return found
