"""A category's page: who answers for it, how well, and what is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template

from app.topics import queries
from app.topics.views import door
from app.topics.views.front import listed

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.topics.models import Category


@door.get(
    "/categories/<slug>",
    may="topics.look_around",
    on=queries.category_by_slug,
    endpoint="category",
    keeps=("view", "cursor"),
)
def page(category: Category) -> ResponseReturnValue:
    """The executive, the figures, the topics."""
    return render_template("topics/category.html", category=category, **listed(category=category))
