"""What happens to topics."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class TopicOpened(Event):
    """Somebody published a question, idea, problem or praise."""

    topic_id: int


@dataclass(frozen=True)
class TopicEdited(Event):
    """Title, text, kind or tags changed."""

    topic_id: int
    revision_id: int


@dataclass(frozen=True)
class AnswerPublished(Event):
    """The bank gave an official answer."""

    topic_id: int
    post_id: int


@dataclass(frozen=True)
class CommentPublished(Event):
    """Anybody said something that is not the official answer."""

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
