"""The scoreboard, and what insight shows on other slices' pages."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from flask import current_app, g, jsonify, render_template, request
from werkzeug.exceptions import NotFound

from app.core import metrics
from app.core import policy as core_policy
from app.core.pagecache import pieces
from app.core.panels import panel
from app.core.web import current_actor
from app.insight import gauges, health, measures, policy  # noqa: F401 (policy declares what it allows)
from app.insight.measures import PERIODS, USUAL, WHOLE, Measures
from app.insight.queries import archive, behind, figures
from app.insight.views import door
from app.topics.queries import categories

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person
    from app.insight.measures import Period
    from app.insight.queries.figures import Scope
    from app.topics.models import Category


@door.get("/healthz", may="insight.probe")
def healthz() -> ResponseReturnValue:
    """The process is alive and answers."""
    return "ok", {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


@door.get("/readyz", may="insight.probe")
def readyz() -> ResponseReturnValue:
    """Whether requests may be sent here: 503 when a vital check fails. Names only, no details."""
    found = list(health.examine(current_app.config, probing=True))
    ready = all(finding.ok for check, finding in found if check.vital)
    said = {check.name: "ok" if finding.ok else "wrong" for check, finding in found}
    headers = {"Cache-Control": "no-store"}
    return jsonify(ready=ready, checks=said), 200 if ready else 503, headers


@door.get("/metrics", may="insight.probe")
def metrics_page() -> ResponseReturnValue:
    """What Prometheus collects, for whoever holds METRICS_TOKEN and for administrators."""
    if not (_holds_the_token() or core_policy.can(current_actor(), "insight.measure")):
        raise NotFound
    headers = {"Content-Type": metrics.MEDIA_TYPE, "Cache-Control": "no-store"}
    return metrics.exposition(gauges.gauges()), headers


def _holds_the_token() -> bool:
    token, said = current_app.config["METRICS_TOKEN"], request.headers.get("Authorization", "")
    kind, _, given = said.partition(" ")
    same = hmac.compare_digest(given.encode(), token.encode())
    return bool(token) and same and kind.lower() == "bearer"


@door.get("/scoreboard", may="insight.read", keeps=("period",))
def scoreboard() -> ResponseReturnValue:
    """How everybody keeps their promises, good or bad."""
    period, fields = _period(), categories()
    counted = _figures(period)
    people = figures.people_with(counted, [category.owner for category in fields])
    return render_template(
        "insight/scoreboard.html",
        period=period,
        span=_span(period),
        whole=counted.get(WHOLE, Measures()),
        scope=figures.THE_WHOLE,
        people=[(p, figures.of_person(p), _of(counted, figures.of_person(p))) for p in people],
        fields=[(c, figures.of_category(c), _of(counted, figures.of_category(c))) for c in fields],
        counted_at=figures.last_counted(),
    )


@door.get("/scoreboard/<scope>", may="insight.read", on=figures.scope_in_sight, keeps=("period",))
def sheet(scope: Scope) -> ResponseReturnValue:
    """All that is counted of the bank, a category or a person."""
    period = _period()
    return render_template(
        "insight/sheet.html",
        period=period,
        span=_span(period),
        scope=scope,
        figures=_of(_figures(period), scope),
        counted_at=figures.last_counted(),
    )


@door.get(
    "/scoreboard/<scope>/<what>",
    may="insight.read",
    on=figures.scope_in_sight,
    keeps=("period", "cursor"),
)
def behind_it(scope: Scope, what: str) -> ResponseReturnValue:
    """The topics that a figure was counted from."""
    if what not in behind.LISTS:
        raise NotFound
    period, actor = _period(), current_actor()
    page = behind.promises_behind(actor, scope, what, _span(period), request.args.get("cursor"))
    return render_template(
        "insight/behind.html",
        period=period,
        span=_span(period),
        scope=scope,
        what=what,
        page=page,
        topics=behind.topics_of(actor, page),
        figures=_of(_figures(period), scope),
    )


@panel("footer:links")
def in_the_footer() -> str:
    """The way to the scoreboard from every page."""
    return render_template("insight/_footer.html")


@panel("front:aside", order=10)
def this_month() -> str:
    """How many promises the bank kept this month, and the ideas it made true lately."""

    def made() -> str:
        counted = _figures("month").get(WHOLE)
        return render_template("insight/_front.html", figures=counted, done=archive.ideas_done())

    return pieces.keep("insight:month", make=made)


@panel("category:figures")
def of_category(category: Category) -> str:
    """A category's figures, each with its count."""
    return _shown(figures.of_category(category))


@panel("executive:figures")
def of_person(person: Person) -> str:
    """The figures of what was promised in somebody's name."""
    return _shown(figures.of_person(person))


@panel("executives:figures")
def of_person_in_short(person: Person) -> str:
    """The same in two lines, for a page with many people."""
    return _shown(figures.of_person(person), "insight/_short.html")


def _shown(scope: Scope, template: str = "insight/_figures.html") -> str:
    def made() -> str:
        counted = _figures(USUAL).get(scope.key)
        if counted is None or counted.is_empty:
            return ""
        return render_template(template, figures=counted, scope=scope)

    return pieces.keep("insight:figures", scope.key, template, make=made)


def _period() -> str:
    asked = request.args.get("period")
    return asked if asked in PERIODS else USUAL


def _span(period: str) -> Period:
    if "periods" not in g:
        g.periods = figures.periods()
    found: dict[str, Period] = g.periods
    return found[period]


def _of(counted: dict[str, Measures], scope: Scope) -> Measures:
    return counted.get(scope.key) or Measures()


def _figures(period: str) -> dict[str, Measures]:
    # One statement a page, however many people stand on it.
    known: dict[str, dict[str, Measures]] = g.setdefault("figures", {})
    if period not in known:
        known[period] = figures.figures(period)
    return known[period]
