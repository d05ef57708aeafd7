"""What is done on a topic's page: answer, comment, verdict, vote, edit, take back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template, url_for

from app.core import clock, policy, typing_time
from app.core.guests import make_guest
from app.core.i18n import _, left
from app.core.web import current_actor, see_other, wants_fragment
from app.topics import drafting, gate, pacing, queries, service, turns
from app.topics.answering import answers_today
from app.topics.forms import Change, ReplyChange, Retraction
from app.topics.views import door
from app.topics.views.sending import back_or_at, came_between, let_go, sent_wrong
from app.topics.views.topic import at_post, shown
from app.topics.views.waiting import waits
from app.topics.views.writing import Writing, seen_seq
from app.topics.writing import Comment, Reply, Verdict

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.topics.models import Post, Topic


@door.post("/topics/<int:topic_id>/answers", may="topics.answer", on=queries.topic_in_sight)
def publish_answer(topic: Topic) -> ResponseReturnValue:
    """The bank answers; `next` brings back to the desk."""
    form = Reply()
    if not form.validate():
        return sent_wrong(topic, Writing(answer=form))
    if came_between(topic, form):
        return shown(topic, Writing(answer=form))
    post = service.answer(current_actor(), topic, form.text, seen_seq=seen_seq())
    let_go(f"answer:{topic.id}")
    flash(_("The answer is published. The asker is told by e-mail."), "kept")
    if turns.owes_another_answer(topic):
        flash(_("Meanwhile the asker wrote again: that waits for an answer of its own."), "info")
    return back_or_at(topic, post)


@door.post("/topics/<int:topic_id>/comments", may="topics.write_comment", on=queries.topic_in_sight)
def publish_comment(topic: Topic) -> ResponseReturnValue:
    """Anybody's word; a guest's is kept until they have signed in."""
    form = Comment()
    if not form.validate():
        return shown(topic, Writing(comment=form))
    actor = current_actor()
    if not policy.can(actor, "topics.comment", topic):
        fields = {"body": form.body.data}
        drafting.keep(actor, make_guest(), f"topic:{topic.id}", fields)
        flash(_("Your comment is kept. Sign in, and publish it with one click."), "info")
        back = url_for("topics.topic", topic_id=topic.id, _anchor="reply")
        return see_other("accounts.sign_in", next=back)
    return _sent(topic, form)


def _sent(topic: Topic, form: Comment) -> ResponseReturnValue:
    """Published, or waiting to be read, or back with a word why not."""
    actor = current_actor()
    asks = topic.asker_id == actor.id and not form.thanks.data
    if not _was_sent(topic, form.text) and (pause := pacing.wait(actor, "comment")):
        pacing.too_soon(form, pause)
        return pacing.later(shown(topic, Writing(comment=form)), pause)
    if not pacing.is_unchallenged("topics.comment", form, body=form.text):
        return shown(topic, Writing(comment=form))
    typed_in = typing_time.seconds()
    try:
        post = gate.comment(
            actor, topic, form.text, wants_answer=not form.thanks.data, typed_in=typed_in
        )
    except gate.RefusedError as refused:
        pacing.say(form, refused)
        return shown(topic, Writing(comment=form))
    pacing.count(actor, "comment")
    let_go(f"topic:{topic.id}")
    if isinstance(post, gate.Held):
        return waits(post)
    if asks and topic.is_awaiting and topic.due_at is not None:
        flash(_who_answers(topic), "kept")
    return at_post(topic, post.seq)


def _was_sent(topic: Topic, body: str) -> bool:
    """Whether this is the same form sent twice, which publishes nothing more."""
    since = clock.now() - service.SENT_TWICE
    said = queries.said_since(topic, current_actor(), "comment", since)
    return said is not None and said.body == body


def _who_answers(topic: Topic) -> str:
    """What the asker's next words have brought: a name and the time left."""
    who = answers_today(topic.category).person.name
    told = _("Your words are published. Answers: %(name)s", name=who)
    if topic.due_at is None or topic.due_at < clock.now():
        return told
    return f"{told} · {left(topic.due_at)}"


@door.post(
    "/topics/<int:topic_id>/acceptance", may="topics.give_verdict", on=queries.topic_in_sight
)
def accept(topic: Topic) -> ResponseReturnValue:
    """Solved, says the asker."""
    service.accept(current_actor(), topic)
    flash(_("Good. Thank you for telling: it helps those who come after you."), "kept")
    return see_other("topics.topic", topic_id=topic.id)


@door.post("/topics/<int:topic_id>/dispute", may="topics.give_verdict", on=queries.topic_in_sight)
def dispute(topic: Topic) -> ResponseReturnValue:
    """Not solved, says the asker, and perhaps why."""
    form = Verdict()
    if not form.validate():
        return shown(topic, Writing(verdict=form))
    try:
        said = gate.dispute(current_actor(), topic, form.body.data or "")
    except gate.RefusedError as refused:
        form.body.errors = refused.words
        return shown(topic, Writing(verdict=form))
    flash(_("It is back on the desk, with a new promise."), "info")
    if isinstance(said, gate.Held):
        return waits(said)
    return see_other("topics.topic", topic_id=topic.id)


@door.post("/topics/<int:topic_id>/vote", may="topics.vote", on=queries.topic_in_sight)
def vote(topic: Topic) -> ResponseReturnValue:
    """One more "me too" or support."""
    service.vote(current_actor(), topic)
    return _after_vote(topic)


@door.post("/topics/<int:topic_id>/vote/withdraw", may="topics.vote", on=queries.topic_in_sight)
def withdraw_vote(topic: Topic) -> ResponseReturnValue:
    """The same taken back."""
    service.withdraw_vote(current_actor(), topic)
    return _after_vote(topic)


def _after_vote(topic: Topic) -> ResponseReturnValue:
    if wants_fragment():
        voted = queries.has_voted(topic, current_actor())
        return render_template("topics/_vote.html", topic=topic, voted=voted)
    return see_other("topics.topic", topic_id=topic.id)


@door.form("/topics/<int:topic_id>/edit", may="topics.edit", on=queries.topic_in_sight)
def edit(topic: Topic) -> ResponseReturnValue:
    """Change a topic; what it said before stays in its history."""
    tags = ", ".join(t.name for t in topic.tags)
    form = Change(title=topic.title, body=topic.body, tags=tags, language=topic.language)
    if form.is_sent_well():
        words = form.said(topic.kind, topic.category)
        try:
            done = gate.edit(current_actor(), topic, words, form.reason.data or "")
        except gate.RefusedError as refused:
            pacing.say(form, refused)
        else:
            if isinstance(done, gate.Held):
                return waits(done)
            return see_other("topics.topic", topic_id=topic.id)
    status = 422 if form.errors else 200
    return render_template("topics/edit.html", topic=topic, post=None, form=form), status


@door.form("/posts/<int:post_id>/edit", may="topics.edit_post", on=queries.post_in_sight)
def edit_post(post: Post) -> ResponseReturnValue:
    """Change a reply; what it said before stays in its topic's history."""
    topic, form = queries.topic(post.topic_id), ReplyChange(body=post.body)
    if post.is_official:
        form.body.label.text = _("The official answer")
    if form.is_sent_well():
        try:
            done = gate.edit_post(current_actor(), post, form.text, form.reason.data or "")
        except gate.RefusedError as refused:
            pacing.say(form, refused)
        else:
            return waits(done) if isinstance(done, gate.Held) else at_post(topic, post.seq)
    status = 422 if form.errors else 200
    return render_template("topics/edit.html", topic=topic, post=post, form=form), status


@door.form("/posts/<int:post_id>/retraction", may="topics.retract", on=queries.post_in_sight)
def retract(post: Post) -> ResponseReturnValue:
    """Take an official answer back, with a reason that everybody may read."""
    topic, form = queries.topic(post.topic_id), Retraction()
    if form.is_sent_well():
        service.retract(current_actor(), post, form.reason.data or "")
        flash(_("The answer is taken back. The topic's story says so, and why."), "kept")
        return see_other("topics.topic", topic_id=topic.id)
    status = 422 if form.errors else 200
    return render_template("topics/retract.html", topic=topic, post=post, form=form), status
