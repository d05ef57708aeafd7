"""The rules of the house that import-linter cannot say."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
FILES = sorted(APP.rglob("*.py"))
BARRED_NAMES = {"utils", "helpers", "common", "manager"}
# What an upper slice may take from a lower one. A slice's own extra file is its own too.
PRIVATE = {"views", "forms", "reactions"}

# Asking another machine goes through the guard of core/outgoing.py. Parts of the standard library,
# which import-linter knows only whole; packages that do the same are in its contracts.
ASKING = {"urllib.request", "http.client", "ftplib", "xmlrpc.client", "socket.create_connection"}
MAY_ASK = {
    "app/core/outgoing.py": "the guard itself",
    "app/commands/launch.py": "asks our own web process whether it is up",
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name(path))


def imports(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for child in ast.walk(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child


def imported_modules(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Every dotted name the statement may bind, `from a import b` counted as `a.b`."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif node.module is not None:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_inside_functions(module: ast.Module) -> list[int]:
    return sorted(
        {
            found.lineno
            for function in ast.walk(module)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for found in imports(function)
        }
    )


def private_imports(module: ast.Module, slice_name: str) -> list[str]:
    """What this file of `slice_name` takes from another slice's private rooms."""
    return [
        target
        for found in imports(module)
        for target in imported_modules(found)
        if (parts := target.split("."))[0] == "app"
        and len(parts) > 2
        and parts[1] not in {slice_name, "core"}
        and parts[2] in PRIVATE
    ]


def relative_imports(module: ast.Module) -> list[int]:
    return [
        found.lineno
        for found in imports(module)
        if isinstance(found, ast.ImportFrom) and found.level > 0
    ]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_import_inside_a_function(path: Path) -> None:
    assert imports_inside_functions(tree(path)) == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_name_the_whole_way(path: Path) -> None:
    assert relative_imports(tree(path)) == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_slice_enters_anothers_private_rooms(path: Path) -> None:
    slice_name = path.relative_to(APP).parts[0].removesuffix(".py")
    if slice_name == "factory":
        return  # the factory alone gathers views and reactions
    assert private_imports(tree(path), slice_name) == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_file_is_named_after_nothing(path: Path) -> None:
    assert not BARRED_NAMES & {part.removesuffix(".py") for part in path.relative_to(APP).parts}


def asks_outside(module: ast.Module) -> list[str]:
    return [
        target
        for found in imports(module)
        for target in imported_modules(found)
        if any(target == each or target.startswith(f"{each}.") for each in ASKING)
    ]


def test_only_the_guard_asks_other_machines() -> None:
    asking = {name(path) for path in FILES if asks_outside(tree(path))}
    assert asking == set(MAY_ASK)


def test_the_rules_can_fail() -> None:
    assert asks_outside(ast.parse("from urllib.request import urlopen")) != []
    assert asks_outside(ast.parse("import http.client")) != []
    assert asks_outside(ast.parse("from urllib.parse import urlsplit")) == []
    module = ast.parse(
        "from app.topics.forms import Draft\n"
        "from app.topics import views\n"
        "from . import events\n"
        "def late():\n"
        "    import json\n"
    )
    assert imports_inside_functions(module) == [5]
    assert private_imports(module, "sla") == ["app.topics.forms.Draft", "app.topics.views"]
    assert private_imports(module, "topics") == []
    assert relative_imports(module) == [3]


def test_only_sheets_write_tables_for_spreadsheets() -> None:
    writing = {
        name(path)
        for path in FILES
        if any(t.split(".")[0] == "csv" for f in imports(tree(path)) for t in imported_modules(f))
    }
    assert writing == {"app/core/sheets.py"}
