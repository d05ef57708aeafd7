"""What a text and its author tell before it is published: the judgement the gate acts on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.topics.gate import Sending
    from app.topics.models import Post, Topic

# In the order of gravity.
VERDICTS = ("publish", "hold", "refuse")


@dataclass(frozen=True)
class Reason:
    """Why a text is not simply published. `code` is one of an enumerated set; facts may carry it.

    `detail` is what exactly was found (a word, a number), for the moderator: facts never carry it.
    """

    code: str
    detail: str = ""


@dataclass(frozen=True)
class Judgement:
    """What becomes of a text, why, and its words as they would be published, by field.

    `texts` holds only the fields that change (masked, linked). Reasons may stand beside "publish",
    too: then the text is flagged to the moderators when it is out (`note`).
    """

    verdict: str = "publish"
    reasons: tuple[Reason, ...] = ()
    texts: dict[str, str] = field(default_factory=dict)


def judge(sending: Sending) -> Judgement:  # noqa: ARG001 (nothing is looked for yet)
    """Judge what somebody wants to publish: `sending.author`, `sending.texts`, where and when."""
    return Judgement()


def note(sending: Sending, judgement: Judgement, thing: Topic | Post) -> None:
    """It is published as `thing`: flag it, when the judgement has reasons to."""


def words_for(reason: Reason) -> str:
    """The reason as it is explained to a moderator, or to the author when it is refused."""
    return reason.code
