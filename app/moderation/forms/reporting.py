"""Saying that somebody should look, and deciding on it."""

from __future__ import annotations

from typing import Final

from wtforms import HiddenField, RadioField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length

from app.core.db import row_id
from app.core.forms import REQUIRED, Form, between, fold, strip
from app.core.i18n import _, _l
from app.moderation.models.reports import REASONS

REASON_WORDS: Final = {
    "personal_data": _l("It shows personal data: a number, an address, a name"),
    "insult": _l("It insults or threatens somebody"),
    "spam": _l("It is advertising or spam"),
    "off_topic": _l("It has nothing to do with the topic"),
    "dangerous": _l("It gives dangerous advice: to send money, to tell a code"),
    "other": _l("Something else"),
}
LONGEST: Final = 500


class ReportForm(Form):
    """What is wrong with it."""

    reason = RadioField(
        _l("What is wrong with it?"),
        [InputRequired(_l("Choose what is wrong with it."))],
        choices=[SelectChoice(reason, REASON_WORDS[reason]) for reason in REASONS],
        validate_choice=False,
    )
    words = TextAreaField(
        _l("In your words"),
        [Length(max=LONGEST, message=_l("This is too long: %(max)d characters at most."))],
        filters=[strip],
    )

    def validate_reason(self, field: RadioField) -> None:
        if field.data not in REASONS:
            raise ValidationError(_("Choose what is wrong with it."))

    def validate_words(self, field: TextAreaField) -> None:
        """Something else must be said."""
        if self.reason.data == "other" and not field.data:
            raise ValidationError(_("Please say what is wrong with it."))


class AgreeForm(Form):
    """Why it is hidden, as its author reads it; and the last report that was seen."""

    reason = StringField(
        _l("Reason"), filters=[fold], validators=[InputRequired(REQUIRED), between(3, 300)]
    )
    seen = HiddenField()

    def __init__(self, about: str = "", *, reason: str = "", fresh: bool = False) -> None:
        super().__init__(fresh=fresh)
        # Several of these stand on one page.
        self.reason.id = self.reason.label.field_id = f"reason-{about.replace(':', '-')}"
        if self.reason.data is None:
            self.reason.data = reason

    @property
    def up_to(self) -> int | None:
        """The last report that stood on the page."""
        return row_id(self.seen.data)
