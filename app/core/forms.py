"""Forms: what every form of ours does alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request
from werkzeug.datastructures import CombinedMultiDict
from wtforms import Form as WTForm
from wtforms import ValidationError
from wtforms.validators import Length

from app.core.i18n import _, _l
from app.core.lazily import lazily

if TYPE_CHECKING:
    import email_validator
    from wtforms import Field
else:
    email_validator = lazily("email_validator")

REQUIRED = _l("Please fill this in.")


class Form(WTForm):
    """A form filled from the request when it was sent, else from `obj` and keywords.

    `fresh`: the request sent another form of the same page, so this one reads none of it.
    """

    def __init__(self, obj: Any = None, *, fresh: bool = False, **kwargs: Any) -> None:
        sent: Any = None
        if request.method == "POST" and not fresh:
            sent = CombinedMultiDict([request.files, request.form])
        super().__init__(sent, obj=obj, **kwargs)

    def is_sent_well(self) -> bool:
        """Whether it was sent and every field is right."""
        return request.method == "POST" and self.validate()


def strip(text: str | None) -> str | None:
    """Without white space around it."""
    return text.strip() if isinstance(text, str) else text


def fold(text: str | None) -> str | None:
    """One line: every run of white space is one space."""
    return " ".join(text.split()) if isinstance(text, str) else text


def between(shortest: int, longest: int) -> Length:
    """A length in characters, said in the reader's language."""
    return Length(shortest, longest, message=_l("From %(min)d to %(max)d characters, please."))


class IsAddress:
    """An e-mail address as mail servers understand it; nothing is asked of the network."""

    def __call__(self, _form: WTForm, field: Field) -> None:
        try:
            found = email_validator.validate_email(field.data or "", check_deliverability=False)
        except email_validator.EmailNotValidError:
            raise ValidationError(
                _("Write the address like name@example.org; something in it does not fit.")
            ) from None
        field.data = found.normalized
