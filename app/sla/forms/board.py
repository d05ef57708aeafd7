"""The board's forms: moving several topics at once, and why a promise was broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length, ValidationError

from app.core.forms import REQUIRED, Form, between, fold
from app.core.i18n import _, _l
from app.sla.queries.breaches import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.topics.answering import ActingPerson
    from app.topics.models import Category

REASONS = {
    "too_busy": _l("Too much to do"),
    "waited_inside": _l("Waited for somebody inside the bank"),
    "wrong_place": _l("Was in the wrong category"),
    "away": _l("Whoever should answer was away"),
    "unnoticed": _l("Nobody noticed"),
    "outage": _l("Something was broken"),
    "other": _l("Something else"),
}
TOO_LONG = _l("At most %(max)d characters, please.")


class ReassignForm(Form):
    """Where several topics go, and why."""

    category_id = SelectField(
        _l("To the category"), validators=[InputRequired(REQUIRED)], validate_choice=False
    )
    reason = StringField(
        _l("Reason"),
        description=_l("It stands in public on each of these topics."),
        filters=[fold],
        validators=[InputRequired(REQUIRED), between(3, 300)],
    )

    def __init__(
        self, categories: Sequence[Category], answering: Mapping[int, ActingPerson]
    ) -> None:
        super().__init__()
        self.known = {str(c.id): c for c in categories}
        self.category_id.choices = [
            SelectChoice("", _("Choose a category")),
            *(
                SelectChoice(str(c.id), f"{c.name} · {answering[c.id].person.name}")
                for c in categories
            ),
        ]

    def validate_category_id(self, _field: SelectField) -> None:
        """One of the open categories."""
        if self.to is None:
            raise ValidationError(_("Please choose one of these."))

    @property
    def to(self) -> Category | None:
        """The category that was chosen."""
        return self.known.get(str(self.category_id.data))


class BreachForm(Form):
    """Why a promise was broken."""

    code = SelectField(_l("Reason"), validators=[InputRequired(REQUIRED)], validate_choice=False)
    note = StringField(
        _l("In a few words"), filters=[fold], validators=[Length(max=300, message=TOO_LONG)]
    )

    def __init__(self, promise_id: int, obj: Any = None, *, fresh: bool = False) -> None:
        super().__init__(obj, fresh=fresh)
        self.code.choices = [
            SelectChoice("", _("Choose a reason")),
            *(SelectChoice(code, str(REASONS[code])) for code in CODES),
        ]
        # Several of these stand on one page.
        for field in self:
            field.id = field.label.field_id = f"{field.name}-{promise_id}"

    def validate_code(self, field: SelectField) -> None:
        """One of the reasons there are."""
        if field.data not in CODES:
            raise ValidationError(_("Please choose one of these."))

    def validate_note(self, field: StringField) -> None:
        """Something else must be said in words."""
        if self.code.data == "other" and not field.data:
            raise ValidationError(_("Please say what it was."))
