"""What the README says is so: settings, accounts, commands, links, pictures."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from app import commands
from app.commands.demo import CAST, PASSWORD
from app.commands.settings import markdown

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
KILOBYTE = 1024


def command(words: list[str]) -> click.Command:
    """The `flask …` command that `words` begin with; fails when there is none."""
    assert words[0] in commands.COMMANDS, words
    found: click.Command | None = commands.command(words[0])
    if isinstance(found, click.Group):
        found = found.commands.get(words[1])
        assert found is not None, words
    return found


def test_its_table_of_settings_is_the_generated_one() -> None:
    assert markdown().strip() in README


def test_its_accounts_are_those_of_the_demo_bank() -> None:
    for who, email in CAST:
        assert f"| {who} | `{email}` | `{PASSWORD}` |" in README


@pytest.mark.parametrize("line", re.findall(r"flask --app wsgi ([a-z][^`\n#]*)", README))
def test_its_commands_exist(line: str) -> None:
    words = line.split()
    options = {o for p in command(words).params for o in p.opts}
    assert {w for w in words if w.startswith("--")} <= options


def test_its_containers_are_given_commands_that_exist() -> None:
    said = re.findall(r"docker compose exec web flask ([a-z-]+)", README)
    assert said
    for name in said:
        command([name])


@pytest.mark.parametrize("path", re.findall(r'(?:\]\(|src=")([^)"#:]+)[)"]', README))
def test_its_links_lead_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


def test_pictures_are_few_light_and_all_shown() -> None:
    pictures = sorted((ROOT / "docs" / "screenshots").iterdir())
    assert 0 < len(pictures) <= 8
    for picture in pictures:
        assert picture.stat().st_size <= 150 * KILOBYTE, picture.name
        assert f"docs/screenshots/{picture.name}" in README
