"""Who stands in for whom, said where somebody has to act on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import render_template

from app.core.pagecache import pieces
from app.core.panels import panel
from app.core.policy import can
from app.core.web import current_actor
from app.sla.queries import people
from app.topics import queries as topics

if TYPE_CHECKING:
    from app.topics.answering import ActingPerson
    from app.topics.models import Category


@dataclass(frozen=True)
class Unattended:
    """A category whose own people are all away, and whom its questions fall to."""

    category: Category
    today: ActingPerson


@panel("manage:home", order=10)
def unattended_categories() -> str:
    """Where nobody of a category is there, and what to do about it."""
    if not can(current_actor(), "topics.manage_categories"):
        return ""
    return render_template("sla/_unattended.html", unattended=unattended())


def unattended() -> list[Unattended]:
    """The open categories that fall to a community manager today, or to nobody."""
    opened = topics.categories()
    today = people.acting_in(opened)
    return [Unattended(c, today[c.id]) for c in opened if today[c.id].role in {"manager", "nobody"}]


@panel("desk:head")
def standing_in() -> str:
    """Why somebody finds the questions of another's category on their desk."""
    actor = current_actor()

    def made() -> str:
        categories = topics.categories_stood_in_by(actor)
        return render_template("sla/_standing_in.html", categories=categories) if categories else ""

    return pieces.keep("sla:standing in", actor.id, make=made)
