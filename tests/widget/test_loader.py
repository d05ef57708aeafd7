"""The loader's files: what they weigh, that versions stay as they were, how they are served."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import shutil
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from app.widget import snippets

if TYPE_CHECKING:
    from flask import Flask

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "static" / "widget"
LOADER = FOLDER / "loader.js"
BUDGET = 3 * 1024
# No database has a say in it.
once = pytest.mark.parametrize("app", ["sqlite"], indirect=True, scope="session")
VERSIONS = json.loads((FOLDER / "releases.json").read_text())


@pytest.fixture(scope="module")
def release() -> ModuleType:
    """bin/widget-release."""
    loader = SourceFileLoader("widget_release", str(ROOT / "bin" / "widget-release"))
    spec = spec_from_loader("widget_release", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_it_keeps_to_its_budget() -> None:
    assert 1024 < len(gzip.compress(LOADER.read_bytes(), 6)) < BUDGET


def test_it_asks_for_nothing_but_its_frame_and_keeps_nothing() -> None:
    script = LOADER.read_text()

    # Tests in a browser see what it does; this is for whoever reads it in one go.
    for word in (
        *("fetch(", "XMLHttpRequest", "sendBeacon", "WebSocket", "import(", "cookie =", "Storage"),
        *("innerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", ".style"),
        *("setAttribute", "srcdoc", "http://", "https://", "sessionStorage", "indexedDB"),
    ):
        assert word not in script, word
    assert 'postMessage({ ch: "otklik", v: 1, t, p }, origin)' in script
    assert script.count("postMessage(") == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_a_published_version_is_what_it_was(version: str) -> None:
    script = (FOLDER / "releases" / f"{version}.js").read_bytes()

    digest = base64.b64encode(hashlib.sha384(script).digest()).decode()
    assert VERSIONS[version] == f"sha384-{digest}"


def test_the_newest_version_is_the_loader_as_it_stands() -> None:
    newest = snippets.releases()[0]

    assert (FOLDER / "releases" / f"{newest.version}.js").read_bytes() == LOADER.read_bytes(), (
        "publish it: bin/widget-release"
    )
    published = {each.stem for each in (FOLDER / "releases").iterdir()}
    assert published == set(VERSIONS)


def test_a_version_is_published_once(release: ModuleType, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / "loader.js").write_text("// the next\n")

    integrity = release.publish("9.0.0", tmp_path)

    listed = json.loads((tmp_path / "releases.json").read_text())
    assert listed == {**VERSIONS, "9.0.0": integrity}
    assert (tmp_path / "releases" / "9.0.0.js").read_text() == "// the next\n"
    assert integrity.startswith("sha384-")
    for wrong in ("9.0.0", "9", "../9.0.0", "9.0.0-rc", "latest"):
        with pytest.raises(SystemExit):
            release.publish(wrong, tmp_path)


@once
def test_the_evergreen_address_is_asked_after(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("session", "somebody's")
    # As a page of another site, or of a neighbouring one, asks for it.
    headers = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Origin": "https://a.b"}

    answer = client.get("/widget/v1.js", headers=headers)

    assert answer.status_code == 200
    assert answer.data == LOADER.read_bytes()
    said = answer.headers
    assert said["Content-Type"] == "text/javascript; charset=utf-8"
    assert said["Access-Control-Allow-Origin"] == "*"
    assert said["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert said["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in said
    assert "Vary" not in said
    kept = answer.cache_control
    assert kept.public
    assert not kept.immutable
    assert 0 < (kept.max_age or 0) <= 3600
    again = client.get("/widget/v1.js", headers={**headers, "If-None-Match": said["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/widget/v1.js", headers={"If-None-Match": '"older"'}).status_code == 200


@once
@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_may_be_kept_for_good(app: Flask, version: str) -> None:
    answer = app.test_client().get(f"/widget/{version}/loader.js")

    assert answer.status_code == 200
    assert answer.cache_control.immutable
    assert (answer.cache_control.max_age or 0) >= 365 * 24 * 3600
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    digest = base64.b64encode(hashlib.sha384(answer.data).digest()).decode()
    assert VERSIONS[version] == f"sha384-{digest}"


@once
@pytest.mark.parametrize("version", ["0.0.1", "1.0", "..", "%2e%2e", "1.0.0.js", "v1.js"])
def test_no_other_version_is_there(app: Flask, version: str) -> None:
    assert app.test_client().get(f"/widget/{version}/loader.js").status_code == 404


@once
def test_hashes_are_public(app: Flask) -> None:
    answer = app.test_client().get("/widget/hashes.json")

    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    rows = answer.json["releases"]
    assert {row["version"]: row["integrity"] for row in rows} == VERSIONS
    assert all(re.search(rf"/widget/{row['version']}/loader\.js$", row["url"]) for row in rows)
