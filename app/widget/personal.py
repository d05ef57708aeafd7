"""What the widget holds: the page somebody asked from, and what they have read there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_

from app.core import retention
from app.core.i18n import _l
from app.core.personal import BANK, ERASED, NOBODY, Erasing, Section, Subject, holds, rows_of
from app.widget.models import Enquiry, Seen, Use, UsedToken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement


def collect(of: Subject) -> Iterator[Section]:
    """From which pages of the bank's sites they asked, and what the page said of itself."""
    yield Section(
        "enquiries",
        _l("What you asked from the bank's site"),
        {
            "topic": _l("Topic"),
            "page": _l("Page"),
            "title": _l("Its title"),
            "context": _l("What the page said"),
            "at": _l("When"),
        },
        [
            {
                "topic": e.topic_id,
                "page": e.page,
                "title": e.page_title,
                "context": e.context,
                "at": e.at,
            }
            for e in rows_of(Enquiry, _theirs(of))
        ],
    )
    yield Section(
        "widget_seen",
        _l("Answers you have read on the bank's site"),
        {"topic": _l("Topic"), "at": _l("When")},
        [{"topic": s.topic_id, "at": s.at} for s in rows_of(Seen, Seen.person_id == of.person_id)],
    )


def forget(erasing: Erasing) -> None:
    """Both: the topic stays readable without them."""
    erasing.delete(Enquiry, _theirs(erasing.subject))
    erasing.delete(Seen, Seen.person_id == erasing.subject.person_id)


def _theirs(of: Subject) -> ColumnElement[bool]:
    return or_(Enquiry.person_id == of.person_id, Enquiry.guest.in_(of.guests))


retention.keep(
    "widget_tokens",
    1,
    _l("Marks of tokens by which the bank's site said who reads it"),
    retention.Rows(UsedToken, lambda until: UsedToken.expires_at < until),
)

retention.keep(
    "widget_enquiries",
    30,
    _l("From which page something was asked that was never published"),
    retention.Rows(
        Enquiry,
        lambda until: (
            (Enquiry.at < until) & Enquiry.topic_id.is_(None) & Enquiry.submission_id.is_(None)
        ),
        Enquiry.person_id,
    ),
)
retention.keep(
    "widget_uses",
    400,
    _l("How often the widget was used, by site and page"),
    retention.Rows(Use, lambda until: Use.day < until.date()),
)

holds(
    "widget",
    {
        "widget_sites.key": NOBODY,
        "widget_sites.name": BANK,
        "widget_sites.issuer": BANK,
        "widget_origins.origin": BANK,
        "widget_places.prefix": BANK,
        "widget_keys.name": BANK,
        "widget_keys.algorithm": NOBODY,
        "widget_keys.secret": BANK,
        "widget_keys.public_key": BANK,
        "widget_used_tokens.digest": NOBODY,
        "widget_enquiries.guest": ERASED,
        "widget_enquiries.person_id": ERASED,
        "widget_enquiries.page": ERASED,
        "widget_enquiries.page_title": ERASED,
        "widget_enquiries.context": ERASED,
        "widget_seen.person_id": ERASED,
        "widget_uses.page": NOBODY,
    },
    collect=collect,
    forget=forget,
)
