"""The file that somebody gets with everything about them: JSON for machines, HTML for people.

The JSON says of every key what it means; the HTML is the same in sentences, complete in itself and
without a script. Pictures lie beside them.
"""

from __future__ import annotations

import json
import os
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import current_app

from app.brand.queries import brand
from app.core import addresses, clock, personal
from app.core.i18n import exact, is_zone, speaking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.personal import Subject
    from app.privacy.models import Export

FORMAT = 1
_folder = Path("exports")


def init(config: Mapping[str, Any]) -> None:
    """Take the instance folder from the application's settings."""
    global _folder  # noqa: PLW0603 (one folder a process, set at start)
    _folder = Path(config["INSTANCE_PATH"]) / "exports"


def path(export: Export) -> Path:
    """Where the file lies; its name says nothing and cannot be guessed."""
    return _folder / f"{export.key}.zip"


def write(export: Export, of: Subject) -> int:
    """Put it together; how many bytes."""
    _folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    bank, person = brand(), export.person
    zone = person.timezone if is_zone(person.timezone) else bank.timezone
    target = path(export)
    part = target.with_suffix(f".{os.getpid()}.part")
    with speaking(export.locale, str(zone)):
        sections = [_read(section) for section in personal.collect(of)]
        about = {"bank": bank.name, "address": addresses.front(), "at": clock.now()}
        template = current_app.jinja_env.get_template("privacy/archive.html")
        html = template.render(sections=sections, shown=_shown, **about)
        text = json.dumps(_document(sections, about), ensure_ascii=False, indent=2, default=_plain)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with (
        os.fdopen(descriptor, "wb") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr("index.html", html)
        archive.writestr("data.json", text)
        for section in sections:
            for name, source in section["files"].items():
                if source.exists():
                    archive.write(source, name)
    part.replace(target)
    return target.stat().st_size


def _read(section: personal.Section) -> dict[str, Any]:
    """With its words in the language that is spoken now."""
    return {
        "key": section.key,
        "title": str(section.title),
        "fields": {key: str(words) for key, words in section.fields.items()},
        "rows": [dict(row) for row in section.rows],
        "files": section.files,
    }


def _document(sections: list[dict[str, Any]], about: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        **about,
        "meanings": {s["key"]: {"": s["title"], **s["fields"]} for s in sections},
        "data": {s["key"]: s["rows"] for s in sections},
    }


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def _shown(value: object) -> str:
    """As a person reads it."""
    if value is None or value == "":
        return "—"
    if isinstance(value, datetime):
        return exact(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=1, default=_plain)
    return str(value)
