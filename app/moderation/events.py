"""What the community manager did. Each names its act, which holds the reason."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class TopicMoved(Event):
    """To another category: its people answer now."""

    topic_id: int
    act_id: int


@dataclass(frozen=True)
class TopicHidden(Event):
    """Out of sight of everybody but managers."""

    topic_id: int
    act_id: int


@dataclass(frozen=True)
class TopicRestored(Event):
    """Back in sight."""

    topic_id: int
    act_id: int


@dataclass(frozen=True)
class TopicClosed(Event):
    """No more replies; it may still be read."""

    topic_id: int
    act_id: int


@dataclass(frozen=True)
class TopicUnlocked(Event):
    """Replies are possible again."""

    topic_id: int
    act_id: int


@dataclass(frozen=True)
class TopicPinned(Event):
    """Stands on top of its lists."""

    topic_id: int
    act_id: int


@dataclass(frozen=True)
class TopicUnpinned(Event):
    """Stands in its place again."""

    topic_id: int
    act_id: int


@dataclass(frozen=True)
class PostHidden(Event):
    """An answer or a comment is out of sight."""

    topic_id: int
    post_id: int
    act_id: int


@dataclass(frozen=True)
class PostRestored(Event):
    """An answer or a comment is back."""

    topic_id: int
    post_id: int
    act_id: int


@dataclass(frozen=True)
class TopicMerged(Event):
    """It went into another topic, where it is answered."""

    topic_id: int
    into_id: int
    act_id: int


@dataclass(frozen=True)
class TopicUnmerged(Event):
    """It stands for itself again."""

    topic_id: int
    into_id: int
    act_id: int


@dataclass(frozen=True)
class TopicMarkedSpam(Event):
    """Out of sight, and owed nothing."""

    topic_id: int
    act_id: int


@dataclass(frozen=True)
class TopicUnmarkedSpam(Event):
    """It was none: back in sight, as if it had never been away."""

    topic_id: int
    act_id: int


@dataclass(frozen=True)
class TopicWithdrawn(Event):
    """Its asker took it back: nobody is owed an answer."""

    topic_id: int
    act_id: int


@dataclass(frozen=True)
class TopicReinstated(Event):
    """Its asker wants the answer after all."""

    topic_id: int
    act_id: int


@dataclass(frozen=True)
class TopicJoined(Event):
    """Another topic that asks the same went into this one."""

    topic_id: int
    joined_id: int
    act_id: int


@dataclass(frozen=True)
class TopicParted(Event):
    """It stands for itself again, and so does this one."""

    topic_id: int
    parted_id: int
    act_id: int
