"""The file that somebody gets with everything about them: JSON for machines, HTML for people.

The JSON says of every key what it means; the HTML is the same in sentences, complete in itself and
without a script. Pictures lie beside them.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import current_app

from app.brand.queries import brand
from app.core import addresses, clock, files, personal
from app.core.i18n import exact, is_zone, speaking

if TYPE_CHECKING:
    from app.core.personal import Subject
    from app.privacy.models import Export

FORMAT = 1


def file(export: Export) -> files.File:
    """Where it lies; its name says nothing and cannot be guessed."""
    return files.file("exports", f"{export.key}.zip")


def write(export: Export, of: Subject) -> int:
    """Put it together; how many bytes."""
    bank, person = brand(), export.person
    zone = person.timezone if is_zone(person.timezone) else bank.timezone
    with speaking(export.locale, str(zone)):
        sections = [_read(section) for section in personal.collect(of)]
        about = {"bank": bank.name, "address": addresses.front(), "at": clock.now()}
        template = current_app.jinja_env.get_template("privacy/archive.html")
        html = template.render(sections=sections, shown=_shown, **about)
        text = json.dumps(_document(sections, about), ensure_ascii=False, indent=2, default=_plain)
    # Seen by nobody else, and gone with this block.
    with tempfile.NamedTemporaryFile(suffix=".zip") as whole:
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("index.html", html)
            archive.writestr("data.json", text)
            for section in sections:
                for name, source in section["files"].items():
                    with suppress(FileNotFoundError):
                        archive.writestr(name, source.read_bytes())
        whole.flush()
        file(export).write(Path(whole.name))
        return whole.tell()


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
