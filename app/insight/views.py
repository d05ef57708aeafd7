"""What insight shows on other slices' pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, render_template

from app.core.panels import panel
from app.core.web import Door
from app.insight import queries
from app.insight.models import TOO_FEW, Figures

if TYPE_CHECKING:
    from app.accounts.models import Person
    from app.topics.models import Category

door = Door("insight", __name__)


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
