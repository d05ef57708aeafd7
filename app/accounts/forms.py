"""Forms about accounts. Passwords follow one rule: long enough; any character, pasted or typed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from flask import current_app
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    Field,
    FileField,
    HiddenField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length, Optional

from app.accounts import factors, leaked, passkeys, passwords
from app.accounts.absences import LONGEST as LONGEST_ABSENCE
from app.accounts.absences import Leave
from app.accounts.fields import IsOwnName, IsPlain
from app.accounts.models import ROLES
from app.core import addresses, clock
from app.core.forms import REQUIRED, Form, IsAddress, between, fold, strip
from app.core.i18n import LOCALE_NAMES, _, _l, zone_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from app.accounts.models import Absence, Person

YEARS_AHEAD = 2


def normal(text: str | None) -> str | None:
    """One form for one password, however the keyboard composed it."""
    return passwords.normal(text) if isinstance(text, str) else text


def _new_password(label: Any) -> PasswordField:
    return PasswordField(
        label,
        filters=[normal],
        validators=[InputRequired(REQUIRED)],
        description=_l("At least 10 characters. Several words are easier to keep in mind."),
    )


def _judge(field: Field, *words: str, staff: bool = False) -> None:
    """Raise ValidationError for a new password that is too short, too long or too easy."""
    shortest = passwords.SHORTEST_OF_STAFF if staff else passwords.SHORTEST
    if not shortest <= len(field.data) <= passwords.LONGEST:
        raise ValidationError(
            _(
                "A password has from %(min)d to %(max)d characters.",
                min=shortest,
                max=passwords.LONGEST,
            )
        )
    if passwords.is_common(field.data):
        raise ValidationError(
            _("This password is among the first that anybody would try. Please choose another.")
        )
    if leaked.is_known(field.data, current_app.config["BREACHED_PASSWORDS"]):
        raise ValidationError(
            _("This password leaked from another place and is tried first. Please choose another.")
        )
    if passwords.is_made_of(field.data, [*words, addresses.host(), "otklik"]):
        raise ValidationError(
            _("Your name, your e-mail and the bank's name are easy to guess. Please add to them.")
        )


class _NewPassword(Form):
    """What is asked of every new password of somebody we know."""

    password: PasswordField

    def __init__(self, person: Person, bank: str) -> None:
        super().__init__()
        self._words = (bank, person.name, person.email or "")
        self._staff = person.is_staff
        if person.is_staff:
            self.password.description = _(
                "At least 15 characters. Several words are easier to keep in mind."
            )

    def validate_password(self, field: Field) -> None:
        """WTForms calls this after the field's own validators."""
        _judge(field, *self._words, staff=self._staff)


def _old_password(label: Any) -> PasswordField:
    return PasswordField(
        label,
        filters=[normal],
        # A limit here too: hashing megabytes is a way to stop a server.
        validators=[InputRequired(REQUIRED), Length(max=1000, message=_l("Too long."))],
    )


def _address(label: Any, description: Any = "") -> EmailField:
    return EmailField(
        label,
        filters=[strip],
        validators=[InputRequired(REQUIRED), Length(max=254, message=_l("Too long.")), IsAddress()],
        description=description,
    )


class SignUpForm(Form):
    """Name, address, password."""

    name = StringField(
        _l("Your name"),
        filters=[fold],
        validators=[InputRequired(REQUIRED), between(2, 60)],
        description=_l("Shown beside what you write. A first name is enough."),
    )
    email = _address(_l("E-mail"), _l("Shown to nobody. The answer will come here."))
    password = _new_password(_l("Password"))
    agreed = BooleanField(
        _l("I have read this and agree"),
        validators=[InputRequired(_l("Without your agreement we may not keep your data."))],
    )

    def __init__(self, bank: str, *, asks_to_agree: bool = False) -> None:
        super().__init__()
        self._bank = bank
        if not asks_to_agree:
            del self.agreed

    def validate_name(self, field: Field) -> None:
        """WTForms calls this after the field's own validators."""
        IsOwnName(self._bank)(self, field)

    def validate_password(self, field: Field) -> None:
        """Likewise; the others have been read."""
        _judge(field, self._bank, self.name.data or "", self.email.data or "")


class WelcomeForm(Form):
    """The name of a customer whom the bank's provider knows, as everybody shall see it."""

    name = StringField(
        _l("Your name"), filters=[fold], validators=[InputRequired(REQUIRED), between(2, 60)]
    )

    def __init__(self, bank: str, suggested: str) -> None:
        super().__init__(data={"name": suggested})
        self._bank = bank

    def validate_name(self, field: Field) -> None:
        """WTForms calls this after the field's own validators."""
        IsOwnName(self._bank)(self, field)


class SignInForm(Form):
    """Address and password."""

    email = EmailField(
        _l("E-mail"), filters=[strip], validators=[InputRequired(REQUIRED), Length(max=254)]
    )
    password = _old_password(_l("Password"))


class ConfirmForm(Form):
    """The password chosen at signing up, asked when its letter is opened in another browser."""

    password = _old_password(_l("Password"))


class AddressForm(Form):
    """An address to mail a link to."""

    email = _address(_l("E-mail"))


class CodeForm(Form):
    """A code of an app or from paper."""

    code = StringField(
        _l("Code"),
        filters=[strip],
        validators=[InputRequired(REQUIRED), Length(max=40, message=_l("Too long."))],
        description=_l("Six digits from the app, or one of your recovery codes."),
    )


class AppCodeForm(Form):
    """The first code that an app shows."""

    code = StringField(
        _l("Code from the app"),
        filters=[strip],
        validators=[InputRequired(REQUIRED), Length(max=40, message=_l("Too long."))],
        description=_l("Six digits; they change every half minute."),
    )


class PasskeyForm(Form):
    """What a passkey answered; a script fills it in."""

    credential = HiddenField(validators=[Length(max=passkeys.LONGEST_ANSWER)])

    def was_used(self) -> bool:
        """Whether a passkey answered, and not another form of the same page."""
        return bool(self.credential.data)


class NewPasskeyForm(PasskeyForm):
    """A new passkey and what to call it."""

    name = StringField(
        _l("What to call it"),
        filters=[fold],
        validators=[InputRequired(REQUIRED), between(1, 60)],
        description=_l("For example the device it is on."),
    )


class AgainForm(Form):
    """The password once more."""

    password = _old_password(_l("Password"))


RESET_REASONS = {
    "lost": _l("The device is lost"),
    "stolen": _l("The device was stolen"),
    "broken": _l("The device is broken"),
    "replaced": _l("There is a new device"),
}


class ResetFactorsForm(Form):
    """Why an administrator takes somebody's second factors away."""

    reason = SelectField(
        _l("Reason"), choices=[SelectChoice(r, RESET_REASONS[r]) for r in factors.REASONS]
    )


class NewPasswordForm(_NewPassword):
    """A new password, by a mailed link."""

    password = _new_password(_l("New password"))


class ChangePasswordForm(_NewPassword):
    """A new password, from the profile."""

    old = _old_password(_l("Present password"))
    password = _new_password(_l("New password"))


class ChangeAddressForm(Form):
    """A new address, from the profile."""

    email = _address(_l("New e-mail"))
    old = _old_password(_l("Present password"))

    def __init__(self, person: Person) -> None:
        super().__init__()
        # Who comes in through the bank's own provider has none; they proved it otherwise just now.
        if person.password_hash is None:
            del self.old


class ProfileForm(Form):
    """What others see of a person, and how they read us."""

    name = StringField(
        _l("Your name"), filters=[fold], validators=[InputRequired(REQUIRED), between(2, 60)]
    )
    post = StringField(
        _l("Post at the bank"), filters=[fold], validators=[Length(max=120), IsPlain()]
    )
    about = TextAreaField(
        _l("About you"),
        filters=[strip],
        validators=[Length(max=600, message=_l("At most %(max)d characters, please."))],
        description=_l("One or two sentences, shown on your page."),
    )
    picture = FileField(
        _l("Picture"), description=_l("PNG, JPEG, WebP or HEIC, up to 10 MB. It is cropped square.")
    )
    remove_picture = BooleanField(_l("Remove the picture"))
    locale = SelectField(_l("Language of pages and letters"))
    timezone = SelectField(_l("Time zone"))

    def __init__(self, person: Any, bank: str, locales: list[str]) -> None:
        super().__init__(obj=person)
        self._bank, self._person = bank, person
        self.locale.choices = [SelectChoice(code, LOCALE_NAMES[code]) for code in locales]
        self.timezone.choices = [
            SelectChoice("", _("As the bank's")),
            *(SelectChoice(z, z) for z in zone_names()),
        ]
        if not person.is_staff:
            del self.post

    def validate_name(self, field: Field) -> None:
        """WTForms calls this after the field's own validators."""
        IsOwnName(self._bank, self._person)(self, field)


ROLE_WORDS = {
    "customer": _l("Customer"),
    "executive": _l("Executive"),
    "manager": _l("Community manager"),
    "administrator": _l("Administrator"),
}


class PersonForm(Form):
    """Somebody's role and post, for the administrator."""

    role = SelectField(
        _l("Role"),
        choices=[SelectChoice(role, ROLE_WORDS[role]) for role in ROLES],
        description=_l(
            "An executive answers in their categories; a community manager keeps order;"
            " an administrator may do everything here."
        ),
    )
    post = StringField(
        _l("Post at the bank"),
        filters=[fold],
        validators=[Length(max=120, message=_l("At most %(max)d characters, please.")), IsPlain()],
        description=_l("Signed under every official answer from now on."),
    )

    def __init__(self, person: Any = None) -> None:
        super().__init__(person)

    def validate_post(self, field: Field) -> None:
        """Who speaks for the bank says as what."""
        if self.role.data == "executive" and not field.data:
            raise ValidationError(_("An executive needs a post: it is signed under the answers."))


class InviteForm(PersonForm):
    """A new member of staff."""

    name = StringField(
        _l("Name"), filters=[fold], validators=[InputRequired(REQUIRED), between(2, 60), IsPlain()]
    )
    email = _address(_l("E-mail"), _l("A link to choose a password goes there."))

    def __init__(self) -> None:
        super().__init__()
        self.role.choices = [
            SelectChoice(role, ROLE_WORDS[role]) for role in ROLES if role != "customer"
        ]


def _day(label: Any) -> DateField:
    return DateField(  # type: ignore[call-arg]  # newer than stubs
        label,
        format=["%Y-%m-%d", "%d.%m.%Y"],
        invalid_value_message=_l("Write the day like 2026-11-28 or 28.11.2026."),
        validators=[InputRequired(REQUIRED)],
    )


def _hour(label: Any) -> TimeField:
    return TimeField(  # type: ignore[call-arg]  # newer than stubs
        label,
        format=["%H:%M", "%H:%M:%S"],
        invalid_value_message=_l("Write the hour like 14:30."),
        validators=[Optional()],
        description=_l("Leave it empty for the whole day."),
    )


class _Ending(Form):
    """What is said about the end of an absence, alike in both forms below."""

    ends_on: DateField
    ends_time: TimeField
    zone: ZoneInfo

    def begins(self) -> datetime | None:
        """When it begins, as far as the form says so."""
        return None

    def ends(self) -> datetime:
        """The first instant that is not away any more."""
        last, hour = self.ends_on.data, self.ends_time.data
        if last is None:
            raise ValueError(last)
        if hour is not None:
            return instant(last, hour, self.zone)
        return instant(last + timedelta(days=1), time(), self.zone)

    def validate_ends_on(self, field: Field) -> None:
        """After the beginning, after now, within a year; the other fields have been read."""
        if field.data is None:
            return
        starts_at = self.begins()
        if not _is_near(field.data):
            raise ValidationError(_("An absence lasts a year at most."))
        if starts_at is not None and self.ends() <= starts_at:
            raise ValidationError(_("The end must be after the beginning."))
        if self.ends() <= clock.now():
            raise ValidationError(_("This has passed already."))
        if starts_at is not None and self.ends() - starts_at > LONGEST_ABSENCE:
            raise ValidationError(_("An absence lasts a year at most."))


class EndForm(_Ending):
    """The end of an absence, when it is to be another."""

    ends_on = _day(_l("Last day away"))
    ends_time = _hour(_l("Until what hour"))

    def __init__(self, zone: ZoneInfo, absence: Absence) -> None:
        ends_on, ends_time = last_day(absence.ends_at, zone)
        super().__init__(data={"ends_on": ends_on, "ends_time": ends_time})
        self.zone, self.starts_at = zone, absence.starts_at

    def begins(self) -> datetime:
        """That stays as it is."""
        return self.starts_at


class AbsenceForm(_Ending):
    """When somebody is away, who stands in, and a word for colleagues."""

    starts_on = _day(_l("First day away"))
    starts_time = _hour(_l("From what hour"))
    ends_on = _day(_l("Last day away"))
    ends_time = _hour(_l("Until what hour"))
    substitute_id = SelectField(
        _l("Who stands in"),
        coerce=int,
        validate_choice=False,
        description=_l("They answer in public meanwhile. Without anybody, the deputy does."),
    )
    note = StringField(
        _l("A word for colleagues"),
        filters=[fold],
        validators=[Length(max=200, message=_l("At most %(max)d characters, please."))],
        description=_l("Shown to colleagues only."),
    )

    def __init__(self, zone: ZoneInfo, colleagues: Sequence[Person]) -> None:
        super().__init__()
        self.zone = zone
        self.colleagues = {p.id: p for p in colleagues}
        self.substitute_id.choices = [
            SelectChoice(0, _("Nobody by name")),
            *(SelectChoice(p.id, f"{p.name}, {p.post}" if p.post else p.name) for p in colleagues),
        ]

    def begins(self) -> datetime | None:
        """The first instant away."""
        first = self.starts_on.data
        if first is None or not _is_near(first):
            return None
        return instant(first, self.starts_time.data or time(), self.zone)

    def validate_starts_on(self, field: Field) -> None:
        """Who answered until now answered; nobody was away in hindsight."""
        if field.data is None:
            return
        if field.data < clock.now().astimezone(self.zone).date():
            raise ValidationError(_("Choose today or a later day: what has been stays."))
        if not _is_near(field.data):
            raise ValidationError(_("This is too far ahead."))

    def validate_substitute_id(self, field: Field) -> None:
        """One of those offered, or nobody."""
        if field.data and field.data not in self.colleagues:
            raise ValidationError(_("Choose somebody of the list."))

    def leave(self) -> Leave:
        """What was said, once every field is right."""
        starts_at = self.begins()
        if starts_at is None:
            raise ValueError(self.starts_on.data)
        substitute = self.colleagues.get(self.substitute_id.data)
        return Leave(starts_at, self.ends(), substitute, self.note.data or "")


def _is_near(day: date) -> bool:
    """Within a few years of today: what lies further, no calendar can reckon with."""
    return abs(day.year - clock.now().year) <= YEARS_AHEAD


def instant(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """What a wall clock in `zone` shows, as an instant."""
    return datetime.combine(day, hour, zone).astimezone(UTC)


def last_day(ends_at: datetime, zone: ZoneInfo) -> tuple[date, time | None]:
    """The last day of an absence, and the hour when it does not take the whole of it."""
    local = ends_at.astimezone(zone)
    if local.time() == time():
        return local.date() - timedelta(days=1), None
    return local.date(), local.time().replace(second=0, microsecond=0)


class AgreeForm(Form):
    """A tick that nobody has made beforehand."""

    agreed = BooleanField(
        _l("I have read this and agree"),
        validators=[InputRequired(_l("Without your agreement we may not keep your data."))],
    )


class LegalTextForm(Form):
    """What the bank says about personal data, in each language; the bank's own must be there."""

    ru = TextAreaField(LOCALE_NAMES["ru"], filters=[strip], validators=[Length(max=60_000)])
    uk = TextAreaField(LOCALE_NAMES["uk"], filters=[strip], validators=[Length(max=60_000)])
    en = TextAreaField(LOCALE_NAMES["en"], filters=[strip], validators=[Length(max=60_000)])
    asks = BooleanField(
        _l("Ask everybody to agree anew"),
        description=_l("When they sign in next. Leave it for a slip of the pen only."),
    )

    def __init__(self, texts: dict[str, str], bank_locale: str) -> None:
        super().__init__(data=texts)
        self._bank_locale = bank_locale

    def validate(self, extra_validators: Any = None) -> bool:
        """The text in the bank's language stands in for those that are missing."""
        right = super().validate(extra_validators)
        own = {"uk": self.uk, "en": self.en}.get(self._bank_locale, self.ru)
        if not own.data:
            own.errors = [str(REQUIRED)]
            return False
        return right

    def texts(self) -> dict[str, str]:
        """By language."""
        return {code: self[code].data or "" for code in LOCALE_NAMES}
