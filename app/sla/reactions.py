"""What the promise does when something happens to a topic."""

from app.core import jobs, transactions
from app.core.events import now
from app.sla import service
from app.topics import queries
from app.topics.events import AnswerPublished, TopicOpened, TopicReopened


@now(TopicOpened)
def promise_an_answer(event: TopicOpened) -> None:
    """From the first instant the page says who answers and by when."""
    topic = queries.topic(event.topic_id)
    service.promise(topic, "first_answer", topic.opened_at)


@now(AnswerPublished)
def keep_the_promise(event: AnswerPublished) -> None:
    """An official answer stops the clock."""
    service.keep(queries.topic(event.topic_id), queries.post(event.post_id))


@now(TopicReopened)
def promise_again(event: TopicReopened) -> None:
    """ "Not solved" starts a new day, from the asker's click."""
    topic = queries.topic(event.topic_id)
    service.promise(topic, "next_answer", topic.active_at)


@jobs.every(20, "sla.watch")
def watch_the_clock() -> None:
    """Notice what is overdue; the pages have said so since the instant itself."""
    if service.watch():
        transactions.commit()
