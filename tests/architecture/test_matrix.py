"""Every route against every kind of reader, as one page of text; whose power grows is a diff of it.

Cells: yes (let in), no (404, as if there were nothing), enter (asked to sign in). "again" at the
end: whoever is let in proves first that it is them; "again, to send": to send its form. Things are
those of tests/samples.py: the asker's own question, answered by the owner of its category.
To write it anew after looking at what changed:

    OTKLIK_WRITE=1 bin/test tests/architecture/test_matrix.py
"""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.accounts.sessions import Guest
from app.core.db import db
from app.core.policy import RefusedError, can, is_for_people
from tests.samples import Samples, every

if TYPE_CHECKING:
    from flask import Flask

    from tests.builders import Builders

KEPT = Path(__file__).with_name("matrix.txt")
READERS = ("guest", "customer", "asker", "executive", "owner", "manager", "administrator")


def matrix(app: Flask, samples: Samples) -> str:
    topic = samples.topic
    people = {**samples.people, "asker": topic.asker, "owner": topic.category.owner}
    lines = [f"{'':78}" + "".join(f"{each:>14}" for each in READERS)]
    for rule in every(app):
        methods = " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        view = app.view_functions[rule.endpoint]
        cells = [cell(view, samples, rule, people[name] or Guest()) for name in READERS]
        proof = {True: "   again", "post": "   again, to send"}.get(view.fresh, "")
        row = "".join(f"{each:>14}" for each in cells)
        lines.append(f"{methods:9}{rule.rule:69}{row}{proof}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def cell(view: Any, samples: Samples, rule: Any, actor: Any) -> str:
    """What core.web's door does, which tests/core/test_web.py holds it to."""
    things = []
    if view.on is not None:
        values = next(samples._values(rule))
        ids = list(inspect.signature(view.on).parameters)[1:]
        try:
            things = [view.on(actor, **{name: values[name] for name in ids if name in values})]
        except RefusedError:
            return "enter" if actor.id is None else "no"
        if things == [None]:
            return "enter" if actor.id is None and is_for_people(view.may) else "no"
    if can(actor, view.may, *things):
        return "yes"
    return "enter" if actor.id is None else "no"


def test_who_comes_in_where_is_as_was_agreed(app: Flask, house: Builders) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("who may is no matter of the database")
    house.brand()
    found = matrix(app, Samples(house))
    if os.environ.get("OTKLIK_WRITE"):
        KEPT.write_text(found, encoding="utf-8")
    assert found == KEPT.read_text(encoding="utf-8"), "look at the difference; see the docstring"


def test_the_guest_and_the_customer_come_in_nowhere_behind_the_counter() -> None:
    head, *lines = KEPT.read_text(encoding="utf-8").splitlines()
    assert head.split() == list(READERS)
    behind = [line for line in lines if " /manage" in line or " /desk" in line]
    assert len(behind) > 80
    for line in behind:
        cells = line.partition("   again")[0].split()[-len(READERS) :]
        assert cells[:3] == ["enter", "no", "no"], line
