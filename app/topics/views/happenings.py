"""How what happens to topics reads in their timelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.i18n import _, day
from app.topics import queries
from app.topics.events import (
    AnswerPublished,
    AnswerRetracted,
    ClarificationAsked,
    NewsPromised,
    NoReplyDisputed,
    NoReplyNeeded,
    TopicOpened,
    TopicReopened,
    TopicSolved,
    TopicTaken,
)
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


@lines(ClarificationAsked, NewsPromised)
def the_bank_said_what_is_no_answer(happenings: Sequence[Happening]) -> Sequence[Line | None]:
    """A question back, or a note in between: a line for each in sight, leading to it."""
    posts = queries.public_posts({_post_of(h) for h in happenings})
    told: list[Line | None] = []
    for each in happenings:
        post = posts.get(_post_of(each))
        if post is None:
            told.append(None)
            continue
        name, href = post.author.name, f"#post-{post.seq}"
        if post.kind == "clarification":
            told.append(Line(_("Asked back by: %(name)s", name=name), "circle-pause", href=href))
        elif post.promised_for is None:
            told.append(Line(_("A word in between: %(name)s", name=name), "info", href=href))
        else:
            words = _("Named a day for the next news: %(name)s", name=name)
            told.append(Line(words, "calendar", href=href))
    return told


@line(NoReplyNeeded)
def no_answer_is_needed(happening: Happening) -> Line:
    """The bank let itself off, and says so."""
    name = happening.by.name if happening.by else ""
    return Line(_("No answer is needed, thinks: %(name)s", name=name), "check")


@line(NoReplyDisputed)
def an_answer_is_needed(_happening: Happening) -> Line:
    """The asker thinks otherwise."""
    return Line(_("An answer is needed, says the asker: the promise runs again"), "rotate-ccw")


@line(TopicTaken)
def somebody_is_on_it(happening: Happening) -> Line:
    """A name, in public."""
    return Line(
        _("Is on it: %(name)s", name=happening.by.name if happening.by else ""), "user-round"
    )


@lines(AnswerRetracted)
def an_answer_was_taken_back(happenings: Sequence[Happening]) -> Sequence[Line | None]:
    """Which one, by whom and why; never in silence."""
    known = queries.taken_back({_post_of(h) for h in happenings})
    written = [known.get(_post_of(each), (each.at, None)) for each in happenings]
    return [
        Line(
            _(
                "The answer of %(day)s was taken back by: %(name)s",
                day=day(at),
                name=each.by.name if each.by else "",
            ),
            "rotate-ccw",
            reason=why or None,
        )
        for each, (at, why) in zip(happenings, written, strict=True)
    ]


def _post_of(happening: Happening) -> int:
    return int(getattr(happening.event, "post_id", 0))
