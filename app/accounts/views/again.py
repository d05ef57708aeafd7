"""Confirming that it is still the same person, before what matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import redirect, render_template, request, url_for

from app.accounts import factors, paces, passkeys, service, sessions
from app.accounts.forms import AgainForm, CodeForm, PasskeyForm
from app.accounts.views import door
from app.accounts.views.arrival import by_code, by_passkey, page, too_fast
from app.core.i18n import _
from app.core.web import SAFE, current_actor, inside, see_other

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person
    from app.core.forms import Form

# What was typed waits in the page under this prefix; never a password, code or key.
KEPT = "kept:"
NEVER_KEPT = {"password", "old", "code", "credential"}


@dataclass(frozen=True)
class Errand:
    """The act that waits for the proof, and what was typed for it; without one, only a page."""

    action: str | None = None
    kept: tuple[tuple[str, str], ...] = ()

    @classmethod
    def begun(cls) -> Errand:
        """The request at hand, to be sent again."""
        typed = request.form.items(multi=True)
        kept = tuple((k, v) for k, v in typed if k not in NEVER_KEPT)
        return cls(request.full_path.rstrip("?"), kept)

    @classmethod
    def carried(cls) -> Errand:
        """The one that the page which asks for the proof carries."""
        typed = request.form.items(multi=True)
        kept = tuple((k.removeprefix(KEPT), v) for k, v in typed if k.startswith(KEPT))
        return cls(inside(request.form.get("action")), kept)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """How that page carries it."""
        return [(KEPT + name, value) for name, value in self.kept]


def ask_again() -> ResponseReturnValue | None:
    """The page that asks, or None when they proved just now that it is them."""
    if sessions.is_fresh():
        return None
    if request.method in SAFE:
        return see_other("accounts.again", next=request.full_path.rstrip("?"))
    form = AgainForm(fresh=True)
    return page("again", form, **_about(form, Errand.begun()))


@door.record_once
def tell_the_doors(state: BlueprintSetupState) -> None:
    """Routes with `fresh=True` ask here; pages offer passkeys where browsers have them."""
    state.app.extensions["otklik.ask_again"] = ask_again
    state.app.jinja_env.globals["passkeys_are_possible"] = passkeys.are_possible


@door.form("/again", may="accounts.edit_own")
def again() -> ResponseReturnValue:
    """Any one proof is enough; staff that owes a second factor must give that."""
    person: Person = current_actor()
    errand, key = Errand.carried(), PasskeyForm()
    if key.was_used():
        second = by_passkey(key, person)
        return _proved("passkey", second, errand) if second else _asked(key, errand)
    if "code" in request.form:
        code = CodeForm()
        second = by_code(code, person)
        return _proved("code", second, errand) if second else _asked(code, errand)
    form = AgainForm()
    if sessions.lacks_second_factor(person) or not form.is_sent_well():
        return _asked(form, errand)
    return _by_password(person, form, errand)


def _by_password(person: Person, form: AgainForm, errand: Errand) -> ResponseReturnValue:
    account = person.email or f"person {person.id}"
    if (pause := paces.before_trying(account)) > 0:
        return too_fast("again", form, pause, **_about(form, errand))
    try:
        service.check_password(person, form.password.data or "")
    except service.WrongPasswordError:
        paces.after_failing()
        service.note_failure(person, "password")
        form.password.errors = [_("This is not your present password.")]
        return _asked(form, errand)
    paces.after_coming_in(account)
    return _proved("password", "", errand)


def _proved(method: str, second: str, errand: Errand) -> ResponseReturnValue:
    sessions.prove_again(second)
    service.note_proof(current_actor(), method)
    if errand.action is not None:
        return render_template("accounts/go_on.html", errand=errand)
    back = inside(request.values.get("next")) or url_for("accounts.safety")
    return redirect(back, code=303)


def _asked(form: Form, errand: Errand) -> ResponseReturnValue:
    return page("again", form, **_about(form, errand))


def _about(form: Form, errand: Errand) -> dict[str, object]:
    person: Person = current_actor()
    return {
        "password": form if isinstance(form, AgainForm) else AgainForm(fresh=True),
        "code": form if isinstance(form, CodeForm) else CodeForm(fresh=True),
        "factors": factors.of(person),
        "by_password": person.password_hash and not sessions.lacks_second_factor(person),
        "errand": errand,
    }
