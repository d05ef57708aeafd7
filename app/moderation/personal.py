"""What moderation holds of a person: texts that wait, appeals, reports, and what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import retention
from app.core.challenge import SpentChallenge
from app.core.i18n import _l
from app.core.personal import (
    BANK,
    ERASED,
    NOBODY,
    NUMBER,
    Erasing,
    Section,
    Subject,
    holds,
    rows_of,
)
from app.moderation.models import Appeal, Report, Restraint, Submission, Trace, Trust
from app.moderation.thresholds import REMEMBERED_FOR

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD_REPORTS = 365
OLD_SUBMISSIONS = 180


def collect(of: Subject) -> Iterator[Section]:
    """What they sent that is not published, and what was decided about them."""
    yield Section(
        "submissions",
        _l("What you sent that a moderator looks at first"),
        {
            "act": _l("Kind"),
            "fields": _l("Text"),
            "state": _l("State"),
            "answer": _l("The moderator's words"),
        },
        [
            {"act": s.act, "fields": s.fields, "state": s.state, "answer": s.words}
            for s in rows_of(Submission, Submission.author_id == of.person_id)
        ],
    )
    yield Section(
        "appeals",
        _l("What you asked to be looked at again"),
        {"text": _l("Text"), "verdict": _l("State"), "answer": _l("The moderator's words")},
        [
            {"text": a.words, "verdict": a.verdict, "answer": a.answer}
            for a in rows_of(Appeal, Appeal.person_id == of.person_id)
        ],
    )
    yield Section(
        "reports",
        _l("What you reported"),
        {
            "about": _l("About"),
            "reason": _l("Reason"),
            "text": _l("Text"),
            "state": _l("State"),
            "at": _l("When"),
        },
        [
            {
                "about": r.about,
                "reason": r.reason,
                "text": r.words,
                "state": r.state,
                "at": r.at,
            }
            for r in rows_of(Report, Report.reporter_id == of.person_id)
        ],
    )
    yield Section(
        "restraints",
        _l("When you could not write or sign in"),
        {"kind": _l("Kind"), "reason": _l("Reason")},
        [
            {"kind": r.kind, "reason": r.reason}
            for r in rows_of(Restraint, Restraint.person_id == of.person_id)
        ],
    )


def forget(erasing: Erasing) -> None:
    """Nothing of this was ever public; of a report only what it was about and counted for stays."""
    person_id = erasing.subject.person_id
    erasing.delete(Appeal, Appeal.person_id == person_id)
    erasing.delete(Restraint, Restraint.person_id == person_id)
    erasing.delete(Submission, Submission.author_id == person_id)
    erasing.delete(Trace, Trace.person_id == person_id)
    erasing.delete(Trust, Trust.person_id == person_id)
    erasing.empty(Report, {"words": ""}, Report.reporter_id == person_id, Report.words != "")


retention.keep(
    "reports",
    OLD_REPORTS,
    _l("Reports that were decided"),
    retention.Rows(Report, lambda until: Report.decided_at < until, Report.reporter_id),
)
retention.keep(
    "text_traces",
    REMEMBERED_FOR.days,
    _l("Marks of texts that newcomers sent, to know copies by"),
    retention.Rows(Trace, lambda until: Trace.at < until, Trace.person_id),
)
retention.keep(
    "challenges",
    1,
    _l("Challenges that were tried"),
    retention.Rows(SpentChallenge, lambda until: SpentChallenge.expires_at < until),
)
retention.keep(
    "submissions",
    OLD_SUBMISSIONS,
    _l("Texts that a moderator has dealt with"),
    retention.Rows(Submission, lambda until: Submission.handled_at < until, Submission.author_id),
)

holds(
    "moderation",
    {
        "moderation_acts.person_id": NUMBER,
        "moderation_acts.reason": BANK,
        "moderation_acts.by_id": NUMBER,
        "restraints.person_id": ERASED,
        "restraints.reason": ERASED,
        "restraints.by_id": NUMBER,
        "appeals.person_id": ERASED,
        "appeals.words": ERASED,
        "appeals.against_id": NUMBER,
        "appeals.answer": ERASED,
        "appeals.decided_by_id": NUMBER,
        "submissions.author_id": ERASED,
        "submissions.fields": ERASED,
        "submissions.why": ERASED,
        "submissions.words": ERASED,
        "submissions.handled_by_id": NUMBER,
        "reports.reporter_id": NUMBER,
        "reports.words": ERASED,
        "reports.decided_by_id": NUMBER,
        "text_traces.person_id": ERASED,
        "trust.person_id": ERASED,
        "trust.vouched_by_id": NUMBER,
        "watched_words.phrase": BANK,
        "watched_words.key": BANK,
        "watched_words.link": BANK,
        "watched_words.added_by_id": NUMBER,
        "reports.about": NOBODY,
    },
    collect=collect,
    forget=forget,
    order=30,
)
