"""Promise rules: of all categories and of each, the editor, the second look, open promises."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import flash, render_template, request

from app.accounts import queries as accounts
from app.core import clock, policy
from app.core.db import row_id
from app.core.i18n import _, _l, ngettext, zone_now
from app.core.panels import panel
from app.core.web import current_actor, see_other
from app.sla.engine.events import Event
from app.sla.engine.ladder import plan
from app.sla.engine.promises import evaluate
from app.sla.forms.policies import GraceForm, PolicyForm, ReasonForm
from app.sla.queries import calendars, policies, preview
from app.sla.queries.policies import Scope
from app.sla.queries.terms import current_versions, rules_of
from app.sla.service import changes
from app.sla.service import policies as service
from app.sla.service.calendars import NothingNewError, StaleError
from app.sla.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.sla.models import PolicyVersion
    from app.sla.queries.terms import Rules
    from app.sla.service.changes import Move
    from app.topics.models import Category

MAY = "sla.manage"
# In what rules may promise less, as it stands after "Promises less:".
LESS = {
    "first_answer": _l("a later first answer"),
    "next_answer": _l("a later answer to further questions"),
    "resolution": _l("a later or no promise to solve it"),
    "pauses": _l("more questions back that stop the clock"),
    "floor": _l("more time after a pause"),
    "holding": _l("“We are looking into it” counts as an answer"),
    "risk": _l("due soon is shown later"),
    "ladder": _l("fewer or later reminders"),
    "quiet": _l("longer quiet hours"),
    "chief": _l("nobody is written to last"),
}


@panel("category:manage")
def beside_a_category(category: Category) -> str:
    """On a category's page in Manage: what is promised there, and the way to change it."""
    if not policy.can(current_actor(), MAY):
        return ""
    scope = Scope(category)
    rules = service.present_rules(scope)
    return render_template(
        "sla/_category_rules.html",
        scope=scope,
        rules=rules,
        is_own=policies.present(scope) is not None,
        calendar_name=_calendar_name(rules.policy_version_id, scope),
    )


@panel("manage:home", order=30)
def what_needs_a_look() -> str:
    """Rules that wait for a second person, calendars that will soon know no holidays."""
    if not policy.can(current_actor(), MAY):
        return ""
    used = {v.calendar_id for v in policies.standing()}
    last = calendars.newest_of_each().values()
    return render_template(
        "sla/_rules_to_look_at.html",
        waiting=[scope for scope in policies.scopes() if policies.waiting(scope)],
        short=[v for v in last if v.calendar_id in used and calendars.is_short_sighted(v)],
    )


@door.get("/manage/rules", may=MAY)
def policy_list() -> ResponseReturnValue:
    """The rules of every category, and those that wait for a second look."""
    names = {v.calendar_id: v.calendar.name for v in calendars.newest_of_each().values()}
    return render_template(
        "sla/policies.html",
        rows=[_row(scope) for scope in policies.scopes()],
        calendar_names=names,
        versions_of=policies.versions,
    )


@door.form("/manage/rules/<place>", may=MAY, on=policies.scope_in_sight)
def change_policy(scope: Scope) -> ResponseReturnValue:
    """New rules for a category, or for all that have none of their own."""
    form = _form(scope)
    if request.method == "GET" or request.form.get("do") == "preview" or not form.validate():
        return _page(form, scope)
    try:
        made = service.make(
            current_actor(),
            scope,
            form.spec(),
            form.chosen_calendar_id,
            form.note.data or "",
            _number(form.based_on.data),
        )
    except StaleError:
        form.form_errors.append(
            _("Somebody saved another version meanwhile. Open the page anew and look at it first.")
        )
        return _page(form, scope)
    except NothingNewError:
        flash(_("Nothing was changed."), "info")
        return see_other("sla.change_policy", place=scope.place)
    flash(*_told(made))
    return see_other("sla.policy_list", _anchor=scope.place)


@door.post("/manage/rules/<place>/preview", may=MAY, on=policies.scope_in_sight)
def preview_policy(scope: Scope) -> ResponseReturnValue:
    """A piece of the editor: what the rules as they are typed would mean."""
    form = _form(scope)
    return render_template("sla/_policy_preview.html", **_tried(form, scope))


@door.post("/manage/rules/<place>/general", may=MAY, on=policies.scope_in_sight)
def follow_general_rules(scope: Scope) -> ResponseReturnValue:
    """Give up a category's own rules."""
    form = ReasonForm()
    if scope.category is None or not form.validate():
        return see_other("sla.change_policy", place=scope.place)
    note = form.note.data or _("The general rules hold here again.")
    try:
        made = service.make(
            current_actor(), scope, {}, None, note, _number(request.form.get("based_on"))
        )
    except StaleError:
        flash(_("Somebody saved another version meanwhile. Nothing was changed."), "risk")
        return see_other("sla.change_policy", place=scope.place)
    except NothingNewError:
        flash(_("Nothing was changed."), "info")
        return see_other("sla.change_policy", place=scope.place)
    flash(*_told(made))
    return see_other("sla.policy_list", _anchor=scope.place)


@door.get("/manage/rules/<place>/versions", may=MAY, on=policies.scope_in_sight)
def policy_versions(scope: Scope) -> ResponseReturnValue:
    """All rules that were ever made for a scope."""
    return render_template(
        "sla/policy_versions.html",
        scope=scope,
        versions=[
            (v, rules_of(v, v.made_at) if v.spec else None) for v in policies.versions(scope)
        ],
        present=policies.present(scope),
    )


@door.post("/manage/rules/<place>/approve", may=MAY, on=policies.scope_in_sight)
def approve_policy(scope: Scope) -> ResponseReturnValue:
    """Let rules that promise less come into force, as the second person."""
    return _decide(scope, is_yes=True)


@door.post("/manage/rules/<place>/decline", may=MAY, on=policies.scope_in_sight)
def decline_policy(scope: Scope) -> ResponseReturnValue:
    """Refuse rules that promise less, or take one's own back."""
    return _decide(scope, is_yes=False)


@door.form("/manage/rules/<place>/open", may=MAY, on=policies.scope_in_sight)
def tighten_open(scope: Scope) -> ResponseReturnValue:
    """Make open promises due sooner by the rules in force: a dry run first, then the act."""
    rules = service.present_rules(scope)
    form = GraceForm(preview.day_of(rules.calendar))
    moves: list[Move] | None = None
    if request.method == "POST" and form.validate():
        moves = changes.tighten_moves(scope, form.seconds)
        looked = form.seen.data == str(form.seconds)
        form.seen.data = str(form.seconds)
        if request.form.get("do") == "apply" and looked and moves:
            number = changes.tighten(scope, moves, form.seconds, current_actor())
            flash(
                ngettext(
                    "%(num)d topic is due sooner now.", "%(num)d topics are due sooner now.", number
                ),
                "kept",
            )
            return see_other("sla.policy_list")
    page = render_template("sla/policy_open.html", scope=scope, rules=rules, form=form, moves=moves)
    return page, 422 if form.errors else 200


def _row(scope: Scope) -> dict[str, Any]:
    """One scope for the list: its rules, and in what those that wait promise less."""
    held, waiting = service.present_rules(scope), policies.waiting(scope)
    wanted = _meant(waiting) if waiting is not None else held
    return {
        "scope": scope,
        "rules": held,
        "own": policies.present(scope),
        "waiting": waiting,
        "less": _less(held, wanted),
    }


def _meant(version: PolicyVersion) -> Rules:
    """The rules that a version would bring: the general ones when it gives up its scope's own."""
    return rules_of(version) if version.spec else service.general_rules()


def _form(scope: Scope) -> PolicyForm:
    last = policies.newest(scope)
    own = policies.waiting(scope) or policies.present(scope)
    general = policies.present(Scope())
    shown: PolicyVersion | None = own or general
    rules = rules_of(shown) if shown is not None else service.present_rules(scope)
    return PolicyForm(
        rules,
        shown.calendar_id if shown is not None else None,
        current_versions(),
        accounts.staff(),
        last.version if last is not None else 0,
    )


def _told(made: PolicyVersion) -> tuple[str, str]:
    if made.approval == "waiting":
        return _(
            "Kept, and not in force yet: these rules promise less than those before, so another"
            " manager or administrator must agree."
        ), "risk"
    if made.approval == "alone":
        return _(
            "In force. These rules promise less than those before, and nobody else is here to look"
            " at them a second time: the history says so."
        ), "risk"
    return _("In force for new questions. Open promises keep their hours."), "kept"


def _decide(scope: Scope, *, is_yes: bool) -> ResponseReturnValue:
    version = policies.waiting(scope)
    if version is None or str(version.version) != request.form.get("version"):
        flash(_("Somebody decided this already. Nothing was changed."), "info")
        return see_other("sla.policy_list")
    try:
        decide = service.approve if is_yes else service.decline
        decide(current_actor(), version)
    except service.NotYoursError:
        flash(_("You made these rules: another person must agree to them."), "risk")
    else:
        said = _("In force for new questions. Open promises keep their hours.")
        flash(said if is_yes else _("Refused. The rules before them hold on."), "kept")
    return see_other("sla.policy_list", _anchor=scope.place)


def _page(form: PolicyForm, scope: Scope) -> ResponseReturnValue:
    if request.method == "POST":
        form.read()
    waiting = policies.waiting(scope)
    page = render_template(
        "sla/policy.html",
        form=form,
        scope=scope,
        own=policies.present(scope),
        waiting=waiting,
        **_tried(form, scope),
    )
    bad = request.method == "POST" and (form.errors or form.form_errors)
    return page, 422 if bad else 200


def _tried(form: PolicyForm, scope: Scope) -> dict[str, Any]:
    """What the rules as they are typed would mean for questions asked at telling hours."""
    now, day = clock.now(), form.day
    if not form.read():
        if request.method == "GET":
            for field in form:
                field.errors = []
        unclear = [(f.label.text, f.errors[0]) for f in form if f.errors and f.name != "note"]
        return {"rows": [], "unclear": unclear, "day_s": day, "plan": [], "less": []}
    rules = form.rules()
    target = timedelta(seconds=rules.policy.first_answer_s)
    terms = rules.terms
    promise = evaluate([Event("opened", now, terms=terms)], now).first_answer
    zone = zone_now().key
    quiet = rules.quiet.of(zone) if rules.quiet else None
    return {
        "rows": preview.asked(_in_zone(rules, zone), target, now),
        "zone": rules.calendar.zone if not rules.calendar.always else zone,
        "unclear": [],
        "day_s": day,
        "target": target,
        "plan": plan(promise, rules.ladder, quiet) if promise is not None else [],
        "plan_zone": zone,
        "less": _less(service.present_rules(scope), rules),
        "alone": not policies.who_else_decides(current_actor()),
    }


def _in_zone(rules: Rules, zone: str) -> Any:
    """The calendar; around the clock is the same everywhere, so by the reader's wall clock."""
    return type(rules.calendar)(zone) if rules.calendar.always else rules.calendar


def _less(before: Rules, after: Rules) -> list[str]:
    return [str(LESS[word]) for word in service.weaker(before, after, clock.now())]


def _calendar_name(policy_version_id: int | None, scope: Scope) -> str:
    for version in (policies.present(scope), policies.present(Scope())):
        if version is not None and version.id == policy_version_id and version.calendar:
            return version.calendar.name
    return _("Around the clock")


def _number(text: str | None) -> int:
    """The version somebody began from; 0 for none."""
    return row_id(text) or 0
