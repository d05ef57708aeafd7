"""Forms about accounts. Passwords follow one rule: long enough; any character, pasted or typed."""

from __future__ import annotations

import unicodedata
from typing import Any

from email_validator import EmailNotValidError, validate_email
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    FileField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length

from app.accounts import service
from app.accounts.models import ROLES
from app.core.forms import REQUIRED, Form, between, fold, strip
from app.core.i18n import LOCALE_NAMES, _, _l, zone_names

SHORTEST, LONGEST = 10, 128


class IsAddress:
    """An e-mail address as mail servers understand it; nothing is asked of the network."""

    def __call__(self, _form: Form, field: Field) -> None:
        try:
            found = validate_email(field.data or "", check_deliverability=False)
        except EmailNotValidError:
            raise ValidationError(
                _("Write the address like name@example.org; something in it does not fit.")
            ) from None
        field.data = found.normalized


class IsOwnName:
    """A name that shows itself and could not be taken for the bank's."""

    def __init__(self, bank: str, person: Any = None) -> None:
        self.bank, self.person = bank, person

    def __call__(self, _form: Form, field: Field) -> None:
        try:
            service.check_name(field.data or "", self.bank, person=self.person)
        except service.NameTakenError:
            raise ValidationError(
                _("This name could be taken for somebody at the bank. Please choose another.")
            ) from None


def normal(text: str | None) -> str | None:
    """One form for one password, however the keyboard composed it."""
    return unicodedata.normalize("NFC", text) if isinstance(text, str) else text


def _new_password(label: Any) -> PasswordField:
    return PasswordField(
        label,
        filters=[normal],
        validators=[
            InputRequired(REQUIRED),
            Length(
                SHORTEST, LONGEST, message=_l("A password has from %(min)d to %(max)d characters.")
            ),
        ],
        description=_l("At least 10 characters. Several words are easier to keep in mind."),
    )


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

    def __init__(self, bank: str) -> None:
        super().__init__()
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


class NewPasswordForm(Form):
    """A new password, by a mailed link."""

    password = _new_password(_l("New password"))


class ChangePasswordForm(Form):
    """A new password, from the profile."""

    old = _old_password(_l("Present password"))
    password = _new_password(_l("New password"))


class ChangeAddressForm(Form):
    """A new address, from the profile."""

    email = _address(_l("New e-mail"))
    old = _old_password(_l("Present password"))


class ProfileForm(Form):
    """What others see of a person, and how they read us."""

    name = StringField(
        _l("Your name"), filters=[fold], validators=[InputRequired(REQUIRED), between(2, 60)]
    )
    post = StringField(_l("Post at the bank"), filters=[fold], validators=[Length(max=120)])
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
        validators=[Length(max=120, message=_l("At most %(max)d characters, please."))],
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
        _l("Name"), filters=[fold], validators=[InputRequired(REQUIRED), between(2, 60)]
    )
    email = _address(_l("E-mail"), _l("A link to choose a password goes there."))

    def __init__(self) -> None:
        super().__init__()
        self.role.choices = [
            SelectChoice(role, ROLE_WORDS[role]) for role in ROLES if role != "customer"
        ]
