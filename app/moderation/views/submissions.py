"""One's own texts that are read first: how they stand, changing them, taking them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template, request

from app.core.i18n import _
from app.core.pagecache import pieces
from app.core.panels import panel
from app.core.web import current_actor, see_other
from app.moderation import queries, service
from app.moderation.forms import AppealForm, TextForm
from app.moderation.views import door
from app.topics.gate import RefusedError

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person
    from app.moderation.models import Act, Submission
    from app.topics.models import Category


@panel("account:menu", order=20)
def in_the_account_menu() -> str:
    """The way to what somebody wrote that is not published, while there is any."""
    actor = current_actor()
    if actor.id is None or actor.is_staff:
        return ""
    counts = queries.open_of(actor.id)

    def made() -> str:
        return render_template("moderation/_own_menu.html", counts=counts)

    return pieces.keep("moderation:own", *sorted(counts.items()), make=made)


@panel("profile:after", order=20)
def on_the_profile(person: Person) -> str:
    """The same on the profile, with what somebody is kept from."""
    if person.is_staff:
        return ""
    return render_template(
        "moderation/_own.html",
        counts=queries.open_of(person.id),
        restraints=queries.in_force(person),
        removals=queries.removals_of(person),
    )


@panel("gate:notice")
def it_is_read_first(category: Category | None = None) -> str:
    """Said before anybody writes: a moderator reads it before it appears."""
    if category is None or category.gate == "open":
        return ""
    return render_template("moderation/_gate.html", category=category, wait=queries.usual_wait())


@door.get("/submissions", may="moderation.read_own")
def submissions() -> ResponseReturnValue:
    """Everything of one's own that was held, and what was taken out of sight."""
    actor = current_actor()
    page = queries.own(actor, request.args.get("cursor"))
    first = not request.args.get("cursor")
    return render_template(
        "moderation/submissions.html",
        page=page,
        removals=queries.removals_of(actor) if first else [],
    )


@door.get(
    "/submissions/<int:submission_id>",
    may="moderation.change_own",
    on=queries.own_submission,
)
def submission(submission: Submission) -> ResponseReturnValue:
    """One's own text and how it stands."""
    return _shown(submission)


@door.form(
    "/submissions/<int:submission_id>/edit",
    may="moderation.change_own",
    on=queries.own_submission,
)
def change_submission(submission: Submission) -> ResponseReturnValue:
    """Change what waits, or what came back, and send it again."""
    form = TextForm(submission)
    if form.is_sent_well():
        try:
            service.send_again(current_actor(), submission, form.said)
        except RefusedError as refused:
            form.form_errors.extend(refused.words)
        except service.HandledError as handled:
            form.form_errors.append(handled_words(handled.submission))
        else:
            flash(_("It is sent. We read it before it appears."), "kept")
            return see_other("moderation.submission", submission_id=submission.id)
    page = render_template("moderation/change_submission.html", form=form, submission=submission)
    return page, 422 if form.errors else 200


@door.post(
    "/submissions/<int:submission_id>/withdrawal",
    may="moderation.change_own",
    on=queries.own_submission,
)
def withdraw_submission(submission: Submission) -> ResponseReturnValue:
    """It is not to be published any more."""
    try:
        service.take_back(current_actor(), submission)
    except service.HandledError as handled:
        flash(handled_words(handled.submission), "info")
    else:
        flash(_("You took it back. Nobody else will see it."), "kept")
    return see_other("moderation.submission", submission_id=submission.id)


@door.post(
    "/submissions/<int:submission_id>/appeal",
    may="moderation.change_own",
    on=queries.own_submission,
)
def appeal_submission(submission: Submission) -> ResponseReturnValue:
    """Ask that somebody else reads it."""
    form = AppealForm()
    if not form.validate():
        return _shown(submission, form)
    try:
        service.appeal_text(current_actor(), submission, form.words.data or "")
    except service.AppealedError:
        flash(_("You appealed already, or there is nothing to appeal against."), "info")
    else:
        flash(_("Somebody else looks at it. You are told by e-mail."), "kept")
    return see_other("moderation.submission", submission_id=submission.id)


@door.form("/removals/<int:act_id>", may="moderation.read_own", on=queries.removal_in_sight)
def removal(act: Act) -> ResponseReturnValue:
    """One's own words that were taken out of sight: why, and another look at it."""
    form, appeal = AppealForm(), queries.appeal_against(act_id=act.id)
    if form.is_sent_well():
        try:
            service.appeal_act(current_actor(), act, form.words.data or "")
        except service.AppealedError:
            flash(_("You appealed already, or there is nothing to appeal against."), "info")
        else:
            flash(_("Somebody else looks at it. You are told by e-mail."), "kept")
        return see_other("moderation.removal", act_id=act.id)
    page = render_template("moderation/removal.html", act=act, form=form, appeal=appeal)
    return page, 422 if form.errors else 200


def handled_words(submission: Submission) -> str:
    """That somebody was first, and what they did."""
    who = submission.handled_by.name if submission.handled_by is not None else ""
    return {
        "published": _("It is published already. Handled by: %(name)s", name=who),
        "returned": _("It was returned already. Handled by: %(name)s", name=who),
        "withdrawn": _("Its author took it back meanwhile."),
        "waiting": _("Its author sent it again meanwhile. Please look once more."),
    }[submission.state]


def _shown(submission: Submission, form: AppealForm | None = None) -> ResponseReturnValue:
    page = render_template(
        "moderation/submission.html",
        submission=submission,
        reason=service.RETURNED_FOR.get(submission.reason, ""),
        appeal=queries.appeal_against(submission_id=submission.id),
        form=form or AppealForm(fresh=True),
        wait=queries.usual_wait(),
    )
    return page, 422 if form is not None else 200
