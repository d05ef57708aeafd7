"""What was broken, why, and whose it is: as pages, and as a table for other programs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Response, flash, render_template, request, url_for
from werkzeug.exceptions import NotFound

from app.accounts import queries as accounts
from app.core import addresses, clock
from app.core.db import row_id
from app.core.i18n import _, _l
from app.core.sheets import csv_of
from app.core.web import current_actor, go_back, inside
from app.sla.forms.board import REASONS, BreachForm
from app.sla.queries import board as reading
from app.sla.queries import breaches, ledger
from app.sla.queries.people import EVER
from app.sla.service import board as service
from app.sla.views import door
from app.sla.views.explain import KINDS as KIND_WORDS
from app.topics import queries as topics

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from flask.typing import ResponseReturnValue

    from app.sla.models import Promise
    from app.sla.queries.breaches import Breach
    from app.topics.models import Category

# Days that a page looks back on; None is always.
PERIODS: dict[str, tuple[Any, int | None]] = {
    "7": (_l("The last 7 days"), 7),
    "30": (_l("The last 30 days"), 30),
    "90": (_l("The last 90 days"), 90),
    "365": (_l("The last 365 days"), 365),
    "all": (_l("From the beginning"), None),
}
USUAL = "30"


@door.get("/manage/breaches", may="sla.board", endpoint="breaches")
def broken_promises() -> ResponseReturnValue:
    """Every broken promise of a period, the last first, and how many for each reason."""
    period, name = _period()
    page, count = breaches.page(period, request.args.get("cursor"))
    told = breaches.told(page.items, period.at)
    cards = reading.cards(page.items)
    blamed = accounts.people_by_id({b.attributed_to_id for b in told} - cards.people.keys())
    categories = topics.all_categories()
    return render_template(
        "sla/breaches.html",
        page=page,
        count=count,
        told=[(b, BreachForm(b.promise.id, b.reason, fresh=True)) for b in told],
        totals=_in_order(breaches.totals(period)),
        cards=cards,
        people={**cards.people, **blamed},
        period=period,
        days=name,
        names={c.id: c.name for c in categories},
        options={
            **_options(categories),
            "staff": [(p.id, p.name) for p in accounts.staff()],
            "reasons": [*REASONS.items(), (breaches.UNNAMED, _("No reason yet"))],
        },
        reasons=REASONS,
        unnamed=breaches.UNNAMED,
        kinds=KIND_WORDS,
        kept=_kept(period, name),
    )


@door.get("/manage/breaches.csv", may="sla.board")
def breaches_table() -> ResponseReturnValue:
    """The same as comma-separated values, all pages at once."""
    period, _name = _period()
    answer = Response(csv_of(COLUMNS, _rows(period)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=breaches.csv"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@door.form(
    "/manage/promises/<int:promise_id>/reason",
    may="sla.board",
    on=reading.promise_on_board,
)
def explain_breach(promise: Promise) -> ResponseReturnValue:
    """Say why a promise was broken."""
    if not breaches.is_broken(promise, clock.now()):
        raise NotFound
    said = breaches.reasons_of([promise.id]).get(promise.id)
    form = BreachForm(promise.id, said)
    if form.is_sent_well():
        service.explain_breach(current_actor(), promise, form.code.data or "", form.note.data or "")
        flash(_("The reason is written down."), "kept")
        return go_back(url_for("sla.breaches"))
    [told] = breaches.told([promise], clock.now())
    page = render_template(
        "sla/breach.html",
        form=form,
        breach=told,
        topic=topics.topic(promise.topic_id),
        people=accounts.people_by_id({told.attributed_to_id, promise.accountable_id}),
        kinds=KIND_WORDS,
        back=inside(request.values.get("next")) or url_for("sla.breaches"),
    )
    return page, 422 if request.method == "POST" else 200


@door.get("/manage/holders", may="sla.board")
def holders() -> ResponseReturnValue:
    """Who held the work how long, over a period."""
    period, name = _period()
    found = ledger.shares(period.start, period.at, period.category)
    return render_template(
        "sla/holders.html",
        found=found,
        restless=reading.topics_by_id(found.restless),
        period=period,
        days=name,
        options=_options(topics.all_categories()),
    )


COLUMNS = (
    "promise", "topic", "title", "address", "category", "kind", "promised_by", "kept_at", "state",
    "overdue_open_s", "overdue_wall_s", "accountable", "attributed_to", "passed_on_at_risk",
    "reason", "note", "named_by", "named_at",
)  # fmt: skip


def _rows(period: breaches.Period) -> Iterable[Iterable[object]]:
    for piece in _pieces(breaches.every(period)):
        cards = reading.cards([b.promise for b in piece])
        blamed = accounts.people_by_id(_people(piece))
        categories = {c.id: c.name for c in topics.all_categories()}
        for each in piece:
            yield _row(each, cards.topics, blamed, categories)


def _row(breach: Breach, about: Any, people: Any, categories: dict[int, str]) -> Iterable[object]:
    row, said = breach.promise, breach.reason
    topic = about[row.topic_id]
    return (
        row.id,
        topic.id,
        topic.title,
        addresses.topic(topic.id),
        categories.get(row.category_id, ""),
        row.kind,
        _instant(row.due_at),
        _instant(row.fulfilled_at),
        "breached" if breach.is_owed else row.state,
        round(breach.overdue.total_seconds()),
        round(breach.overdue_wall.total_seconds()),
        people[row.accountable_id].name,
        people[breach.attributed_to_id].name,
        "yes" if breach.was_passed_on else "no",
        said.code if said else "",
        said.note if said else "",
        said.by.name if said else "",
        _instant(said.at) if said else "",
    )


def _instant(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at is not None else ""


def _pieces(every: Iterable[Breach], size: int = breaches.CHUNK) -> Iterable[list[Breach]]:
    piece: list[Breach] = []
    for each in every:
        piece.append(each)
        if len(piece) == size:
            yield piece
            piece = []
    if piece:
        yield piece


def _people(piece: Iterable[Breach]) -> set[int]:
    return {i for b in piece for i in (b.promise.accountable_id, b.attributed_to_id)}


def _period() -> tuple[breaches.Period, str]:
    """What the address asks for, and the name of its stretch of days."""
    args, at = request.args, clock.now()
    name = args.get("days", USUAL)
    name = name if name in PERIODS else USUAL
    days = PERIODS[name][1]
    person_id = row_id(args.get("person"))
    code = args.get("reason")
    slug = args.get("category", "")
    return (
        breaches.Period(
            at - timedelta(days=days) if days else EVER,
            at,
            topics.category_by_slug(current_actor(), slug) if slug else None,
            accounts.person(person_id) if person_id else None,
            code if code in {*breaches.CODES, breaches.UNNAMED} else None,
        ),
        name,
    )


def _options(categories: Iterable[Category]) -> dict[str, list[tuple[str, str]]]:
    return {
        "periods": [(name, str(words)) for name, (words, _days) in PERIODS.items()],
        "categories": [(c.slug, c.name) for c in categories],
    }


def _kept(period: breaches.Period, name: str) -> dict[str, Any]:
    return {
        "days": name,
        "category": period.category.slug if period.category else None,
        "person": period.person.id if period.person else None,
        "reason": period.code,
    }


def _in_order(totals: dict[str, int]) -> list[tuple[str, int]]:
    """The most frequent reason first; those without one last."""
    named = [(code, totals[code]) for code in breaches.CODES if totals.get(code)]
    named.sort(key=lambda entry: -entry[1])
    missing = totals.get(breaches.UNNAMED, 0)
    return [*named, (breaches.UNNAMED, missing)] if missing else named
