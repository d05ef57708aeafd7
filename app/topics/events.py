"""What happens to topics."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class TopicOpened(Event):
    """Somebody published a question, idea, problem or praise.

    `is_article`: it is answered by its own author in the same breath.
    """

    topic_id: int
    is_article: bool = False


@dataclass(frozen=True)
class TopicEdited(Event):
    """Title, text, kind or tags changed."""

    topic_id: int
    revision_id: int


@dataclass(frozen=True)
class AnswerPublished(Event):
    """The bank gave an official answer; `seen_seq`: the last post its author had seen."""

    topic_id: int
    post_id: int
    seen_seq: int | None = None


@dataclass(frozen=True)
class CommentPublished(Event):
    """Anybody said something that is not the official answer; the asker's own asks for one.

    `wants_answer` is False when the asker said that none is needed ("thank you").
    """

    topic_id: int
    post_id: int
    wants_answer: bool = True


@dataclass(frozen=True)
class ClarificationAsked(Event):
    """The bank asked the asker back; `seen_seq`: the last post its author had seen."""

    topic_id: int
    post_id: int
    seen_seq: int | None = None


@dataclass(frozen=True)
class NewsPromised(Event):
    """The bank said that it is at work, and perhaps by which day it will say more."""

    topic_id: int
    post_id: int
    seen_seq: int | None = None


@dataclass(frozen=True)
class NoReplyNeeded(Event):
    """The bank says that the asker's last words ask for no answer."""

    topic_id: int


@dataclass(frozen=True)
class NoReplyDisputed(Event):
    """The asker says that they do."""

    topic_id: int


@dataclass(frozen=True)
class TopicTaken(Event):
    """Somebody who answers here said "I take it"."""

    topic_id: int


@dataclass(frozen=True)
class AnswerRetracted(Event):
    """The bank took an official answer back, in public, with a reason."""

    topic_id: int
    post_id: int


@dataclass(frozen=True)
class PostEdited(Event):
    """An answer or a comment changed."""

    topic_id: int
    post_id: int
    revision_id: int


@dataclass(frozen=True)
class TopicSolved(Event):
    """The asker confirmed that the answer solved it."""

    topic_id: int
    post_id: int


@dataclass(frozen=True)
class TopicReopened(Event):
    """The asker said "not solved": it is back on the desk."""

    topic_id: int


@dataclass(frozen=True)
class VoteCast(Event):
    """One more "me too" or support."""

    topic_id: int
    person_id: int


@dataclass(frozen=True)
class VoteWithdrawn(Event):
    """One less."""

    topic_id: int
    person_id: int


@dataclass(frozen=True)
class CategoryChanged(Event):
    """A category was made or changed: its words, its place, its people."""

    category_id: int
