"""What the clocks do when something happens to a topic, and the scheduler's rounds."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.accounts.events import AbsenceChanged, PersonLetIn, PersonShutOut, RoleGiven
from app.core import clock, jobs, transactions
from app.core.events import fact_at_hand, later, now
from app.core.i18n import _
from app.moderation.events import (
    CommentSplit,
    PostHidden,
    PostRestored,
    TopicClosed,
    TopicHidden,
    TopicMarkedSpam,
    TopicMerged,
    TopicMoved,
    TopicReinstated,
    TopicRestored,
    TopicUnlocked,
    TopicUnmarkedSpam,
    TopicUnmerged,
    TopicWithdrawn,
)
from app.sla.events import (
    CalendarVersionMade,
    LookingGoesOn,
    NamingGoesOn,
    PromiseBroken,
    PromiseKept,
)
from app.sla.queries import promises
from app.sla.service import calendars, ticking, verifying, waking
from app.sla.service.promises import named, note, post_name
from app.topics import queries
from app.topics.events import (
    AnswerPublished,
    AnswerRetracted,
    CategoryChanged,
    ClarificationAsked,
    CommentPublished,
    NewsPromised,
    NoReplyDisputed,
    NoReplyNeeded,
    TopicOpened,
    TopicReopened,
    TopicSolved,
    TopicTaken,
)
from app.topics.timeline import Happening, Line, lines

log = logging.getLogger(__name__)

# What an event is to the clock of its topic, when nothing more is to be said.
MEANING = {
    TopicReopened: "customer_post",
    TopicHidden: "removed",
    TopicRestored: "restored",
    TopicClosed: "closed",
    TopicUnlocked: "unlocked",
    TopicMarkedSpam: "spam",
    TopicUnmarkedSpam: "unspammed",
    TopicWithdrawn: "withdrawn",
    TopicReinstated: "reinstated",
    NoReplyNeeded: "no_reply_needed",
    NoReplyDisputed: "no_reply_disputed",
    TopicTaken: "taken",
}


def _note(topic_id: int, kind: str, **data: Any) -> None:
    """Note it as done by whom and when the fact says; what was promised nothing has no clock."""
    topic, fact = queries.topic(topic_id), fact_at_hand()
    if kind == "opened" or topic.promised_at is not None or promises.has_clock(topic):
        note(topic, kind, at=fact.at, by=fact.actor_id, **data)


@now(TopicOpened)
def promise_an_answer(event: TopicOpened) -> None:
    """From the first instant the page says who answers and by when.

    Nobody promises an answer to themselves: articles would make the figures look better than they
    are.
    """
    topic = queries.topic(event.topic_id)
    if topic.expects_answer and not event.is_article:
        _note(topic.id, "opened", **named(topic.category))


@now(AnswerPublished)
def keep_the_promise(event: AnswerPublished) -> None:
    """An official answer stops the clock, for what its author had seen."""
    post = queries.post(event.post_id)
    _note(
        event.topic_id,
        "official_answer",
        id=post_name(post.id),
        seq=post.seq,
        seen_seq=event.seen_seq,
    )


@now(CommentPublished)
def hear_the_asker_again(event: CommentPublished) -> None:
    """The asker's next words want an answer too; other people's do not."""
    topic, post = queries.topic(event.topic_id), queries.post(event.post_id)
    if event.wants_answer and post.author_id == topic.asker_id:
        _note(topic.id, "customer_post", id=post_name(post.id), seq=post.seq)


@now(ClarificationAsked)
def wait_for_the_asker(event: ClarificationAsked) -> None:
    """The clock stands still while the bank waits."""
    post = queries.post(event.post_id)
    name = post_name(post.id)
    _note(event.topic_id, "clarification", id=name, seq=post.seq, seen_seq=event.seen_seq)


@now(NewsPromised)
def promise_the_news(event: NewsPromised) -> None:
    """A word in between is no answer; the day it names is a promise of its own."""
    post = queries.post(event.post_id)
    _note(
        event.topic_id,
        "holding",
        id=post_name(post.id),
        seq=post.seq,
        seen_seq=event.seen_seq,
        due_at=post.promised_for,
    )


@now(*MEANING)
def note_what_happened(event: TopicReopened) -> None:
    """What happened to the topic happened to its clocks."""
    _note(event.topic_id, MEANING[type(event)])


@now(TopicSolved)
def owe_nothing_more(event: TopicSolved) -> None:
    """Who says "solved" waits for nothing, not even for the answer to their last word."""
    _note(event.topic_id, "asker_content")
    _note(event.topic_id, "resolved")


@now(TopicMoved)
def hand_the_promise_over(event: TopicMoved) -> None:
    """The people of the new category keep it, by the hour that was shown or sooner."""
    _note(event.topic_id, "transfer", **named(queries.topic(event.topic_id).category))


@now(TopicMerged)
def join_the_promises(event: TopicMerged) -> None:
    """One answer for both, by the earlier of the two hours."""
    owed = promises.live_promise(queries.topic(event.topic_id))
    due = owed.due_at if owed is not None else None
    _note(event.topic_id, "merged_into")
    # One that was broken already stays broken for itself; the other is not late by it.
    if due is not None and due >= fact_at_hand().at:
        _note(event.into_id, "absorbed", id=f"topic:{event.topic_id}", due_at=due)


@now(TopicUnmerged)
def part_the_promises(event: TopicUnmerged) -> None:
    """As if they had never been one."""
    _note(event.topic_id, "unmerged")
    _note(event.into_id, "unabsorbed", ref=f"topic:{event.topic_id}")


@now(AnswerRetracted)
def forget_the_answer(event: AnswerRetracted) -> None:
    """An answer that was taken back has answered nobody."""
    _note(event.topic_id, "answer_retracted", ref=post_name(event.post_id))


@now(PostHidden, PostRestored)
def judge_the_promise_again(event: PostHidden | PostRestored) -> None:
    """An answer out of sight answers nobody; an asker's word out of sight asks nothing."""
    post = queries.post(event.post_id)
    hidden = isinstance(event, PostHidden)
    if post.is_official:
        kind = "answer_retracted" if hidden else "answer_restored"
    elif post.kind in {"clarification", "holding"}:
        kind = f"{post.kind}_removed" if hidden else f"{post.kind}_restored"
    elif post.author_id == queries.topic(event.topic_id).asker_id:
        kind = "post_removed" if hidden else "post_restored"
    else:
        return
    _note(event.topic_id, kind, ref=post_name(post.id))


@now(CommentSplit)
def ask_no_more_here(event: CommentSplit) -> None:
    """The asker's words that became a topic, or went along, are promised an answer there."""
    asker_id = queries.topic(event.topic_id).asker_id
    gone = [queries.post(event.post_id), *queries.moved_along(event.topic_id, event.into_id)]
    for post in gone:
        if post.author_id == asker_id:
            _note(event.topic_id, "post_removed", ref=post_name(post.id))


@later(CategoryChanged)
def name_the_new_people(event: CategoryChanged) -> None:
    """A new owner takes what the one before had not answered; the shown hours stand.

    Not where the category was changed: whoever moves or hides a topic holds it and wants its
    category, so whoever holds the category must not want its topics.
    """
    fact = fact_at_hand()
    waking.name_the_new(event.category_id, fact.at, fact.actor_id)


@later(NamingGoesOn)
def go_on_naming(event: NamingGoesOn) -> None:
    """The next ones of many."""
    since = datetime.fromisoformat(event.since)
    waking.name_the_new(event.category_id, since, fact_at_hand().actor_id, event.after)


@later(AbsenceChanged, PersonShutOut, PersonLetIn, RoleGiven)
def find_who_answers_now(
    event: AbsenceChanged | PersonShutOut | PersonLetIn | RoleGiven,
) -> None:
    """Whoever answers in somebody's place from now on is to be told what waits."""
    waking.look_again(event.person_id, any_manager=not isinstance(event, AbsenceChanged))


@later(LookingGoesOn)
def go_on_looking(event: LookingGoesOn) -> None:
    """The next ones of many."""
    waking.look_again_in(event.category_ids, event.after)


@later(CalendarVersionMade)
def count_by_the_new_hours(event: CalendarVersionMade) -> None:
    """What is left of open promises is counted by what the calendar says now, batch by batch."""
    calendars.count_by_the_newest(event.calendar_id, event.after)


@jobs.every(300, "sla.calendars")
def leave_no_promise_behind() -> None:
    """Nothing that is open counts for long by hours that no longer hold."""
    for _batch in calendars.leave_none_behind():
        transactions.commit()
    transactions.commit()


@jobs.every(20, "sla.watch")
def watch_the_clock() -> None:
    """Go the rounds: notice what is overdue, remind whom it concerns. Pages need none of it."""
    going = True
    while going:
        # Each batch anew: many of them take long, and the clock may jump between two.
        at = clock.now()
        trusted = ticking.begin_round(at, time.monotonic())
        transactions.commit()
        going = trusted and ticking.tick(at) > 0
        transactions.commit()


@jobs.every(3600, "sla.verify")
def verify_what_runs() -> None:
    """Replay what is owed: new time zone data, or a hand in the database, must not go unseen."""
    ours = verifying.claim()
    transactions.commit()
    for found in verifying.replay_what_runs() if ours else ():
        transactions.commit()
        for each in found:
            log.error("Topic %s is stored otherwise than its events mean: %s", each.topic_id, each)
    transactions.commit()


@lines(PromiseBroken, PromiseKept)
def a_promise_was_not_kept(happenings: Sequence[Happening]) -> Sequence[Line | None]:
    """Misses stay in the topic's public story; a kept promise is told by its answer."""
    broken = promises.broken_ids({_promise_of(h) for h in happenings})
    noticed = {_promise_of(h) for h in happenings if isinstance(h.event, PromiseBroken)}
    return [_miss(h, noticed) if _promise_of(h) in broken else None for h in happenings]


def _miss(happening: Happening, noticed: set[int]) -> Line | None:
    if isinstance(happening.event, PromiseBroken):
        return Line(_("Promise broken: no answer by the promised hour"), "circle-alert")
    late = isinstance(happening.event, PromiseKept) and happening.event.late
    if late and _promise_of(happening) not in noticed:
        return Line(_("The answer came later than promised"), "circle-alert")
    return None


def _promise_of(happening: Happening) -> int:
    return int(getattr(happening.event, "promise_id", 0))
