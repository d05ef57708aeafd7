"""What becomes of ideas: the decision on an idea's page, and all ideas by state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template, request

from app.core import policy
from app.core.i18n import _
from app.core.panels import panel
from app.core.web import Door, current_actor, see_other
from app.ideas import queries, service
from app.ideas.events import IdeaStateChanged
from app.ideas.forms import STATE_WORDS, DecisionForm
from app.topics import queries as topics
from app.topics.models import IDEA_STATES
from app.topics.timeline import Happening, Line, lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from app.topics.models import Topic

door = Door("ideas", __name__)

SIGNS = {
    "new": "lightbulb",
    "under_consideration": "eye",
    "planned": "calendar",
    "done": "circle-check",
    "declined": "circle-x",
}


@panel("topic:decision")
def decisions(topic: Topic) -> str:
    """What was decided, signed and explained; and the form, for those who decide."""
    if topic.kind != "idea":
        return ""
    may = policy.can(current_actor(), "ideas.decide", topic)
    form = DecisionForm(topic.state, fresh=True) if may else None
    changes = queries.changes(topic)
    return render_template("ideas/_decisions.html", topic=topic, changes=changes, form=form)


@panel("footer:links")
def in_the_footer() -> str:
    """The way to what became of ideas."""
    return render_template("ideas/_footer.html")


@panel("list:ideas")
def above_the_ideas() -> str:
    """The same, above every list of ideas."""
    return render_template("ideas/_above.html")


@lines(IdeaStateChanged)
def it_was_decided(happenings: Sequence[Happening]) -> Sequence[Line | None]:
    """A line for each decision, with its signature."""
    made = {c.id: c for c in queries.changes(happenings[0].topic)}
    told: list[Line | None] = []
    for each in happenings:
        change = made.get(getattr(each.event, "change_id", 0))
        if change is None:
            told.append(None)
            continue
        who = ", ".join(filter(None, (change.signed_by.name, change.signed_as)))
        words = _("%(state)s. Decided by: %(who)s", state=STATE_WORDS[change.after], who=who)
        told.append(Line(words, SIGNS[change.after], href=f"#decision-{change.id}"))
    return told


@door.form("/topics/<int:topic_id>/decision", may="ideas.decide", on=topics.topic_in_sight)
def decide(topic: Topic) -> ResponseReturnValue:
    """Decide on an idea, with a public explanation."""
    form = DecisionForm(topic.state)
    if form.is_sent_well():
        try:
            service.decide(current_actor(), topic, form.state.data, form.note.data or "")
        except service.SameStateError:
            form.form_errors.append(_("The idea is in that state already."))
        else:
            flash(_("The decision is published. Those who voted are told by e-mail."), "kept")
            return see_other("topics.topic", topic_id=topic.id, _anchor="decision")
    status = 422 if request.method == "POST" else 200
    return render_template("ideas/decide.html", topic=topic, form=form), status


@door.get("/ideas", may="ideas.look_around", keeps=("state", "cursor"))
def ideas() -> ResponseReturnValue:
    """All ideas of one state, those with the most voices first."""
    actor, state = current_actor(), request.args.get("state", "")
    state = state if state in IDEA_STATES else "planned"
    page = topics.topics(
        actor, "popular", kind="idea", state=state, cursor=request.args.get("cursor")
    )
    return render_template(
        "ideas/ideas.html",
        state=state,
        page=page,
        counts=queries.counts(actor),
        states=[(name, STATE_WORDS[name]) for name in IDEA_STATES],
    )
