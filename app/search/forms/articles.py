"""An article: a question in the customers' words with its official answer at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wtforms import HiddenField, RadioField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length

from app.core import markup
from app.core.db import row_id
from app.core.forms import REQUIRED, Form, between, fold, strip
from app.core.i18n import _, _l
from app.topics.service import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wtforms import Field

    from app.topics.models import Category

_TOO_LONG = _l("This is too long: %(max)d characters at most.")


def _shows_something(_form: Form, field: Field) -> None:
    """Refuse what is only spaces and invisible characters."""
    if not any(c.isalnum() for c in field.data or ""):
        raise ValidationError(_("Please write this in words."))


class ArticleForm(Form):
    """Title, category, perhaps more of the question, and the answer."""

    gap = HiddenField()
    title = StringField(
        _l("The question in one sentence"),
        [InputRequired(REQUIRED), between(5, 150), _shows_something],
        description=_l("As customers would ask it."),
        filters=[fold],
    )
    category_id = RadioField(
        _l("Category"),
        [InputRequired(_l("Choose who should answer."))],
        coerce=row_id,
        validate_choice=False,
    )
    body = TextAreaField(
        _l("The question in detail"),
        [Length(max=markup.LIMIT, message=_TOO_LONG)],
        description=_l("When one sentence does not say it all."),
        filters=[strip],
    )
    answer = TextAreaField(
        _l("The official answer"),
        [InputRequired(REQUIRED), Length(max=markup.LIMIT, message=_TOO_LONG), _shows_something],
        filters=[strip],
    )

    def __init__(self, categories: Sequence[Category], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.categories = {c.id: c for c in categories}
        self.category_id.choices = [SelectChoice(c.id, c.name) for c in categories]

    def validate_category_id(self, field: Field) -> None:
        """One in which its author answers."""
        if field.data not in self.categories:
            raise ValidationError(_("Choose who should answer."))

    def said(self) -> Words:
        """What the checked form says, as a question."""
        title = self.title.data or ""
        category = self.categories[self.category_id.data]
        return Words("question", title, self.body.data or title, category)
