"""What the bank's engineer pastes into a page: the one line, and what goes with it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from markupsafe import escape

from app.core import addresses

if TYPE_CHECKING:
    from collections.abc import Mapping

RELEASES: Final = Path(__file__).parents[2] / "static" / "widget" / "releases.json"
# So that pages may call Otklik(…) before the file has come.
STUB: Final = "window.Otklik=window.Otklik||function(){(Otklik.q=Otklik.q||[]).push(arguments)}"
_VERSION: Final = re.compile(r"[0-9]+(?:\.[0-9]+){1,3}")
_INTEGRITY: Final = re.compile(r"sha(?:256|384|512)-[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True)
class Release:
    """A version of the loader that never changes, and the hash that proves it."""

    version: str
    integrity: str


@dataclass(frozen=True)
class Look:
    """How the widget stands in a page; what is "" or None is left to the widget."""

    shape: str = "button"
    target: str = ""
    position: str = "right"
    label: str = ""
    color: str = ""
    side: int | None = None
    bottom: int | None = None
    lang: str = ""
    theme: str = "auto"
    is_early: bool = False

    def attributes(self, key: str) -> dict[str, str]:
        """The `data-*` of the line; what is so anyhow isn't said."""
        offset = "" if self.side is None and self.bottom is None else f"{self.side or 0}"
        if self.bottom is not None:
            offset = f"{24 if self.side is None else self.side} {self.bottom}"
        is_button = self.shape == "button"
        said = {
            "data-site": key,
            "data-shape": "" if is_button else self.shape,
            "data-target": self.target if self.shape == "block" else "",
            "data-position": "left" if is_button and self.position == "left" else "",
            "data-label": self.label if is_button else "",
            "data-color": self.color if is_button else "",
            "data-offset": offset if is_button else "",
            "data-lang": self.lang,
            "data-theme": "" if self.theme == "auto" else self.theme,
            "data-load": "idle" if self.is_early else "",
        }
        return {name: value for name, value in said.items() if value}


def releases(file: Path = RELEASES) -> list[Release]:
    """Every version there is, the newest first."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    found = [
        Release(version, integrity)
        for version, integrity in (said.items() if isinstance(said, dict) else ())
        if _VERSION.fullmatch(version) and _INTEGRITY.fullmatch(str(integrity))
    ]
    return sorted(found, key=lambda each: [*map(int, each.version.split("."))], reverse=True)


def line(attributes: Mapping[str, str], release: Release | None = None) -> str:
    """The line itself; with a release, pinned to it and proved by its hash."""
    said: dict[str, str] = {"src": source(release)}
    if release is not None:
        said |= {"integrity": release.integrity, "crossorigin": "anonymous"}
    return f"<script async {_written({**said, **attributes})}></script>"


def source(release: Release | None = None) -> str:
    """Where the loader lies."""
    path = "/widget/v1.js" if release is None else f"/widget/{release.version}/loader.js"
    return addresses.at(path)


def stub() -> str:
    """The line that lets a page call before the loader has come."""
    return f"<script>{STUB}</script>"


def stub_hash() -> str:
    """What a strict page's `script-src` says to let the stub run."""
    digest = hashlib.sha256(STUB.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def link(words: str) -> str:
    """For pages without scripts."""
    return f'<a href="{escape(addresses.at("/ask"))}">{escape(words)}</a>'


def directives() -> list[str]:
    """The two that a host page's policy needs, and nothing else."""
    return [f"script-src {addresses.origin()}", f"frame-src {addresses.origin()}"]


def _written(said: Mapping[str, str]) -> str:
    return " ".join(f'{name}="{escape(value)}"' for name, value in said.items())
