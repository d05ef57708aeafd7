"""Readers report, moderators look: the form, what became of it, and the list of what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, render_template, request, url_for

from app.core import limits, policy
from app.core.i18n import _, _l, duration
from app.core.limits import Limit
from app.core.pagecache import pieces
from app.core.panels import panel
from app.core.web import current_actor, see_other, wants_fragment
from app.moderation import queries, reported, signals
from app.moderation.forms.reporting import REASON_WORDS, AgreeForm, ReportForm
from app.moderation.service import acting, reporting
from app.moderation.signals import Reason
from app.moderation.views import door
from app.moderation.views.acts import second_person_words
from app.topics import queries as topics
from app.topics.models import Post, Topic

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.core.policy import Actor
    from app.moderation.models import Report
    from app.moderation.reported import Case

PACE = Limit("report", guests=0, people=20, seconds=24 * 3600)
OWN_WORDS = {
    "watched": _l("A watched word"),
    "signals": _l("Signs of spam"),
}
# What became of it, in a word, for whoever reported it.
STATE_WORDS = {
    "open": _l("Waits for somebody to look"),
    "agreed": _l("You were right: it is hidden"),
    "disagreed": _l("It may stay"),
    "ignored": _l("It may stay"),
}
# What a moderator most likely tells the author; it can be changed.
LIKELY_REASONS = {
    "personal_data": _l("It shows personal data."),
    "insult": _l("It insults or threatens somebody."),
    "spam": _l("It is advertising."),
    "off_topic": _l("It has nothing to do with the topic."),
    "dangerous": _l("The advice in it is dangerous."),
}


@panel("post:actions", order=70)
def report_post_link(post: Post) -> str:
    """The way to report a reply; moderators have better tools."""
    return _link(post, url_for("moderation.report_post", post_id=post.id))


@panel("topic:actions", order=85)
def report_topic_link(topic: Topic) -> str:
    """The same for a topic."""
    return _link(topic, url_for("moderation.report_topic", topic_id=topic.id))


def _link(thing: Topic | Post, href: str) -> str:
    actor = current_actor()
    may = actor.id is None or policy.can(actor, "moderation.report", thing)
    if thing.hidden_at is not None or not may or policy.can(actor, "moderation.act"):
        return ""
    is_post = isinstance(thing, Post)
    return pieces.keep("report", href, make=lambda: _linked(href, is_post=is_post))


def _linked(href: str, *, is_post: bool) -> str:
    return render_template("moderation/_report_link.html", href=href, is_post=is_post)


@door.form("/topics/<int:topic_id>/report", may="moderation.report", on=topics.topic_in_sight)
def report_topic(topic: Topic) -> ResponseReturnValue:
    """What is wrong with a topic."""
    return _report(topic, url_for("topics.topic", topic_id=topic.id))


@door.form("/posts/<int:post_id>/report", may="moderation.report", on=topics.post_in_sight)
def report_post(post: Post) -> ResponseReturnValue:
    """What is wrong with a reply."""
    return _report(post, url_for("topics.post", topic_id=post.topic_id, seq=post.seq))


def _report(thing: Topic | Post, back: str) -> ResponseReturnValue:
    actor = current_actor()
    said = reported.mine(actor, thing)
    form = ReportForm()
    if said is None and form.is_sent_well():
        pause = limits.wait(PACE)
        if pause:
            form.form_errors.append(
                _(
                    "That was enough for one day. You can report again in: %(time)s",
                    time=duration(pause),
                )
            )
            return _page(thing, form, back), 429, {"Retry-After": str(pause)}
        try:
            reporting.report(actor, thing, form.reason.data, form.words.data or "")
        except reporting.AlreadyReportedError:
            flash(_("You have reported this already. Somebody looks at it."), "info")
        else:
            flash(
                _("Thank you. Somebody looks at it, and a letter tells you what came of it."),
                "kept",
            )
        # What is hidden by now has no page to go back to.
        seen = topics.topic_in_sight(actor, thing.topic_id if isinstance(thing, Post) else thing.id)
        return see_other("topics.topic", topic_id=seen.id) if seen else see_other("topics.front")
    return _page(thing, form, back, said), 422 if form.errors else 200


def _page(thing: Topic | Post, form: ReportForm, back: str, said: Report | None = None) -> str:
    template = "_report_form.html" if wants_fragment() else "report.html"
    return render_template(
        f"moderation/{template}",
        thing=thing,
        post=thing if isinstance(thing, Post) else None,
        form=form,
        back=back,
        said=said,
        states=STATE_WORDS,
    )


@panel("profile:after", order=60)
def way_to_own_reports(person: Any) -> str:
    """For those who have reported something."""
    if not reported.by_person(person).items:
        return ""
    return render_template("moderation/_own_reports_link.html")


@door.get("/reports", may="moderation.read_own_reports")
def own_reports() -> ResponseReturnValue:
    """What I reported, and what became of it."""
    page = reported.by_person(current_actor(), request.args.get("cursor"))
    return render_template(
        "moderation/own_reports.html",
        page=page,
        reasons=REASON_WORDS,
        states=STATE_WORDS,
        in_sight={r.id for r in page.items if policy.can(current_actor(), "topics.read", r.topic)},
    )


@panel("manage:today", order=6)
def in_the_menu() -> str:
    """The way to the reports, with how many wait."""
    if not policy.can(current_actor(), "moderation.act"):
        return ""
    return render_template("moderation/_reports_menu.html", number=reported.waiting())


@door.get("/manage/reports", may="moderation.act")
def reports() -> ResponseReturnValue:
    """Everything that somebody should look at, the oldest first."""
    return _queue()


def reported_thing(_actor: Actor, kind: str, thing_id: int) -> Topic | Post | None:
    """A topic or post, hidden or not, about which something is open."""
    if kind == "topic":
        return topics.topic_in_sight(_actor, thing_id)
    return topics.post_in_sight(_actor, thing_id)


THING = "/manage/reports/<any(topic,post):kind>/<int:thing_id>"


@door.post(f"{THING}/agreement", may="moderation.act", on=reported_thing)
def agree(thing: Topic | Post) -> ResponseReturnValue:
    """It is hidden, for this reason."""
    form = AgreeForm(reported.name_of(thing))
    if not form.validate():
        return _queue(form, thing), 422
    try:
        reporting.agree(current_actor(), thing, form.reason.data or "", up_to=form.up_to)
    except acting.SecondPersonError as why:
        form.reason.errors = [second_person_words(why.others)]
        return _queue(form, thing), 422
    except (reporting.AlreadyDecidedError, acting.AlreadySoError):
        flash(_("Somebody did this already. Nothing was changed."), "info")
    else:
        flash(_("It is hidden. Its author and those who reported it are told."), "kept")
    return see_other("moderation.reports")


@door.post(f"{THING}/disagreement", may="moderation.act", on=reported_thing)
def disagree(thing: Topic | Post) -> ResponseReturnValue:
    """It may stay."""
    form = AgreeForm(fresh=False)
    try:
        reporting.disagree(current_actor(), thing, up_to=form.up_to)
    except (reporting.AlreadyDecidedError, acting.AlreadySoError):
        flash(_("Somebody did this already. Nothing was changed."), "info")
    else:
        flash(_("It may stay. Those who reported it are told."), "kept")
    return see_other("moderation.reports")


def report_by_id(_actor: Actor, report_id: int) -> Report | None:
    """One report."""
    return reported.find(report_id)


@door.post("/manage/reports/<int:report_id>/ignored", may="moderation.act", on=report_by_id)
def ignore_reporter(report: Report) -> ResponseReturnValue:
    """Groundless, and what this person reports weighs nothing for a while."""
    try:
        reporting.ignore(current_actor(), report)
    except (reporting.AlreadyDecidedError, acting.AlreadySoError):
        flash(_("Somebody did this already. Nothing was changed."), "info")
    else:
        flash(_("For 90 days the reports of this person weigh nothing."), "kept")
    return see_other("moderation.reports")


def _queue(sent: AgreeForm | None = None, about: Topic | Post | None = None) -> str:
    cases, page = reported.cases(request.args.get("cursor"))
    name = reported.name_of(about) if about is not None else ""
    return render_template(
        "moderation/reports.html",
        page=page,
        cases=[(case, sent if sent and case.about == name else _form(case)) for case in cases],
        errors=sent,
        number=reported.waiting(),
        submissions=queries.waiting_count(),
        reasons=REASON_WORDS,
        why=_why,
    )


def _form(case: Case) -> AgreeForm:
    """With the reason that most of the reports give."""
    given = [report.reason for report in case.reports if report.reason in LIKELY_REASONS]
    likely = max(given, key=given.count) if given else ""
    return AgreeForm(case.about, reason=str(LIKELY_REASONS[likely]) if likely else "", fresh=True)


def _why(report: Report) -> list[str]:
    """One report in words: a reader's own, or why the house asks for a look."""
    if report.reporter_id is not None:
        return [str(REASON_WORDS[report.reason]), *filter(None, [report.words])]
    told = reported.told_by_the_house(report)
    return [
        str(OWN_WORDS[report.reason]),
        *(signals.words_for(Reason(code, detail)) for code, detail in told),
    ]
