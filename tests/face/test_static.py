"""The face keeps to its budgets and its own rules."""

import gzip
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "static"
TEMPLATES = ROOT / "templates"

# Everything a topic page loads: the design system and the slices that show themselves there.
SHEETS_OF_A_TOPIC = ("tokens", "base", "ui", "print", "topics", "turns")
# Loaded by a topic page for somebody who writes; every other page loads less.
SCRIPTS_OF_A_TOPIC = (
    *("theme-early", "main", "ring", "times", "editor", "draft", "keys", "grow", "modes"),
    *("menu", "theme", "busy", "seek", "vendor/htmx.min"),
)
ICONS = (TEMPLATES / "ui/icons.html").read_text()


def weight(files: list[Path]) -> int:
    return sum(len(gzip.compress(file.read_bytes())) for file in files if file.exists())


def pages() -> list[Path]:
    letters = {TEMPLATES / "layouts/letter.html"}
    found = {p for p in TEMPLATES.rglob("*.html") if "emails" not in p.parts}
    return sorted(found - letters)


def test_css_of_a_topic_page_stays_within_15_kb() -> None:
    assert weight([STATIC / f"css/{name}.css" for name in SHEETS_OF_A_TOPIC]) <= 15 * 1024


def test_javascript_of_a_topic_page_stays_within_25_kb() -> None:
    assert weight([STATIC / f"js/{name}.js" for name in SCRIPTS_OF_A_TOPIC]) <= 25 * 1024


# Files handed over to be opened from a disk, where no server has a sheet for them.
FROM_DISK = {"insight/export.html", "privacy/archive.html"}


@pytest.mark.parametrize("sheet", sorted(STATIC.glob("css/*.css")), ids=lambda p: p.name)
def test_raw_colours_live_in_tokens_only(sheet: Path) -> None:
    if sheet.name in {"tokens.css", "print.css"}:
        return
    css = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{]*;)|\b(?:rgb|hsl|oklch)a?\([^)]*\)", css) == []


@pytest.mark.parametrize("sheet", sorted(STATIC.glob("css/*.css")), ids=lambda p: p.name)
def test_every_rule_stands_in_a_layer(sheet: Path) -> None:
    css = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
    depth, outside = 0, ""
    for char in css:
        depth += (char == "{") - (char == "}")
        outside += char if depth == 0 else ""
    heads = [h for h in re.split(r"[};]", outside) if h.strip()]
    allowed = ("@layer", "@font-face")
    assert [h.strip() for h in heads if not h.strip().startswith(allowed)] == []


@pytest.mark.parametrize("page", pages(), ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_pages_carry_no_inline_style_or_handler(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"<[a-z][^>]*\s(?:style|on[a-z]+)\s*=", text)
    assert ("<style" in text) == (page.relative_to(TEMPLATES).as_posix() in FROM_DISK)


@pytest.mark.parametrize("page", pages(), ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_only_what_core_markup_rendered_is_called_safe(page: Path) -> None:
    called = re.findall(r"([\w.\[\]]+)\s*\|\s*safe\b", page.read_text())
    ours = page.name == "icons.html"
    assert [name for name in called if not (ours or name.endswith("_html"))] == []


@pytest.mark.parametrize("page", pages(), ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_every_icon_asked_for_by_name_exists(page: Path) -> None:
    asked = re.findall(r'\b(?:icon|sign)(?:=|\()"([a-z0-9-]+)"', page.read_text())
    assert [name for name in asked if f"'{name}':" not in ICONS] == []


def test_every_behaviour_asked_for_is_in_the_import_map_and_on_disk() -> None:
    base = (TEMPLATES / "layouts/base.html").read_text()
    listed = re.search(r"set scripts = \[(.*?)\]", base, re.DOTALL)
    assert listed
    names = set(re.findall(r'"([\w-]+)"', listed[1]))
    asked = set()
    for page in pages():
        for value in re.findall(r'data-js="([\w -]+)"', page.read_text()):
            asked.update(value.split())
    assert asked <= names
    assert [name for name in names if not (STATIC / f"js/{name}.js").exists()] == []
