"""The catalogs of translations: gathered from the code, checked, compiled.

Message ids are English, so only the other languages have a catalog. A message that is not
translated would leak English into a Russian page; `faults` finds every one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from app.core.i18n import LOCALES, TRANSLATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Message

ROOT = Path(__file__).parents[2]
TRANSLATED = tuple(code for code in LOCALES if code != "en")
KEYWORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}
TEMPLATES = [f"templates/**.{kind}" for kind in ("html", "txt", "xml")]
METHODS = [("app/**.py", "python"), *((pattern, "jinja2") for pattern in TEMPLATES)]
# As the application reads its templates: the white space of `{% trans %}` is part of the message.
JINJA = {
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "trimmed": "true",
    "silent": "false",
    "extensions": "app.core.pagecache.pieces.PieceTag",
}
PLACE = re.compile(r"%\((\w+)\)[sd]")


@dataclass(frozen=True)
class Fault:
    """What is wrong with one message in one language."""

    locale: str
    message: str
    words: str


def gathered() -> Catalog:
    """Every message of the code and the templates, with where it stands."""
    catalog = Catalog(project="Otklik", charset="utf-8")
    found = extract_from_dir(
        ROOT,
        method_map=METHODS,
        options_map=dict.fromkeys(TEMPLATES, JINJA),
        keywords=KEYWORDS,
        directory_filter=lambda path: Path(path).name not in {".venv", "node_modules", "instance"},
    )
    for file, _line, message, comments, context in found:
        catalog.add(message, None, [(file, 1)], auto_comments=comments, context=context)
    return catalog


def path_of(locale: str) -> Path:
    """Where a language's catalog lies."""
    return TRANSLATIONS / locale / "LC_MESSAGES" / "messages.po"


def update(locale: str) -> Catalog:
    """Bring a language's catalog up to date with the code: new messages empty, old ones gone."""
    path, template = path_of(locale), gathered()
    catalog = _read(locale) if path.exists() else Catalog(locale=locale, charset="utf-8")
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=100, sort_output=True, no_location=True, omit_header=False)
    return catalog


def faults() -> Iterator[Fault]:
    """Messages missing, out of use, fuzzy, or whose places differ from the original's."""
    template = gathered()
    for locale in TRANSLATED:
        catalog = _read(locale)
        for message in template:
            if message.id:
                yield from _faults_of(locale, catalog, message)
        for message in catalog:
            if message.id and template.get(message.id) is None:
                yield Fault(locale, str(message.id), "is no longer used")


def _faults_of(locale: str, catalog: Catalog, message: Message) -> Iterator[Fault]:
    known = catalog.get(message.id)
    name = str(message.id)
    if known is None or not is_translated(known):
        yield Fault(locale, name, "is not translated")
        return
    if known.fuzzy:
        yield Fault(locale, name, "is fuzzy")
    if message.pluralizable and len(_forms(known)) != catalog.num_plurals:
        yield Fault(locale, name, f"needs {catalog.num_plurals} plural forms")
    wanted = set(PLACE.findall(" ".join(_ids(message))))
    for form in _forms(known):
        if set(PLACE.findall(form)) - wanted or (wanted - set(PLACE.findall(form))) - {"num"}:
            yield Fault(locale, name, f"has other places than the original: {form}")


def is_translated(message: Message) -> bool:
    """Whether it has words, in every form its language has."""
    return all(_forms(message))


def _forms(message: Message) -> list[str]:
    words = message.string
    return list(words) if isinstance(words, (tuple, list)) else [words or ""]


def _ids(message: Message) -> list[str]:
    return list(message.id) if isinstance(message.id, (tuple, list)) else [message.id]


def _read(locale: str) -> Catalog:
    with path_of(locale).open("rb") as file:
        return read_po(file, locale=locale)
