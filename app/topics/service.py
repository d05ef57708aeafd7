"""The customer's verbs and the bank's: ask, answer, ask back, comment, accept, dispute, vote, edit.

Texts are checked by forms before they come here; `core.markup` refuses what is too long. Services
flush, the door commits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from app.core import clock, language, markup
from app.core.db import add_once, session
from app.core.events import record
from app.topics import queries, turns
from app.topics.events import (
    AnswerPublished,
    AnswerRetracted,
    CategoryChanged,
    ClarificationAsked,
    CommentPublished,
    NewsPromised,
    NoReplyDisputed,
    NoReplyNeeded,
    PostEdited,
    TopicEdited,
    TopicOpened,
    TopicReopened,
    TopicSolved,
    TopicTaken,
    VoteCast,
    VoteWithdrawn,
)
from app.topics.models import PRAISE_STATE, Category, Moved, Post, Revision, Tag, Topic, Vote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.accounts.models import Person


@dataclass(frozen=True)
class Words:
    """What somebody wants to publish as a topic, checked."""

    kind: str
    title: str
    body: str
    category: Category
    tags: list[str] = field(default_factory=list)
    # Its language as somebody said it; None: as the words tell it, and after an edit as before.
    language: str | None = None


# Within it the same words by the same person are one form sent twice.
SENT_TWICE = timedelta(minutes=10)

FIRST_STATES = {"question": "waiting", "problem": "waiting", "idea": "new", "praise": PRAISE_STATE}


def ask(
    asker: Person, words: Words, *, is_article: bool = False, at: datetime | None = None
) -> Topic:
    """Publish `words`; whoever reacts to TopicOpened promises the answer in this transaction.

    Sent twice they are published once. An article is answered by its asker at once.
    """
    at = at or clock.now()
    if (asked := queries.asked_since(asker, at - SENT_TWICE)) and (
        (asked.title, asked.body) == (words.title, words.body)
    ):
        return asked
    topic = Topic(
        kind=words.kind,
        title=words.title,
        body=words.body,
        body_html=markup.render(words.body),
        rules=markup.RULES_VERSION,
        language=words.language
        or language.guess(f"{words.title} {words.body}", asker.locale or "ru"),
        state=FIRST_STATES[words.kind],
        category=words.category,
        asker=asker,
        opened_at=at,
        active_at=at,
        tags=[],
    )
    session.add(topic)
    session.flush()
    # Categories before tags, whoever counts: two who wait for each other would wait for ever.
    count_in_category(words.category.id, 1)
    retag(topic, words.tags)
    record(TopicOpened(topic.id, is_article), by=asker.id, at=at)
    return topic


def answer(
    author: Person,
    topic: Topic,
    body: str,
    *,
    seen_seq: int | None = None,
    at: datetime | None = None,
) -> Post:
    """Publish the bank's official answer. The author must hold "topics.answer" for the topic.

    `seen_seq`: the last post its author had seen; what the asker said after it is not answered by
    this. None stands for everything there is. Sent twice it is published once, and so is a comment.
    """
    topic = queries.held(topic.id)
    at = at or clock.now()
    if said := _sent_already(author, topic, body, "answer", at):
        return said
    seen_seq = _seen(topic, seen_seq)
    post = _reply(author, topic, body, "answer", at)
    post.signed_as = author.post
    topic.answer_id = post.id
    topic.answers_count += 1
    topic.first_answer_at = topic.first_answer_at or at
    if topic.kind in {"question", "problem"}:
        topic.state = "answered"
        topic.solved_at = None
    session.flush()
    session.expire(topic, ["answer"])
    record(AnswerPublished(topic.id, post.id, seen_seq), by=author.id, at=at)
    return post


def comment(
    author: Person,
    topic: Topic,
    body: str,
    *,
    wants_answer: bool = True,
    at: datetime | None = None,
) -> Post:
    """Publish a comment: anybody's word beside the official answer.

    The asker's own asks for an answer, unless they say that it wants none. That can be said of
    thanks for an answer only: to a question of the bank's, any word of theirs is the reply.
    """
    topic = queries.held(topic.id)
    at = at or clock.now()
    if said := _sent_already(author, topic, body, "comment", at):
        return said
    thanks = not wants_answer and topic.answer_id is not None and topic.paused_for != "customer"
    post = _reply(author, topic, body, "comment", at)
    topic.comments_count += 1
    record(CommentPublished(topic.id, post.id, not thanks), by=author.id, at=at)
    return post


def ask_back(
    author: Person,
    topic: Topic,
    body: str,
    *,
    seen_seq: int | None = None,
    at: datetime | None = None,
) -> Post:
    """Ask the asker for what is missing, in public. Whether a clock waits for them is not ours."""
    topic = queries.held(topic.id)
    at = at or clock.now()
    if said := _sent_already(author, topic, body, "clarification", at):
        return said
    seen_seq = _seen(topic, seen_seq)
    post = _aside(author, topic, body, "clarification", at)
    record(ClarificationAsked(topic.id, post.id, seen_seq), by=author.id, at=at)
    return post


def promise_news(
    author: Person,
    topic: Topic,
    body: str,
    until: datetime | None = None,
    *,
    seen_seq: int | None = None,
    at: datetime | None = None,
) -> Post:
    """Say that the bank is at work, and perhaps by when there will be news. It is no answer."""
    topic = queries.held(topic.id)
    at = at or clock.now()
    said = _sent_already(author, topic, body, "holding", at)
    if said and said.promised_for == until:
        return said
    seen_seq = _seen(topic, seen_seq)
    post = _aside(author, topic, body, "holding", at, until)
    record(NewsPromised(topic.id, post.id, seen_seq), by=author.id, at=at)
    return post


def let_off(person: Person, topic: Topic, *, at: datetime | None = None) -> None:
    """The bank thinks that the asker's last words ask for no answer; they may say that they do."""
    topic = queries.held(topic.id)
    if turns.owes_another_answer(topic):
        record(NoReplyNeeded(topic.id), by=person.id, at=at)


def want_an_answer(asker: Person, topic: Topic, *, at: datetime | None = None) -> None:
    """The asker needs the answer after all: as if nobody had thought otherwise."""
    topic = queries.held(topic.id)
    if turns.is_let_off(topic):
        record(NoReplyDisputed(topic.id), by=asker.id, at=at)


def take(person: Person, topic: Topic, *, at: datetime | None = None) -> None:
    """Say "I take it" for everybody to read."""
    topic = queries.held(topic.id)
    at = at or clock.now()
    if topic.is_awaiting and not turns.took_it(person, topic, at - SENT_TWICE):
        record(TopicTaken(topic.id), by=person.id, at=at)


def retract(person: Person, post: Post, reason: str, *, at: datetime | None = None) -> None:
    """Take an official answer back: what it had answered is unanswered again."""
    topic = queries.held(post.topic_id)
    session.refresh(post, ["hidden_at"])
    if not post.is_official or post.hidden_at is not None:
        return
    post.hidden_at = at or clock.now()
    recount_posts(topic, post, -1)
    post.retraction = reason
    record(AnswerRetracted(topic.id, post.id), by=person.id, at=post.hidden_at)


def accept(asker: Person, topic: Topic, *, at: datetime | None = None) -> None:
    """The asker says "solved": the last official answer is the one that did it."""
    topic = queries.held(topic.id)
    solution = queries.last_official_answer(topic)
    if solution is None or topic.state == "solved":
        return
    at = at or clock.now()
    solution.accepted_at = at
    topic.state, topic.solved_at, topic.active_at = "solved", at, at
    record(TopicSolved(topic.id, solution.id), by=asker.id, at=at)


def dispute(asker: Person, topic: Topic, *, at: datetime | None = None) -> None:
    """The asker says "not solved": no answer is accepted and a new promise begins."""
    topic = queries.held(topic.id)
    if topic.state not in {"answered", "solved"}:
        return
    at = at or clock.now()
    accepted = update(Post).where(Post.topic_id == topic.id, Post.accepted_at.is_not(None))
    session.execute(accepted.values(accepted_at=None))
    topic.state, topic.solved_at, topic.active_at = "reopened", None, at
    record(TopicReopened(topic.id), by=asker.id, at=at)


def vote(person: Person, topic: Topic, *, at: datetime | None = None) -> None:
    """Count this person's voice once, however often and from however many tabs they press."""
    if not add_once(Vote(topic_id=topic.id, person_id=person.id, at=at or clock.now())):
        return
    _count(topic, votes_count=1)
    record(VoteCast(topic.id, person.id), by=person.id, at=at)


def withdraw_vote(person: Person, topic: Topic) -> None:
    """Take this person's voice back; nothing happens when there was none."""
    gone = session.execute(
        delete(Vote).where(Vote.topic_id == topic.id, Vote.person_id == person.id)
    )
    if not gone.rowcount:  # type: ignore[attr-defined]
        return
    _count(topic, votes_count=-1)
    record(VoteWithdrawn(topic.id, person.id), by=person.id)


def edit(editor: Person, topic: Topic, words: Words, reason: str = "") -> None:
    """Change a topic's words; what it said before is kept. Its category changes by `move` only."""
    topic = queries.held(topic.id)
    before = Revision(
        topic_id=topic.id, title=topic.title, body=topic.body, editor_id=editor.id, reason=reason
    )
    session.add(before)
    topic.title, topic.body = words.title, words.body
    topic.body_html, topic.rules = markup.render(words.body), markup.RULES_VERSION
    topic.language = words.language or topic.language
    topic.edited_at = clock.now()
    retag(topic, words.tags)
    session.flush()
    record(TopicEdited(topic.id, before.id), by=editor.id)


def edit_post(editor: Person, post: Post, body: str, reason: str = "") -> None:
    """Change a reply; what it said before is kept, and the time of publication stands."""
    queries.held(post.topic_id)
    session.refresh(post, ["body"])
    before = Revision(
        topic_id=post.topic_id,
        post_id=post.id,
        body=post.body,
        editor_id=editor.id,
        reason=reason,
    )
    session.add(before)
    post.body, post.body_html = body, markup.render(body)
    post.rules, post.edited_at = markup.RULES_VERSION, clock.now()
    session.flush()
    record(PostEdited(post.topic_id, post.id, before.id), by=editor.id)


def retag(topic: Topic, names: list[str]) -> None:
    """Give a topic these tags, making the new ones and keeping each tag's count."""
    wanted = list(dict.fromkeys(n for n in (clean_tag(name) for name in names) if n))
    had = {tag.name for tag in topic.tags}
    known = _held_tags(had.union(wanted))
    topic.tags = [known[name] for name in wanted]
    if topic.is_counted:  # what is hidden or merged is counted nowhere
        _count_tags([known[name].id for name in had.difference(wanted)], -1)
        _count_tags([known[name].id for name in wanted if name not in had], 1)


def _sent_already(author: Person, topic: Topic, body: str, kind: str, at: datetime) -> Post | None:
    said = queries.said_since(topic, author, kind, at - SENT_TWICE)
    return said if said and said.body == body else None


def _held_tags(names: set[str]) -> dict[str, Tag]:
    """These tags by name, their rows ours until commit; those that are new are made."""
    query = select(Tag).where(Tag.name.in_(names)).order_by(Tag.id).with_for_update()
    known = {tag.name: tag for tag in session.scalars(query)}
    for name in sorted(names.difference(known)):
        made = Tag(name=name, topics_count=0)
        known[name] = made if add_once(made) else queries.tag(name)
    return known


def clean_tag(name: str) -> str:
    """A tag as it is stored: lower case, single spaces, no punctuation at its ends."""
    return " ".join(name.casefold().replace("#", " ").split()).strip(".,;:!?/\\")[:40]


def _reply(author: Person, topic: Topic, body: str, kind: str, at: datetime) -> Post:
    topic.last_seq += 1
    # What was read before it was published was said earlier.
    topic.active_at = max(topic.active_at, at)
    post = Post(
        topic_id=topic.id,
        seq=topic.last_seq,
        kind=kind,
        author=author,
        body=body,
        body_html=markup.render(body),
        rules=markup.RULES_VERSION,
        language=language.guess(body, topic.language),
        published_at=at,
    )
    session.add(post)
    session.flush()
    return post


def _aside(
    author: Person,
    topic: Topic,
    body: str,
    kind: str,
    at: datetime,
    promised_for: datetime | None = None,
) -> Post:
    """What the bank says that is no answer; it is counted with the comments."""
    post = _reply(author, topic, body, kind, at)
    post.signed_as, post.promised_for = author.post, promised_for
    topic.comments_count += 1
    session.flush()
    return post


def _seen(topic: Topic, seq: int | None) -> int | None:
    """The last post an author saw, as far as there are posts to see."""
    return None if seq is None else min(max(seq, 0), topic.last_seq)


def recount_posts(topic: Topic, post: Post, step: int) -> None:
    """A post came into sight, or went out of it: which answer stands now, and what the state is."""
    if not post.is_official:
        topic.comments_count += step
        return
    topic.answers_count += step
    session.flush()
    from_now_on = queries.standing_answers(topic)
    topic.answer_id = from_now_on[-1].id if from_now_on else None
    topic.first_answer_at = from_now_on[0].published_at if from_now_on else None
    session.expire(topic, ["answer"])
    if not from_now_on and topic.state in {"answered", "solved"}:
        topic.state, topic.solved_at = "waiting", None
    elif from_now_on and topic.state == "waiting":
        # A restored answer answers again, and solved it if the asker had said so.
        topic.solved_at = max((a.accepted_at for a in from_now_on if a.accepted_at), default=None)
        topic.state = "solved" if topic.solved_at else "answered"


def start_from(post: Post, topic: Topic, words: Words) -> Topic:
    """Open a topic of a comment of `topic`, as asked by its author when it was written."""
    made = ask(post.author, words, at=post.published_at)
    session.add(Moved(topic_id=topic.id, seq=post.seq, to_id=made.id))
    post.hidden_at = clock.now()
    recount_posts(topic, post, -1)
    session.flush()
    return made


def hand_over(posts: Sequence[Post], topic: Topic, to: Topic) -> None:
    """Let comments of `topic`, in this order, stand in `to`; their old addresses lead there."""
    for post in posts:
        session.add(Moved(topic_id=topic.id, seq=post.seq, to_id=to.id, post_id=post.id))
        session.execute(update(Revision).where(Revision.post_id == post.id).values(topic_id=to.id))
        to.last_seq += 1
        post.topic_id, post.seq = to.id, to.last_seq
        to.active_at = max(to.active_at, post.published_at)
    topic.comments_count -= len(posts)
    to.comments_count += len(posts)
    session.flush()


def _count(topic: Topic, **steps: int) -> None:
    columns = {name: getattr(Topic, name) + step for name, step in steps.items()}
    session.execute(update(Topic).where(Topic.id == topic.id).values(columns))
    session.refresh(topic, list(steps))


def count_in_category(category_id: int, step: int) -> None:
    """One topic more, or fewer, stands in a category."""
    more = {"topics_count": Category.topics_count + step}
    session.execute(update(Category).where(Category.id == category_id).values(more))


def count_in_tags(topic: Topic, step: int) -> None:
    """A topic came into sight, or went out of it, under each of its tags."""
    _count_tags([tag.id for tag in _held_tags({t.name for t in topic.tags}).values()], step)


def _count_tags(ids: list[int], step: int) -> None:
    if ids:
        more = {"topics_count": Tag.topics_count + step}
        session.execute(update(Tag).where(Tag.id.in_(ids)).values(more))


@dataclass(frozen=True)
class CategoryWords:
    """What a category is: its name, its words, its people. Checked by a form."""

    name: str
    description: str
    words: str
    owner: Person
    deputy: Person | None
    delegates: list[Person] = field(default_factory=list)
    # One of `models.GATES`: who is read before the public reads them.
    gate: str = "open"


class StillAwaitedError(ValueError):
    """The category cannot be archived: so many people wait for an answer there."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


class SlugTakenError(ValueError):
    """Somebody opened a category at this address a moment before."""


def create_category(manager: Person, slug: str, words: CategoryWords) -> Category:
    """Open a category, last in the order; raises SlugTakenError."""
    category = Category(slug=slug, place=_last_place() + 1, **_columns(words))
    category.delegates = list(words.delegates)
    if not add_once(category):
        raise SlugTakenError(slug)
    return _note_category(manager, category)


def change_category(manager: Person, category: Category, words: CategoryWords) -> None:
    """Change a category's words and people; its address stays."""
    for name, value in _columns(words).items():
        setattr(category, name, value)
    category.delegates = list(words.delegates)
    _note_category(manager, category)


def move_category(manager: Person, category: Category, *, up: bool) -> None:
    """Let a category change places with the open one above it, or below."""
    order = list(queries.categories())
    if category not in order:  # archived meanwhile
        return
    at = order.index(category)
    other = at - 1 if up else at + 1
    if not 0 <= other < len(order):
        return
    order[at], order[other] = order[other], order[at]
    for place, each in enumerate(order, start=1):
        each.place = place
    _note_category(manager, category)


def archive_category(manager: Person, category: Category) -> None:
    """Close a category for new topics; raises StillAwaitedError while anybody waits there."""
    waiting = len(queries.awaiting_in(category))
    if waiting:
        raise StillAwaitedError(waiting)
    category.archived_at = category.archived_at or clock.now()
    _note_category(manager, category)


def reopen_category(manager: Person, category: Category) -> None:
    """Open an archived category again, last in the order."""
    category.archived_at, category.place = None, _last_place() + 1
    _note_category(manager, category)


def _columns(words: CategoryWords) -> dict[str, object]:
    return {
        "name": words.name,
        "description": words.description,
        "words": words.words,
        "owner": words.owner,
        "deputy": words.deputy,
        "gate": words.gate,
    }


def _last_place() -> int:
    return session.scalar(select(func.max(Category.place))) or 0


def _note_category(manager: Person, category: Category) -> Category:
    session.flush()
    record(CategoryChanged(category.id), by=manager.id)
    return category
