"""Signing up, in and out, proving an address, the profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, flash, redirect, render_template, request, url_for

from app.accounts import queries, service, sessions
from app.accounts.forms import (
    AddressForm,
    ChangeAddressForm,
    ChangePasswordForm,
    ConfirmForm,
    NewPasswordForm,
    ProfileForm,
    SignInForm,
    SignUpForm,
)
from app.accounts.views import door
from app.brand.queries import brand
from app.core.guests import guest_hash, make_guest
from app.core.i18n import _, is_locale, locale_code
from app.core.web import current_actor, inside, remember_locale, see_other
from app.media import service as media
from app.media.images import PictureError

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person, Ticket


# Where somebody's day begins.
HOMES = {
    "executive": "topics.desk",
    "manager": "sla.board",
    "administrator": "moderation.home",
}

# ------------------------------------------------------------------------------------- signing up


@door.form("/sign-up", may="accounts.sign_up")
def sign_up() -> ResponseReturnValue:
    """The same page follows whether or not the address has an account: the letter tells."""
    form = SignUpForm(brand().name)
    if not form.is_sent_well():
        return _page("sign_up", form)
    service.sign_up(
        name=form.name.data or "",
        email=form.email.data or "",
        password=form.password.data or "",
        locale=locale_code(),
        guest=make_guest(),
        next_page=inside(request.values.get("next")),
    )
    return _look_in_your_mail(form.email.data or "")


@door.form("/confirm/<token>", may="accounts.prove_address")
def confirm(token: str) -> ResponseReturnValue:
    """A page with a button: mail scanners open links, and opening must change nothing."""
    ticket = service.ticket_for(token, "confirm", "known")
    if ticket is None:
        return _stale_link()
    form = None if ticket.guest == guest_hash() else ConfirmForm()
    if ticket.purpose == "known" or not _began_it(ticket, form):
        page = render_template("accounts/confirm.html", ticket=ticket, form=form)
        return page, 422 if form and form.form_errors else 200
    person = service.confirm(ticket)
    sessions.begin(person)
    flash(_("Welcome, %(name)s. Your address is confirmed.", name=person.name), "success")
    return _onwards(person, ticket.next)


# ------------------------------------------------------------------------------------- in and out


@door.form("/sign-in", may="accounts.sign_in")
def sign_in() -> ResponseReturnValue:
    """One answer for a wrong password and for an unknown address."""
    if current_actor().id is not None:
        return _onwards(current_actor(), request.values.get("next"))
    form = SignInForm()
    if not form.is_sent_well():
        return _page("sign_in", form)
    person = service.authenticate(form.email.data or "", form.password.data or "")
    if person is None:
        form.form_errors.append(_("The e-mail or the password does not fit. Please try again."))
        return _page("sign_in", form)
    service.note_sign_in(person, guest_hash())
    sessions.begin(person)
    return _onwards(person, request.values.get("next"))


@door.post("/sign-out", may="accounts.sign_out")
def sign_out() -> ResponseReturnValue:
    """The session's row goes; what the browser kept is worth nothing."""
    sessions.end()
    response = see_other("topics.front")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@door.form("/reset", may="accounts.prove_address")
def ask_reset() -> ResponseReturnValue:
    """Mail a link for a new password."""
    form = AddressForm()
    if not form.is_sent_well():
        return _page("ask_reset", form)
    service.ask_reset(form.email.data or "", locale_code())
    return _look_in_your_mail(form.email.data or "")


@door.form("/reset/<token>", may="accounts.prove_address")
def reset(token: str) -> ResponseReturnValue:
    """Set a new password by the mailed link; every other session ends."""
    ticket = service.ticket_for(token, "reset", "invite")
    if ticket is None:
        return _stale_link()
    form = NewPasswordForm()
    if not form.is_sent_well():
        return _page("reset", form, ticket=ticket)
    person = service.reset(ticket, form.password.data or "")
    sessions.begin(person)
    if ticket.purpose == "invite":
        flash(_("Welcome, %(name)s. Your account is open.", name=person.name), "success")
        # A face and a few words first: that is what customers will see.
        return see_other("accounts.profile")
    flash(_("Your new password works. Other devices were signed out."), "success")
    return _onwards(person, ticket.next)


# ---------------------------------------------------------------------------------------- profile


@door.form("/profile", may="accounts.edit_own")
def profile() -> ResponseReturnValue:
    """What others see of a person, and how they read us."""
    person: Person = current_actor()
    offered = [code for code in brand().languages if is_locale(code)]
    form = ProfileForm(person, brand().name, offered)
    if not form.is_sent_well() or not _take_picture(form, person):
        return _page("profile", form, person=person, sessions=queries.sessions_of(person))
    service.rename(person, form.name.data or "")
    person.about = form.about.data or ""
    person.locale, person.timezone = form.locale.data, form.timezone.data or None
    if person.is_staff:
        person.post = form.post.data or ""
    service.note_change(person)
    flash(_("Saved."), "success")
    response = see_other("accounts.profile")
    remember_locale(response, form.locale.data)
    return response


@door.form("/profile/password", may="accounts.edit_own")
def change_password() -> ResponseReturnValue:
    """Other devices are signed out; this one stays."""
    form = ChangePasswordForm()
    if form.is_sent_well():
        try:
            service.change_password(
                current_actor(),
                form.old.data or "",
                form.password.data or "",
                keep=sessions.current_key_hash(),
            )
        except service.WrongPasswordError:
            _say_wrong_password(form.old)
        else:
            flash(_("Your new password works. Other devices were signed out."), "success")
            return see_other("accounts.profile")
    return _page("change_password", form)


@door.form("/profile/address", may="accounts.edit_own")
def ask_change_of_address() -> ResponseReturnValue:
    """A link goes to the new address; nothing changes until it is used."""
    form = ChangeAddressForm()
    if form.is_sent_well():
        try:
            service.ask_change_of_address(
                current_actor(), form.email.data or "", form.old.data or "", locale_code()
            )
        except service.WrongPasswordError:
            _say_wrong_password(form.old)
        else:
            return _look_in_your_mail(form.email.data or "")
    return _page("change_address", form)


@door.form("/change-address/<token>", may="accounts.prove_address")
def change_address(token: str) -> ResponseReturnValue:
    """Move to the proved address."""
    ticket = service.ticket_for(token, "change")
    if ticket is None:
        return _stale_link()
    if request.method == "GET":
        return render_template("accounts/confirm.html", ticket=ticket)
    try:
        service.change_address(ticket)
    except service.AddressTakenError:
        return _stale_link()
    flash(_("Your address is changed."), "success")
    return see_other("accounts.profile" if current_actor().id else "accounts.sign_in")


@door.post("/profile/sessions/<int:session_id>/end", may="accounts.edit_own")
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign another device out."""
    service.sign_out_of(current_actor(), session_id)
    flash(_("That device is signed out."), "success")
    return see_other("accounts.profile")


# ----------------------------------------------------------------------------------------- inside


def _began_it(ticket: Ticket, form: ConfirmForm | None) -> bool:
    """Whether the account was begun in this browser, or by whoever knows its password.

    Anybody can begin one with an address that is not theirs. Its owner must not open it unawares.
    """
    if form is None or ticket.person is None or not form.is_sent_well():
        return form is None and request.method == "POST"
    try:
        service.check_password(ticket.person, form.password.data or "")
    except service.WrongPasswordError:
        form.form_errors.append(_("The e-mail or the password does not fit. Please try again."))
        return False
    return True


def _page(name: str, form: object, **more: object) -> ResponseReturnValue:
    answer = render_template(
        f"accounts/{name}.html", form=form, next=inside(request.values.get("next")), **more
    )
    return answer, 422 if request.method == "POST" else 200


def _look_in_your_mail(address: str) -> ResponseReturnValue:
    # Without a mail server letters are files: whoever tries Otklik out should find theirs.
    folder = None if current_app.config["MAIL_URL"] else current_app.config["MAIL_PATH"]
    return render_template("accounts/look_in_your_mail.html", address=address, folder=folder)


def _stale_link() -> ResponseReturnValue:
    return render_template("accounts/stale_link.html"), 410


def _onwards(person: Person, next_page: str | None) -> ResponseReturnValue:
    """Back to what they were doing; without an errand, to where their work lies."""
    home = url_for(HOMES.get(person.role, "topics.front"))
    return redirect(inside(next_page) or home, code=303)


def _say_wrong_password(field: object) -> None:
    field.errors = [*getattr(field, "errors", ()), _("This is not your present password.")]  # type: ignore[attr-defined]


def _take_picture(form: ProfileForm, person: Person) -> bool:
    """Store the uploaded portrait; False when the form must be shown again."""
    upload = form.picture.data
    if not upload or not getattr(upload, "filename", ""):
        if form.remove_picture.data:
            person.portrait = None
        return True
    try:
        picture = media.portrait(upload.read())
    except PictureError as error:
        form.picture.errors = [media.words_for(error)]
        return False
    if not person.is_staff and service.looks_like_staff(picture.average_hash):
        form.picture.errors = [
            _("This picture belongs to somebody at the bank. Please choose another.")
        ]
        return False
    person.portrait = media.store(picture, owner_id=person.id)
    return True
