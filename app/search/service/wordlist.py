"""Keeping the words that mean the same; what they are to be, the form has looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core import clock
from app.core.db import session
from app.core.events import Event, record
from app.search.models import Synonyms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.accounts.models import Person


@dataclass(frozen=True)
class SynonymsChanged(Event):
    """Words that mean the same were "added", "changed" or "removed"."""

    group_id: int
    kind: str


def add(editor: Person, groups: Iterable[Sequence[str]]) -> list[Synonyms]:
    """New groups; the next search knows them."""
    made = [Synonyms(words=list(words), editor=editor) for words in groups]
    session.add_all(made)
    session.flush()
    for group in made:
        record(SynonymsChanged(group.id, "added"), by=editor.id)
    return made


def change(editor: Person, group: Synonyms, words: Sequence[str]) -> None:
    """Other words for a group."""
    group.words, group.editor, group.updated_at = list(words), editor, clock.now()
    record(SynonymsChanged(group.id, "changed"), by=editor.id)


def remove(editor: Person, group: Synonyms) -> None:
    """Its words mean nothing to one another any more."""
    record(SynonymsChanged(group.id, "removed"), by=editor.id)
    session.delete(group)
    session.flush()
