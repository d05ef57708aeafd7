"""A decision on an idea as a form."""

from __future__ import annotations

from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired

from app.core.forms import REQUIRED, Form, between, strip
from app.core.i18n import _l
from app.topics.models import IDEA_STATES

STATE_WORDS = {
    "new": _l("New"),
    "under_consideration": _l("Under consideration"),
    "planned": _l("Planned"),
    "done": _l("Done"),
    "declined": _l("Declined"),
}


class DecisionForm(Form):
    """Where an idea goes now, and why, in public."""

    state = RadioField(_l("What is decided"), validators=[InputRequired(_l("Choose a state."))])
    note = TextAreaField(
        _l("Explanation"),
        filters=[strip],
        validators=[InputRequired(REQUIRED), between(10, 2000)],
        description=_l("Published with your name and post. Those who voted get it by e-mail."),
    )

    def __init__(self, present: str, *, fresh: bool = False) -> None:
        super().__init__(fresh=fresh)
        self.state.choices = [SelectChoice(s, STATE_WORDS[s]) for s in IDEA_STATES if s != present]
