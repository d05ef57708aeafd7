"""What files a slice may have, and where a transaction may end (docs/decisions/0006)."""

import ast
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
EVERY_SLICE = {
    "__init__", "models", "events", "policy", "queries", "service", "forms", "views", "reactions",
    "personal",
}  # fmt: skip
OWN = {
    "accounts": {
        "absences", "codes", "consents", "factors", "fields", "leaked", "namesakes", "outside",
        "paces", "passkeys", "passwords", "sessions",
    },
    "brand": {"colours"},
    "channels": {"stackexchange"},
    "insight": {
        "counted", "gauges", "health", "keeping", "measures", "statistics", "told", "visits",
    },
    "media": {"drawing", "images"},
    "moderation": {
        "inflection", "reported", "signals", "spam", "thresholds", "tracing", "trust",
        "watching", "watchlist",
    },
    "notify": {"feeds", "letters", "reminders"},
    "privacy": {"archive", "ledger"},
    "search": {
        "analysis", "closeness", "cursor", "discretion", "empty_words", "facets", "facts",
        "first_synonyms", "fragments", "gaps", "index", "quotes", "readings", "russian", "shelf",
        "snowball", "synonyms", "ukrainian", "wording",
    },
    "sla": {"engine", "holidays"},
    "topics": {
        "answerers", "answering", "counted", "differences", "drafting", "gate", "pacing", "promise",
        "thanks", "timeline", "turns", "writing",
    },
    "widget": {
        "bearers", "csp", "inspection", "origins", "pages", "pems", "snippets", "tokens",
    },
}  # fmt: skip
SLICES = sorted(p.name for p in APP.iterdir() if p.is_dir() and (p / "events.py").exists())
# Where a unit of work ends: at the doors.
COMMITS = {
    "accounts/sessions.py", "core/deliveries.py", "core/heartbeat.py", "core/tallies.py",
    "core/transactions.py", "core/upkeep.py", "core/web.py",
    # The worker's hourly sweep reads in one transaction and deletes in another.
    "media/service.py",
}  # fmt: skip


def names(slice_name: str) -> set[str]:
    found = (APP / slice_name).iterdir()
    return {p.stem for p in found if p.suffix == ".py" or (p / "__init__.py").exists()}


@pytest.mark.parametrize("slice_name", [s for s in SLICES if s not in {"core", "commands"}])
def test_a_slice_has_the_files_that_were_agreed(slice_name: str) -> None:
    assert names(slice_name) - EVERY_SLICE == OWN.get(slice_name, set())


def commits(path: Path) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr == "commit"
        and isinstance(node.value, ast.Name)
        and node.value.id in {"session", "transactions"}
    ]


def test_transactions_end_at_the_doors_only() -> None:
    found = {p.relative_to(APP).as_posix() for p in APP.rglob("*.py") if commits(p)}
    doors = {f for f in found if f.startswith("commands/") or f.endswith("/reactions.py")}
    assert found - doors == COMMITS
