"""Why an answer is due when it is: the hours that were counted, for anybody who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template

from app.core import policy
from app.core.i18n import _, _l
from app.core.panels import panel
from app.core.web import current_actor
from app.sla.queries import explain as reading
from app.sla.queries import ledger
from app.sla.views import door
from app.topics import queries as topics

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.sla.queries.explain import Happened
    from app.topics.models import Topic

KINDS = {
    "first_answer": _l("The first answer"),
    "next_answer": _l("The next answer"),
    "resolution": _l("The solution"),
    "promised_update": _l("The promised news"),
}
# What each kind of event means to a reader; who did it is said beside.
EVENTS = {
    "opened": _l("Asked: the time began to count"),
    "official_answer": _l("Official answer"),
    "customer_post": _l("The asker wrote again"),
    "clarification": _l("The bank asked for details"),
    "holding": _l("The bank wrote that it is at work; this is no answer yet"),
    "removed": _l("Hidden by moderators: the time stood still"),
    "restored": _l("Visible again"),
    "no_reply_needed": _l("Marked as needing no answer"),
    "no_reply_disputed": _l("The asker does need an answer"),
    "asker_content": _l("The asker waits for nothing more"),
    "resolved": _l("The asker said: solved"),
    "transfer": _l("Passed on to another category: the promised hour stands, or an earlier one"),
    "calendar_changed": _l("The working calendar was corrected: what was left is counted anew"),
    "tighten_open": _l("The bank promised a sooner answer"),
    "absorbed": _l("A similar question joined this one: the earlier hour stands"),
    "unabsorbed": _l("The similar question stands for itself again"),
    "answer_replaced": _l("The answer was corrected; its time stands"),
    "answer_retracted": _l("The answer was taken back: as if it had not been given"),
    "answer_restored": _l("The answer stands again"),
    "review_asked": _l("Somebody inside the bank looks at the answer"),
    "review_ended": _l("The bank's own check is over"),
    "policy_changed": _l("New promise rules hold for what is asked from then on"),
    "update_promised": _l("The bank named a day for the next news"),
    "customer_other_post": _l("Somebody else commented"),
    "reopened": _l("The asker wrote again"),
    "post_removed": _l("A comment of the asker was hidden"),
    "post_restored": _l("A comment of the asker is visible again"),
    "clarification_removed": _l("The bank's question was hidden: as if it had not been asked"),
    "clarification_restored": _l("The bank's question is visible again"),
    "holding_removed": _l("The bank's note was hidden: as if it had not been written"),
    "holding_restored": _l("The bank's note is visible again"),
    "owner_changed": _l("Somebody else answers for the category now"),
    "taken": _l("Somebody took it on"),
    "merged_into": _l("Merged into another question"),
    "unmerged": _l("Stands for itself again"),
    "closed": _l("Closed for replies"),
    "unlocked": _l("Open for replies again"),
    "withdrawn": _l("Taken back by the asker"),
    "reinstated": _l("Asked again by the asker"),
    "spam": _l("Marked as spam"),
    "unspammed": _l("Was no spam"),
}
# Who asked and who answered is public; who moderated is for those who work here.
SIGNED = {
    *("opened", "customer_post", "reopened", "resolved", "asker_content", "no_reply_disputed"),
    *("withdrawn", "reinstated", "official_answer", "clarification", "holding", "update_promised"),
    *("no_reply_needed", "taken"),
}


@panel("promise:more", order=90)
def the_way_here(topic: Topic) -> str:
    """Beside every promise stands why its hour is what it is."""
    return render_template("sla/_why.html", topic=topic)


@door.get("/topics/<int:topic_id>/promise", may="topics.read", on=topics.topic_in_sight)
def explain(topic: Topic) -> ResponseReturnValue:
    """Every promise of a topic with what was counted, closed and paused, and all that happened."""
    told = reading.explain(topic)
    inside = policy.can(current_actor(), "topics.use_desk")
    return render_template(
        "sla/explain.html",
        topic=topic,
        told=told,
        kinds=KINDS,
        happened=[(each, _worded(each)) for each in told.events],
        held=ledger.of_topic(topic, told.at).held if inside else [],
        named={each.event.id for each in told.events if inside or each.event.type in SIGNED},
    )


def _worded(happened: Happened) -> str:
    return str(EVENTS.get(happened.event.type) or _("Something happened"))
