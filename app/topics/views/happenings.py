"""How what happens to topics reads in their timelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.i18n import _
from app.topics import queries
from app.topics.events import AnswerPublished, TopicOpened, TopicReopened, TopicSolved
from app.topics.timeline import Happening, Line, line, lines

if TYPE_CHECKING:
    from collections.abc import Sequence


@line(TopicOpened)
def somebody_asked(happening: Happening) -> Line:
    """Where every story begins."""
    name = happening.by.name if happening.by else ""
    return {
        "question": Line(_("Asked by: %(name)s", name=name), "message-circle-question-mark"),
        "problem": Line(_("Reported by: %(name)s", name=name), "triangle-alert"),
        "idea": Line(_("Suggested by: %(name)s", name=name), "lightbulb"),
        "praise": Line(_("Written by: %(name)s", name=name), "heart"),
    }[happening.topic.kind]


@lines(AnswerPublished)
def the_bank_answered(happenings: Sequence[Happening]) -> Sequence[Line | None]:
    """A line for each answer in sight, leading to it."""
    seen = queries.places_of_posts(happenings[0].topic)
    told: list[Line | None] = []
    for each in happenings:
        seq = seen.get(getattr(each.event, "post_id", 0))
        if seq is None or each.by is None:
            told.append(None)
            continue
        words = _("Official answer: %(name)s", name=each.by.name)
        told.append(Line(words, "check", href=f"#post-{seq}"))
    return told


@line(TopicSolved)
def it_is_solved(_happening: Happening) -> Line:
    """The asker said yes."""
    return Line(_("Solved: the asker confirmed it"), "circle-check")


@line(TopicReopened)
def it_is_not_solved(_happening: Happening) -> Line:
    """The asker said no."""
    return Line(_("Not solved, says the asker: a new answer is promised"), "rotate-ccw")
