"""Acts of moderation as forms: every one asks why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length, Optional

from app.core.forms import REQUIRED, Form, between, fold
from app.core.i18n import _l

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.topics.models import Category
    from app.topics.queries import Named


class ActForm(Form):
    """The reason."""

    reason = StringField(
        _l("Reason"), filters=[fold], validators=[InputRequired(REQUIRED), between(3, 300)]
    )

    def __init__(self, act: str, *, fresh: bool = False) -> None:
        super().__init__(fresh=fresh)
        # Several of these stand on one page.
        self.reason.id = self.reason.label.field_id = f"reason-{act}"


class MergeForm(ActForm):
    """The reason, and what the bank says to the asker who would else never be answered."""

    answer = StringField(
        _l("The official answer"), filters=[fold], validators=[Optional(), between(3, 500)]
    )

    def __init__(self, answer: str, *, fresh: bool = False) -> None:
        super().__init__("merge", fresh=fresh)
        if self.answer.data is None:
            self.answer.data = answer


class WithdrawForm(Form):
    """Why somebody takes their question back, if they like to say."""

    reason = StringField(
        _l("Reason"),
        filters=[fold],
        validators=[Length(max=300, message=_l("This is too long: %(max)d characters at most."))],
    )


class MoveForm(ActForm):
    """The reason, and where to."""

    category_id = SelectField(_l("To the category"), coerce=int)

    def __init__(self, categories: Iterable[Category], *, fresh: bool = False) -> None:
        super().__init__("move", fresh=fresh)
        self.category_id.choices = [
            SelectChoice(c.id, f"{c.name} · {c.owner.name}") for c in categories
        ]


class PassOnForm(ActForm):
    """The reason, and whose people should rather answer."""

    category_id = SelectField(_l("To the category"), coerce=int)

    def __init__(
        self, categories: Iterable[Named], names: Mapping[int, str], *, fresh: bool = False
    ) -> None:
        """`names`: of who answers in each category today, by its id."""
        super().__init__("pass-on", fresh=fresh)
        self.category_id.id = self.category_id.label.field_id = "pass-on-to"
        self.category_id.choices = [
            SelectChoice(c.id, f"{c.name} · {names[c.id]}") for c in categories
        ]
