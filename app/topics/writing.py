"""What people write, a topic, a reply, a verdict, as every door that takes it in checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from wtforms import (
    BooleanField,
    FileField,
    HiddenField,
    RadioField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length

from app.core import markup
from app.core.db import row_id
from app.core.direction import straight
from app.core.forms import Form, fold, strip
from app.core.i18n import _, _l
from app.topics import service
from app.topics.models import KINDS
from app.topics.service import clean_tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wtforms import Field

    from app.topics.models import Category

SHORTEST_TITLE, LONGEST_TITLE = 5, 150
SHORTEST_BODY, LONGEST_BODY = 10, markup.LIMIT
MOST_TAGS, LONGEST_TAG = 5, 40

KIND_WORDS = {
    "question": _l("Question"),
    "idea": _l("Idea"),
    "problem": _l("Problem"),
    "praise": _l("Praise"),
}


def shows_something(_form: Form, field: Field) -> None:
    """Refuse what is only spaces and invisible characters."""
    if not any(c.isalnum() or (c.isprintable() and not c.isspace()) for c in field.data or ""):
        raise ValidationError(_("Please write this in words."))


class Words(Form):
    """Title, text and tags, as a topic is asked and edited."""

    title = StringField(
        _l("In one sentence"),
        [
            InputRequired(_l("Say it in one sentence.")),
            Length(
                SHORTEST_TITLE,
                LONGEST_TITLE,
                _l("From %(min)d to %(max)d characters, please."),
            ),
            shows_something,
        ],
        filters=[fold, straight],
    )
    body = TextAreaField(
        _l("In detail"),
        [
            InputRequired(_l("Tell a little more, so that the answer fits.")),
            Length(
                min=SHORTEST_BODY, message=_l("Tell a little more: at least %(min)d characters.")
            ),
            Length(max=LONGEST_BODY, message=_l("This is too long: %(max)d characters at most.")),
            shows_something,
        ],
        filters=[strip, straight],
    )
    tags = StringField(
        _l("Tags"),
        description=_l("Up to five words that others would search by, separated by commas."),
        filters=[fold, straight],
    )

    def validate_tags(self, field: Field) -> None:
        """Few and short."""
        if len(self.tag_names) > MOST_TAGS:
            raise ValidationError(_("Five tags at most, please."))
        if any(len(name.strip()) > LONGEST_TAG for name in (field.data or "").split(",")):
            raise ValidationError(_("A tag may have 40 characters at most."))

    def said(self, kind: str, category: Category) -> service.Words:
        """What the checked form says, as a topic of this kind in this category."""
        title, body = self.title.data or "", self.body.data or ""
        return service.Words(kind, title, body, category, self.tag_names)

    @property
    def tag_names(self) -> list[str]:
        """The tags as they will be stored, each once."""
        names = (clean_tag(name) for name in (self.tags.data or "").split(","))
        return list(dict.fromkeys(name for name in names if name))


class Ask(Words):
    """A new topic."""

    kind = RadioField(
        _l("What is it?"),
        [InputRequired(_l("Choose what it is."))],
        choices=[SelectChoice(kind, KIND_WORDS[kind]) for kind in KINDS],
        default="question",
    )
    category_id = RadioField(
        _l("Who should answer?"),
        [InputRequired(_l("Choose who should answer."))],
        coerce=row_id,
        validate_choice=False,
    )
    picture = FileField(
        _l("Picture"), description=_l("PNG, JPEG, WebP or HEIC, up to 10 MB. It is public.")
    )
    seen_similar = HiddenField()

    def __init__(self, categories: Sequence[Category], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.categories = {c.id: c for c in categories}
        self.category_id.choices = [SelectChoice(c.id, c.name) for c in categories]

    def validate_kind(self, field: Field) -> None:
        """One of the four."""
        if field.data not in KINDS:
            raise ValidationError(_("Choose what it is."))

    def validate_category_id(self, field: Field) -> None:
        """An open category."""
        if field.data not in self.categories:
            raise ValidationError(_("Choose who should answer."))

    @property
    def category(self) -> Category | None:
        """The chosen category, when it is one that is open."""
        return self.categories.get(self.category_id.data)


class Reply(Form):
    """An answer or a comment."""

    body = TextAreaField(
        _l("Your comment"),
        [
            InputRequired(_l("Write something first.")),
            Length(max=LONGEST_BODY, message=_l("This is too long: %(max)d characters at most.")),
            shows_something,
        ],
        filters=[strip, straight],
    )

    @property
    def text(self) -> str:
        """What the checked form says."""
        return self.body.data or ""

    def called(self, name: str, label: str | None = None) -> Self:
        """This form as one of several on a page: its box has an id and a label of its own."""
        self.body.id = self.body.label.field_id = name
        if label:
            self.body.label.text = label
        return self


class Comment(Reply):
    """Anybody's word; the asker may say of theirs that it asks for nothing."""

    thanks = BooleanField(_l("No answer needed, just a word of thanks"))


class Verdict(Form):
    """What is still missing, when the asker says "not solved"."""

    body = TextAreaField(
        _l("What is still missing?"),
        [Length(max=LONGEST_BODY, message=_l("This is too long: %(max)d characters at most."))],
        filters=[strip, straight],
    )
