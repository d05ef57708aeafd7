"""Coming in through the bank's own provider of identities, and being known to it.

Setting out is an act (what must come back is kept in the session); its page leads on by itself, for
a redirect after a form may not leave this site. Coming back is a page with a form as well: opening
an address, which anybody can make somebody do, changes nothing.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask import session as browser

from app.accounts import queries, service, sessions
from app.accounts.events import SignInFailed
from app.accounts.forms import WelcomeForm
from app.accounts.outside import entering, protocol, providers
from app.accounts.outside.asking import ProviderError
from app.accounts.outside.protocol import Begun, Vouched
from app.accounts.views import door
from app.accounts.views.arrival import arrive
from app.brand.queries import brand
from app.core import clock, limits, transactions
from app.core.events import record
from app.core.i18n import _, locale_code
from app.core.limits import Limit
from app.core.panels import panel
from app.core.sealing import BrokenSealError, seal, unseal
from app.core.web import current_actor, inside, see_other

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import OutsideIdentity, Person
    from app.accounts.outside.providers import Provider

log = logging.getLogger(__name__)

# In the session: what was begun, by its state; whom nobody knows yet; where one came from.
BEGUN, NEWCOMER, CAME_FROM = "outside_begun", "outside_newcomer", "outside"
# As long as a person takes to sign in there; and to think of a name.
PATIENCE = timedelta(minutes=10)
# Tabs in which somebody is on the way at once.
ON_THE_WAY = 3
PACE = Limit("outside", guests=30, people=30, seconds=3600)

# ------------------------------------------------------------------------------------------ panels


@panel("accounts:other_ways", order=10)
def on_the_sign_in_page(onwards: str | None = None, **_about: Any) -> str:
    """A button for each provider."""
    if not providers.known():
        return ""
    return render_template("accounts/_outside.html", providers=providers.known(), onwards=onwards)


@panel("accounts:safety", order=60)
def on_the_page_of_safety(person: Person, **_about: Any) -> str:
    """Who knows them, and who could."""
    linked = queries.identities_of(person)
    if not linked and not _linkable(person, linked):
        return ""
    return render_template(
        "accounts/_outside_linked.html",
        linked=[(identity, providers.of_issuer(identity.issuer)) for identity in linked],
        linkable=_linkable(person, linked),
        may_unlink=entering.may_unlink(person),
    )


@panel("accounts:again", order=60)
def where_they_prove_themselves(next: str | None = None, **_about: Any) -> str:  # noqa: A002
    """Their provider may ask them again."""
    knowing = [providers.of_issuer(i.issuer) for i in queries.identities_of(current_actor())]
    asked = [provider for provider in knowing if provider is not None]
    return render_template("accounts/_outside_again.html", providers=asked, onwards=next)


def _linkable(person: Person, linked: Any) -> list[Provider]:
    issuers = {identity.issuer for identity in linked}
    return [
        p
        for p in providers.known()
        if p.is_for_staff == person.is_staff and p.issuer not in issuers
    ]


# ---------------------------------------------------------------------------------- there and back


@door.post("/sign-in/with/<key>", may="accounts.sign_in")
def set_out(key: str) -> ResponseReturnValue:
    """To sign in; somebody who is signed in already proves again that it is them."""
    return _on_the_way(_provider(key), "enter" if current_actor().id is None else "prove")


@door.post("/profile/known-to/<key>", may="accounts.edit_own", fresh=True)
def link(key: str) -> ResponseReturnValue:
    """To be let in by this provider from now on."""
    return _on_the_way(_provider(key), "link")


def _on_the_way(provider: Provider, purpose: str) -> ResponseReturnValue:
    """To the provider, remembering in this browser's session what must come back."""
    if (pause := limits.wait(PACE)) > 0:
        return _failed(provider, 429), 429, {"Retry-After": str(pause)}
    # The network is slow; meanwhile others write.
    transactions.rollback()
    try:
        begun, url = protocol.begin(provider, _return_url(provider), again=purpose == "prove")
    except ProviderError as error:
        log.warning("%s", error)
        return _failed(provider), 502
    waiting = _waiting()
    waiting[begun.state] = {
        **protocol.remembered(begun),
        "at": clock.now().isoformat(),
        "next": inside(request.form.get("next")),
        "purpose": purpose,
        "person": current_actor().id,
    }
    browser[BEGUN] = dict(list(waiting.items())[-ON_THE_WAY:])
    return render_template("accounts/outside_leave.html", provider=provider, url=url)


@door.get("/sign-in/from/<key>", may="accounts.sign_in")
def come_back_vouched(key: str) -> ResponseReturnValue:
    """Where the provider sends the browser: a form that goes on by itself, or with a button."""
    provider = _provider(key)
    if request.args.get("state", "") not in _waiting():
        return _failed(provider), 400
    if request.args.get("error"):
        return _failed(provider, cancelled=True), 400
    sent = {name: request.args.get(name, "") for name in ("code", "state", "iss")}
    return render_template("accounts/outside_back.html", provider=provider, sent=sent)


@door.post("/sign-in/from/<key>", may="accounts.sign_in")
def arrive_from(key: str) -> ResponseReturnValue:
    """Whoever the provider vouches for comes in; each state is good for one try."""
    provider = _provider(key)
    waiting = _waiting()
    kept = waiting.pop(request.form.get("state", ""), None)
    browser[BEGUN] = waiting
    if kept is None or limits.wait(PACE) > 0:
        return _failed(provider), 400
    begun = Begun(*(kept[name] for name in ("key", "state", "nonce", "verifier")))
    actor_id = current_actor().id
    if kept["person"] != actor_id:  # somebody else signed in or out on this browser meanwhile
        return _failed(provider), 400
    transactions.rollback()
    try:
        vouched = protocol.finish(provider, begun, request.form, _return_url(provider))
    except ProviderError as error:
        log.warning("%s", error)
        record(SignInFailed(actor_id, "outside"))
        return _failed(provider), 400
    if kept["purpose"] == "link":
        return _linked(provider, vouched)
    if kept["purpose"] == "prove":
        return _proved(provider, vouched, kept)
    return _entered(provider, vouched, kept["next"])


@door.form("/sign-in/welcome", may="accounts.sign_up")
def welcome() -> ResponseReturnValue:
    """A customer nobody knows yet chooses the name everybody will see."""
    kept = _unsealed(NEWCOMER)
    provider = providers.named(kept["key"]) if kept else None
    if kept is None or provider is None or _is_over(kept["at"]):
        return see_other("accounts.sign_in")
    form = WelcomeForm(brand().name, entering.suggested_name(provider, kept["claims"]))
    if not form.is_sent_well():
        page = render_template("accounts/outside_welcome.html", form=form, provider=provider)
        return page, 422 if form.errors else 200
    vouched = Vouched(kept["issuer"], kept["subject"], kept["claims"], kept["token"])
    try:
        person = entering.join(provider, vouched, form.name.data or "", locale_code())
    except entering.RefusedEntryError as error:
        return _refused(provider, error)
    flash(_("Welcome, %(name)s.", name=person.name), "success")
    return _arrived(provider, vouched, person, kept["next"])


# ----------------------------------------------------------------------------------------- profile


@door.post(
    "/profile/known-to/<int:identity_id>/unlink",
    may="accounts.edit_own",
    on=queries.own_identity,
    fresh=True,
)
def unlink(identity: OutsideIdentity) -> ResponseReturnValue:
    """A provider may vouch for them no more."""
    try:
        entering.unlink(current_actor(), identity)
    except entering.RefusedEntryError:
        flash(
            _("This is your only way in. Add a passkey or a password before you unlink it."),
            "error",
        )
    else:
        flash(_("You no longer come in this way."), "success")
    return see_other("accounts.safety")


# ----------------------------------------------------------------------------------------- leaving


def way_out() -> str | None:
    """A page for somebody who signs out here and is still signed in at their provider.

    Asked before the session ends; None when there is nothing to say.
    """
    came = _unsealed(CAME_FROM)
    provider = providers.named(came["key"]) if came else None
    if came is None or provider is None:
        return None
    transactions.rollback()
    try:
        url = protocol.farewell(provider, came["token"], current_app.config["PUBLIC_URL"] + "/")
    except ProviderError as error:
        log.warning("%s", error)
        return None
    return render_template("accounts/outside_out.html", provider=provider, url=url) if url else None


# ------------------------------------------------------------------------------------------ inside


def _entered(provider: Provider, vouched: Vouched, next_page: str | None) -> ResponseReturnValue:
    try:
        person = entering.enter(provider, vouched, locale_code())
    except entering.RefusedEntryError as error:
        return _refused(provider, error)
    if person is not None:
        return _arrived(provider, vouched, person, next_page)
    # Sealed: a subject or an address is theirs, and a mask would make another one of it.
    browser[NEWCOMER] = _sealed(
        NEWCOMER,
        {
            "key": provider.key,
            "issuer": vouched.issuer,
            "subject": vouched.subject,
            "claims": entering.needed(provider, vouched.claims),
            "token": vouched.token,
            "next": next_page,
            "at": clock.now().isoformat(),
        },
    )
    return see_other("accounts.welcome")


def _arrived(
    provider: Provider, vouched: Vouched, person: Person, next_page: str | None
) -> ResponseReturnValue:
    second = _second(provider, vouched)
    answer = arrive(person, "outside", next_page=next_page, second=second)
    browser[CAME_FROM] = _sealed(CAME_FROM, {"key": provider.key, "token": vouched.token})
    return answer


def _linked(provider: Provider, vouched: Vouched) -> ResponseReturnValue:
    try:
        entering.link(provider, vouched, current_actor())
    except entering.RefusedEntryError as error:
        return _refused(provider, error)
    flash(_("From now on you can also come in with: %(name)s", name=provider.label), "success")
    return see_other("accounts.safety")


def _proved(provider: Provider, vouched: Vouched, kept: dict[str, Any]) -> ResponseReturnValue:
    """It is the same person, asked a moment ago: not one who was signed in there all day."""
    known = queries.identity(vouched.issuer, vouched.subject)
    since = datetime.fromisoformat(kept["at"]) - timedelta(seconds=protocol.LEEWAY)
    if known is None or known.person_id != current_actor().id:
        return _refused(provider, entering.IdentityTakenError())
    try:
        entering.enter(provider, vouched, locale_code())
    except entering.RefusedEntryError as error:
        return _refused(provider, error)
    if not entering.was_asked(vouched.claims, since):
        return _failed(provider), 400
    sessions.prove_again(_second(provider, vouched))
    service.note_proof(current_actor(), "outside")
    return redirect(kept["next"] or url_for("accounts.safety"), code=303)


def _second(provider: Provider, vouched: Vouched) -> str:
    strong = provider.is_for_staff and entering.is_strong(provider, vouched.claims)
    return "outside" if strong else ""


def _refused(provider: Provider, error: entering.RefusedEntryError) -> ResponseReturnValue:
    record(SignInFailed(current_actor().id, "outside"))
    page = render_template(
        "accounts/outside_refused.html", provider=provider, why=type(error).__name__
    )
    return page, 403


def _failed(provider: Provider, status: int = 400, *, cancelled: bool = False) -> str:
    return render_template(
        "accounts/outside_failed.html", provider=provider, cancelled=cancelled, status=status
    )


def _sealed(name: str, what: dict[str, Any]) -> str:
    return seal("outside", name, json.dumps(what))


def _unsealed(name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] | None = json.loads(unseal("outside", name, browser.get(name, "")))
    except BrokenSealError:
        return None
    return found


def _waiting() -> dict[str, Any]:
    """What this browser has begun and is not too old."""
    begun = browser.get(BEGUN, {})
    return {state: kept for state, kept in begun.items() if not _is_over(kept["at"])}


def _is_over(at: str) -> bool:
    return clock.now() - datetime.fromisoformat(at) > PATIENCE


def _provider(key: str) -> Provider:
    return providers.named(key) or abort(404)


def _return_url(provider: Provider) -> str:
    path = url_for("accounts.come_back_vouched", key=provider.key)
    return f"{current_app.config['PUBLIC_URL']}{path}"
