"""What a web process loads before anybody asks for more than a page."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.lazily import lazily, without
from tests.conftest import BASE_URL

ROOT = Path(__file__).parents[2]

# Each is loaded by the first request that needs it; the tests of that feature are its tests.
HEAVY = {
    "PIL": "pictures",
    "alembic": "migrations",
    "app.commands.storytelling": "the demo bank",
    "app.channels": "bringing history in",
    "authlib": "signing in elsewhere",
    "bleach": "what somebody writes",
    "bs4": "bringing history in",
    "coloraide": "the bank's colour",
    "confusable_homoglyphs": "a new name",
    "cryptography": "what lies sealed",
    "email_validator": "a new address",
    "feedgen": "feeds",
    "fsspec": "files in a bucket",
    "holidays": "drawing a calendar",
    "huey": "hints to the worker",
    "joserfc": "tokens of other sites",
    "lxml": "feeds",
    "markdown_it": "what somebody writes",
    "numpy": "search by meaning",
    "phonenumbers": "a text with a long number",
    "pi_heif": "pictures of telephones",
    "psycopg": "PostgreSQL, where it is the database",
    "pygments": "a terminal",
    "rapidfuzz": "a query with a slip",
    "redis": "Redis, where there is one",
    "rich": "a terminal",
    "segno": "a second factor",
    "snowballstemmer": "searching",
    "tantivy": "searching, where it is the engine",
    "webauthn": "passkeys",
    "whoosh": "searching",
    "zxcvbn": "a new password",
}

PROCESS = """
import json, sys
from app.factory import create_app
import config

app = create_app(config.load({"SECRET_KEY": "x" * 48, "INSTANCE_PATH": sys.argv[1],
                              "PUBLIC_URL": sys.argv[2], "LOG_LEVEL": "ERROR"}))
made = sorted(sys.modules)
with app.app_context():
    from app.core.db import db
    db.create_all()
page = app.test_client().get("/", base_url=sys.argv[2])
print(json.dumps({"made": made, "shown": sorted(sys.modules), "status": page.status_code}))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The modules of a process that made the application, then showed the front page."""
    instance = tmp_path_factory.mktemp("instance")
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, str(instance), BASE_URL],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["status"] == 200
    return {when: set(said[when]) for when in ("made", "shown")}


@pytest.mark.parametrize("when", ["made", "shown"])
def test_nothing_heavy_is_loaded(loaded: dict[str, set[str]], when: str) -> None:
    assert HEAVY.keys() & loaded[when] == set()


def test_what_is_called_heavy_exists(loaded: dict[str, set[str]]) -> None:
    assert "flask" in loaded["made"]  # it can see
    own = {name for name in HEAVY if name.startswith("app.")}
    assert all((ROOT / f"{name.replace('.', '/')}").with_suffix(".py").exists()
               or (ROOT / name.replace(".", "/")).is_dir() for name in own)  # fmt: skip


def test_a_library_comes_when_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    later = lazily("colorsys")
    assert "colorsys" not in sys.modules
    assert later.rgb_to_hsv(1, 1, 1) == (0.0, 0.0, 1)
    assert lazily("colorsys") is sys.modules["colorsys"]


def test_what_is_set_in_it_is_set_in_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    later = lazily("colorsys")
    later.ONE_THIRD = 7
    assert sys.modules["colorsys"].ONE_THIRD == 7  # type: ignore[attr-defined]
    del later.ONE_THIRD
    assert not hasattr(sys.modules["colorsys"], "ONE_THIRD")
    with pytest.raises(AttributeError):
        _ = later.no_such_thing


def test_a_library_loaded_without_another_leaves_it_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with without("colorsys"), pytest.raises(ImportError):
        __import__("colorsys")
    assert __import__("colorsys").rgb_to_hsv
    with without("colorsys"):  # it is there already: nothing is taken away
        assert __import__("colorsys").rgb_to_hsv
