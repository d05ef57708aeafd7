"""Changes to what was written, what the bank says in between; what managers say of a category."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from wtforms import (
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from app.core import clock
from app.core.db import row_id
from app.core.direction import straight
from app.core.forms import REQUIRED, Form, between, fold, strip
from app.core.i18n import LOCALE_NAMES, _, _l, zone_now
from app.core.language import CODES
from app.topics import queries, service
from app.topics.models import GATES
from app.topics.service import CategoryWords
from app.topics.writing import Reply, Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wtforms import Field

    from app.accounts.models import Person
    from app.topics.models import Category

# The bank names the day of its next news so far ahead and no further.
FURTHEST_NEWS = timedelta(days=90)
# As a browser sends an hour, and as one types it where the browser knows no such field.
HOURS = (
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y, %H:%M",
)

GATE_WORDS = {
    "open": _l("Nobody: everything appears at once"),
    "newcomers": _l("Newcomers"),
    "everybody": _l("Everybody"),
}


class Change(Words):
    """A topic changed by its asker or the community manager."""

    language = SelectField(
        _l("Language"),
        choices=[SelectChoice(code, LOCALE_NAMES[code]) for code in CODES],
        description=_l("Set it right if it was guessed wrong: the search reads the words by it."),
        validate_choice=False,
    )
    reason = StringField(
        _l("Why"),
        [Length(max=300, message=_l("This is too long: %(max)d characters at most."))],
        description=_l("Everybody can read this in the history."),
        filters=[fold, straight],
    )

    def validate_language(self, field: Field) -> None:
        """One of those the search can read."""
        if field.data not in CODES:
            raise ValidationError(_("Choose one of the languages offered."))

    def said(self, kind: str, category: Category) -> service.Words:
        """The same, with the language that was chosen."""
        return replace(super().said(kind, category), language=self.language.data)


class News(Reply):
    """A word in between, and perhaps the hour by which the bank says more."""

    until = StringField(
        _l("The next news by"),
        filters=[strip, straight],
    )

    def validate_until(self, field: Field) -> None:
        """An hour to come, and not too far."""
        if not field.data:
            return
        at, now = self.until_at, clock.now()
        if at is None:
            raise ValidationError(_("Write a day and an hour, like this: 28.11.2026 18:00"))
        if at <= now:
            raise ValidationError(_("Choose an hour that is still to come."))
        if at > now + FURTHEST_NEWS:
            raise ValidationError(_("Choose an hour within the next 90 days."))

    @property
    def until_at(self) -> datetime | None:
        """The hour that was written, as an instant; None when none was, or none can be read."""
        for form in HOURS:
            try:
                # Naive on purpose: it is the hour on the writer's own clock.
                local = datetime.strptime(self.until.data or "", form)  # noqa: DTZ007
                return local.replace(tzinfo=zone_now()).astimezone(UTC)
            except (ValueError, OverflowError):
                continue
        return None


class Retraction(Form):
    """Why an official answer is taken back."""

    reason = StringField(
        _l("Why"),
        [InputRequired(REQUIRED), between(3, 300)],
        description=_l("Everybody can read this in the topic's story."),
        filters=[fold, straight],
    )


class ReplyChange(Reply):
    """A reply changed by its author or the community manager."""

    reason = StringField(
        _l("Why"),
        [Length(max=300, message=_l("This is too long: %(max)d characters at most."))],
        description=_l("Everybody can read this in the history."),
        filters=[fold, straight],
    )


class CategoryForm(Form):
    """A category: its words, and the people who answer for it."""

    name = StringField(
        _l("The category's name"),
        [InputRequired(REQUIRED), between(2, 80)],
        filters=[fold, straight],
    )
    slug = StringField(
        _l("Address"),
        [
            InputRequired(REQUIRED),
            Length(max=60, message=_l("This is too long: %(max)d characters at most.")),
            Regexp(
                r"[a-z0-9]+(-[a-z0-9]+)*\Z",
                message=_l("Only small Latin letters, digits and hyphens between them."),
            ),
        ],
        description=_l("Part of the page's address, for good: small Latin letters, like cards."),
        filters=[strip, straight],
    )
    description = StringField(
        _l("What it is about"),
        [Length(max=300, message=_l("This is too long: %(max)d characters at most."))],
        description=_l("One sentence, under the name."),
        filters=[fold, straight],
    )
    words = TextAreaField(
        _l("Words that belong here"),
        [Length(max=600, message=_l("This is too long: %(max)d characters at most."))],
        description=_l("Separated by spaces. They suggest this category while somebody types."),
        filters=[fold, straight],
    )
    gate = RadioField(
        _l("Who is read before the public reads them"),
        choices=[SelectChoice(gate, GATE_WORDS[gate]) for gate in GATES],
        default="open",
        description=_l("What is held stands in the queue; the promise runs from its sending."),
    )
    owner_id = SelectField(_l("Who answers"), coerce=int, validate_choice=False)
    deputy_id = SelectField(
        _l("Deputy"),
        coerce=row_id,
        validate_choice=False,
        description=_l("May answer too, and answers when the owner has left the bank."),
    )
    delegate_ids = SelectMultipleField(
        _l("Named delegates"),
        coerce=row_id,
        validate_choice=False,
        description=_l("They may give the official answer under their own names."),
        widget=ListWidget(),
        option_widget=CheckboxInput(),
    )

    def __init__(
        self, staff: Sequence[Person], category: Category | None = None, **kwargs: Any
    ) -> None:
        if category is not None:
            kwargs["delegate_ids"] = [p.id for p in category.delegates]
        super().__init__(obj=category, **kwargs)
        self.staff = {p.id: p for p in staff}
        named = [SelectChoice(p.id, f"{p.name}, {p.post}" if p.post else p.name) for p in staff]
        self.owner_id.choices = [SelectChoice(0, _("Choose a person")), *named]
        self.deputy_id.choices = [SelectChoice(0, _("Nobody")), *named]
        self.delegate_ids.choices = named
        if category is not None:
            # Its address stands; a changed one would break what people have linked to.
            del self.slug

    def validate_slug(self, field: Field) -> None:
        if queries.slug_is_taken(field.data):
            raise ValidationError(_("Another category has this address."))

    def validate_owner_id(self, field: Field) -> None:
        if field.data not in self.staff:
            raise ValidationError(_("Choose somebody who works for the bank."))

    def validate_deputy_id(self, field: Field) -> None:
        if field.data and field.data not in self.staff:
            raise ValidationError(_("Choose somebody who works for the bank."))
        if field.data and field.data == self.owner_id.data:
            raise ValidationError(_("The deputy must be another person than the owner."))

    def validate_delegate_ids(self, field: Field) -> None:
        if any(number not in self.staff for number in field.data or []):
            raise ValidationError(_("Choose somebody who works for the bank."))

    def filled(self) -> CategoryWords:
        """What was written, as the service takes it."""
        return CategoryWords(
            name=self.name.data or "",
            description=self.description.data or "",
            words=self.words.data or "",
            owner=self.staff[self.owner_id.data],
            deputy=self.staff.get(self.deputy_id.data),
            gate=self.gate.data or "open",
            delegates=[self.staff[number] for number in self.delegate_ids.data or []],
        )
