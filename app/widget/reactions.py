"""What the widget does when a text that was asked through it becomes a topic."""

from app.core.events import now
from app.moderation import queries as moderation
from app.moderation.events import TextApproved, TextHeld
from app.topics import queries as topics
from app.topics.events import TopicOpened
from app.widget.service import asking


@now(TextApproved)
def keep_the_page_it_was_asked_from(event: TextApproved) -> None:
    """Whoever answers sees from which page of the bank's site it came."""
    asking.follow_the_text(event.submission_id, event.topic_id)


@now(TopicOpened)
def keep_the_page_they_came_from(event: TopicOpened) -> None:
    """Likewise of somebody who changed it on our own pages before it was published."""
    asking.follow_who_went_on(topics.topic(event.topic_id).asker_id, topic_id=event.topic_id)


@now(TextHeld)
def keep_the_page_they_came_from_till_it_is_read(event: TextHeld) -> None:
    """Likewise, when it is read first."""
    text = moderation.text(event.submission_id)
    if text is not None and text.act == "topic":
        asking.follow_who_went_on(text.author_id, submission_id=text.id)
