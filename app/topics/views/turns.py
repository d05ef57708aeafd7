"""What passes the turn: asking back, a note in between, "no answer needed", "I take it"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, url_for

from app.core.i18n import _, when
from app.core.web import current_actor, go_back, see_other
from app.topics import queries, service
from app.topics.forms import News
from app.topics.views import door
from app.topics.views.sending import back_or_at, came_between, let_go, sent_wrong
from app.topics.views.topic import shown
from app.topics.views.writing import Writing, seen_seq
from app.topics.writing import Reply

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.topics.models import Topic


@door.post(
    "/topics/<int:topic_id>/clarifications", may="topics.ask_back", on=queries.topic_in_sight
)
def ask_back(topic: Topic) -> ResponseReturnValue:
    """The bank needs to know more; the clock may stand still meanwhile."""
    form = Reply()
    if not form.validate():
        return sent_wrong(topic, Writing(question=form))
    if came_between(topic, form):
        return shown(topic, Writing(question=form))
    post = service.ask_back(current_actor(), topic, form.text, seen_seq=seen_seq())
    let_go(f"question:{topic.id}")
    if topic.paused_for == "customer":
        flash(_("Your question is published. The clock stands still until they reply."), "kept")
    else:
        flash(_("Your question is published. The clock runs on."), "info")
    return back_or_at(topic, post)


@door.post("/topics/<int:topic_id>/news", may="topics.promise_news", on=queries.topic_in_sight)
def promise_news(topic: Topic) -> ResponseReturnValue:
    """The bank is at work, and says by when it will say more."""
    form = News()
    if not form.validate():
        return sent_wrong(topic, Writing(news=form))
    if came_between(topic, form):
        return shown(topic, Writing(news=form))
    until = form.until_at
    post = service.promise_news(current_actor(), topic, form.text, until, seen_seq=seen_seq())
    let_go(f"news:{topic.id}")
    flash(_news_told(topic), "kept")
    if until is not None:
        flash(_("The next news is promised by %(time)s.", time=when(until)), "info")
    return back_or_at(topic, post)


def _news_told(topic: Topic) -> str:
    if topic.is_awaiting and not topic.answer_id:
        return _("Your note is published. It is no answer: the promise of one runs on.")
    return _("Your note is published.")


@door.post(
    "/topics/<int:topic_id>/no-answer-needed", may="topics.let_off", on=queries.topic_in_sight
)
def let_off(topic: Topic) -> ResponseReturnValue:
    """The bank thinks that the asker's last words ask for nothing."""
    service.let_off(current_actor(), topic)
    flash(_("It waits no more. The asker may say that they do need an answer."), "kept")
    return go_back(url_for("topics.topic", topic_id=topic.id))


@door.post(
    "/topics/<int:topic_id>/answer-needed", may="topics.want_an_answer", on=queries.topic_in_sight
)
def want_an_answer(topic: Topic) -> ResponseReturnValue:
    """The asker thinks otherwise, and need not say why."""
    service.want_an_answer(current_actor(), topic)
    flash(_("The promise runs again, as if nothing had been between."), "kept")
    return see_other("topics.topic", topic_id=topic.id)


@door.post("/topics/<int:topic_id>/taken", may="topics.take", on=queries.topic_in_sight)
def take(topic: Topic) -> ResponseReturnValue:
    """I take it."""
    service.take(current_actor(), topic)
    flash(
        _("You are on it, and everybody sees it. For four hours nobody else is reminded."), "kept"
    )
    return go_back(url_for("topics.topic", topic_id=topic.id))
