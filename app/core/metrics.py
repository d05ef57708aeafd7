"""Figures for the machine room: the only door to prometheus_client.

Each web process counts its own requests, so every line it gives carries `process`; whoever collects
adds them up (`sum without (process)`). What is asked of the database is the same from every one.
Routes are named, never addresses: nothing here tells of anybody.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flask import g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flask import Flask, Response
    from prometheus_client import Metric

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
# A page is quick below a tenth of a second and slow above one.
BUCKETS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
METHODS: Final = {"GET", "HEAD", "POST", "OPTIONS"}

_registry = CollectorRegistry()
_requests = Counter(
    "otklik_requests", "Answered requests.", ["method", "route", "status"], registry=_registry
)
_seconds = Histogram(
    "otklik_request_seconds",
    "How long a request took.",
    ["method", "route"],
    buckets=BUCKETS,
    registry=_registry,
)

_outcomes = Counter(
    "otklik_outcomes", "What came of what was tried.", ["what", "outcome"], registry=_registry
)
_pages = Counter(
    "otklik_page_cache",
    "Pages for readers who are not signed in: hit, joined, shared, made, not kept.",
    ["outcome"],
    registry=_registry,
)
_watched: dict[str, Gauge] = {}


def init(app: Flask) -> None:
    """Count every request."""
    app.before_request(_begin)
    app.after_request(_end)


def count(what: str, outcome: str) -> None:
    """One more of `what` came out so: words out of a list, never what somebody sent."""
    _outcomes.labels(what, outcome).inc()


def count_page(outcome: str) -> None:
    """Count a page by where it came from, which Flask made or was asked for."""
    _pages.labels(outcome).inc()


def count_given(outcome: str, method: str, route: str, status: int, seconds: float) -> None:
    """Count a page that Flask was not asked for, and the request."""
    page, answered, took = _lines(outcome, method, route, status)
    page()
    answered()
    took(seconds)


# To find a line by its labels takes longer than to count. Routes and statuses are ours, so few.
@lru_cache(maxsize=512)
def _lines(
    outcome: str, method: str, route: str, status: int
) -> tuple[Callable[[], None], Callable[[], None], Callable[[float], None]]:
    answered = _requests.labels(method, route, str(status))
    return _pages.labels(outcome).inc, answered.inc, _seconds.labels(method, route).observe


def watch(name: str, meaning: str, value: Callable[[], float]) -> None:
    """Ask for `value` whenever figures are collected; the last one of this name counts."""
    if name not in _watched:
        _watched[name] = Gauge(f"otklik_{name}", meaning, registry=_registry)
    _watched[name].set_function(value)


def exposition(figures: Iterable[tuple[str, str, float | None]]) -> bytes:
    """What this process counted, and `figures` (name, meaning, value; None: not known)."""
    told = CollectorRegistry()
    told.register(_Figures(figures))
    told.register(_OfThisProcess())
    return generate_latest(told)


class _Figures:
    """What was asked of the database a moment ago."""

    def __init__(self, figures: Iterable[tuple[str, str, float | None]]) -> None:
        self.figures = tuple(figures)

    def collect(self) -> Iterator[Metric]:
        for name, meaning, value in self.figures:
            if value is not None:
                yield GaugeMetricFamily(f"otklik_{name}", meaning, value=value)


class _OfThisProcess:
    """The counted, with the process that counted it."""

    def collect(self) -> Iterator[Metric]:
        process = str(os.getpid())
        for metric in _registry.collect():
            metric.samples = [
                sample._replace(labels={**sample.labels, "process": process})
                for sample in metric.samples
            ]
            yield metric


def _begin() -> None:
    g.counted_from = time.perf_counter()


def _end(response: Response) -> Response:
    # Whatever a stranger calls a method or an address must not become a name here.
    method = request.method if request.method in METHODS else "other"
    route = request.url_rule.rule if request.url_rule else "none"
    _requests.labels(method, route, str(response.status_code)).inc()
    if "counted_from" in g:
        _seconds.labels(method, route).observe(time.perf_counter() - g.counted_from)
    return response
