"""`flask import …`: history from elsewhere, with a bar, interruptible, without doubles."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from sqlalchemy import select

from app.accounts import queries as accounts
from app.brand.queries import brand
from app.channels import queries, service, stackexchange
from app.channels.stackexchange import ANSWER, QUESTION, BadRow, BrokenOffError
from app.core import i18n, transactions
from app.core.db import session
from app.insight.queries.archive import first_answer_hours
from app.insight.statistics import percentile
from app.search import queries as search_queries
from app.search.index import IndexBusy
from app.search.service import keeping as search
from app.topics import queries as topics
from app.topics.models import Category, Post, Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Rows = Sequence[tuple[int, Mapping[str, str]]]

T = TypeVar("T")
BATCH = 200
SHOWN = 20  # bad rows named one by one; the rest are counted

console = Console(highlight=False)

importing = AppGroup("import", help="Bring history in from elsewhere.")


@importing.command("stackexchange")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--category", metavar="SLUG", help="Where the topics go. Default: one for the site.")
@click.option("--language", type=click.Choice(i18n.LOCALES), help="Default: guessed, text by text.")
@click.option("--site", help="The site's name. Default: the folder's.")
def import_stackexchange(
    path: Path, category: str | None, language: str | None, site: str | None
) -> None:
    """Bring in a Stack Exchange dump: PATH is its folder or its Posts.xml.

    May be interrupted and run again: what is here already is left as it is. Sends nothing, starts
    no clock. Rows that make no sense are named and skipped.
    """
    posts = path / "Posts.xml" if path.is_dir() else path
    if not posts.is_file():
        raise click.ClickException(f"There is no {posts}.")
    site = re.sub(r"[^a-z0-9]+", "-", (site or posts.resolve().parent.name).lower()).strip("-")[:40]
    bank = brand()
    archive = service.Archive(
        origin=f"stackexchange:{site}",
        category_id=_category(category, site).id,
        bank=bank.name,
        locale=bank.locale,
        language=language,
    )
    dump = Dump(archive, posts)
    status = 0
    try:
        dump.bring_in()
    except KeyboardInterrupt:
        transactions.rollback()
        console.print("\nStopped. What is in stays; run the same command again to go on.")
        status = 130
    dump.sum_up()
    sys.exit(status or (1 if dump.broken_off else 0))


@dataclass
class Dump:
    """One run: what came in, what was skipped and why."""

    archive: service.Archive
    posts: Path
    topics: int = 0
    answers: int = 0
    named: int = 0
    skipped: int = 0
    other: int = 0
    broken_off: bool = False
    bar: Progress = field(init=False)

    def __post_init__(self) -> None:
        self.bar = Progress(
            TextColumn("{task.description:<9}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def bring_in(self) -> None:
        """Questions first, then answers: an answer may stand before its question in the file."""
        users = self.posts.with_name("Users.xml")
        with self.bar:
            self._pass("Questions", self.posts, self._questions)
            self._pass("Answers", self.posts, self._answers)
            if users.is_file():
                self._pass("Names", users, self._names)
            self._make_findable()

    def _make_findable(self) -> None:
        is_new = bool(self.topics or self.answers)
        if not is_new and search.count() == search_queries.topics_in_sight():
            return
        task = self.bar.add_task("Index", total=search_queries.topics_at_all())
        try:
            search.rebuild(lambda done: self.bar.update(task, completed=done))
        except IndexBusy:
            self._say("Somebody else is writing the index; the worker makes it whole later.")

    def sum_up(self) -> None:
        """Print what this run did, and the figures over all that is here from there."""
        table = Table("Brought in", "", box=None, pad_edge=False, padding=(0, 3, 0, 0))
        table.columns[1].justify = "right"
        everybody = queries.count_authors(self.archive.origin)
        for what, count in (
            ("Topics", self.topics),
            ("Answers", self.answers),
            ("Authors, in all", everybody),
            ("Rows skipped as bad", self.skipped),
            ("Rows of other kinds", self.other),
        ):
            table.add_row(what, str(count))
        console.print(table)
        hours = first_answer_hours(self.archive.origin)
        median, p90 = percentile(hours, 0.5), percentile(hours, 0.9)
        if median is not None and p90 is not None:
            console.print(
                f"First answer over {len(hours)} answered topics: "
                f"median {median:.2f} h, 90 % within {p90:.1f} h.",
                soft_wrap=True,
            )

    def _pass(self, what: str, path: Path, bring_in: Callable[[Rows], None]) -> None:
        task = self.bar.add_task(what, total=path.stat().st_size)
        try:
            for rows, position in _batches(path):
                bring_in(rows)
                transactions.commit()
                session.expunge_all()
                self.bar.update(task, completed=position)
        except BrokenOffError as error:
            if not self.broken_off:
                self._say(f"{path.name} breaks off {error}. What stood before it is in.")
            self.broken_off = True

    def _questions(self, rows: Rows) -> None:
        known = {QUESTION, ANSWER}
        self.other += sum(row.get("PostTypeId") not in known for _, row in rows)
        for _, row in rows:
            if row.get("PostTypeId") == QUESTION and "AcceptedAnswerId" in row:
                self.archive.accepted[row["AcceptedAnswerId"]] = row.get("Id", "")
        questions = self._read(self._new(rows, Topic, QUESTION), stackexchange.question)
        self.topics += service.bring_in_questions(self.archive, questions)

    def _answers(self, rows: Rows) -> None:
        answers = self._read(self._new(rows, Post, ANSWER), stackexchange.answer)
        count, orphans = service.bring_in_answers(self.archive, answers)
        self.answers += count
        for orphan in orphans:
            self._skip(orphan)

    def _names(self, rows: Rows) -> None:
        self.named += service.name_people(self.archive, self._read(rows, stackexchange.person))

    def _new(self, rows: Rows, model: type[Topic | Post], sort: str) -> Rows:
        """The rows of one sort that did not come in before: cleaning them is what takes time."""
        those = [(number, row) for number, row in rows if row.get("PostTypeId") == sort]
        new = service.not_here_yet(self.archive, model, (row.get("Id", "") for _, row in those))
        transactions.commit()  # reading takes its time, and nobody should wait for it
        return [(number, row) for number, row in those if row.get("Id", "") in new]

    def _read(self, rows: Rows, make: Callable[[int, Mapping[str, str]], T]) -> list[T]:
        made = []
        for number, row in rows:
            try:
                made.append(make(number, row))
            except BadRow as bad:
                self._skip(bad)
        return made

    def _skip(self, bad: BadRow) -> None:
        self.skipped += 1
        if self.skipped <= SHOWN:
            self._say(f"Skipped {bad}")
        elif self.skipped == SHOWN + 1:
            self._say("Further bad rows are only counted.")

    def _say(self, words: str) -> None:
        self.bar.console.print(f"! {escape(words)}", soft_wrap=True)


def _batches(path: Path) -> Iterator[tuple[Rows, int]]:
    """The file's rows by two hundred, each time with how far it is read."""
    batch: list[tuple[int, Mapping[str, str]]] = []
    with path.open("rb") as file:
        try:
            for row in stackexchange.rows(file):
                batch.append(row)
                if len(batch) == BATCH:
                    yield batch, file.tell()
                    batch = []
        except BrokenOffError:
            yield batch, file.tell()
            raise
        yield batch, file.tell()


def _category(slug: str | None, site: str) -> Category:
    """The category named, or one for the site, whose owner is the administrator for now."""
    found = session.scalar(select(Category).where(Category.slug == (slug or site)))
    if found is not None:
        return found
    if slug is not None:
        known = ", ".join(c.slug for c in topics.categories())
        raise click.ClickException(f"There is no category {slug!r}. There are: {known or 'none'}.")
    administrators = accounts.administrators()
    if not administrators:
        raise click.ClickException(
            "Every category has somebody who answers for it, and nobody is here yet: "
            "run `flask create-admin EMAIL` first, or name a --category."
        )
    last = max((c.place for c in topics.categories()), default=0)
    made = Category(
        slug=site, name=site.replace("-", " ").title(), owner=administrators[0], place=last + 1
    )
    session.add(made)
    transactions.commit()
    console.print(
        f"Made the category {made.slug!r}; {made.owner.name} answers for it until you name "
        f"somebody in Manage, Categories.",
        soft_wrap=True,
    )
    return made
