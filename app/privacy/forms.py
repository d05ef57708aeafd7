"""Forms about personal data."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from wtforms import (
    BooleanField,
    DateField,
    Field,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length, NumberRange

from app.core import clock
from app.core.forms import REQUIRED, Form, between, fold, strip
from app.core.i18n import _, _l
from app.privacy.models import BASES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.retention import Term

# A hold is looked at again within a quarter.
LONGEST_REVIEW = timedelta(days=92)
LONGEST_TERM = 3660

BASIS_WORDS = {
    "own_request": _l("Their own request, made here"),
    "letter": _l("Their request by letter, by telephone or in a branch"),
    "consent_withdrawn": _l("They withdrew their consent"),
    "not_needed": _l("The purpose is reached, the data are not needed"),
    "unlawful": _l("The data were processed unlawfully"),
    "order": _l("An order of a court or an authority"),
}


class ErasureForm(Form):
    """What goes: who I am, or what I wrote too."""

    scope = RadioField(
        _l("What is to be erased?"),
        choices=[
            SelectChoice("name", _l("My name and my account")),
            SelectChoice("words", _l("My name, my account and what I wrote")),
        ],
        validators=[InputRequired(_l("Please choose one."))],
    )
    understood = BooleanField(
        _l("I understand that this cannot be undone"), validators=[InputRequired(REQUIRED)]
    )

    @property
    def words(self) -> bool:
        """Whether what they wrote goes too."""
        return bool(self.scope.data == "words")


class OrderForm(ErasureForm):
    """An erasure on a request that was received elsewhere."""

    basis = SelectField(
        _l("On what ground"),
        choices=[SelectChoice(b, BASIS_WORDS[b]) for b in BASES if b != "own_request"],
    )
    reference = StringField(
        _l("Number and day of the request"),
        filters=[fold],
        validators=[InputRequired(REQUIRED), between(2, 120)],
        description=_l("As in the bank's register. No name: it will stand in the act."),
    )

    def __init__(self) -> None:
        super().__init__()
        self.scope.choices = [
            SelectChoice("name", _("The name and the account")),
            SelectChoice("words", _("The name, the account and what they wrote")),
        ]
        self.understood.label.text = _("I have checked who asks, and that this cannot be undone")


class HoldForm(Form):
    """Why nothing of somebody may be deleted, and when that is looked at again."""

    reason = TextAreaField(
        _l("Reason"), filters=[strip], validators=[InputRequired(REQUIRED), Length(max=300)]
    )
    review_on = DateField(  # type: ignore[call-arg]  # newer than stubs
        _l("To be reviewed on"),
        format=["%Y-%m-%d", "%d.%m.%Y"],
        invalid_value_message=_l("Write the day like 2026-11-28 or 28.11.2026."),
        validators=[InputRequired(REQUIRED)],
        description=_l("Within three months."),
    )

    def validate_review_on(self, field: Field) -> None:
        """Soon enough to be remembered."""
        today = clock.now().date()
        if field.data is not None and not today <= field.data <= today + LONGEST_REVIEW:
            raise ValidationError(_("Choose a day within three months."))


def periods_form(terms: Sequence[Term], chosen: Mapping[str, int]) -> Any:
    """A number of days for each term."""
    fields = {
        term.name: IntegerField(
            str(term.about),
            validators=[
                InputRequired(REQUIRED),
                NumberRange(1, LONGEST_TERM, message=_("From %(min)d to %(max)d days, please.")),
            ],
            description=_("%(days)s days, unless you choose otherwise", days=term.days),
        )
        for term in terms
    }
    form_class = type("PeriodsForm", (Form,), fields)
    return form_class(data=dict(chosen))
