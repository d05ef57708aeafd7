"""The grammar of permissions: any clause of which every predicate holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from app.core import policy
from app.core.policy import (
    RefusedError,
    UnknownPermissionError,
    anyone,
    can,
    is_administrator,
    is_executive,
    is_guest,
    is_manager,
    is_signed_in,
    is_staff,
    permission,
    require,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Somebody:
    id: int | None = 1
    role: str | None = "customer"


GUEST = Somebody(None, None)
CUSTOMER = Somebody()
EXECUTIVE, MANAGER, ADMINISTRATOR = (
    Somebody(n, role) for n, role in enumerate(("executive", "manager", "administrator"), 2)
)
EVERYBODY = (GUEST, CUSTOMER, EXECUTIVE, MANAGER, ADMINISTRATOR)


@pytest.fixture(autouse=True)
def own_permissions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(policy, "permissions", {})
    return


def is_theirs(actor: Somebody, thing: object) -> bool:
    return actor.id == thing


def test_every_predicate_of_a_clause_must_hold() -> None:
    permission("edit", [is_signed_in, is_theirs])

    assert can(CUSTOMER, "edit", 1)
    assert not can(CUSTOMER, "edit", 2)
    assert not can(GUEST, "edit", None)


def test_one_clause_is_enough() -> None:
    permission("edit", [is_theirs], [is_manager])

    assert can(CUSTOMER, "edit", 1)
    assert can(MANAGER, "edit", 1)
    assert not can(EXECUTIVE, "edit", 1)


def test_what_has_no_clause_is_granted_to_nobody() -> None:
    permission("never")

    assert not any(can(each, "never") for each in EVERYBODY)


def test_require_says_no_aloud() -> None:
    permission("edit", [is_theirs])

    require(CUSTOMER, "edit", 1)
    with pytest.raises(RefusedError, match="edit"):
        require(CUSTOMER, "edit", 2)


def test_a_permission_nobody_declared_is_our_mistake_and_not_a_no() -> None:
    with pytest.raises(UnknownPermissionError, match="edti"):
        can(ADMINISTRATOR, "edti")


def test_a_permission_is_declared_in_one_place() -> None:
    permission("edit", [anyone])

    with pytest.raises(ValueError, match="edit"):
        permission("edit", [is_manager])


@pytest.mark.parametrize(
    ("predicate", "holds_for"),
    [
        (anyone, EVERYBODY),
        (is_guest, (GUEST,)),
        (is_signed_in, (CUSTOMER, EXECUTIVE, MANAGER, ADMINISTRATOR)),
        (is_executive, (EXECUTIVE,)),
        (is_manager, (MANAGER, ADMINISTRATOR)),
        (is_administrator, (ADMINISTRATOR,)),
        (is_staff, (EXECUTIVE, MANAGER, ADMINISTRATOR)),
    ],
)
def test_roles(predicate: policy.Predicate, holds_for: tuple[Somebody, ...]) -> None:
    assert tuple(each for each in EVERYBODY if predicate(each, None)) == holds_for
