"""How fast an engine is built and asked, and what it answers: for any documents and questions.

    .venv/bin/python bench/search.py --engine tantivy --documents D.jsonl --queries Q.jsonl

Documents: `{"id", "title", "body", "answers": [...], "lang"?}` a line. Queries: `{"id", "text"}` a
line. Both go the product's own way: its analysis, its index, its search for suggestions. Answers go
to the standard output, `{"id", "hits": [ids], "ms"}` a line; the table to the standard error.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.search import shelf, wording
from app.search.first_synonyms import GROUPS
from app.search.index import ENGINES, Document, Index
from app.search.suggesting import suggest
from app.search.synonyms import Thesaurus
from app.search.wording import Wording

LANGUAGES = {"ru", "uk", "en"}


@click.command()
@click.option("--engine", type=click.Choice(sorted(ENGINES)), default="whoosh", show_default=True)
@click.option("--documents", type=click.File(encoding="utf-8"), required=True)
@click.option("--queries", type=click.File(encoding="utf-8"), required=True)
@click.option("--semantic", is_flag=True, help="Also by what titles mean (SEARCH_SEMANTIC).")
@click.option("--limit", default=5, show_default=True, help="How many hits a query may have.")
def main(engine: str, documents: TextIO, queries: TextIO, limit: int, *, semantic: bool) -> None:
    """Index the documents, ask the queries, measure both."""
    console = Console(stderr=True)
    ids: list[Any] = []
    meanings = shelf.meanings() if semantic else None
    name = f"{engine}, semantic" if semantic else engine
    with tempfile.TemporaryDirectory() as folder:
        index = Index(Path(folder), patience=1.0, engine=engine, meanings=meanings).made()
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(f"{engine}: indexing", total=None)
            began = time.perf_counter()
            held = index.rebuild(
                read(documents, ids), progress=lambda done: bar.update(task, completed=done)
            )
            built = time.perf_counter() - began
            task = bar.add_task(f"{engine}: asking", total=None)
            took = []
            for line in queries:
                asked = json.loads(line)
                began = time.perf_counter()
                text = str(asked["text"])
                found = suggest(index, text, worded(text), limit=limit)
                took.append((time.perf_counter() - began) * 1000)
                hits = [ids[number] for number in found.ids]
                row = {"id": asked["id"], "hits": hits, "ms": round(took[-1], 3)}
                sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
                bar.advance(task)
        size = sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file())
    console.print(summary(name, held, built, sorted(took), size))


THESAURUS = Thesaurus(GROUPS)


def worded(text: str) -> Wording:
    """The text read as the page reads it, with the synonyms that a new bank begins with."""
    asked = wording.read(text, typing=True)
    return replace(asked, synonyms=THESAURUS.alternatives(asked.words))


def read(lines: TextIO, ids: list[Any]) -> Iterator[Document]:
    """Documents numbered from 0; `ids` gets their own names in that order."""
    for line in lines:
        each = json.loads(line)
        ids.append(each["id"])
        answers = [str(answer) for answer in each.get("answers") or ()]
        language = each.get("lang")
        yield Document(
            topic_id=len(ids) - 1,
            title=str(each.get("title") or ""),
            body=str(each.get("body") or ""),
            official=answers,
            answered=bool(answers),
            language=language if language in LANGUAGES else None,
        )


def summary(engine: str, held: int, built: float, took: list[float], size: int) -> Table:
    """One row; milliseconds a query, megabytes."""
    table = Table("Engine", box=None, title="The search engine, measured")
    columns = ("Documents", "Built, documents/s", "Queries", "p50 ms", "p95 ms", "p99 ms")
    for name in (*columns, "Index MB", "Memory MB"):
        table.add_column(name, justify="right")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    table.add_row(
        engine,
        f"{held:,}",
        f"{held / built:,.0f}",
        f"{len(took):,}",
        *(f"{at(took, share):.1f}" for share in (0.5, 0.95, 0.99)),
        f"{size / 2**20:.1f}",
        f"{memory:.0f}",
    )
    return table


def at(ordered: list[float], share: float) -> float:
    """The value below which that share of them lies (nearest rank)."""
    return ordered[max(0, round(share * len(ordered)) - 1)] if ordered else 0.0


if __name__ == "__main__":
    main()
