"""Who may do what with topics, and next to each check the SQL that means the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, true

from app.core.policy import (
    anyone,
    is_manager,
    is_not_silenced,
    is_signed_in,
    is_staff,
    permission,
)
from app.topics import answerers, turns
from app.topics.models import Post, Topic

if TYPE_CHECKING:
    from app.core.policy import Actor


def is_open_to_all(_actor: Actor, topic: Topic) -> bool:
    """Not hidden."""
    return topic.hidden_at is None


def asked_it(actor: Actor, topic: Topic) -> bool:
    """The asker."""
    return actor.id is not None and topic.asker_id == actor.id


def did_not_ask_it(actor: Actor, topic: Topic) -> bool:
    """Anybody but the asker, whose own voice is the topic itself."""
    return topic.asker_id != actor.id


def answers_for_it(actor: Actor, topic: Topic) -> bool:
    """The owner, the deputy or a named delegate of its category, and who stands in today.

    In lists the same is said by `queries.category_ids_of`.
    """
    return answerers.may_answer(actor, topic)


def is_not_closed(_actor: Actor, topic: Topic) -> bool:
    """Still open for replies."""
    return topic.closed_at is None and topic.hidden_at is None


def awaits_a_verdict(_actor: Actor, topic: Topic) -> bool:
    """A question or problem that has an official answer to say yes or no to."""
    return topic.kind in {"question", "problem"} and topic.answer_id is not None


def is_not_praise(_actor: Actor, topic: Topic) -> bool:
    """Something one can join in."""
    return topic.kind != "praise"


def is_owed_an_answer(_actor: Actor, topic: Topic) -> bool:
    """The bank promised something that it has not done yet, whether a clock runs or stands."""
    return topic.is_awaiting or topic.paused_for == "customer"


def is_awaited(_actor: Actor, topic: Topic) -> bool:
    """The next to act is the bank."""
    return topic.is_awaiting


def owes_another_answer(_actor: Actor, topic: Topic) -> bool:
    """What waits is what the asker wrote after an official answer."""
    return turns.owes_another_answer(topic)


def has_an_answer(_actor: Actor, topic: Topic) -> bool:
    """An official answer stands, and nothing was asked back that is still to be said."""
    return topic.answer_id is not None and topic.paused_for != "customer"


def was_let_off(_actor: Actor, topic: Topic) -> bool:
    """The bank said last that no answer is needed."""
    return turns.is_let_off(topic)


def is_an_answer_in_sight(_actor: Actor, post: Post) -> bool:
    """An official answer that stands."""
    return post.is_official and post.hidden_at is None


def wrote_it(actor: Actor, post: Post) -> bool:
    """The post's author."""
    return actor.id is not None and post.author_id == actor.id


MANAGERS, EVERYBODY = "managers", "everybody"


def visible_topics(actor: Actor) -> ColumnElement[bool]:
    """SQL for "topics.read": what this actor may find in lists, searches and feeds."""
    return true() if is_manager(actor, None) else Topic.hidden_at.is_(None)


def sight(actor: Actor) -> str:
    """Who else may find and read just what this actor may: see `core.pagecache.pieces`."""
    return MANAGERS if is_manager(actor, None) else EVERYBODY


def visible_posts(actor: Actor) -> ColumnElement[bool]:
    """SQL for the posts of a visible topic that this actor may read."""
    return true() if is_manager(actor, None) else Post.hidden_at.is_(None)


permission("topics.look_around", [anyone])
permission("topics.read", [is_open_to_all], [is_manager])
permission("topics.draft", [anyone])
permission("topics.ask", [is_signed_in])
permission("topics.answer", [is_staff, answers_for_it, is_not_closed])
permission("topics.ask_back", [is_staff, answers_for_it, is_not_closed, is_owed_an_answer])
# Whoever manages topics may say how things stand, and give the official answer to none of them.
permission(
    "topics.promise_news",
    [is_staff, answers_for_it, is_not_closed, is_not_praise],
    [is_manager, is_not_closed, is_not_praise],
)
permission(
    "topics.let_off",
    [is_staff, answers_for_it, is_not_closed, owes_another_answer],
    [is_manager, is_not_closed, owes_another_answer],
)
permission("topics.thank", [asked_it, is_not_closed, is_not_praise, has_an_answer])
permission("topics.reply_to_the_bank", [asked_it, is_not_closed])
permission("topics.want_an_answer", [asked_it, is_not_closed, was_let_off])
permission(
    "topics.take",
    [is_staff, answers_for_it, is_not_closed, is_awaited],
    [is_manager, is_not_closed, is_awaited],
)
permission(
    "topics.retract",
    [is_staff, wrote_it, is_an_answer_in_sight],
    [is_manager, is_an_answer_in_sight],
)
permission("topics.comment", [is_signed_in, is_not_closed])
# A guest may begin a comment; it is kept, and published once they have signed in.
permission("topics.write_comment", [is_not_closed])
permission("topics.give_verdict", [asked_it, awaits_a_verdict, is_not_closed])
permission(
    "topics.vote", [is_signed_in, is_not_silenced, did_not_ask_it, is_not_praise, is_not_closed]
)
permission("topics.edit", [asked_it, is_not_closed], [is_manager])
permission("topics.edit_post", [wrote_it], [is_manager])
permission("topics.use_desk", [is_staff])
permission("topics.manage_categories", [is_manager])
