"""Keeping somebody from writing or from signing in, as a form."""

from __future__ import annotations

from datetime import datetime, timedelta

from wtforms import RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired

from app.core import clock
from app.core.forms import REQUIRED, Form, between, fold
from app.core.i18n import _l
from app.moderation.forms.acts import ActForm

KIND_WORDS = {
    "silence": _l("Silence: may sign in and read, and not write"),
    "suspend": _l("Suspend: may not sign in; every session ends at once"),
}
# Days; 0 is until it is lifted.
SPANS = {
    1: _l("One day"),
    3: _l("Three days"),
    7: _l("A week"),
    30: _l("30 days"),
    90: _l("90 days"),
    0: _l("Until it is lifted"),
}


class RestrainForm(Form):
    """What from, for how long and why."""

    kind = RadioField(
        _l("What is decided"),
        [InputRequired(_l("Choose what is decided."))],
        choices=[SelectChoice(name, words) for name, words in KIND_WORDS.items()],
    )
    days = SelectField(
        _l("For how long"),
        coerce=int,
        choices=[SelectChoice(days, words) for days, words in SPANS.items()],
        default=7,
    )
    reason = StringField(
        _l("Reason"),
        [InputRequired(REQUIRED), between(3, 300)],
        description=_l("They read this, with the end, and may appeal once."),
        filters=[fold],
    )

    @property
    def ends_at(self) -> datetime | None:
        """The end, None when it has none."""
        return clock.now() + timedelta(days=self.days.data) if self.days.data else None


class LiftForm(ActForm):
    """Why it ends before its time."""

    def __init__(self, *, fresh: bool = False) -> None:
        super().__init__("lift", fresh=fresh)
