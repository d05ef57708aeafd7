"""What is never called, and the few places where text becomes a page without being escaped."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "app").rglob("*.py"))
TEMPLATES = sorted(p for p in (ROOT / "templates").rglob("*") if p.is_file())

NEVER_IMPORTED = {"pickle", "cPickle", "marshal", "shelve", "dill", "jsonpickle", "telnetlib",
                  "xml.sax", "xml.dom", "lxml"}  # fmt: skip
NEVER_CALLED = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load",
                "render_template_string", "from_string", "Template", "tempfile.mktemp"}  # fmt: skip
# `re.compile` and the like are other things by the same name.
FINE = {"re.compile", "regex.compile", "re2.compile"}
# Text that becomes HTML unescaped, and why that is well: each was looked at.
SAFE = {
    "shapes[name]": "icons of ours",
    "whole(topic.body_html)": "in letters: through both gates of core/markup.py, addresses whole",
    "whole(post.body_html)": "likewise",
    "whole((asked or topic).body_html)": "likewise",
    "whole(change.note_html)": "likewise",
}
MARKUP = {
    "app/brand/views.py": "Markdown through both gates",
    "app/core/challenge.py": "a template of ours, rendered",
    "app/core/direction.py": "a format that escapes what it is given",
    "app/core/i18n.py": "messages of ours; what fills their places is escaped",
    "app/core/leaving.py": "HTML of the gates, its links turned",
    "app/core/panels.py": "templates, rendered",
    "app/core/typing_time.py": "a format that escapes what it is given",
    "app/search/fragments.py": "every piece is escaped first",
    "app/search/quotes.py": "an empty one",
    "app/search/service/finding.py": "an empty one",
    "app/search/views/search.py": "a template of ours, rendered",
    "app/widget/views/enquiries.py": "a format that escapes what it is given",
}
COOKIES = {"app/core/cookies.py", "app/accounts/sessions.py"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_nothing_is_unpickled_evaluated_or_made_a_template_of() -> None:
    found = {
        (name(path), called)
        for path in FILES
        for called, _ in calls(path)
        if {called, called.rpartition(".")[2]} & NEVER_CALLED and called not in FINE
    }
    assert found == set()


def test_no_shell_reads_what_we_start() -> None:
    found = [
        name(path) for path in FILES for _, call in calls(path)
        if any(k.arg == "shell" and ast.unparse(k.value) != "False" for k in call.keywords)
    ]  # fmt: skip
    assert found == []


def test_nothing_is_imported_that_runs_what_it_reads() -> None:
    found = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            found |= {(name(path), n) for n in names for bad in NEVER_IMPORTED
                      if n == bad or n.startswith(f"{bad}.")}  # fmt: skip
    assert found == set()


def test_every_template_is_escaped_and_every_exception_was_looked_at() -> None:
    found = set()
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8", errors="replace")
        found |= set(re.findall(r"\{\{-?\s*([^{}]*?)\s*\|\s*safe\b", text))
        assert "autoescape false" not in text, path
    assert found == set(SAFE), "look at it, then say here why it is well"


def test_templates_have_names_that_are_escaped() -> None:
    # Flask escapes by the ending: what ends otherwise must have nothing of anybody in it.
    plain = {name(p) for p in TEMPLATES if p.suffix not in {".html", ".xml", ".svg", ".htm"}}
    for path in plain - {"templates/topics/robots.txt"}:
        assert path.startswith("templates/notify/emails/") or "emails" in path, path


def test_markup_is_made_where_it_was_looked_at() -> None:
    found = {name(path) for path in FILES for called, _ in calls(path) if called == "Markup"}
    assert found == set(MARKUP), "look at it, then say here why it is well"


def test_cookies_are_given_in_one_place_each() -> None:
    found = {name(p) for p in FILES for called, _ in calls(p) if called.endswith(".set_cookie")}
    assert found == COOKIES


@pytest.mark.parametrize("secret", ["BEGIN RSA PRIVATE", "BEGIN PRIVATE KEY", "BEGIN OPENSSH"])
def test_no_key_lies_in_the_house(secret: str) -> None:
    places = ("app", "deploy", "bin", "static", "templates", "migrations")
    for path in (p for place in places for p in (ROOT / place).rglob("*") if p.is_file()):
        assert secret.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    "text", ["eval(x)", "pickle.loads(x)", "app.jinja_env.from_string(x)", "os.system(x)"]
)
def test_the_rules_can_fail(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    [(called, _)] = calls(path)
    assert {called, called.rpartition(".")[2]} & NEVER_CALLED or called.startswith("pickle")
