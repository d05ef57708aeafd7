"""Which passwords are taken, and how they lie here."""

from __future__ import annotations

import platform
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.accounts import passwords, queries, service
from app.accounts.models import Ticket
from app.core.db import session
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from tests.builders import Builders
    from tests.conftest import Browser

AT_ONCE = """
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from resource import getpagesize
from app.accounts import passwords

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize() / 2**20

passwords.hashed("one before the others")
before = resident()
with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda _: passwords.hashed("some of them at once"), range(12)))
    print(resident() - before)
"""
NEW = {"name": "Ольга Ветрова", "email": "olga.vetrova@example.org"}


def sign_up(browser: Browser, password: str) -> bool:
    answer = browser.post("/sign-up", {**NEW, "password": password})
    if answer.status_code == 422:
        # Beside the field, and never echoed.
        assert 'id="password-error"' in answer.text
        assert password not in answer.text
    return bool(answer.status_code == 200)


@pytest.mark.parametrize(
    ("password", "taken"),
    [
        ("девять зн", False),
        ("десять зна", True),
        ("x7" * 3 + "qwzp" * 30 + "ab", True),
        ("q" + "wzp7" * 32, False),
        ("     wide open     ", True),
        ("только буквы без цифр", True),
        ("🦊🐢🦉🐝 любят мёд", True),
    ],
)
def test_length_alone_is_asked_for(browser: Browser, password: str, taken: bool) -> None:
    assert sign_up(browser, password) is taken


@pytest.mark.parametrize(
    "password",
    [
        "qwertyuiop",
        "QwertyUiop",
        "1234567890",
        "password123",
        "йцукенгшщз",
        "manchester!!",
        "aaaaaaaaaaaa",
        "абвабвабвабв",
        "Ветрова-2026",
        "olga.vetrova1",
        "БанкПример!",
        "otklik-otklik-1",
    ],
)
def test_what_is_tried_first_is_refused(house: Builders, browser: Browser, password: str) -> None:
    house.brand(name="Банк Пример")
    assert not sign_up(browser, password)


def test_the_three_thousand_most_common_are_known() -> None:
    common = list(FREQUENCY_LISTS["passwords"])[:3000]
    assert len(common) == 3000
    assert all(passwords.is_common(word) for word in common)
    assert not passwords.is_common(PASSWORD)


def test_staff_choose_longer_ones(house: Builders, browser: Browser) -> None:
    manager = house.manager(with_password=True)
    browser.sign_in(manager)
    short, long = "fourteen signs", "fifteen signs !"
    assert (len(short), len(long)) == (14, 15)
    for password, status in ((short, 422), (long, 303)):
        answer = browser.post("/profile/password", {"old": PASSWORD, "password": password})
        assert answer.status_code == status


def test_what_is_pasted_is_taken_whole(house: Builders, browser: Browser) -> None:
    """Nothing is cut: not at 72 bytes, not at a NUL, not at an emoji."""
    person = house.customer(with_password=True)
    long = "длинный пароль, который вставлен " * 3 + "🦊 конец"
    service.change_password(person, PASSWORD, long)
    assert service.authenticate(person.email or "", long) is person
    for shorter in (long[:-1], long[:72], long[:24], long.split("🦊", maxsplit=1)[0]):
        assert service.authenticate(person.email or "", shorter) is None
    service.change_password(person, long, "first part\x00second part")
    assert service.authenticate(person.email or "", "first part") is None
    assert 'autocomplete="current-password"' in browser.get("/sign-in").text
    assert "onpaste" not in browser.get("/sign-in").text


def test_one_password_however_the_keyboard_composed_it(house: Builders, browser: Browser) -> None:
    person = house.customer(with_password=True)
    said = "ёжик в тумане, й"
    composed, split = (unicodedata.normalize(form, said) for form in ("NFC", "NFD"))
    assert composed != split
    service.change_password(person, PASSWORD, split)
    answer = browser.post("/sign-in", {"email": person.email, "password": composed})
    assert answer.status_code == 303


def test_a_cheaper_hash_is_made_anew_at_the_next_sign_in(house: Builders) -> None:
    person = house.customer()
    person.password_hash = PasswordHasher(time_cost=1, memory_cost=8192).hash(PASSWORD)
    session.flush()
    assert service.authenticate(person.email or "", PASSWORD) is person
    assert (person.password_hash or "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert service.authenticate(person.email or "", PASSWORD) is person


def test_there_is_no_account_to_begin_with(house: Builders) -> None:
    assert queries.administrators() == []


def test_a_customer_s_password_is_not_enough_for_staff_any_more(
    app: Flask, house: Builders, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promoted, they set one of staff's length by a letter to their mailbox."""
    monkeypatch.setitem(app.config, "STAFF_SECOND_FACTOR", True)
    house.brand(locale="en")
    short = "ветер и снег"
    person = house.customer(email="olga@example.org", locale="en")
    service.set_password(person, short)
    service.appoint(house.administrator(), person, "manager", "Community manager")
    sent = {"email": "olga@example.org", "password": short}

    wrong = browser.post("/sign-in", {**sent, "password": "ветер и дождь"})
    assert wrong.status_code == 422
    assert "15 characters" not in wrong.text
    answer = browser.post("/sign-in", sent)
    assert answer.status_code == 200
    assert "15 characters" in answer.text
    assert browser.get("/profile").status_code == 303
    ticket = session.scalars(select(Ticket).where(Ticket.purpose == "reset")).one()
    link = f"/reset/{service.token(ticket)}"
    assert browser.post(link, {"password": short + "!!"}).status_code == 422
    assert browser.post(link, {"password": f"{short}, и лёд"}).status_code == 303


def test_nobodys_hash_costs_what_ours_cost() -> None:
    assert not passwords.is_outdated(passwords._NOBODYS)
    assert not passwords.fits(None, "nobody has this password")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that keeps memory")
def test_the_memory_of_a_hash_is_given_back() -> None:
    root = Path(passwords.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", AT_ONCE], cwd=root, capture_output=True, text=True, check=True
    )
    # A process with four threads kept four times the 19 MB of a hash.
    assert float(done.stdout) < 15
