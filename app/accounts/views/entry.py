"""Signing up, in and out, proving an address, the profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, flash, make_response, render_template, request, url_for

from app.accounts import consents, paces, passwords, service, sessions
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
from app.accounts.views import door, outside
from app.accounts.views.arrival import (
    arrive,
    look_in_your_mail,
    onwards,
    page,
    stale_link,
    too_fast,
)
from app.brand.queries import brand
from app.core import challenge, limits
from app.core.guests import guest_hash, make_guest
from app.core.i18n import _, is_locale, locale_code
from app.core.web import current_actor, inside, remember_locale, see_other
from app.media import service as media
from app.media.images import PictureError

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person, Ticket
    from app.core.forms import Form


# ------------------------------------------------------------------------------------- signing up


@door.form("/sign-up", may="accounts.sign_up")
def sign_up() -> ResponseReturnValue:
    """The same page follows whether or not the address has an account: the letter tells."""
    texts = consents.current()
    form = SignUpForm(brand().name, asks_to_agree=bool(texts))
    if not form.is_sent_well():
        challenge.offer("accounts.sign_up")
        return page("sign_up", form, texts=texts)
    if not _is_unchallenged("accounts.sign_up", form):
        return page("sign_up", form, texts=texts)
    if (pause := limits.wait(paces.SIGN_UPS)) > 0:
        return too_fast("sign_up", form, pause, texts=texts)
    paces.after_signing_up()
    ticket = service.sign_up(
        name=form.name.data or "",
        email=form.email.data or "",
        password=form.password.data or "",
        locale=locale_code(),
        guest=make_guest(),
        next_page=inside(request.values.get("next")),
    )
    if ticket.purpose == "confirm" and ticket.person is not None:
        consents.agree(ticket.person, texts, "sign_up", request.remote_addr)
    return look_in_your_mail(form.email.data or "")


def _is_unchallenged(purpose: str, form: Form) -> bool:
    """Whether nothing more is asked; else the page shows what, and the form says so."""
    if challenge.is_met(purpose):
        return True
    form.form_errors.append(_("One more step, at the end of the form."))
    return False


@door.form("/confirm/<token>", may="accounts.prove_address")
def confirm(token: str) -> ResponseReturnValue:
    """A page with a button: mail scanners open links, and opening must change nothing."""
    ticket = service.ticket_for(token, "confirm", "known")
    if ticket is None:
        return stale_link()
    form = None if ticket.guest == guest_hash() else ConfirmForm()
    if ticket.purpose == "known" or not _began_it(ticket, form):
        shown = render_template("accounts/confirm.html", ticket=ticket, form=form)
        return shown, 422 if form and form.form_errors else 200
    person = service.confirm(ticket)
    flash(_("Welcome, %(name)s. Your address is confirmed.", name=person.name), "success")
    return arrive(person, "confirm", next_page=ticket.next)


# ------------------------------------------------------------------------------------- in and out


@door.form("/sign-in", may="accounts.sign_in")
def sign_in() -> ResponseReturnValue:
    """One answer for a wrong password and for an unknown address."""
    if current_actor().id is not None:
        return onwards(current_actor(), request.values.get("next"))
    form = SignInForm()
    if not form.is_sent_well():
        challenge.offer("accounts.sign_in")
        return page("sign_in", form)
    email = form.email.data or ""
    if (pause := paces.before_trying(email)) > 0:
        return too_fast("sign_in", form, pause)
    if not _is_unchallenged("accounts.sign_in", form):
        paces.after_failing()  # or asking again and again would cost nothing
        return page("sign_in", form)
    return _tried(form)


def _tried(form: SignInForm) -> ResponseReturnValue:
    """In, or the one answer for whatever was wrong."""
    email = form.email.data or ""
    try:
        person = service.authenticate(email, form.password.data or "")
    except service.SuspendedError as error:
        return page("sign_in", form, suspended=error.person)
    if person is None:
        paces.after_failing()
        challenge.offer("accounts.sign_in")
        form.form_errors.append(_("The e-mail or the password does not fit. Please try again."))
        return page("sign_in", form)
    paces.after_coming_in(email)
    if _is_too_short(person, form.password.data or ""):
        return _ask_for_a_longer_one(person)
    return arrive(person, "password", next_page=request.values.get("next"))


def _is_too_short(person: Person, password: str) -> bool:
    """Whether a customer's password has outlived their promotion; the demo bank's are its own."""
    is_asked = person.is_staff and current_app.config["STAFF_SECOND_FACTOR"]
    return is_asked and len(password) < passwords.SHORTEST_OF_STAFF


def _ask_for_a_longer_one(person: Person) -> ResponseReturnValue:
    """Nobody comes in; the letter leads to where a longer password is set."""
    email = person.email or ""
    if paces.may_be_written_to(email, paces.RESETS):
        service.ask_reset(email, person.locale or locale_code())
    flash(
        _(
            "Those who work for the bank need a password of %(min)d characters or more. A letter"
            " with a link to set one is on its way to you.",
            min=passwords.SHORTEST_OF_STAFF,
        ),
        "info",
    )
    return look_in_your_mail(email)


@door.post("/sign-out", may="accounts.sign_out")
def sign_out() -> ResponseReturnValue:
    """The session's row goes; what the browser kept is worth nothing."""
    page = outside.way_out()
    sessions.end()
    response = make_response(page) if page else see_other("topics.front")
    # Not cookies: the language chosen here is the browser's, not the person's.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@door.form("/reset", may="accounts.prove_address")
def ask_reset() -> ResponseReturnValue:
    """Mail a link for a new password. Whether one went out, the page never tells."""
    form = AddressForm()
    if not form.is_sent_well():
        return page("ask_reset", form)
    if (pause := limits.wait(paces.LETTERS)) > 0:
        return too_fast("ask_reset", form, pause)
    if paces.may_be_written_to(form.email.data or "", paces.RESETS):
        service.ask_reset(form.email.data or "", locale_code())
    return look_in_your_mail(form.email.data or "")


@door.form("/reset/<token>", may="accounts.prove_address")
def reset(token: str) -> ResponseReturnValue:
    """Set a new password by the mailed link; every other session ends."""
    ticket = service.ticket_for(token, "reset", "invite")
    if ticket is None or ticket.person is None:
        return stale_link()
    form = NewPasswordForm(ticket.person, brand().name)
    if not form.is_sent_well():
        return page("reset", form, ticket=ticket)
    person = service.reset(ticket, form.password.data or "")
    if ticket.purpose == "invite":
        flash(_("Welcome, %(name)s. Your account is open.", name=person.name), "success")
        # A face and a few words first: that is what customers will see.
        return arrive(person, "reset", next_page=url_for("accounts.profile"))
    flash(_("Your new password works. Other devices were signed out."), "success")
    return arrive(person, "reset", next_page=ticket.next)


# ---------------------------------------------------------------------------------------- profile


@door.form("/profile", may="accounts.edit_own")
def profile() -> ResponseReturnValue:
    """What others see of a person, and how they read us."""
    person: Person = current_actor()
    offered = [code for code in brand().languages if is_locale(code)]
    form = ProfileForm(person, brand().name, offered)
    if not form.is_sent_well() or not _take_picture(form, person):
        return page("profile", form, person=person)
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


@door.form("/profile/password", may="accounts.edit_own", fresh=True)
def change_password() -> ResponseReturnValue:
    """Other devices are signed out; this one stays."""
    form = ChangePasswordForm(current_actor(), brand().name)
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
            return see_other("accounts.safety")
    return page("change_password", form)


@door.form("/profile/address", may="accounts.edit_own", fresh=True)
def ask_change_of_address() -> ResponseReturnValue:
    """A link goes to the new address; nothing changes until it is used."""
    form = ChangeAddressForm(current_actor())
    if form.is_sent_well():
        try:
            old = form.old.data if "old" in form else ""
            service.ask_change_of_address(
                current_actor(), form.email.data or "", old or "", locale_code()
            )
        except service.WrongPasswordError:
            _say_wrong_password(form.old)
        else:
            return look_in_your_mail(form.email.data or "")
    return page("change_address", form)


@door.form("/change-address/<token>", may="accounts.prove_address")
def change_address(token: str) -> ResponseReturnValue:
    """Move to the proved address."""
    ticket = service.ticket_for(token, "change")
    if ticket is None:
        return stale_link()
    # Not "GET": a scanner's HEAD must not move anybody.
    if request.method != "POST":
        return render_template("accounts/confirm.html", ticket=ticket)
    try:
        service.change_address(ticket)
    except service.AddressTakenError:
        return stale_link()
    flash(_("Your address is changed."), "success")
    return see_other("accounts.safety" if current_actor().id else "accounts.sign_in")


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
    try:
        person.portrait = media.store(picture, owner_id=person.id)
    except PictureError as error:
        form.picture.errors = [media.words_for(error)]
        return False
    return True
