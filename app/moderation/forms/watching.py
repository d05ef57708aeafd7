"""Words to watch, a text to try them on, and the questions of the challenge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wtforms import BooleanField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length

from app.core import questions
from app.core.forms import REQUIRED, Form, fold, strip
from app.core.i18n import _, _l
from app.moderation.models.words import ACTIONS
from app.moderation.service import watching

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.moderation.service.watching import Entry

ACTION_WORDS: Final = {
    "block": _l("Refuse the text"),
    "approve": _l("Let somebody read it first"),
    "flag": _l("Publish it, and look at it"),
    "mask": _l("Show stars instead"),
    "link": _l("Link to a page of ours"),
}
LONGEST_LIST: Final = 200_000
LONGEST_TEXT: Final = 10_000


def why_not(wrong: watching.BadEntryError) -> str:
    """What is wrong with an entry, in words."""
    said = {
        "no_word": _("There is no word in it."),
        "too_long": _("This is too long: eight words and 120 characters at most."),
        "short_beginning": _(
            "Only one word of four letters or more may end with a star: it stands for whatever"
            " begins so."
        ),
        "unknown_action": _(
            "Begin with one of these and a colon: block, approve, flag, mask, link."
        ),
        "no_link": _("Say where the link leads."),
        "foreign_link": _("Choose a page of ours: an address that begins with a slash."),
    }[wrong.why]
    return f"{_('Line %(number)s', number=wrong.line)}: {said}" if wrong.line else said


class WordForm(Form):
    """One more word."""

    phrase = StringField(
        _l("Word or phrase"),
        [InputRequired(REQUIRED)],
        description=_l("It is found in all its forms, as a whole word, however it is spelled."),
        filters=[fold],
    )
    action = SelectField(
        _l("What happens"),
        choices=[SelectChoice(action, ACTION_WORDS[action]) for action in ACTIONS],
        validate_choice=False,
    )
    link = StringField(
        _l("Page the link leads to"),
        [Length(max=300, message=_l("This is too long: %(max)d characters at most."))],
        description=_l("Only for a link: an address of ours, like /topics/7."),
        filters=[strip],
    )
    is_exact = BooleanField(_l("Only in exactly this form"))

    def __init__(self, is_ours: Callable[[str], bool], *, fresh: bool = False) -> None:
        super().__init__(fresh=fresh)
        self.is_ours = is_ours

    @property
    def said(self) -> Entry:
        """What was written, as the list takes it."""
        entry = watching.Entry(
            self.action.data or "",
            self.phrase.data or "",
            bool(self.is_exact.data),
            self.link.data or "",
        )
        return watching.check(entry, self.is_ours)

    def validate_phrase(self, _field: StringField) -> None:
        self._refuse({"no_word", "too_long", "short_beginning"})

    def validate_action(self, _field: SelectField) -> None:
        self._refuse({"unknown_action"})

    def validate_link(self, _field: StringField) -> None:
        self._refuse({"no_link", "foreign_link"})

    def _refuse(self, reasons: set[str]) -> None:
        try:
            _said = self.said
        except watching.BadEntryError as wrong:
            if wrong.why in reasons:
                raise ValidationError(why_not(wrong)) from wrong


class ListForm(Form):
    """Many words at once, a line each."""

    lines = TextAreaField(
        _l("List"),
        [
            InputRequired(REQUIRED),
            Length(max=LONGEST_LIST, message=_l("This is too long: %(max)d characters at most.")),
        ],
        description=_l(
            "A line each: the action, a colon, the word. In quotes: only in exactly this form."
        ),
    )

    def __init__(self, is_ours: Callable[[str], bool], *, fresh: bool = False) -> None:
        super().__init__(fresh=fresh)
        self.is_ours = is_ours
        self.entries: Sequence[Entry] = ()

    def validate_lines(self, field: TextAreaField) -> None:
        """Every line can be read."""
        try:
            self.entries = watching.read(field.data or "", self.is_ours)
        except watching.BadEntryError as wrong:
            raise ValidationError(why_not(wrong)) from wrong


class TryForm(Form):
    """A text to try the words on; it is kept nowhere."""

    text = TextAreaField(
        _l("Text to try"),
        [
            InputRequired(REQUIRED),
            Length(max=LONGEST_TEXT, message=_l("This is too long: %(max)d characters at most.")),
        ],
        description=_l("It is kept nowhere."),
    )


class QuestionsForm(Form):
    """The questions in one language."""

    lines = TextAreaField(
        _l("Questions"),
        [InputRequired(REQUIRED)],
        description=_l("A line each: the question, then its right answers, a bar | between them."),
    )

    def __init__(self, locale: str, *, fresh: bool = False) -> None:
        super().__init__(fresh=fresh)
        self.lines.id = self.lines.label.field_id = f"questions-{locale}"
        if self.lines.data is None:
            self.lines.data = questions.lines(locale)

    def validate_lines(self, field: TextAreaField) -> None:
        """Each is a question that can be answered, and there are enough of them."""
        try:
            questions.read(field.data or "")
        except questions.NotAQuestionError as wrong:
            words = _("It needs a question, a bar | and an answer.")
            line = _("Line %(number)s", number=wrong.number)
            raise ValidationError(f"{line}: {words}") from wrong
        except questions.TooFewError as few:
            raise ValidationError(_("Three questions at least, please.")) from few
        except questions.TooManyError as many:
            raise ValidationError(_("Fifty questions at most, please.")) from many
