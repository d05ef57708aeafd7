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


@dataclass(frozen=True)
class CommentSplit(Event):
    """A comment became the topic `into_id`."""

    topic_id: int
    post_id: int
    into_id: int
    act_id: int


@dataclass(frozen=True)
class TextHeld(Event):
    """Somebody's text waits to be read; `why` names the reasons by their codes."""

    submission_id: int
    why: list[str]


@dataclass(frozen=True)
class TextSentAgain(Event):
    """Its author changed what waits, or sends what was returned once more."""

    submission_id: int


@dataclass(frozen=True)
class TextWithdrawn(Event):
    """Its author does not want it published any more."""

    submission_id: int


@dataclass(frozen=True)
class TextApproved(Event):
    """It was read and is published; `changed`: not in its author's words throughout."""

    topic_id: int
    submission_id: int
    act_id: int
    changed: bool = False


@dataclass(frozen=True)
class TextReturned(Event):
    """It was read and given back to its author, who may change it and send it again."""

    submission_id: int
    act_id: int


@dataclass(frozen=True)
class TextsWaitLong(Event):
    """These wait to be read for longer than they should."""

    submission_ids: list[int]


@dataclass(frozen=True)
class AppealMade(Event):
    """Somebody asks for another look at what was decided on them or their text."""

    appeal_id: int


@dataclass(frozen=True)
class AppealDecided(Event):
    """Somebody else looked again; `granted`: the decision is undone."""

    appeal_id: int
    granted: bool


@dataclass(frozen=True)
class PersonRestrained(Event):
    """Somebody may not write ("silence") or not sign in ("suspend") for a while."""

    restraint_id: int
    kind: str


@dataclass(frozen=True)
class PersonReleased(Event):
    """They may again, before their time."""

    restraint_id: int
    kind: str


@dataclass(frozen=True)
class PersonVouchedFor(Event):
    """A moderator trusts somebody before the figures do."""

    person_id: int
    act_id: int


@dataclass(frozen=True)
class ThingReported(Event):
    """A reader thinks that somebody should look at a topic, or at a post in it."""

    topic_id: int
    post_id: int | None
    report_id: int
    reason: str


@dataclass(frozen=True)
class ReportsDecided(Event):
    """Somebody looked; `verdict`: agreed, disagreed or ignored."""

    topic_id: int
    post_id: int | None
    report_ids: list[int]
    verdict: str


@dataclass(frozen=True)
class HidingConfirmed(Event):
    """What readers' reports had hidden stays hidden: somebody has looked, and says why."""

    topic_id: int
    post_id: int | None
    act_id: int


@dataclass(frozen=True)
class WatchedWordsChanged(Event):
    """Words were added to those that are watched, or taken off, so many."""

    added: int
    removed: int


@dataclass(frozen=True)
class QuestionsChanged(Event):
    """The questions of the challenge in one language are others now."""

    locale: str
