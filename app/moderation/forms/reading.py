"""Reading what waits: give it back, change it, look again at what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wtforms import RadioField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length

from app.core import markup
from app.core.direction import straight
from app.core.forms import REQUIRED, Form, between, fold, strip
from app.core.i18n import _, _l
from app.moderation.service import RETURNED_FOR
from app.topics.service import clean_tag

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wtforms import Field

    from app.moderation.models import Submission
    from app.topics.models import Category

MOST_TAGS = 5
TOO_LONG = _l("This is too long: %(max)d characters at most.")


class ReturnForm(Form):
    """Why it goes back to its author, and what would help."""

    reason = RadioField(
        _l("Why"),
        [InputRequired(_l("Choose a reason."))],
        choices=[SelectChoice(code, words) for code, words in RETURNED_FOR.items()],
    )
    words = TextAreaField(
        _l("Your words to the author"),
        [Length(max=300, message=TOO_LONG)],
        description=_l("What should be different? They may change the text and send it again."),
        filters=[strip],
    )

    def validate_words(self, field: Field) -> None:
        """Another reason must be told."""
        if self.reason.data == "other" and not field.data:
            raise ValidationError(_("Please write this in words."))


class TextForm(Form):
    """The text itself, as its author changes it; the fields that it has."""

    title = StringField(
        _l("In one sentence"), [InputRequired(), between(5, 150)], filters=[fold, straight]
    )
    body = TextAreaField(
        _l("The text"),
        [InputRequired(REQUIRED), Length(max=markup.LIMIT, message=TOO_LONG)],
        filters=[strip],
    )
    tags = StringField(
        _l("Tags"),
        [Length(max=250, message=TOO_LONG)],
        description=_l("Up to five words that others would search by, separated by commas."),
        filters=[fold],
    )

    def __init__(self, submission: Submission, *, fresh: bool = False, **more: Any) -> None:
        said = submission.fields
        super().__init__(
            fresh=fresh,
            title=said.get("title"),
            body=said.get("body"),
            tags=", ".join(said.get("tags") or ()),
            **more,
        )
        if not said.get("title"):
            del self.title
            del self.tags

    def validate_tags(self, field: Field) -> None:
        """Few and short."""
        if len(self.tag_names) > MOST_TAGS:
            raise ValidationError(_("Five tags at most, please."))
        if any(len(name.strip()) > 40 for name in (field.data or "").split(",")):  # noqa: PLR2004
            raise ValidationError(_("A tag may have 40 characters at most."))

    @property
    def tag_names(self) -> list[str]:
        """The tags as they will be stored, each once."""
        names = (clean_tag(name) for name in (self.tags.data or "").split(","))
        return list(dict.fromkeys(name for name in names if name))

    @property
    def said(self) -> dict[str, Any]:
        """What the checked form says, as a submission's fields."""
        if "title" not in self:
            return {"body": self.body.data or ""}
        return {
            "title": self.title.data or "",
            "body": self.body.data or "",
            "tags": self.tag_names,
        }


class ChangeForm(TextForm):
    """The text in a moderator's words, perhaps in another category."""

    category_id = SelectField(_l("Category"), coerce=int)
    reason = StringField(
        _l("Why"),
        [InputRequired(REQUIRED), between(3, 300)],
        description=_l("The author reads this beside their own text."),
        filters=[fold],
    )

    def __init__(
        self, submission: Submission, categories: Iterable[Category], *, fresh: bool = False
    ) -> None:
        super().__init__(submission, fresh=fresh, category_id=submission.category_id)
        self.category_id.choices = [SelectChoice(c.id, c.name) for c in categories]
        self.body.id = self.body.label.field_id = "changed-body"
        self.reason.id = self.reason.label.field_id = "changed-reason"
        if submission.act != "topic":
            del self.category_id


class AppealForm(Form):
    """Why a decision is wrong."""

    words = TextAreaField(
        _l("Why should somebody look again?"),
        [InputRequired(REQUIRED), between(10, 2000)],
        description=_l("Somebody else than who decided reads this. You can write it once."),
        filters=[strip],
    )


class DecideForm(Form):
    """What becomes of an appeal."""

    verdict = RadioField(
        _l("What is decided"),
        [InputRequired(_l("Choose what is decided."))],
        choices=[
            SelectChoice("granted", _l("They are right: the decision is undone")),
            SelectChoice("upheld", _l("The decision stands")),
        ],
    )
    answer = TextAreaField(
        _l("Your answer to them"), [InputRequired(REQUIRED), between(3, 300)], filters=[strip]
    )
