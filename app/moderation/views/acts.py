"""Moving, hiding, closing, pinning: the tools on a topic's page and the page that asks why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import flash, render_template, request, url_for

from app.core import policy
from app.core.i18n import _, _l
from app.core.panels import panel
from app.core.web import current_actor, go_back, inside
from app.moderation import queries, service
from app.moderation.events import (
    PostHidden,
    PostRestored,
    TopicClosed,
    TopicHidden,
    TopicMoved,
    TopicPinned,
    TopicRestored,
    TopicUnlocked,
    TopicUnpinned,
)
from app.moderation.forms import ActForm, MoveForm
from app.moderation.views import door
from app.topics import queries as topics
from app.topics.timeline import Happening, Line, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask.typing import ResponseReturnValue

    from app.moderation.models import Act
    from app.topics.models import Post, Topic


@dataclass(frozen=True)
class Tool:
    """How an act is offered: the button, what it does, the button that does it, what was done."""

    name: str
    words: Any
    question: Any
    sure: Any
    done: Any
    sign: str
    is_grave: bool = False


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            "move",
            _l("Move…"),
            _l(
                "The people of the other category answer, by the hour that was promised."
                " The reason stands in public."
            ),
            _l("Move the topic"),
            _l("The topic is moved."),
            "corner-up-right",
        ),
        Tool(
            "close",
            _l("Close…"),
            _l("It can be read, and nothing more is written here. The reason stands in public."),
            _l("Close the topic"),
            _l("The topic is closed."),
            "lock",
        ),
        Tool(
            "unlock",
            _l("Open for replies…"),
            _l("Everybody may write here again. The reason stands in public."),
            _l("Open the topic"),
            _l("The topic is open for replies."),
            "rotate-ccw",
        ),
        Tool(
            "pin",
            _l("Pin…"),
            _l("It stands on top of the lists. The reason stands in public."),
            _l("Pin the topic"),
            _l("The topic is pinned."),
            "pin",
        ),
        Tool(
            "unpin",
            _l("Unpin…"),
            _l("It goes back to its place in the lists. The reason stands in public."),
            _l("Unpin the topic"),
            _l("The topic is not pinned any more."),
            "pin",
        ),
        Tool(
            "hide",
            _l("Hide…"),
            _l(
                "Nobody but managers will see this topic. The asker gets the reason by e-mail;"
                " the public does not."
            ),
            _l("Hide the topic"),
            _l("The topic is hidden."),
            "eye-off",
            is_grave=True,
        ),
        Tool(
            "restore",
            _l("Restore…"),
            _l("Everybody sees it again, and its promise runs on."),
            _l("Restore the topic"),
            _l("The topic is back."),
            "eye",
        ),
    )
}
POST_TOOLS = {
    "hide": Tool(
        "hide",
        _l("Hide…"),
        _l("Nobody but managers will see this reply. Its author gets the reason by e-mail."),
        _l("Hide the reply"),
        _l("The reply is hidden."),
        "eye-off",
        is_grave=True,
    ),
    "restore": Tool(
        "restore",
        _l("Restore…"),
        _l("Everybody sees this reply again."),
        _l("Restore the reply"),
        _l("The reply is back."),
        "eye",
    ),
}


def possible(topic: Topic) -> list[Tool]:
    """What may be done to a topic as it stands."""
    if topic.hidden_at is not None:
        return [TOOLS["restore"]]
    names = [
        "move",
        "unlock" if topic.closed_at else "close",
        "unpin" if topic.pinned else "pin",
        "hide",
    ]
    return [TOOLS[name] for name in names]


@panel("topic:tools")
def tools(topic: Topic) -> str:
    """The manager's tools on a topic's page."""
    if not policy.can(current_actor(), "moderation.act", topic):
        return ""
    hidden = queries.last_act(topic, "hide") if topic.hidden_at else None
    offered = [(tool, _form(tool.name, topic, fresh=True)) for tool in possible(topic)]
    return render_template("moderation/_tools.html", topic=topic, tools=offered, hidden=hidden)


@panel("post:actions", order=60)
def post_tools(post: Post) -> str:
    """The way to hide or restore a reply."""
    if not policy.can(current_actor(), "moderation.act", post):
        return ""
    tool = POST_TOOLS["hide" if post.hidden_at is None else "restore"]
    return render_template("moderation/_post_tools.html", post=post, tool=tool)


@door.form(
    "/topics/<int:topic_id>/moderation/<any(move,close,unlock,pin,unpin,hide,restore):name>",
    may="moderation.act",
    on=topics.topic_in_sight,
)
def act(topic: Topic, name: str) -> ResponseReturnValue:
    """Do something to a topic, for a reason that is kept."""
    form, tool = _form(name, topic), TOOLS[name]
    if form.is_sent_well():
        try:
            _do(name, topic, form)
        except service.AlreadySoError:
            form.form_errors.append(_("Somebody did this already. Nothing was changed."))
        else:
            flash(str(tool.done), "kept")
            return go_back(url_for("topics.topic", topic_id=topic.id))
    return _page(form, tool, topic=topic)


@door.form(
    "/posts/<int:post_id>/moderation/<any(hide,restore):name>",
    may="moderation.act",
    on=topics.post_in_sight,
)
def act_on_post(post: Post, name: str) -> ResponseReturnValue:
    """Hide or restore a reply, for a reason that is kept."""
    topic, form, tool = topics.topic(post.topic_id), ActForm(name), POST_TOOLS[name]
    do = service.hide_post if name == "hide" else service.restore_post
    if form.is_sent_well():
        try:
            do(current_actor(), topic, post, form.reason.data or "")
        except service.AlreadySoError:
            form.form_errors.append(_("Somebody did this already. Nothing was changed."))
        else:
            flash(str(tool.done), "kept")
            return go_back(url_for("topics.post", topic_id=topic.id, seq=post.seq))
    return _page(form, tool, topic=topic, post=post)


def _page(form: ActForm, tool: Tool, **about: Any) -> ResponseReturnValue:
    back = inside(request.values.get("next"))
    page = render_template("moderation/act.html", form=form, tool=tool, back=back, **about)
    return page, 422 if request.method == "POST" else 200


def _form(name: str, topic: Topic, *, fresh: bool = False) -> ActForm:
    if name != "move":
        return ActForm(name, fresh=fresh)
    others = [c for c in topics.categories() if c.id != topic.category_id]
    return MoveForm(others, fresh=fresh)


def _do(name: str, topic: Topic, form: ActForm) -> None:
    actor, reason = current_actor(), form.reason.data or ""
    if isinstance(form, MoveForm):
        to = topics.category(form.category_id.data)
        if to is None or to.archived_at is not None:
            raise service.AlreadySoError
        service.move(actor, topic, to, reason)
        return
    verbs: dict[str, Callable[..., Act]] = {
        "hide": service.hide,
        "restore": service.restore,
        "close": service.close,
        "unlock": service.unlock,
        "pin": service.pin,
        "unpin": service.unpin,
    }
    verbs[name](actor, topic, reason)


@lines(
    TopicMoved,
    TopicClosed,
    TopicUnlocked,
    TopicPinned,
    TopicUnpinned,
    TopicHidden,
    TopicRestored,
    PostHidden,
    PostRestored,
)
def it_was_moderated(happenings: Sequence[Happening]) -> Sequence[Line | None]:
    """What was done, by whom and why; what was hidden is told to staff only."""
    done = {a.id: a for a in queries.acts(happenings[0].topic)}
    names = queries.category_names(done.values())
    sees_all = policy.can(current_actor(), "moderation.read_hidden_reasons")
    told: list[Line | None] = []
    for each in happenings:
        act = done.get(getattr(each.event, "act_id", 0))
        if act is None or not (act.is_public or sees_all):
            told.append(None)
            continue
        tool = TOOLS.get(act.name.removesuffix("_post"), TOOLS["hide"])
        told.append(Line(worded(act, names), tool.sign, reason=act.reason))
    return told


def worded(act: Act, categories: dict[int, str]) -> str:
    """An act in one sentence, signed."""
    who = ", ".join(filter(None, (act.by.name, act.by.post)))
    if act.name == "move":
        to = categories.get(act.after_id or 0, "")
        return _("Moved to: %(category)s. Moved by: %(who)s", category=to, who=who)
    return {
        "close": _("Closed by: %(who)s", who=who),
        "unlock": _("Opened for replies by: %(who)s", who=who),
        "pin": _("Pinned by: %(who)s", who=who),
        "unpin": _("Unpinned by: %(who)s", who=who),
        "hide": _("Hidden by: %(who)s", who=who),
        "restore": _("Restored by: %(who)s", who=who),
        "hide_post": _("A reply was hidden by: %(who)s", who=who),
        "restore_post": _("A reply was restored by: %(who)s", who=who),
    }[act.name]
