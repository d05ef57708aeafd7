"""How somebody comes in, on one page: password, passkeys, app, codes on paper, and sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template, session, url_for

from app.accounts import codes, factors, passkeys, queries, service, sessions
from app.accounts.forms import AppCodeForm, NewPasskeyForm
from app.accounts.views import door
from app.accounts.views.arrival import HOMES, page
from app.brand.queries import brand
from app.core.i18n import _
from app.core.sealing import BrokenSealError
from app.core.web import current_actor, see_other

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person


@door.get("/profile/safety", may="accounts.edit_own")
def safety() -> ResponseReturnValue:
    """Everything that lets this person in, and where they are in now."""
    person: Person = current_actor()
    return render_template(
        "accounts/safety.html",
        person=person,
        factors=factors.of(person),
        sessions=queries.sessions_of(person),
        this_one=sessions.current_key_hash(),
        must=sessions.asks_for_second_factor(person),
    )


# ---------------------------------------------------------------------------------------- passkeys


@door.form("/profile/passkeys/new", may="accounts.edit_own", fresh=True)
def add_passkey() -> ResponseReturnValue:
    """Name it, and let the device make it."""
    person: Person = current_actor()
    form = NewPasskeyForm()
    challenge = sessions.asked("add") if form.was_used() else ""
    if not form.is_sent_well() or not form.was_used():
        return page("add_passkey", form)
    try:
        key = passkeys.added(form.credential.data or "", challenge)
        factors.add_passkey(person, key, form.name.data or "")
    except passkeys.RefusedKeyError:
        form.form_errors.append(_("The device did not make a passkey. Please try again."))
        return page("add_passkey", form)
    except factors.KnownKeyError:
        form.form_errors.append(_("This device is registered already, or there are too many."))
        return page("add_passkey", form)
    return _added("passkey", _("From now on this passkey lets you in."))


@door.post("/profile/passkeys/question", may="accounts.edit_own", fresh=True)
def ask_new_passkey() -> ResponseReturnValue:
    """What the device shall make a key for; good for one answer."""
    person: Person = current_actor()
    question = passkeys.to_add(person, factors.of(person).passkeys, brand().name)
    sessions.ask("add", question.challenge)
    return question.options, 200, {"Content-Type": "application/json"}


@door.post("/profile/passkeys/<int:passkey_id>/remove", may="accounts.edit_own", fresh=True)
def remove_passkey(passkey_id: int) -> ResponseReturnValue:
    """It opens nothing any more, wherever it lies."""
    person: Person = current_actor()
    try:
        must = sessions.asks_for_second_factor(person)
        factors.remove_passkey(person, passkey_id, one_must_stay=must)
    except factors.LastFactorError:
        flash(_keep_one(), "error")
    else:
        flash(_("The passkey is removed."), "success")
    return see_other("accounts.safety")


# ----------------------------------------------------------------------------------- app with codes


@door.post("/profile/code-app/begin", may="accounts.edit_own", fresh=True)
def begin_code_app() -> ResponseReturnValue:
    """A new secret; nothing counts until the app has shown a code of it."""
    person: Person = current_actor()
    session["code_app"] = factors.sealed(person, codes.new_secret())
    return see_other("accounts.add_code_app")


@door.form("/profile/code-app", may="accounts.edit_own", fresh=True)
def add_code_app() -> ResponseReturnValue:
    """The secret as a picture and as letters, and the first code of the app."""
    person: Person = current_actor()
    try:
        secret = factors.opened(person, session.get("code_app", ""))
    except BrokenSealError:
        return see_other("accounts.safety")
    form = AppCodeForm()
    if form.is_sent_well():
        try:
            factors.add_app(person, secret, form.code.data or "")
        except factors.WrongCodeError:
            form.code.errors = [_("This code does not fit. A code works once, and not for long.")]
        else:
            del session["code_app"]
            return _added("app", _("From now on the app's codes let you in."))
    address = codes.address(secret, person.email or person.name, brand().name)
    groups = [secret[i : i + 4] for i in range(0, len(secret), 4)]
    return page("add_code_app", form, picture=codes.picture(address), groups=groups)


@door.post("/profile/code-app/remove", may="accounts.edit_own", fresh=True)
def remove_code_app() -> ResponseReturnValue:
    """Its codes open nothing any more."""
    person: Person = current_actor()
    try:
        factors.remove_app(person, one_must_stay=sessions.asks_for_second_factor(person))
    except factors.LastFactorError:
        flash(_keep_one(), "error")
    else:
        flash(_("The app is removed."), "success")
    return see_other("accounts.safety")


# ---------------------------------------------------------------------------------- codes on paper


@door.post("/profile/recovery-codes", may="accounts.edit_own", fresh=True)
def new_recovery_codes() -> ResponseReturnValue:
    """Ten new ones, shown here and never again."""
    person: Person = current_actor()
    if not factors.of(person):
        return see_other("accounts.safety")
    return _codes_on_paper(factors.new_recovery_codes(person))


# ---------------------------------------------------------------------------------------- sessions


@door.post("/profile/sessions/<int:session_id>/end", may="accounts.edit_own", fresh=True)
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign another device out."""
    service.sign_out_of(current_actor(), session_id)
    flash(_("That device is signed out."), "success")
    return see_other("accounts.safety")


@door.post("/profile/sessions/end", may="accounts.edit_own", fresh=True)
def end_other_sessions() -> ResponseReturnValue:
    """Sign every other device out."""
    service.sign_out_others(current_actor(), sessions.current_key_hash())
    flash(_("All other devices are signed out."), "success")
    return see_other("accounts.safety")


# ----------------------------------------------------------------------------------------- inside


def _added(second: str, words: str) -> ResponseReturnValue:
    """This session has shown it too; with the first one come the codes for paper."""
    person: Person = current_actor()
    sessions.prove_again(second)
    if not factors.of(person).recovery_left:
        return _codes_on_paper(factors.new_recovery_codes(person), words)
    flash(words, "success")
    return see_other("accounts.safety")


def _codes_on_paper(made: list[str], words: str = "") -> ResponseReturnValue:
    home = url_for(HOMES.get(current_actor().role, "topics.front"))
    return render_template("accounts/recovery_codes.html", codes=made, words=words, home=home)


def _keep_one() -> str:
    return _("Who works for the bank keeps at least one. Add another one first.")
