"""Whether an address has an account shows neither in what is answered nor in what it costs.

Not timed: a clock would be wrong on a busy machine. What takes the time is counted: hashes of
passwords, letters, and statements. `bench/enumeration.py` holds a watch to it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from app.accounts import passwords

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser

KNOWN, UNKNOWN = "known@example.org", "nobody@example.org"
CHANCE = re.compile(r"nonce-[^']+|guest=[^;]+|Expires=[^;]+")
WAYS: dict[str, tuple[dict[str, str], int]] = {
    # How many statements one of the two may cost more. Where a password is hashed they are nothing
    # beside it: an account is begun; whose password was wrong is put on record.
    "/sign-up": ({"name": "Олег", "password": "совсем другой пароль"}, 4),
    "/sign-in": ({"password": "не тот пароль"}, 3),
    "/reset": ({}, 0),
    "/sign-in/link": ({}, 0),
}


class Cost:
    """What one answer took."""

    def __init__(self, answer: Any, hashes: int, statements: int, letters: int) -> None:
        text = re.sub(r"[\w.]+@example.org", "ADDRESS", answer.text)
        self.shown = answer.status_code, re.sub(r'nonce="[^"]+"', "", text)
        self.headers = {name: CHANCE.sub("", value) for name, value in answer.headers}
        del self.headers["Content-Length"]
        self.hashes, self.statements, self.letters = hashes, statements, letters


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that is hashed or compared."""
    done: list[str] = []
    real = passwords._hasher

    class Watched:
        check_needs_rehash = staticmethod(lambda _hash: False)

        @staticmethod
        def hash(password: str) -> str:
            done.append("hash")
            return str(real.hash(password))

        @staticmethod
        def verify(stored: str, password: str) -> bool:
            done.append("verify")
            return bool(real.verify(stored, password))

    monkeypatch.setattr(passwords, "_hasher", Watched)
    return done


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("state", ["confirmed", "suspended", "shut out", "staff", "without one"])
def test_it_costs_the_same(
    house: Builders,
    new_browser: Callable[[], Browser],
    count_sql: Any,
    facts: Callable[[str], list[Any]],
    hashes: list[str],
    path: str,
    state: str,
) -> None:
    house.brand()
    person = house.person(
        "manager" if state == "staff" else "customer",
        email=KNOWN,
        with_password=state != "without one",
    )
    if state == "suspended":
        person.suspended_until = person.created_at.replace(year=2099)
    if state == "shut out":
        person.disabled_at = person.created_at
    fields, apart = WAYS[path]
    found = {}
    # Whoever is first finds nothing remembered.
    for email in ("first@example.org", KNOWN, UNKNOWN):
        browser = new_browser()
        browser.get(path)
        hashes.clear()
        before = len(facts("TicketIssued"))
        with count_sql() as statements:
            answer = browser.post(path, {**fields, "email": email})
        done, letters = len(hashes), len(facts("TicketIssued")) - before
        found[email] = Cost(answer, done, len(statements), letters)
    known, unknown = found[KNOWN], found[UNKNOWN]

    assert known.shown == unknown.shown
    assert known.headers == unknown.headers
    assert known.hashes == unknown.hashes == (1 if "password" in fields else 0)
    assert known.letters == unknown.letters == (0 if path == "/sign-in" else 1)
    assert abs(known.statements - unknown.statements) <= apart
