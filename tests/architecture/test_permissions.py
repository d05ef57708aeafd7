"""Who may do what is one page of text; a change of power is a diff of it."""

from pathlib import Path

from flask import Flask

from app.commands.permissions import as_text, routes
from app.core import policy

KEPT = Path(__file__).with_name("permissions.txt")


def test_the_table_of_permissions_is_the_one_that_was_agreed(app: Flask) -> None:
    agreed = KEPT.read_text(encoding="utf-8")
    assert as_text(app) == agreed, (
        "If this is meant: flask permissions --plain > tests/architecture/permissions.txt"
    )


def test_every_route_demands_a_known_permission(app: Flask) -> None:
    demanded = routes(app)
    assert demanded.pop("", []) == []
    assert set(demanded) <= set(policy.permissions)


def test_every_permission_is_granted_to_somebody() -> None:
    assert all(clauses and all(clauses) for clauses in policy.permissions.values())
