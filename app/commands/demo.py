"""`flask demo`: a fictional bank whose story shows what Otklik is."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import select

from app.accounts import consents
from app.accounts import queries as people
from app.accounts.models import Person
from app.brand.models import Brand
from app.commands.storytelling import Storyteller, read
from app.core import clock
from app.core.db import session
from app.core.events import quietly
from app.search.service import keeping as search
from app.topics.models import Topic

PASSWORD = "otklik-demo"  # noqa: S105 (printed at every start: a demo bank keeps no secrets)
CAST = (
    ("Customer", "anna@demo.example"),
    ("Executive, cards", "marina.zorina@demo.example"),
    ("Community manager", "nika.lebedeva@demo.example"),
    ("Administrator", "pavel.drozdov@demo.example"),
)

console = Console(highlight=False)


@dataclass(frozen=True)
class Account:
    """A way into the demo bank."""

    who: str
    email: str
    password: str


class NotEmptyError(RuntimeError):
    """Somebody lives in this database already."""


@click.command()
@with_appcontext
def demo() -> None:
    """Fill the EMPTY database with the demo bank's story and print its accounts."""
    try:
        fill()
    except NotEmptyError as error:
        console.print(f"[red]✗[/] {error}", soft_wrap=True)
        sys.exit(1)
    table = Table("Who", "Sign in with", "Password", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for account in accounts():
        table.add_row(account.who, account.email, account.password)
    console.print(table)
    console.print(
        "Staff of the demo bank come in with the password alone under bin/run; under anything else"
        " say STAFF_SECOND_FACTOR=no.",
        soft_wrap=True,
    )


def _agree(at: datetime) -> None:
    """The bank publishes its legal texts, and everybody of the story agrees to them."""
    administrator = people.administrators()[0]
    for kind, texts in read("legal.toml").items():
        consents.publish(administrator, kind, texts, at=at)
    standing = consents.current()
    for person in session.scalars(select(Person).where(Person.role == "customer")):
        consents.agree(person, standing, "sign_up", None, at=at)


def is_empty() -> bool:
    """Whether nobody has used this database yet."""
    return not any(
        session.scalar(select(model.id).limit(1)) is not None for model in (Person, Topic, Brand)
    )


def accounts() -> list[Account]:
    """The accounts to try the demo bank with; none where the demo bank does not live."""
    known = ((who, people.by_email(email)) for who, email in CAST)
    return [Account(who, p.email or "", PASSWORD) for who, p in known if p and p.is_active]


def fill() -> None:
    """Play the story into an empty database, in one transaction. Nobody is written a letter."""
    if not is_empty():
        message = (
            "The database is not empty; the demo bank would mix with what is there. "
            "Name another one in INSTANCE_PATH or DATABASE_URL."
        )
        raise NotEmptyError(message)
    storyteller = Storyteller(clock.now(), PASSWORD)
    columns = (TextColumn("Playing the story"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
    with quietly(), bar:
        for _ in bar.track(storyteller.tell(), total=len(storyteller)):
            pass
        _agree(storyteller.now)
        session.commit()
    search.rebuild()
