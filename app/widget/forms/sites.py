"""A site that carries the widget, as a form; the public key its tokens are signed with."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from flask import current_app
from wtforms import (
    Field,
    FieldList,
    FormField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms import Form as Rows
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length

from app.core.forms import REQUIRED, Form, between, fold, strip
from app.core.i18n import _, _l
from app.widget import origins, pems
from app.widget.pages import path_of
from app.widget.service import sites as service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.topics.models import Category
    from app.widget.models import Site

AT_MOST = _l("At most %(max)d characters, please.")
# There is always room to write into.
FEWEST_ROWS: Final = 2
LONGEST_PREFIX: Final = 200
WHY_NOT = {
    "null": _l("“null” is no site: every page without an origin would be one."),
    "wildcard": _l("Every site by its own name, please, without *: %(line)s"),
    "scheme": _l("Write it with https:// in front: %(line)s"),
    "insecure": _l("Only https://, or http:// on one's own machine: %(line)s"),
    "path": _l("Only the site, without a path: %(line)s"),
    "ipv6": _l("Browsers know no such address here; give the site a name: %(line)s"),
    "host": _l("This is not the address of a site: %(line)s"),
}
WHY_NO_KEY = {
    "private": _l(
        "This is the private half. Whoever has seen it can sign in your name: throw it away, make"
        " a new pair, and paste the public half."
    ),
    "pem": _l("Paste the whole public key, from BEGIN PUBLIC KEY to END PUBLIC KEY."),
    "kind": _l("This is a key of another kind. It must be Ed25519."),
}


class PlaceRow(Rows):
    """What pages are about. An empty row says nothing."""

    path = StringField(
        _l("Pages beginning with"),
        filters=[strip],
        validators=[Length(max=LONGEST_PREFIX, message=AT_MOST)],
    )
    category_id = SelectField(_l("Category"), coerce=int, default=0)

    def validate_path(self, field: Field) -> None:
        """A path, for a category that was chosen."""
        if self.category_id.data and not field.data:
            raise ValidationError(_("Write how the addresses of these pages begin, like /cards."))
        if field.data:
            field.data = path_of(field.data)[:LONGEST_PREFIX]

    def validate_category_id(self, field: Field) -> None:
        """A category for pages that were named."""
        if self.path.data and not field.data:
            raise ValidationError(_("Choose a category for these pages."))


class SiteForm(Form):
    """Name, origins, where its questions go, who signs for its customers."""

    name = StringField(
        _l("Name of the site"),
        filters=[fold],
        validators=[InputRequired(REQUIRED), between(1, 80)],
        description=_l("For your colleagues, like “Internet bank”."),
    )
    origins = TextAreaField(
        _l("Addresses of the site"),
        filters=[strip],
        validators=[InputRequired(REQUIRED)],
        description=_l(
            "One on a line, like https://www.bank.example. Only pages of these may show the widget;"
            " www and other names below count by themselves."
        ),
    )
    category_id = SelectField(
        _l("Where questions go when nothing else says"),
        coerce=int,
        default=0,
        description=_l("The page says first, then the words of the question."),
    )
    places = FieldList(
        FormField(PlaceRow),
        _l("What its pages are about"),
        min_entries=1,
        max_entries=service.PLACES,
    )
    issuer = StringField(
        _l("Issuer of your tokens"),
        filters=[strip],
        validators=[Length(max=255, message=AT_MOST)],
        description=_l(
            "What stands in them as “iss”, like https://id.bank.example. Leave it empty while"
            " the site tells nobody apart."
        ),
    )

    def __init__(
        self, categories: Sequence[Category], site: Site | None = None, *, fresh: bool = False
    ) -> None:
        kept = {} if site is None else _as_typed(service.told(site))
        super().__init__(None, fresh=fresh, **kept)
        self._open = {c.id: c.name for c in categories}
        self.category_id.choices = self._choices(_("The asker chooses"))
        filled = sum(bool(row.form.path.data) for row in self.places)
        while len(self.places.entries) < min(service.PLACES, filled + FEWEST_ROWS):
            self.places.append_entry()
        for row in self.places:
            row.form.category_id.choices = self._choices("—")

    def _choices(self, none: str) -> list[Any]:
        return [SelectChoice(0, none), *(SelectChoice(i, name) for i, name in self._open.items())]

    def validate_origins(self, field: Field) -> None:
        """Each is one, as a browser writes it, and they are not too many."""
        lines = list(filter(None, map(str.strip, (field.data or "").splitlines())))
        if len(lines) > service.ORIGINS:
            raise ValidationError(_("At most %(max)d lines, please.", max=service.ORIGINS))
        field.data = "\n".join(dict.fromkeys(map(_origin, lines)))

    def validate_issuer(self, field: Field) -> None:
        """One word: it is compared letter by letter."""
        if any(c.isspace() or not c.isprintable() for c in field.data or ""):
            raise ValidationError(_("Without spaces, please."))

    def validate_places(self, _field: Field) -> None:
        """No pages twice: who could say which of the two counts."""
        prefixes = (row.form.path.data for row in self.places)
        named = Counter(path_of(each).casefold() for each in prefixes if each)
        twice = [prefix for prefix, times in named.items() if times > 1]
        if twice:
            raise ValidationError(_("These pages stand here twice: %(prefix)s", prefix=twice[0]))

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """As every form; of what is wrong with the places, the first is said above them."""
        is_right = super().validate(*args, **kwargs)
        wrong = [words for row in self.places for each in row.form for words in each.errors]
        if wrong:
            self.places.errors = wrong[:1]
        return is_right

    def said(self) -> service.Said:
        """What was filled in."""
        rows = (row.form for row in self.places)
        places = [(r.path.data, r.category_id.data) for r in rows if r.path.data]
        return service.Said(
            name=self.name.data or "",
            origins=tuple(sorted((self.origins.data or "").splitlines())),
            issuer=self.issuer.data or "",
            category_id=self.category_id.data or None,
            places=tuple(sorted(places)),
        )


class KeyForm(Form):
    """The public half of a pair the bank has made."""

    public_key = TextAreaField(
        _l("Public key"),
        filters=[strip],
        validators=[InputRequired(REQUIRED)],
        description=_l("Ed25519, in PEM: it begins with -----BEGIN PUBLIC KEY-----"),
    )

    def validate_public_key(self, field: Field) -> None:
        """One we can check signatures with; a private half isn't shown back."""
        try:
            field.data = pems.ed25519(field.data or "")
        except pems.NoPublicKeyError as error:
            if error.why == "private":
                field.data = ""
            raise ValidationError(str(WHY_NO_KEY[error.why])) from None


def _origin(line: str) -> str:
    try:
        return origins.normal(line, allow_http=current_app.config["DEVELOPMENT"])
    except origins.NoOriginError as error:
        words = str(WHY_NOT[error.why])
        raise ValidationError(words % {"line": line[:80]} if "%(" in words else words) from None


def _as_typed(said: service.Said) -> dict[str, Any]:
    places = [{"path": prefix, "category_id": category} for prefix, category in said.places]
    return {
        "name": said.name,
        "origins": "\n".join(said.origins),
        "issuer": said.issuer,
        "category_id": said.category_id or 0,
        "places": places,
    }
