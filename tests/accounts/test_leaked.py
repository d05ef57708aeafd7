"""Passwords that leaked elsewhere are refused from a list on this machine, however it is cut."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import pytest
from flask import Flask

import config
from app.accounts import leaked
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders import Builders
    from tests.conftest import Browser

LEAKED = "зимний ветер 42"


def digest(password: str) -> str:
    return hashlib.sha1(password.encode()).hexdigest().upper()  # noqa: S324 (what lists are made of)


def a_file(path: Path, *passwords: str, end: str = "\r\n", others: int = 400) -> Path:
    dice = random.Random(7)
    lines = {f"{dice.getrandbits(160):040X}" for _ in range(others)} | {*map(digest, passwords)}
    # As they are handed out: how often each was seen, in as many digits as that takes.
    told = (f"{line}:{dice.choice([1, 37, 123456789])}{end}" for line in sorted(lines))
    path.write_bytes("".join(told).encode())
    return path


def a_folder(path: Path, *passwords: str) -> Path:
    path.mkdir()
    for password in passwords:
        begins, rest = digest(password)[:5], digest(password)[5:]
        other = f"{'0' * 35}:3\r\n{'F' * 35}:1\r\n"
        (path / f"{begins}.txt").write_text(f"{other[:39]}{rest}:7\r\n{other[39:]}", newline="")
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("others", [0, 1, 2, 3, 400])
def test_each_of_a_sorted_file_is_found_and_nothing_else(
    tmp_path: Path, end: str, others: int
) -> None:
    some = [f"слово номер {n}" for n in range(25)]
    path = a_file(tmp_path / "all.txt", *some, end=end, others=others)
    assert all(leaked.is_known(each, path) for each in some)
    assert not any(leaked.is_known(f"{each}!", path) for each in some)
    assert not leaked.is_known(PASSWORD, path)


def test_a_folder_of_ranges_is_read_likewise(tmp_path: Path) -> None:
    path = a_folder(tmp_path / "ranges", LEAKED, "летний дождь 77")
    assert leaked.is_known(LEAKED, path)
    assert leaked.is_known("летний дождь 77", path)
    assert not leaked.is_known(PASSWORD, path)


def test_an_empty_file_and_none_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert not leaked.is_known(LEAKED, tmp_path / "empty")
    assert not leaked.is_known(LEAKED, None)


def test_whoever_chooses_one_is_told(
    app: Flask, house: Builders, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.brand()
    new = {"name": "Ольга Ветрова", "email": "olga@example.org", "password": LEAKED}
    monkeypatch.setitem(app.config, "BREACHED_PASSWORDS", a_folder(tmp_path / "r", LEAKED))
    refused = browser.post("/sign-up", new)
    assert refused.status_code == 422
    assert 'id="password-error"' in refused.text
    assert LEAKED not in refused.text
    monkeypatch.setitem(app.config, "BREACHED_PASSWORDS", None)
    assert browser.post("/sign-up", new).status_code == 200


def test_a_list_that_is_named_must_be_there(tmp_path: Path) -> None:
    environ = {"SECRET_KEY": "x" * 32, "BREACHED_PASSWORDS": str(tmp_path / "nothing")}
    with pytest.raises(config.UnknownValueError, match="BREACHED_PASSWORDS"):
        config.load(environ)
