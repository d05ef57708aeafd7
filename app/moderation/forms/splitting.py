"""A comment that becomes a topic: what its title says, who answers, what goes along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wtforms import RadioField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from app.core import markup
from app.core.db import row_id
from app.core.forms import REQUIRED, between, fold
from app.core.i18n import _l
from app.moderation.forms.acts import ActForm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.topics.models import Category, Post

# Of a comment's first line, as much as is likely to be its point.
PROPOSED = 100
SHOWN = 90


class SplitForm(ActForm):
    """The new topic, and why."""

    title = StringField(
        _l("In one sentence"),
        filters=[fold],
        validators=[InputRequired(REQUIRED), between(5, 150)],
    )
    kind = RadioField(
        _l("What is it?"),
        choices=[
            SelectChoice("question", _l("Question")),
            SelectChoice("problem", _l("Problem")),
            SelectChoice("idea", _l("Idea")),
            SelectChoice("praise", _l("Praise")),
        ],
        default="question",
        validators=[InputRequired(REQUIRED)],
    )
    category_id = SelectField(_l("Who should answer?"), coerce=int)
    along = SelectMultipleField(
        _l("These comments go along"),
        coerce=row_id,
        validate_choice=False,
        widget=ListWidget(),
        option_widget=CheckboxInput(),
    )

    def __init__(
        self, post: Post, later: Sequence[Post], categories: Sequence[Category], here: int
    ) -> None:
        """`later`: the comments after it; `here`: the category it stands in."""
        super().__init__("split")
        self.category_id.choices = [
            SelectChoice(c.id, f"{c.name} · {c.owner.name}") for c in categories
        ]
        self.along.choices = [
            SelectChoice(p.id, f"{p.author.name}: {markup.first_line(p.body_html, SHOWN)}")
            for p in later
        ]
        if self.title.data is None:  # not sent yet
            self.title.data = markup.first_line(post.body_html, PROPOSED)
            self.category_id.data = here
