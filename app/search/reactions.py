"""What the index does when something happens to a topic."""

from app.core import jobs
from app.core.db import reads_only
from app.core.events import later
from app.ideas.events import IdeaStateChanged
from app.moderation.events import (
    PostHidden,
    PostRestored,
    TopicHidden,
    TopicMarkedSpam,
    TopicMerged,
    TopicMoved,
    TopicRestored,
    TopicUnmarkedSpam,
    TopicUnmerged,
)
from app.search.service import keeping
from app.topics.events import (
    AnswerPublished,
    CommentPublished,
    PostEdited,
    TopicEdited,
    TopicOpened,
    TopicReopened,
    TopicSolved,
)

Change = (
    TopicOpened
    | TopicEdited
    | AnswerPublished
    | CommentPublished
    | PostEdited
    | TopicSolved
    | TopicReopened
    | IdeaStateChanged
    | TopicMoved
    | TopicHidden
    | TopicRestored
    | PostHidden
    | PostRestored
    | TopicMerged
    | TopicUnmerged
    | TopicMarkedSpam
    | TopicUnmarkedSpam
)


@later(
    TopicOpened,
    TopicEdited,
    AnswerPublished,
    CommentPublished,
    PostEdited,
    TopicSolved,
    TopicReopened,
    IdeaStateChanged,
    TopicMoved,
    TopicHidden,
    TopicRestored,
    PostHidden,
    PostRestored,
    TopicMerged,
    TopicUnmerged,
    TopicMarkedSpam,
    TopicUnmarkedSpam,
)
def keep_it_findable(event: Change) -> None:
    """By the words that stand in public now, whatever this event was and how often it comes."""
    keeping.keep_findable(event.topic_id)


@jobs.every(20, "search.mend")
def mend_the_index() -> None:
    """On a fresh machine, after an import or a broken disk: search appears by itself."""
    reading = reads_only.set(True)
    try:
        keeping.mend()
    finally:
        reads_only.reset(reading)
