"""The bank's people and everybody else: roles, posts, who may come in. For the administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template, request

from app.accounts import factors, queries, service
from app.accounts.forms import InviteForm, PersonForm, ResetFactorsForm
from app.accounts.views import door
from app.accounts.views.namesakes import warn_of
from app.core import policy
from app.core.i18n import _, locale_code
from app.core.panels import panel
from app.core.web import current_actor, see_other

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person


@panel("manage:people", order=30)
def in_the_menu() -> str:
    """The way here, for those who may."""
    if not policy.can(current_actor(), "accounts.manage"):
        return ""
    return render_template("accounts/_menu.html")


@door.get("/manage/people", may="accounts.manage")
def people() -> ResponseReturnValue:
    """The bank's people; with `q`, everybody whose name or address begins so."""
    words = " ".join(request.args.get("q", "").split())[:100]
    page = queries.people(words, cursor=request.args.get("cursor"))
    return render_template("accounts/people.html", page=page, words=words)


@door.form("/manage/people/invite", may="accounts.manage", fresh="post")
def invite() -> ResponseReturnValue:
    """A new member of staff: they choose a password by the link that is mailed."""
    form = InviteForm()
    if form.is_sent_well():
        email = form.email.data or ""
        try:
            service.invite(
                current_actor(),
                service.Invitation(
                    name=form.name.data or "",
                    email=email,
                    role=form.role.data,
                    post=form.post.data or "",
                    locale=locale_code(),
                ),
            )
        except service.AddressTakenError:
            form.email.errors = [
                _("This address has an account. Find it below and give it a role there.")
            ]
        else:
            flash(_("The invitation is on its way to: %(address)s", address=email), "success")
            warn_of(form.name.data or "")
            return see_other("accounts.people")
    return render_template("accounts/invite.html", form=form), 422 if form.errors else 200


@door.form(
    "/manage/people/<int:person_id>",
    may="accounts.manage",
    on=queries.person_for_staff,
    fresh="post",
)
def manage_person(person: Person) -> ResponseReturnValue:
    """A person's role and post."""
    form = PersonForm(person)
    if form.is_sent_well():
        try:
            service.appoint(current_actor(), person, form.role.data, form.post.data or "")
        except service.LastAdministratorError:
            form.role.errors = [_last_one()]
        except service.StillNeededError as error:
            form.role.errors = [_still_needed(error)]
        else:
            flash(_("Saved."), "success")
            if person.is_staff:
                warn_of(person.name)
            return see_other("accounts.manage_person", person_id=person.id)
    return _shown(person, form)


@door.post(
    "/manage/people/<int:person_id>/disable",
    may="accounts.manage",
    on=queries.person_for_staff,
    fresh=True,
)
def disable(person: Person) -> ResponseReturnValue:
    """Shut somebody out, on every browser, at once."""
    try:
        service.shut_out(current_actor(), person)
    except service.LastAdministratorError:
        flash(_last_one(), "error")
    except service.OneselfError:
        flash(_("Nobody shuts themselves out. Ask another administrator."), "error")
    except service.StillNeededError as error:
        flash(_still_needed(error), "error")
    else:
        flash(_("The account is shut. All its sessions have ended."), "success")
    return see_other("accounts.manage_person", person_id=person.id)


@door.post(
    "/manage/people/<int:person_id>/enable",
    may="accounts.manage",
    on=queries.person_for_staff,
    fresh=True,
)
def enable(person: Person) -> ResponseReturnValue:
    """Let somebody in again."""
    service.let_in(current_actor(), person)
    flash(_("The account is open again."), "success")
    return see_other("accounts.manage_person", person_id=person.id)


@door.post(
    "/manage/people/<int:person_id>/sessions/end",
    may="accounts.manage",
    on=queries.person_for_staff,
    fresh=True,
)
def end_sessions_of(person: Person) -> ResponseReturnValue:
    """Sign somebody out of every browser, without shutting the account."""
    service.end_sessions(current_actor(), person)
    flash(_("All sessions of this account have ended."), "success")
    return see_other("accounts.manage_person", person_id=person.id)


@door.post(
    "/manage/people/<int:person_id>/factors/reset",
    may="accounts.manage",
    on=queries.person_for_staff,
    fresh=True,
)
def reset_factors(person: Person) -> ResponseReturnValue:
    """Take away what somebody lost; they are told, and set up another at their next sign-in."""
    form = ResetFactorsForm()
    if not form.is_sent_well():
        flash(_("Choose why."), "error")
    elif person.id == current_actor().id:
        flash(_("Your own are on your page about signing in."), "error")
    else:
        factors.reset(current_actor(), person, form.reason.data)
        flash(_("The second factors are gone, and all sessions have ended."), "success")
    return see_other("accounts.manage_person", person_id=person.id)


def _shown(person: Person, form: PersonForm) -> ResponseReturnValue:
    page = render_template(
        "accounts/manage_person.html",
        person=person,
        form=form,
        factors=factors.of(person),
        sessions=len(queries.sessions_of(person)),
        reset=ResetFactorsForm(fresh=True),
    )
    return page, 422 if form.errors else 200


def _still_needed(error: service.StillNeededError) -> str:
    return _(
        "Customers would be left without an answer. First name somebody else in: %(names)s",
        names=", ".join(error.names),
    )


def _last_one() -> str:
    return _("This is the last administrator. Make somebody else one first.")
