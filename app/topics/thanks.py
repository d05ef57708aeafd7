"""What somebody reads who has just asked: that it is published, who answers, and by when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.i18n import _, left
from app.topics.answering import answers_today

if TYPE_CHECKING:
    from app.topics.models import Topic


def said_of(kind: str) -> str:
    """That it is published."""
    return {
        "question": _("Your question is published."),
        "idea": _("Your idea is published."),
        "problem": _("Your report is published."),
        "praise": _("Your words are published. Thank you."),
    }[kind]


def words_for(topic: Topic) -> str:
    """That it is published, and at once who answers and by when."""
    said = said_of(topic.kind)
    if topic.due_at is None or not topic.is_awaiting:
        return said
    who = answers_today(topic.category).person
    # The hour stands below, on the reader's own clock, which only their browser knows.
    return f"{said} {_('Answers: %(name)s', name=who.name)} · {left(topic.due_at)}"
