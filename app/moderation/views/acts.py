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
    CommentSplit,
    PostHidden,
    PostRestored,
    TopicClosed,
    TopicHidden,
    TopicJoined,
    TopicMarkedSpam,
    TopicMerged,
    TopicMoved,
    TopicParted,
    TopicPinned,
    TopicReinstated,
    TopicRestored,
    TopicUnlocked,
    TopicUnmarkedSpam,
    TopicUnmerged,
    TopicUnpinned,
    TopicWithdrawn,
)
from app.moderation.forms import ActForm, MoveForm
from app.moderation.views import door
from app.topics import queries as topics
from app.topics.timeline import Happening, Line, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person
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
        Tool(
            "merge",
            _l("Merge…"),
            _l(
                "For a topic that asks what another one asks already: it is answered there, for"
                " both, by the earlier of the two promised hours."
            ),
            _l("Merge the topics"),
            _l("The topics are one now."),
            "merge",
        ),
        Tool(
            "unmerge",
            _l("Undo the merge…"),
            _l(
                "It stands for itself again: its promise, votes and place in the lists are as if it"
                " had never been merged. The reason stands in public."
            ),
            _l("Undo the merge"),
            _l("The topic stands for itself again."),
            "rotate-ccw",
        ),
        Tool(
            "spam",
            _l("Spam…"),
            _l(
                "Nobody but managers will see this topic, and it is owed no answer. It is left out"
                " of the figures, and listed with the reason among what is left out."
            ),
            _l("It is spam"),
            _l("The topic is marked as spam."),
            "flag",
            is_grave=True,
        ),
        Tool(
            "unspam",
            _l("No spam…"),
            _l(
                "It is as if it had never been called spam: its promise runs from the hour it was"
                " asked."
            ),
            _l("It is no spam"),
            _l("The topic is not spam any more."),
            "rotate-ccw",
        ),
    )
}
# Done by askers to their own topics; told like the others.
SIGNS = {
    **{name: tool.sign for name, tool in TOOLS.items()},
    "split": "split",
    "withdraw": "circle-x",
    "reinstate": "rotate-ccw",
    # Done to texts that waited, and to people.
    "approve": "check",
    "approve_changed": "pencil",
    "return": "rotate-ccw",
    "grant": "circle-check",
    "uphold": "circle-x",
    "vouch": "circle-check",
    "silence": "bell-off",
    "unsilence": "bell",
    "suspend": "lock",
    "unsuspend": "rotate-ccw",
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
    """What may be done to a topic as it stands; merging has a page of its own."""
    if topic.hidden_at is not None:
        names = ["unspam"] if queries.is_spam(topic) else ["restore", "spam"]
    elif topic.merged_into_id is not None:
        names = ["unmerge", "hide"]
    else:
        names = ["move", "unlock" if topic.closed_at else "close"]
        names += ["unpin" if topic.pinned else "pin", "spam", "hide"]
        if topic.is_withdrawn:
            names.remove("unlock")
    return [TOOLS[name] for name in names]


@panel("topic:tools")
def tools(topic: Topic) -> str:
    """The manager's tools on a topic's page."""
    if not policy.can(current_actor(), "moderation.act", topic):
        return ""
    judged = queries.last_act(topic, "spam") if queries.is_spam(topic) else None
    hidden = queries.last_act(topic, "hide") if topic.hidden_at and judged is None else None
    offered = [(tool, _form(tool.name, topic, fresh=True)) for tool in possible(topic)]
    return render_template(
        "moderation/_tools.html",
        topic=topic,
        tools=offered,
        merge=TOOLS["merge"] if topic.is_counted else None,
        refusals=_refusals(topic, [tool.name for tool, _form in offered]),
        hidden=judged or hidden,
    )


def _refusals(topic: Topic, names: list[str]) -> dict[str, str]:
    """Of these acts those that another must do, and who that is."""
    actor = current_actor()
    removals = [name for name in names if name in {"hide", "spam"}]
    if not removals or not queries.is_of_the_team(actor, topic):
        return {}
    others = queries.who_may_remove(topic)
    return dict.fromkeys(removals, second_person_words(others)) if others else {}


def second_person_words(others: Sequence[Person]) -> str:
    """Why somebody may not remove this, and who may."""
    return _(
        "You answer in this category, so somebody else decides whether a topic is removed from it."
        " Ask one of: %(names)s",
        names=", ".join(p.name for p in others),
    )


@panel("post:actions", order=60)
def post_tools(post: Post) -> str:
    """The way to hide or restore a reply."""
    if not policy.can(current_actor(), "moderation.act", post) or queries.was_split(post):
        return ""
    tool = POST_TOOLS["hide" if post.hidden_at is None else "restore"]
    return render_template("moderation/_post_tools.html", post=post, tool=tool)


@door.form(
    "/topics/<int:topic_id>/moderation"
    "/<any(move,close,unlock,pin,unpin,hide,restore,spam,unspam,unmerge):name>",
    may="moderation.act",
    on=topics.topic_in_sight,
)
def act(topic: Topic, name: str) -> ResponseReturnValue:
    """Do something to a topic, for a reason that is kept."""
    form, tool = _form(name, topic), TOOLS[name]
    if form.is_sent_well():
        try:
            _do(name, topic, form)
        except REFUSED as why:
            form.form_errors.append(_words_of(why))
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
        except REFUSED as why:
            form.form_errors.append(_words_of(why))
        else:
            flash(str(tool.done), "kept")
            return go_back(url_for("topics.post", topic_id=topic.id, seq=post.seq))
    return _page(form, tool, topic=topic, post=post)


REFUSED = (
    service.AlreadySoError,
    service.OthersWaitHereError,
    service.SecondPersonError,
)


def _words_of(why: Exception) -> str:
    if isinstance(why, service.SecondPersonError):
        return second_person_words(why.others)
    if isinstance(why, service.OthersWaitHereError):
        return others_wait_words()
    return _("Somebody did this already. Nothing was changed.")


def others_wait_words() -> str:
    """Why a topic that others were merged into may not go."""
    return _(
        "Other topics were merged into this one, and those who asked them wait for the answer here."
        " Undo the merges first."
    )


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
        "spam": service.mark_spam,
        "unspam": service.unmark_spam,
        "unmerge": service.unmerge,
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
    TopicMerged,
    TopicUnmerged,
    TopicJoined,
    TopicParted,
    CommentSplit,
    TopicMarkedSpam,
    TopicUnmarkedSpam,
    TopicWithdrawn,
    TopicReinstated,
)
def it_was_moderated(happenings: Sequence[Happening]) -> Sequence[Line | None]:
    """What was done, by whom and why; what was hidden is told to staff only."""
    done = queries.acts_by_id(getattr(h.event, "act_id", 0) for h in happenings)
    names = queries.category_names(done.values())
    reader = happenings[0].reader
    titles = queries.titles(done.values(), reader)
    sees_all = policy.can(reader, "moderation.read_hidden_reasons")
    told: list[Line | None] = []
    for each in happenings:
        act = done.get(getattr(each.event, "act_id", 0))
        if act is None or not (act.is_public or sees_all):
            told.append(None)
            continue
        sign = SIGNS.get(act.name.removesuffix("_post"), "history")
        words = worded(act, names, titles, seen_from=each.topic.id)
        other = act.after_id if act.topic_id == each.topic.id else act.topic_id
        href = _way_to(act, other, titles)
        told.append(Line(words, sign, reason=act.reason or None, href=href))
    return told


def _way_to(act: Act, topic_id: int | None, titles: dict[int, str]) -> str | None:
    """To the other topic of a merge or a split, if the reader may see it."""
    if topic_id not in titles:
        return None
    # What was merged would lead straight back here.
    stay = 1 if act.name == "merge" and topic_id == act.topic_id else None
    return url_for("topics.topic", topic_id=topic_id, stay=stay)


def worded(
    act: Act,
    categories: dict[int, str],
    titles: dict[int, str] | None = None,
    *,
    seen_from: int | None = None,
) -> str:
    """An act in one sentence, signed; of a merge, as it is told on either topic's page."""
    who = act.who
    if act.name == "move":
        to = categories.get(act.after_id or 0, "")
        return _("Moved to: %(category)s. Moved by: %(who)s", category=to, who=who)
    if act.name == "split":
        title = (titles or {}).get(act.after_id or 0, _("a hidden topic"))
        return _("A comment became a topic: %(title)s. By: %(who)s", title=title, who=who)
    if act.name in {"merge", "unmerge"}:
        return _merge_words(act, titles or {}, who, is_there=seen_from == act.after_id)
    if act.by is None:
        return _("Hidden after reports of readers, until somebody looks")
    return {
        "close": _("Closed by: %(who)s", who=who),
        "unlock": _("Opened for replies by: %(who)s", who=who),
        "pin": _("Pinned by: %(who)s", who=who),
        "unpin": _("Unpinned by: %(who)s", who=who),
        "hide": _("Hidden by: %(who)s", who=who),
        "restore": _("Restored by: %(who)s", who=who),
        "hide_post": _("A reply was hidden by: %(who)s", who=who),
        "restore_post": _("A reply was restored by: %(who)s", who=who),
        "spam": _("Marked as spam by: %(who)s", who=who),
        "unspam": _("No spam, says: %(who)s", who=who),
        "withdraw": _("Withdrawn by the asker: %(who)s", who=who),
        "reinstate": _("The asker wants an answer after all: %(who)s", who=who),
        "approve": _("Read and published by: %(who)s", who=who),
        "approve_changed": _("Changed and published by: %(who)s", who=who),
        "return": _("Returned to the author by: %(who)s", who=who),
        "grant": _("Published after an appeal by: %(who)s", who=who),
        "uphold": _("Another look, the decision stands: %(who)s", who=who),
        "vouch": _("Trusted on the word of: %(who)s", who=who),
        "silence": _("Silenced by: %(who)s", who=who),
        "unsilence": _("May write again, says: %(who)s", who=who),
        "suspend": _("Suspended by: %(who)s", who=who),
        "unsuspend": _("May sign in again, says: %(who)s", who=who),
    }[act.name]


def _merge_words(act: Act, titles: dict[int, str], who: str, *, is_there: bool) -> str:
    title = titles.get((act.topic_id if is_there else act.after_id) or 0, _("a hidden topic"))
    said = {"title": title, "who": who}
    if act.name == "merge" and is_there:
        return _("Another topic was merged into this one: %(title)s. Merged by: %(who)s", **said)
    if act.name == "merge":
        return _("Merged into: %(title)s. Merged by: %(who)s", **said)
    if is_there:
        return _("No longer merged into this one: %(title)s. Undone by: %(who)s", **said)
    return _("No longer merged into: %(title)s. Undone by: %(who)s", **said)
