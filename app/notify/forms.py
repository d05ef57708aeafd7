"""Which letters a person wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wtforms import BooleanField

from app.core.forms import Form
from app.core.i18n import _l
from app.notify.models import CHOICES

if TYPE_CHECKING:
    from app.accounts.models import Person


class LettersForm(Form):
    """One box for each kind of letter; duties are for the bank's people only."""

    answers = BooleanField(
        _l("Answers"),
        description=_l("To what you asked and to what you follow, with the receipt for each."),
    )
    states = BooleanField(
        _l("Decisions"),
        description=_l("What becomes of ideas you support, and when something of yours is moved."),
    )
    comments = BooleanField(
        _l("Comments"), description=_l("What other customers write under what you asked.")
    )
    duties = BooleanField(
        _l("What waits for you"),
        description=_l("New questions in your categories, broken promises, what was not solved."),
    )

    def __init__(self, person: Person) -> None:
        super().__init__(data={name: person.wants(name) for name in CHOICES})
        if not person.is_staff:
            del self.duties

    @property
    def chosen(self) -> dict[str, bool]:
        """What was ticked and what was not."""
        return {name: bool(field.data) for name, field in self._fields.items()}
