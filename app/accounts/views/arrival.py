"""Coming in: whichever proof it was, one function signs a person in, or asks for the second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, redirect, render_template, request, url_for

from app.accounts import factors, paces, passkeys, service, sessions
from app.accounts.forms import AddressForm, CodeForm, PasskeyForm, SignInForm
from app.accounts.views import door
from app.core import clock, limits
from app.core.guests import guest_hash
from app.core.i18n import _, duration, locale_code
from app.core.web import SAFE, current_actor, inside, see_other

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue
    from wtforms import Field

    from app.accounts.models import Person
    from app.core.forms import Form

# Where somebody's day begins.
HOMES = {
    "executive": "topics.desk",
    "manager": "sla.board",
    "administrator": "moderation.home",
}
# What staff reaches with one proof, where two are asked for: the way to the second, and out.
BEFORE_THE_SECOND = {
    "static",
    "brand.css",
    "media.image",
    "topics.speak",
    "accounts.again",
    "accounts.safety",
    "accounts.ask_passkey",
    "accounts.ask_new_passkey",
    "accounts.add_passkey",
    "accounts.begin_code_app",
    "accounts.add_code_app",
    "accounts.sign_out",
    "insight.healthz",
    "insight.readyz",
}


def arrive(
    person: Person, method: str, *, next_page: str | None = None, second: str = ""
) -> ResponseReturnValue:
    """Sign `person` in after a first proof; who has a second factor is asked for it first.

    `method` and `second` are words of `SignedIn`; `second` says that this proof was two at once.
    Who is suspended is told so, and why, whichever proof it was.
    """
    if person.is_suspended:
        service.note_failure(person, method)
        return page("sign_in", SignInForm(fresh=True), suspended=person)
    if not second and factors.of(person):
        sessions.wait_for_second(person, method, next_page)
        return see_other("accounts.second_step")
    service.note_sign_in(person, guest_hash(), method, second)
    sessions.begin(person, second)
    return onwards(person, next_page)


def onwards(person: Person, next_page: str | None) -> ResponseReturnValue:
    """Back to what they were doing; without an errand, to where their work lies."""
    home = url_for(HOMES.get(person.role, "topics.front"))
    return redirect(inside(next_page) or home, code=303)


@door.before_app_request
def ask_staff_for_two_proofs() -> Response | None:
    """Nothing of the bank opens to its people by a password alone."""
    if request.endpoint is None or request.endpoint in BEFORE_THE_SECOND:
        return None
    if not current_app.config["STAFF_SECOND_FACTOR"]:
        return None
    person = current_actor()
    if not sessions.lacks_second_factor(person):
        return None
    if not factors.of(person):
        return see_other("accounts.safety")
    here = request.full_path.rstrip("?") if request.method in SAFE else None
    return see_other("accounts.again", next=here)


@door.form("/sign-in/second", may="accounts.sign_in")
def second_step() -> ResponseReturnValue:
    """The password was right; now a code or a passkey."""
    waiting = sessions.halfway()
    if waiting is None:
        return see_other("accounts.sign_in")
    person, method, next_page = waiting
    code, key = CodeForm(), PasskeyForm()
    second = by_passkey(key, person) if key.was_used() else by_code(code, person)
    if second:
        return arrive(person, method, next_page=next_page, second=second)
    code.form_errors.extend(key.form_errors)
    return page("second_step", code, factors=factors.of(person))


@door.post("/sign-in/passkey/question", may="accounts.sign_in")
def ask_passkey() -> ResponseReturnValue:
    """What the browser shall have signed; kept here, and good for one answer."""
    waiting = sessions.halfway()
    person = waiting[0] if waiting else current_actor()
    known = factors.of(person).passkeys if person.id is not None else ()
    question = passkeys.to_prove(known)
    sessions.ask("prove", question.challenge)
    return question.options, 200, {"Content-Type": "application/json"}


@door.post("/sign-in/passkey", may="accounts.sign_in")
def sign_in_by_passkey() -> ResponseReturnValue:
    """A passkey is two proofs in one: the device, and a finger, face or PIN."""
    form = PasskeyForm()
    challenge = sessions.asked("prove")
    try:
        person = factors.use_passkey(form.credential.data or "", challenge).person
    except passkeys.RefusedKeyError:
        person = None
    if person is None or not person.is_open:
        password = SignInForm(fresh=True)
        password.form_errors.append(_no_passkey())
        return page("sign_in", password)
    return arrive(person, "passkey", next_page=request.values.get("next"), second="passkey")


@door.form("/sign-in/link", may="accounts.sign_in")
def ask_link() -> ResponseReturnValue:
    """Mail a link that signs in once. The same page follows whoever the address belongs to."""
    form = AddressForm()
    if not form.is_sent_well():
        return page("ask_link", form)
    if (pause := limits.wait(paces.LETTERS)) > 0:
        return too_fast("ask_link", form, pause)
    email = form.email.data or ""
    if paces.may_be_written_to(email, paces.LINKS):
        service.ask_link(email, locale_code(), next_page=inside(request.values.get("next")))
    return look_in_your_mail(email)


@door.form("/sign-in/link/<token>", may="accounts.prove_address")
def use_link(token: str) -> ResponseReturnValue:
    """A page with a button: mail scanners open links, and opening must change nothing."""
    ticket = service.ticket_for(token, "link")
    if ticket is None:
        return stale_link()
    # Not "GET": a scanner's HEAD must not burn it.
    if request.method != "POST":
        return render_template("accounts/use_link.html", ticket=ticket)
    person = service.use_link(ticket)
    if person is None:
        return stale_link()
    return arrive(person, "link", next_page=ticket.next)


def by_code(form: CodeForm, person: Person) -> str:
    """Which factor the code sent was of; "" with the reason beside the field."""
    if not form.is_sent_well():
        return ""
    try:
        return factors.use_code(person, form.code.data or "")
    except factors.WrongCodeError:
        _beside(form.code, _("This code does not fit. A code works once, and not for long."))
    except factors.TooManyCodesError as error:
        _beside(form.code, _("Too many wrong codes. Come again in: %(time)s", time=_wait(error)))
    return ""


def by_passkey(form: PasskeyForm, person: Person) -> str:
    """The word for it when one of their passkeys answered; "" with the reason on top."""
    try:
        factors.use_passkey(form.credential.data or "", sessions.asked("prove"), person)
    except passkeys.RefusedKeyError:
        form.form_errors.append(_no_passkey())
        return ""
    return "passkey"


def page(name: str, form: Form, **more: object) -> tuple[str, int]:
    """A page with a form, and whether what was sent was right."""
    next_page = inside(request.values.get("next"))
    shown = render_template(f"accounts/{name}.html", form=form, next=next_page, **more)
    return shown, 422 if request.method == "POST" else 200


def too_fast(name: str, form: Form, pause: int, **more: object) -> ResponseReturnValue:
    """The same page with everything typed, and when to come again."""
    # Up to the full minute: who comes a moment early would have to wait again.
    words = _("That was a little fast. Come again in: %(time)s", time=duration(pause + 59))
    form.form_errors.append(words)
    return page(name, form, **more)[0], 429, {"Retry-After": str(pause)}


def look_in_your_mail(address: str) -> ResponseReturnValue:
    """What follows whenever a letter may have been sent."""
    # Without a mail server letters are files: whoever tries Otklik out should find theirs.
    folder = None if current_app.config["MAIL_URL"] else current_app.config["MAIL_PATH"]
    return render_template("accounts/look_in_your_mail.html", address=address, folder=folder)


def stale_link() -> ResponseReturnValue:
    """A link that was used, replaced, forged, or is too old."""
    return render_template("accounts/stale_link.html"), 410


def _no_passkey() -> str:
    return _("No passkey of this device fits. Try again, or come in another way.")


def _wait(error: factors.TooManyCodesError) -> str:
    return duration(error.until - clock.now())


def _beside(field: Field, words: str) -> None:
    field.errors = [*field.errors, words]
