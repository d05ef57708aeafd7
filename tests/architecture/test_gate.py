"""Nothing is published around the gate: who calls the verbs that publish, who makes the rows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"

# Whoever lets words of customers appear, and why it may: the gate, and doors that declare what they
# bring in. The verbs of the bank's people (answers, questions back, notes) are guarded by policy.
VERBS = {
    "ask": {
        "topics/gate.py",
        # An article: of the bank's own.
        "search/service/learning.py",
        # The demonstration's story.
        "commands/storytelling.py",
    },
    "comment": {"topics/gate.py", "commands/storytelling.py"},
    "edit": {"topics/gate.py"},
    "edit_post": {"topics/gate.py"},
    "answer": {
        "topics/views/replies.py",
        "moderation/service/merging.py",
        "search/service/learning.py",
        "commands/storytelling.py",
    },
    "ask_back": {"topics/views/turns.py", "commands/storytelling.py"},
    "promise_news": {"topics/views/turns.py", "commands/storytelling.py"},
}
ROWS = {
    # The import brings in what was public elsewhere.
    "Topic": {"topics/service.py", "channels/service.py"},
    "Post": {"topics/service.py", "channels/service.py"},
    "Revision": {"topics/service.py"},
}
# Whoever publishes what was held has read it.
PUBLISHERS = {"moderation/service/reading.py"}


class Calls(ast.NodeVisitor):
    """Calls of `topics.service` verbs, under whatever name a module knows it, and of models."""

    def __init__(self) -> None:
        self.aliases: dict[str, str] = {}
        self.verbs: set[str] = set()
        self.rows: set[str] = set()
        self.publishes = False

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for name in node.names:
            known = name.asname or name.name
            if (node.module, name.name) in {("app.topics", "service"), ("app.topics", "gate")}:
                self.aliases[known] = name.name
            if node.module in {"app.topics.service", "app.topics.gate"}:
                self.aliases[known] = f"{node.module.rpartition('.')[2]}:{name.name}"
            if node.module == "app.topics.models" and name.name in ROWS:
                self.aliases[known] = f"row:{name.name}"

    def visit_Import(self, node: ast.Import) -> None:
        # `import app.topics.service` would be a name this test does not follow.
        assert not any(name.name.startswith("app.topics") for name in node.names)

    # A verb handed on counts as called: `do = service.ask`.
    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name):
            where = self.aliases.get(node.value.id)
            if where == "service" and node.attr in VERBS:
                self.verbs.add(node.attr)
            if where == "gate" and node.attr == "publish":
                self.publishes = True
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name):
            where = self.aliases.get(node.func.id, "")
            if where.startswith("row:"):
                self.rows.add(where.removeprefix("row:"))
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        where = self.aliases.get(node.id, "")
        if where == "gate:publish":
            self.publishes = True
        if where.startswith("service:") and where.removeprefix("service:") in VERBS:
            self.verbs.add(where.removeprefix("service:"))


def calls(source: str) -> Calls:
    found, tree = Calls(), ast.parse(source)
    for node in ast.walk(tree):  # the imports first, wherever they stand
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.visit(node)
    found.visit(tree)
    return found


FOUND = {p.relative_to(APP).as_posix(): calls(p.read_text("utf-8")) for p in APP.rglob("*.py")}


@pytest.mark.parametrize("verb", VERBS)
def test_only_these_call_a_verb_that_publishes(verb: str) -> None:
    assert {path for path, found in FOUND.items() if verb in found.verbs} == VERBS[verb]


@pytest.mark.parametrize("row", ROWS)
def test_only_these_make_a_row_that_is_public(row: str) -> None:
    assert {path for path, found in FOUND.items() if row in found.rows} == ROWS[row]


def test_only_who_read_it_publishes_what_was_held() -> None:
    assert {path for path, found in FOUND.items() if found.publishes} == PUBLISHERS


def test_this_test_sees_who_goes_around() -> None:
    around = calls(
        "from app.topics import service as talk\n"
        "from app.topics.models import Post as P\n"
        "from app.topics.service import edit as change\n"
        "from app.topics.gate import publish\n"
        "def f(x):\n    do = talk.comment\n    change(x)\n    publish(x)\n    return P()\n"
    )
    assert around.verbs == {"comment", "edit"}
    assert around.rows == {"Post"}
    assert around.publishes
