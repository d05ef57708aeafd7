"""What the promise does when something happens to a topic."""

from collections.abc import Sequence

from app.accounts.events import PersonLetIn, PersonShutOut
from app.core import jobs, transactions
from app.core.events import now
from app.core.i18n import _
from app.moderation.events import (
    PostHidden,
    PostRestored,
    TopicClosed,
    TopicHidden,
    TopicMoved,
    TopicRestored,
    TopicUnlocked,
)
from app.sla import service
from app.sla.events import PromiseBroken, PromiseKept
from app.topics import queries
from app.topics.events import AnswerPublished, CategoryChanged, TopicOpened, TopicReopened
from app.topics.timeline import Happening, Line, lines


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
    """The asker's "not solved" starts a new day."""
    topic = queries.topic(event.topic_id)
    service.promise(topic, "next_answer", topic.active_at)


@now(TopicMoved)
def hand_the_promise_over(event: TopicMoved) -> None:
    """The people of the new category keep it, by the hour that was shown."""
    service.hand_over(queries.topic(event.topic_id))


@now(TopicHidden, TopicClosed)
def release_the_promise(event: TopicHidden | TopicClosed) -> None:
    """Nobody waits for an answer where none can be given."""
    service.cancel(queries.topic(event.topic_id))


@now(TopicRestored, TopicUnlocked)
def resume_the_promise(event: TopicRestored | TopicUnlocked) -> None:
    """As if it had never been away."""
    topic = queries.topic(event.topic_id)
    if topic.hidden_at is None and topic.closed_at is None:
        service.resume(topic)


@now(PostHidden, PostRestored)
def judge_the_promise_again(event: PostHidden | PostRestored) -> None:
    """An answer out of sight answers nobody."""
    service.judge_again(queries.topic(event.topic_id))


@now(CategoryChanged)
def hand_over_what_waits(event: CategoryChanged) -> None:
    """A new owner takes what the one before had not answered; the shown hours stand."""
    category = queries.category(event.category_id)
    if category is not None:
        service.hand_over_all(category)


@now(PersonShutOut, PersonLetIn)
def let_the_deputy_step_in(event: PersonShutOut | PersonLetIn) -> None:
    """What waits for somebody who cannot sign in waits for the deputy, until they are back."""
    for category in queries.categories_with(event.person_id):
        service.hand_over_all(category)


@jobs.every(20, "sla.watch")
def watch_the_clock() -> None:
    """Notice what is overdue; the pages have said so since the instant itself."""
    if service.watch():
        transactions.commit()


@lines(PromiseBroken, PromiseKept)
def a_promise_was_not_kept(happenings: Sequence[Happening]) -> Sequence[Line | None]:
    """Misses stay in the topic's public story; a kept promise is told by its answer."""
    noticed = {_promise_of(h) for h in happenings if isinstance(h.event, PromiseBroken)}
    return [_miss(h, noticed) for h in happenings]


def _miss(happening: Happening, noticed: set[int]) -> Line | None:
    if isinstance(happening.event, PromiseBroken):
        return Line(_("Promise broken: no answer by the promised hour"), "circle-alert")
    late = isinstance(happening.event, PromiseKept) and happening.event.late
    if late and _promise_of(happening) not in noticed:
        return Line(_("The answer came later than promised"), "circle-alert")
    return None


def _promise_of(happening: Happening) -> int:
    return int(getattr(happening.event, "promise_id", 0))
