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
    from app.topics.models import Draft, Topic


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
    """Every form that may stand on a page about `topic`, each with an id and words of its own."""
    drafts = queries.drafts_about(topic, person_id=actor.id, guest=guest_hash())
    kept = {draft.about: draft for draft in drafts}
    answer = writing.answer or Reply(body=_body(kept.get(f"answer:{topic.id}")), fresh=True)
    question = writing.question or Reply(body=_body(kept.get(f"question:{topic.id}")), fresh=True)
    news = writing.news or News(body=_body(kept.get(f"news:{topic.id}")), fresh=True)
    comment = writing.comment or Comment(body=_body(kept.get(f"topic:{topic.id}")), fresh=True)
    verdict = writing.verdict or Verdict(fresh=True)
    verdict.body.id = verdict.body.label.field_id = "verdict"
    return {
        "answer_form": answer.called("official", _("Your answer")),
        "question_form": question.called("question", _("What do you need to know?")),
        "news_form": news.called("news", _("What you can say already")),
        "comment_form": comment.called("comment"),
        "verdict_form": verdict,
        "kept": kept,
        "may": {act: can(actor, f"topics.{act}", topic) for act in ACTS},
    }


def seen_seq() -> int | None:
    """The last post that was on the page; what is no number has seen nothing."""
    said = request.form.get("seen_seq")
    return None if said is None else row_id(said) or 0


def _body(draft: Draft | None) -> str:
    return str(draft.fields.get("body", "")) if draft else ""
