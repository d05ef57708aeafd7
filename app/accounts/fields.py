"""What a name must be, at every door where somebody writes theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wtforms import ValidationError

from app.accounts import service
from app.core import names
from app.core.i18n import _, _l

if TYPE_CHECKING:
    from wtforms import Field

    from app.core.forms import Form


NAME_FAULTS = {
    "hidden": _l("There is a sign in this name that cannot be seen. Please type it anew."),
    "marks": _l("There are too many marks over one letter of this name."),
    "signs": _l("A name is made of letters. Please leave out pictures and signs."),
    "styled": _l("Please write the name in ordinary letters."),
    "mixed": _l("Please write each word of the name in one alphabet."),
    "short": _l("A name has two letters at least."),
}


class IsPlain:
    """Words under a name, or a colleague's name, drawn so that they say what they seem to."""

    def __call__(self, _form: Form, field: Field) -> None:
        fault = names.fault(field.data) if field.data else None
        # A post may be two letters, or one; how long a name is, its own field says.
        if fault not in {None, "short"}:
            raise ValidationError(str(NAME_FAULTS[fault]))


class IsOwnName:
    """A name that shows itself and could not be taken for the bank's."""

    def __init__(self, bank: str, person: Any = None) -> None:
        self.bank, self.person = bank, person

    def __call__(self, _form: Form, field: Field) -> None:
        try:
            service.check_name(field.data or "", self.bank, person=self.person)
        except service.NameFaultError as error:
            raise ValidationError(str(NAME_FAULTS[error.fault])) from None
        except service.NameTakenError:
            raise ValidationError(
                _("This name could be taken for somebody at the bank. Please choose another.")
            ) from None
