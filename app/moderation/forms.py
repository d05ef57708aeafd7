"""Acts of moderation as forms: every one asks why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired

from app.core.forms import REQUIRED, Form, between, fold
from app.core.i18n import _l

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.topics.models import Category


class ActForm(Form):
    """The reason."""

    reason = StringField(
        _l("Reason"), filters=[fold], validators=[InputRequired(REQUIRED), between(3, 300)]
    )

    def __init__(self, act: str, *, fresh: bool = False) -> None:
        super().__init__(fresh=fresh)
        # Several of these stand on one page.
        self.reason.id = self.reason.label.field_id = f"reason-{act}"


class MoveForm(ActForm):
    """The reason, and where to."""

    category_id = SelectField(_l("To the category"), coerce=int)

    def __init__(self, categories: Iterable[Category], *, fresh: bool = False) -> None:
        super().__init__("move", fresh=fresh)
        self.category_id.choices = [
            SelectChoice(c.id, f"{c.name} · {c.owner.name}") for c in categories
        ]
