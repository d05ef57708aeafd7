"""The boxes in which people write on a topic's page and on the desk, with what they had begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import request

from app.core.db import row_id
from app.core.guests import guest_hash
from app.core.i18n import _
from app.core.policy import can
from app.topics import queries
from app.topics.forms import News
from app.topics.writing import Comment, Reply, Verdict

if TYPE_CHECKING:
    from app.core.policy import Actor
    from app.topics.models import Topic


# What stands beside the boxes for those who may.
ACTS = ("take", "ask_back", "promise_news", "let_off", "want_an_answer", "thank")


@dataclass(frozen=True)
class Writing:
    """The boxes of a page as they were sent; what is None is fresh."""

    answer: Reply | None = None
    question: Reply | None = None
    news: News | None = None
    comment: Comment | None = None
    verdict: Verdict | None = None


def boxes(topic: Topic, actor: Actor, writing: Writing) -> dict[str, Any]:
    """The forms that stand on a page about `topic` for who may send them, and what was sent."""
    drafts = queries.drafts_about(topic, person_id=actor.id, guest=guest_hash())
    kept = {draft.about: draft for draft in drafts}
    may = {act: can(actor, f"topics.{act}", topic) for act in ACTS}

    def begun(about: str) -> str:
        draft = kept.get(f"{about}:{topic.id}")
        return str(draft.fields.get("body", "")) if draft else ""

    answer, question = writing.answer, writing.question
    if answer is None and can(actor, "topics.answer", topic):
        answer = Reply(body=begun("answer"), fresh=True)
    if question is None and may["ask_back"]:
        question = Reply(body=begun("question"), fresh=True)
    news, verdict = writing.news, writing.verdict
    if news is None and may["promise_news"]:
        news = News(body=begun("news"), fresh=True)
    if verdict is None and can(actor, "topics.give_verdict", topic):
        verdict = Verdict(fresh=True)
    if verdict is not None:
        verdict.body.id = verdict.body.label.field_id = "verdict"
    comment = writing.comment or Comment(body=begun("topic"), fresh=True)
    return {
        "answer_form": answer and answer.called("official", _("Your answer")),
        "question_form": question and question.called("question", _("What do you need to know?")),
        "news_form": news and news.called("news", _("What you can say already")),
        "comment_form": comment.called("comment"),
        "verdict_form": verdict,
        "kept": kept,
        "may": may,
    }


def seen_seq() -> int | None:
    """The last post that was on the page; what is no number has seen nothing."""
    said = request.form.get("seen_seq")
    return None if said is None else row_id(said) or 0
