"""People: those who answer, and everybody's public page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request

from app.accounts.queries import person_in_sight
from app.core.web import current_actor
from app.topics import queries
from app.topics.answering import answers_in
from app.topics.views import door

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person
    from app.topics.models import Category


@door.get("/executives", may="topics.look_around", keeps=())
def executives() -> ResponseReturnValue:
    """Everybody who answers for a category, with a face."""
    categories = queries.categories()
    people = queries.executives(categories)
    return render_template(
        "topics/executives.html",
        people=people,
        categories={p.id: [c for c in categories if c.owner_id == p.id] for p in people},
        standing_in=_standing_in(categories, people),
        waiting=queries.waiting(categories),
    )


@door.get("/people/<int:person_id>", may="accounts.read", on=person_in_sight, keeps=("cursor",))
def person(person: Person) -> ResponseReturnValue:
    """What is public about somebody: never an address, never a setting."""
    actor = current_actor()
    return render_template(
        "topics/person.html",
        person=person,
        categories=queries.categories_of(person) if person.is_staff else [],
        standing_in=queries.categories_stood_in_by(person) if person.is_staff else [],
        answers=queries.answers_by(person) if person.is_staff else [],
        waiting=queries.waiting().get(person.id) if person.is_staff else None,
        page=queries.topics(actor, asker=person, cursor=request.args.get("cursor")),
    )


def _standing_in(categories: Sequence[Category], people: list[Person]) -> dict[int, list[Category]]:
    """The categories of others that each of these people answers in today."""
    today = answers_in(categories)
    return {
        p.id: [c for c in categories if c.owner_id != p.id and today[c.id].person.id == p.id]
        for p in people
    }
