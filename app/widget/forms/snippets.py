"""How the widget stands in a page, as a form that is sent in the address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from wtforms import (
    BooleanField,
    Field,
    Form,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import Length, NumberRange, Optional

from app.core.forms import fold, strip
from app.core.i18n import LOCALE_NAMES, LOCALES, _, _l
from app.widget.snippets import Look, Release

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AT_MOST = _l("At most %(max)d characters, please.")
FROM_TO = _l("A number from %(min)d to %(max)d, please.")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
# Ids, classes and attributes of elements, as selectors of a page's own are.
_SELECTOR = re.compile(r"[\w\s.#>:*=\"'\[\]()^$~+-]+")


class SnippetForm(Form):
    """Everything the line can say; nothing of it is kept here."""

    shape = RadioField(
        _l("Shape"),
        choices=[
            SelectChoice("button", _l("A button in the corner")),
            SelectChoice("block", _l("A block inside the page")),
            SelectChoice("none", _l("Nothing: your own button opens it")),
        ],
        default="button",
    )
    target = StringField(
        _l("Where the block stands"),
        filters=[strip],
        default="#otklik",
        validators=[Length(max=200, message=AT_MOST)],
        description=_l("A CSS selector of an element in the page, like #otklik."),
    )
    position = SelectField(
        _l("Corner"),
        choices=[SelectChoice("right", _l("Right")), SelectChoice("left", _l("Left"))],
    )
    label = StringField(
        _l("Words on the button"),
        filters=[fold],
        validators=[Length(max=40, message=AT_MOST)],
        description=_l("Left empty, it speaks the page's language by itself."),
    )
    color = StringField(_l("Colour"), filters=[strip], description=_l("Like #1f5f5b."))
    side = IntegerField(
        _l("From the edge, px"),
        validators=[Optional(), NumberRange(0, 400, message=FROM_TO)],
    )
    bottom = IntegerField(
        _l("From the bottom, px"),
        validators=[Optional(), NumberRange(0, 400, message=FROM_TO)],
    )
    lang = SelectField(
        _l("Language"),
        choices=[
            SelectChoice("", _l("As the page says")),
            *(SelectChoice(code, LOCALE_NAMES[code]) for code in LOCALES),
        ],
    )
    theme = SelectField(
        _l("Colours"),
        choices=[
            SelectChoice("auto", _l("As on the reader's device")),
            SelectChoice("light", _l("Light")),
            SelectChoice("dark", _l("Dark")),
        ],
    )
    version = SelectField(_l("Version"))
    is_early = BooleanField(
        _l("Load it while the page rests"),
        description=_l("Unread answers are then told on the button before anybody opens it."),
    )

    def __init__(self, sent: Any, colour: str, releases: Sequence[Release]) -> None:
        self._releases: Mapping[str, Release] = {each.version: each for each in releases}
        super().__init__(sent, data={"color": colour})
        self.version.choices = [
            SelectChoice("", _("Always the newest (v1)")),
            *(
                SelectChoice(v, _("Only %(version)s, proved by its hash", version=v))
                for v in self._releases
            ),
        ]

    def validate_color(self, field: Field) -> None:
        """Six digits of hexadecimal, or nothing."""
        field.data = (field.data or "").lower()
        if field.data and not _COLOUR.fullmatch(field.data):
            raise ValidationError(_("Write the colour as # and six digits, like #1f5f5b."))

    def validate_target(self, field: Field) -> None:
        """A block stands somewhere."""
        if self.shape.data == "block" and not _SELECTOR.fullmatch(field.data or ""):
            raise ValidationError(_("Name an element of the page, like #otklik."))

    @property
    def release(self) -> Release | None:
        """The version it is pinned to."""
        return self._releases.get(self.version.data or "")

    def look(self) -> Look:
        """What was chosen."""
        return Look(
            shape=self.shape.data,
            target=self.target.data or "",
            position=self.position.data,
            label=self.label.data or "",
            color=self.color.data or "",
            side=self.side.data,
            bottom=self.bottom.data,
            lang=self.lang.data or "",
            theme=self.theme.data,
            is_early=bool(self.is_early.data),
        )
