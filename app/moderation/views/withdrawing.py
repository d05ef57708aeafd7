"""The asker's own way out of a question, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template

from app.core import policy
from app.core.i18n import _
from app.core.panels import panel
from app.core.web import current_actor, see_other
from app.moderation import queries, service
from app.moderation.forms import WithdrawForm
from app.moderation.policy import SECOND_THOUGHTS
from app.moderation.views import door
from app.moderation.views.acts import others_wait_words
from app.topics import queries as topics

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.topics.models import Topic


@panel("topic:actions", order=80)
def way_out(topic: Topic) -> str:
    """For the asker of what nobody has answered yet."""
    if not policy.can(current_actor(), "moderation.withdraw", topic):
        return ""
    return render_template("moderation/_withdraw.html", topic=topic, form=WithdrawForm(fresh=True))


@panel("topic:notice", order=20)
def it_was_withdrawn(topic: Topic) -> str:
    """On top of the page: nobody owes an answer here, and whose wish that was."""
    if not topic.is_withdrawn or topic.closed_at is None:
        return ""
    return render_template(
        "moderation/_withdrawn.html",
        topic=topic,
        act=queries.last_act(topic, "withdraw"),
        until=topic.closed_at + SECOND_THOUGHTS,
        may_come_back=policy.can(current_actor(), "moderation.reinstate", topic),
    )


@door.form("/topics/<int:topic_id>/withdrawal", may="moderation.withdraw", on=topics.topic_in_sight)
def withdraw(topic: Topic) -> ResponseReturnValue:
    """Take it back, with or without saying why."""
    form = WithdrawForm()
    if form.is_sent_well() and _may_say(topic, form):
        try:
            service.withdraw(current_actor(), topic, form.reason.data or "")
        except service.OthersWaitHereError:
            form.form_errors.append(others_wait_words())
        except service.AlreadySoError:
            form.form_errors.append(_("It was answered meanwhile. Nothing was changed."))
        else:
            flash(_("You withdrew it. Nobody owes you an answer here now."), "kept")
            return see_other("topics.topic", topic_id=topic.id)
    return _page(form, topic)


def _may_say(topic: Topic, form: WithdrawForm) -> bool:
    """The reason stands on the topic's page, and cannot wait to be read first."""
    said = form.reason.data or ""
    if not said or service.may_say(current_actor(), topic, said):
        return True
    form.reason.errors = [
        _("We would have to read this before it appears. Please withdraw without a reason.")
    ]
    return False


def _page(form: WithdrawForm, topic: Topic) -> ResponseReturnValue:
    page = render_template("moderation/withdraw.html", form=form, topic=topic)
    return page, 422 if form.errors else 200


@door.post(
    "/topics/<int:topic_id>/reinstatement", may="moderation.reinstate", on=topics.topic_in_sight
)
def reinstate(topic: Topic) -> ResponseReturnValue:
    """The asker wants the answer after all."""
    try:
        service.reinstate(current_actor(), topic)
    except service.AlreadySoError:
        flash(_("Somebody did this already. Nothing was changed."), "info")
    else:
        flash(_("It is asked again, and the promise runs as if it had never stopped."), "kept")
    return see_other("topics.topic", topic_id=topic.id)
