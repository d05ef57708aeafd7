"""The brand as a form."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from wtforms import (
    BooleanField,
    Field,
    FieldList,
    FileField,
    FormField,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms import Form as Rows
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.brand import service
from app.core.bankdata import find
from app.core.bankdata.hiding import SECRET
from app.core.forms import REQUIRED, Form, IsAddress, between, fold, strip
from app.core.i18n import LOCALE_NAMES, LOCALES, _, _l, zone_names
from app.core.leaving import ascii_host
from app.core.names import skeleton

LINKS = 8
# Reserved names and trusted hosts: so many, each so long.
LISTED, LONGEST_LINE = 200, 100
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)")
# There is always an empty row to write into.
FEWEST_ROWS = 4
AT_MOST = _l("At most %(max)d characters, please.")
# A path on this site, or a whole address; nothing that a browser could run.
_PATH = re.compile(r"/(?![/\\])[^\s\\]*\Z")


class LinkRow(Rows):
    """One link of the footer: its words and where it leads. An empty row is no link."""

    label = StringField(_l("Words"), filters=[fold], validators=[Length(max=60, message=AT_MOST)])
    url = StringField(_l("Address"), filters=[strip], validators=[Length(max=500, message=AT_MOST)])

    def validate_label(self, field: Field) -> None:
        """An address needs words."""
        if self.url.data and not field.data:
            raise ValidationError(_("Give this link words to be read."))

    def validate_url(self, field: Field) -> None:
        """Only whole https addresses and paths on this site."""
        if not self.label.data and not field.data:
            return
        if not is_safe_link(field.data or ""):
            raise ValidationError(_("Write an address that begins with https:// or with /."))


def is_safe_link(address: str) -> bool:
    """Whether `address` is an https page or a path on this site."""
    if _PATH.match(address):
        return True
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    plain = address.isprintable() and not re.search(r"[\s\\]", address)
    return plain and parts.scheme == "https" and bool(host) and "@" not in parts.netloc


def _on_lines(kept: Any) -> Any:
    """A list as it is kept, a name on a line; what was typed is lines already."""
    return "\n".join(kept) if isinstance(kept, list) else kept


class BrandForm(Form):
    """Name, logo, colour, words, languages, letters."""

    name = StringField(
        _l("The bank's name"), filters=[fold], validators=[InputRequired(REQUIRED), between(1, 80)]
    )
    tagline = StringField(
        _l("One line about this place"),
        filters=[fold],
        validators=[Length(max=200, message=AT_MOST)],
        description=_l("Shown by search engines and beside the name on the front page."),
    )
    logo = FileField(
        _l("Logo"),
        description=_l("PNG, JPEG or WebP, up to 10 MB. It is shown 32 pixels high."),
    )
    remove_logo = BooleanField(_l("Show the name instead of a logo"))
    # A logo that was uploaded for the preview, so that it need not be chosen again.
    logo_key = HiddenField()
    colour = StringField(
        _l("Main colour"),
        filters=[strip],
        validators=[InputRequired(REQUIRED)],
        description=_l("As in your brand book, like #1f5f5b. Buttons, links and rings follow it."),
    )
    footer_links = FieldList(FormField(LinkRow), min_entries=1, max_entries=LINKS)
    languages = SelectMultipleField(
        _l("Languages offered"),
        choices=[SelectChoice(code, LOCALE_NAMES[code]) for code in LOCALES],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    locale = SelectField(
        _l("Language for those who chose none"),
        choices=[SelectChoice(code, LOCALE_NAMES[code]) for code in LOCALES],
    )
    timezone = SelectField(
        _l("Time zone"),
        description=_l("Hours are promised in it to those who chose no other."),
    )
    mail_name = StringField(
        _l("Sender's name"),
        filters=[fold],
        validators=[Length(max=80, message=AT_MOST)],
        description=_l("The bank's name, when left empty."),
    )
    mail_address = StringField(
        _l("Sender's address"),
        filters=[strip],
        validators=[InputRequired(REQUIRED), Length(max=254, message=AT_MOST)],
        description=_l("Your mail server must be allowed to send from it."),
    )

    reserved = TextAreaField(
        _l("Names nobody may take"),
        filters=[strip],
        validators=[Length(max=LISTED * LONGEST_LINE, message=AT_MOST)],
        description=_l(
            "One on a line: products, other names of the bank, people who speak for it elsewhere."
            " Names that only look the same are refused too. The bank's name, its people's and"
            " words like “support” are kept already."
        ),
    )
    hosts = TextAreaField(
        _l("Sites that links may lead to at once"),
        filters=[strip],
        validators=[Length(max=LISTED * LONGEST_LINE, message=AT_MOST)],
        description=_l(
            "One on a line, like bank.example; sites below it count too. Every other link in what"
            " people write opens a page first that says where it leads."
        ),
    )

    own_numbers = TextAreaField(
        _l("Our own numbers and addresses"),
        filters=[_on_lines, strip],
        validators=[Length(max=LISTED * LONGEST_LINE, message=AT_MOST)],
        description=_l(
            "One on a line: phones, e-mail addresses (or @bank.example for all of them), account"
            " and tax numbers of the bank. Everything else of the kind is hidden in what people"
            " write; card numbers and codes always are. Save these before texts that name them."
        ),
    )

    def __init__(self, present: Any) -> None:
        lists: dict[str, Any] = {
            "reserved": "\n".join(present.reserved_names or []),
            "hosts": "\n".join(present.outside_hosts or []),
        }
        welcome: dict[str, Any] = {
            f"welcome_{c}": (present.welcome or {}).get(c, "") for c in LOCALES
        }
        super().__init__(present, **welcome, **lists)
        self._present = present
        self.timezone.choices = [SelectChoice(zone, zone) for zone in zone_names()]
        rows = min(LINKS, max(FEWEST_ROWS, len(present.footer_links or []) + 2))
        while len(self.footer_links.entries) < rows:
            self.footer_links.append_entry()

    def validate_colour(self, field: Field) -> None:
        """Six digits of hexadecimal, or three."""
        colour = service.shown_colour(field.data or "")
        if colour is None:
            raise ValidationError(_("Write the colour as # and six digits, like #1f5f5b."))
        field.data = colour

    def validate_reserved(self, field: Field) -> None:
        """Each says something, and they are not too many."""
        if any(not skeleton(line) or len(line) > LONGEST_LINE for line in _too_few(field)):
            raise ValidationError(_("A name on a line, please; letters, and not too long."))

    def validate_own_numbers(self, field: Field) -> None:
        """None of them is a card or a code: those are nobody's to show."""
        for line in _too_few(field):
            if len(line) > LONGEST_LINE or any(f.type in SECRET for f in find(line)):
                raise ValidationError(_("This cannot be shown to everybody: a card, a code."))

    def validate_hosts(self, field: Field) -> None:
        """Each is a host; of a whole address that was pasted, the host is taken."""
        found = [_host(line) for line in _too_few(field)]
        wrong = [line for line, host in zip(_lines(field.data), found, strict=True) if not host]
        if wrong:
            raise ValidationError(_("This is not a site's name: %(host)s", host=wrong[0][:80]))
        field.data = "\n".join(dict.fromkeys(found))

    def validate_languages(self, field: Field) -> None:
        """At least one."""
        if not field.data:
            raise ValidationError(_("Offer at least one language."))

    def validate_locale(self, field: Field) -> None:
        """One of those offered."""
        if self.languages.data and field.data not in self.languages.data:
            raise ValidationError(_("Choose one of the languages offered."))

    def validate_mail_address(self, field: Field) -> None:
        """An address mail servers understand, or the one that stands, which may be a local one."""
        if field.data == self._present.mail_address:
            return
        IsAddress()(self, field)

    def face(self, logo: Any) -> service.Face:
        """What was filled in."""
        rows = (row.form for row in self.footer_links)
        return service.Face(
            name=self.name.data or "",
            tagline=self.tagline.data or "",
            logo=logo,
            colour=self.colour.data or "",
            welcome={c: w for c in LOCALES if (w := self[f"welcome_{c}"].data)},
            footer_links=[
                {"label": r.label.data or "", "url": r.url.data} for r in rows if r.url.data
            ],
            languages=[c for c in LOCALES if c in (self.languages.data or [])],
            locale=self.locale.data,
            timezone=self.timezone.data,
            mail_name=self.mail_name.data or "",
            mail_address=self.mail_address.data or "",
            reserved_names=list(dict.fromkeys(_lines(self.reserved.data))),
            outside_hosts=_lines(self.hosts.data),
            own_numbers=list(dict.fromkeys(_lines(self.own_numbers.data))),
        )


def _lines(text: str | None) -> list[str]:
    return [line for each in (text or "").splitlines() if (line := " ".join(each.split()))]


def _too_few(field: Field) -> list[str]:
    lines = _lines(field.data)
    if len(lines) > LISTED:
        raise ValidationError(_("At most %(max)d lines, please.", max=LISTED))
    return lines


def _host(line: str) -> str:
    """The host of what somebody typed or pasted; "" when it is none that has a site."""
    try:
        host = ascii_host(urlsplit(line if "//" in line else f"//{line}").hostname or "")
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) and len(host) <= LONGEST_LINE else ""


for _code in LOCALES:
    setattr(
        BrandForm,
        f"welcome_{_code}",
        TextAreaField(
            LOCALE_NAMES[_code],
            filters=[strip],
            validators=[Length(max=4000, message=AT_MOST)],
        ),
    )
