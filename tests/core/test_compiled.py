"""Compiled templates that are kept; and what happens when they cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from app.core import compiled

if TYPE_CHECKING:
    from pathlib import Path

WORD = "a word of the template"


def said(instance: Path, templates: Path) -> str:
    app = Flask("kept", template_folder=str(templates))
    app.config["INSTANCE_PATH"] = str(instance)
    compiled.init(app)
    return app.jinja_env.get_template("page.txt").render()


def place(tmp_path: Path) -> tuple[Path, Path]:
    instance, templates = tmp_path / "instance", tmp_path / "templates"
    templates.mkdir()
    (templates / "page.txt").write_text(WORD)
    return instance, templates


def test_they_are_kept_for_the_next_process(tmp_path: Path) -> None:
    instance, templates = place(tmp_path)
    assert said(instance, templates) == WORD
    (kept,) = (instance / "templates").iterdir()
    kept.write_bytes(kept.read_bytes().replace(WORD.encode(), WORD.upper().encode()))
    assert said(instance, templates) == WORD.upper()  # it was read, not compiled


def test_a_changed_template_is_compiled_anew(tmp_path: Path) -> None:
    instance, templates = place(tmp_path)
    said(instance, templates)
    (templates / "page.txt").write_text("another")
    assert said(instance, templates) == "another"


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    instance, templates = place(tmp_path)
    instance.write_text("no folder at all")
    assert said(instance, templates) == WORD
