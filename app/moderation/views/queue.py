"""The queue: what waits to be read, one text at a time, the most urgent first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, g, render_template, request

from app.core.i18n import _, _l
from app.core.panels import panel
from app.core.policy import can
from app.core.web import current_actor, see_other
from app.moderation import queries, service, signals, trust
from app.moderation.events import TextApproved
from app.moderation.forms import ChangeForm, ReturnForm
from app.moderation.signals import Reason
from app.moderation.views import door
from app.moderation.views.submissions import handled_words
from app.topics import queries as topics
from app.topics.timeline import Happening, Line, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask.typing import ResponseReturnValue

    from app.moderation.models import Submission

# Why the house itself holds a text; the other reasons are the signals' own words.
HELD_FOR = {
    "category": _l("Everything in this category is read before it appears."),
    "newcomer": _l("The author is new here, and this category reads newcomers first."),
    "returned": _l("The same words were returned to this author before."),
}
LEVEL_WORDS = {
    "new": _l("New here"),
    "known": _l("Known here"),
    "trusted": _l("Trusted"),
}
NOWHERE = {
    "closed": _l("The topic is closed for replies meanwhile. Return the text with a word why."),
    "hidden": _l("What it belongs to is hidden meanwhile. Return the text with a word why."),
    "archived": _l("Its category is archived. Change the text and choose another category."),
    "gone": _l("What it belongs to is not there any more. Return the text with a word why."),
    "shut": _l("The author's account is shut: nothing of it is published any more."),
}


@panel("manage:today", order=5)
def in_the_menu() -> str:
    """The way here, with how many wait."""
    if not can(current_actor(), "moderation.act"):
        return ""
    return render_template("moderation/_queue_menu.html", **_counts())


@panel("account:menu", order=25)
def in_the_account_menu() -> str:
    """The same from every page."""
    if not can(current_actor(), "moderation.act"):
        return ""
    return render_template("moderation/_queue_account.html", **_counts())


@panel("manage:home", order=10)
def on_the_overview() -> str:
    """The same on the manager's home, with the one that waits longest."""
    if not can(current_actor(), "moderation.act"):
        return ""
    first = queries.waiting(1)
    return render_template(
        "moderation/_queue_home.html", first=first[0] if first else None, **_counts()
    )


@door.get("/manage/queue", may="moderation.act")
def queue() -> ResponseReturnValue:
    """The first that waits, whole; or that nothing does."""
    first = queries.waiting(1)
    if first and not request.args.get("list"):
        return see_other("moderation.read_submission", submission_id=first[0].id)
    page = queries.queue(request.args.get("cursor"))
    return render_template("moderation/queue.html", page=page, **_counts())


@door.get("/manage/queue/<int:submission_id>", may="moderation.act", on=queries.submission)
def read_submission(submission: Submission) -> ResponseReturnValue:
    """One text with all that is needed to decide."""
    return _shown(submission)


@door.post(
    "/manage/queue/<int:submission_id>/approval", may="moderation.act", on=queries.submission
)
def approve(submission: Submission) -> ResponseReturnValue:
    """Publish it as it was sent; `trusting`: what its author writes next is not read for that."""
    trusting = request.form.get("trusting") == "1"
    return _done(
        submission,
        lambda: service.approve(current_actor(), submission, seal=_seal(), trusting=trusting),
        _("Published. The promise runs from the minute it was sent."),
    )


@door.post("/manage/queue/<int:submission_id>/return", may="moderation.act", on=queries.submission)
def give_back(submission: Submission) -> ResponseReturnValue:
    """Give it back to its author."""
    form = ReturnForm()
    if not form.validate():
        return _shown(submission, returning=form)
    reason, words = form.reason.data, form.words.data or ""
    return _done(
        submission,
        lambda: service.give_back(current_actor(), submission, reason, words, seal=_seal()),
        _("Returned. The author gets your words with the text, and may send it again."),
    )


@door.post("/manage/queue/<int:submission_id>/change", may="moderation.act", on=queries.submission)
def change(submission: Submission) -> ResponseReturnValue:
    """Publish it in other words; what its author wrote is kept."""
    form = ChangeForm(submission, topics.categories())
    if not form.validate():
        return _shown(submission, changing=form)
    category = topics.category(form.category_id.data) if "category_id" in form else None
    return _done(
        submission,
        lambda: service.approve(
            current_actor(),
            submission,
            seal=_seal(),
            changed=form.said,
            category=category,
            reason=form.reason.data or "",
        ),
        _("Published in your words. The author sees both."),
    )


@lines(TextApproved)
def it_was_changed_first(happenings: Sequence[Happening]) -> Sequence[Line | None]:
    """Everybody may know that a text does not say what its author sent, and who changed it."""
    done = queries.acts_by_id(getattr(each.event, "act_id", 0) for each in happenings)
    told: list[Line | None] = []
    for each in happenings:
        act = done.get(getattr(each.event, "act_id", 0))
        if act is None or not getattr(each.event, "changed", False):
            told.append(None)
            continue
        words = _("Changed before it appeared, by: %(who)s", who=act.who)
        told.append(Line(words, "pencil", reason=act.reason or None))
    return told


def why_words(why: list[Any]) -> list[str]:
    """Why a text was held, in words."""
    return [
        str(HELD_FOR[code]) if code in HELD_FOR else signals.words_for(Reason(code, detail))
        for code, detail in why
    ]


def _done(submission: Submission, do: Callable[[], object], words: str) -> ResponseReturnValue:
    """On to the next in turn, whether this was done or somebody was first."""
    following = queries.next_in_turn(submission)
    try:
        do()
    except service.HandledError as handled:
        flash(handled_words(handled.submission), "info")
    except service.ChangedError:
        flash(_("Its author changed it meanwhile. Please read it once more."), "risk")
        return see_other("moderation.read_submission", submission_id=submission.id)
    except service.NowhereError as nowhere:
        flash(str(NOWHERE[nowhere.why]), "risk")
        return see_other("moderation.read_submission", submission_id=submission.id)
    else:
        flash(words, "kept")
    if following is None or following.state != "waiting":
        return see_other("moderation.queue")
    return see_other("moderation.read_submission", submission_id=following.id)


def _seal() -> str:
    """Of the words that stood on the page."""
    return request.form.get("seal", "")


def _shown(
    submission: Submission,
    *,
    returning: ReturnForm | None = None,
    changing: ChangeForm | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "moderation/read.html",
        submission=submission,
        why=why_words(submission.why),
        standing=trust.standing(submission.author),
        levels=LEVEL_WORDS,
        earlier=queries.earlier_by(submission),
        acts=queries.acts_on(submission),
        reasons=service.RETURNED_FOR,
        restraints=queries.in_force(submission.author),
        returning=returning or ReturnForm(fresh=True),
        changing=changing or ChangeForm(submission, topics.categories(), fresh=True),
        is_returning=returning is not None,
        is_changing=changing is not None,
        before=queries.previous_in_turn(submission),
        after=queries.next_in_turn(submission),
        **_counts(),
    )
    return page, 422 if returning or changing else 200


def _counts() -> dict[str, int]:
    # Menus, the overview and the page itself say the same.
    if "moderation_counts" not in g:
        g.moderation_counts = {
            "waiting": queries.waiting_count(),
            "appeals": queries.appeals_waiting_count(),
        }
    found: dict[str, int] = g.moderation_counts
    return found
