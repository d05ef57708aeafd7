"""Merging a topic into the one that asks the same: finding it, and saying why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import current_app, flash, render_template, request, url_for

from app.brand.queries import brand
from app.core import policy
from app.core.db import row_id
from app.core.i18n import _, speaking
from app.core.panels import panel
from app.core.web import current_actor, see_other
from app.moderation import queries, service
from app.moderation.forms import MergeForm
from app.moderation.views import door
from app.moderation.views.acts import TOOLS
from app.topics import queries as topics
from app.topics.answering import answers_today

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from app.topics.models import Topic

# What somebody may have typed to say which topic they mean.
NUMBER = re.compile(r"#?\s*(\d{1,9})\Z")
PATH = re.compile(r"/topics/(\d{1,9})(?:/.*)?\Z")
LONGEST = 200


@panel("topic:notice", order=10)
def it_was_merged(topic: Topic) -> str:
    """On top of the page: where this is answered."""
    into = topic.merged_into
    if into is None:
        return ""
    seen = policy.can(current_actor(), "topics.read", into)
    act = queries.last_act(topic, "merge")
    return render_template("moderation/_merged.html", into=into if seen else None, act=act)


@door.form(
    "/topics/<int:topic_id>/moderation/merge", may="moderation.act", on=topics.topic_in_sight
)
def merge(topic: Topic) -> ResponseReturnValue:
    """Which topic asks the same, then why they are one."""
    if not topic.is_counted:
        flash(_("Somebody did this already. Nothing was changed."), "info")
        return see_other("topics.topic", topic_id=topic.id)
    words = request.args.get("q", "").strip()[:LONGEST]
    into = _named(topic, request.values.get("into") or _number_in(words))
    if into is None:
        return _search(topic, words)
    form = MergeForm(_pointing_at(topic, into))
    why = service.why_not(topic, into)
    if why is None and form.is_sent_well():
        try:
            service.merge(
                current_actor(), topic, into, form.reason.data or "", answer=form.answer.data or ""
            )
        except service.CannotMergeError as error:
            why = _said_in_the_form(form, error.why)
        except service.AlreadySoError:
            form.form_errors.append(_("Somebody did this already. Nothing was changed."))
        else:
            flash(str(TOOLS["merge"].done), "kept")
            return see_other("topics.topic", topic_id=topic.id)
    return _confirm(topic, into, form, why)


def _search(topic: Topic, words: str) -> ResponseReturnValue:
    """The first step: the topics it may be."""
    found: Sequence[Topic] = queries.may_be_meant(topic, words) if words else ()
    return render_template(
        "moderation/merge.html", topic=topic, words=words, found=found, tool=TOOLS["merge"]
    )


def _confirm(topic: Topic, into: Topic, form: MergeForm, why: str | None) -> ResponseReturnValue:
    """The second step: what will be done, and why."""
    must_answer = service.needs_answer(topic, into)
    page = render_template(
        "moderation/merge_into.html",
        topic=topic,
        into=into,
        form=form,
        tool=TOOLS["merge"],
        must_answer=must_answer,
        may_answer=policy.can(current_actor(), "topics.answer", topic),
        addressee=answers_today(topic.category).person,
        refusal=_refusal(why),
        instead=into.merged_into if why == "merged" else None,
    )
    return page, 422 if request.method == "POST" else 200


def _said_in_the_form(form: MergeForm, why: str) -> str | None:
    """What is missing is said beside its field; anything else is why it cannot be."""
    if why != "unanswered":
        return why
    form.answer.errors = [_("Please fill this in.")]
    return None


def _refusal(why: str | None) -> str:
    return {
        None: "",
        "itself": _("This is the same topic."),
        "hidden": _("That topic is hidden: nobody would find the answer there."),
        "merged": _("That topic was merged itself. Merge into the one it went into."),
        "closed": _("That topic is closed: nobody will answer there."),
        "joined": _(
            "Other topics were merged into this one. Merge the other way round, or undo those"
            " first."
        ),
        # Said by the page itself, with the name of who may.
        "not_yours": "",
    }[why]


def _number_in(words: str) -> str:
    """The number of the topic that is named by a number or a link of ours; "" when none is."""
    plain = NUMBER.match(words)
    if plain:
        return plain[1]
    try:
        link = urlsplit(words)
    except ValueError:
        return ""
    ours = {"", request.host, urlsplit(current_app.config["PUBLIC_URL"]).netloc}
    path = PATH.match(link.path) if link.netloc in ours else None
    return path[1] if path else ""


def _named(topic: Topic, number: str | None) -> Topic | None:
    topic_id = row_id(number)
    if topic_id is None:
        return None
    return topic if topic_id == topic.id else topics.topic_in_sight(current_actor(), topic_id)


def _pointing_at(topic: Topic, into: Topic) -> str:
    """The official answer as it is proposed, in the language of the question."""
    root = current_app.config["PUBLIC_URL"]
    link = root + url_for("topics.topic", topic_id=into.id)
    with speaking(topic.language, brand().timezone):
        said: Any = _("Answered here: %(link)s", link=link)
    return str(said)
