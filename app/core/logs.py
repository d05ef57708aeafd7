"""What the log says: one line for whatever happens, and nothing about anybody.

The only door to structlog. Modules go on saying `logging.getLogger(__name__)`; here every line gets
the id of its request, the route (never the address: that may hold a token or what somebody looked
for) and the number of the person signed in, as text for people or as JSON for machines.

Whatever is said passes through `scrubbed`: e-mail and network addresses, long numbers, what follows
a `?` and the values a database quotes are left out, and nothing in a line can begin another one.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from typing import TYPE_CHECKING, Any, Final, TextIO

from flask import g, request
from flask import session as browser

from app.core.bankdata import mask
from app.core.lazily import without

with without("rich"):  # it would colour exceptions for a terminal, which nobody here asks for
    import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from flask import Flask, Response

    Line = MutableMapping[str, Any]

# What probes ask all day long is said only when somebody looks for it.
QUIET: Final = {"static", "insight.healthz", "insight.readyz", "insight.metrics_page"}

# What may not be told about anybody, and what stands in its place. Each is read in one pass.
_PERSONAL: Final = (
    (re.compile(r"[\w.+%-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}"), "[e-mail]"),
    (re.compile(r"(?<=[\w/])\?[^\s\"'<>]+"), "?…"),
    (re.compile(r"(?<=\)=\()[^)]*"), "…"),  # PostgreSQL: Key (email)=(…) already exists
    (re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"), "[address]"),
    (
        re.compile(
            r"(?<![\w:.])(?:(?:[0-9a-fA-F]{1,4}:){1,7}:|::|(?:[0-9a-fA-F]{1,4}:){4,7})"
            r"(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){0,6})?(?![\w:])"
        ),
        "[address]",
    ),
    (re.compile(r"(?<![\w.])\+?\d(?:[ ()\u00a0-]{0,2}\d){10,40}(?!\w)"), "[number]"),
)
# Controls (with them the colours of a terminal), other ends of a line, marks that turn text round.
_CONTROL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_OURS: Final = ("timestamp", "level", "logger")
_OUT_OF_LINE: Final = (*_OURS, "event", "exception")

log = logging.getLogger("app.requests")


def init(app: Flask) -> None:
    """Say everything in one form, and a line for every request."""
    _handle(app.config["LOG_FORMAT"], app.config["LOG_LEVEL"], alone=not app.testing)
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def request_id() -> str:
    """What this request is called in the log, and by somebody who tells us of it."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(6)
    return str(g.request_id)


def scrubbed(text: str) -> str:
    """`text` without anybody's data, on one line."""
    for personal, instead in _PERSONAL:
        text = personal.sub(instead, text)
    text = mask(text).text  # in other scripts, split, beside their words
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever is the error stream by then."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _handle(form: str, level: str, *, alone: bool) -> None:
    """One handler for everything. Not `alone`: somebody else, a test, listens too."""
    handler = _Stderr()
    handler.setLevel(level)
    handler.setFormatter(_formatter(form))
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if not isinstance(each, _Stderr)]
    root.addHandler(handler)
    if alone:
        root.setLevel(level)
    # Gunicorn's own line about a mistake names the whole address.
    for name in ("gunicorn.error", "gunicorn.access"):
        if logging.getLogger(name).handlers:
            logging.getLogger(name).handlers = [handler]


def _formatter(form: str) -> structlog.stdlib.ProcessorFormatter:
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    after: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _scrub,
        structlog.processors.JSONRenderer(ensure_ascii=False) if form == "json" else _for_people,
    ]
    return structlog.stdlib.ProcessorFormatter(
        processors=after, foreign_pre_chain=before, keep_exc_info=False
    )


def _scrub(_logger: object, _method: str, line: Line) -> Line:
    return {name: _said(name, value) for name, value in line.items()}


def _said(name: str, value: object) -> object:
    if name in _OURS or value is None or isinstance(value, bool | int | float):
        return value
    if name == "exception":
        return "\n".join(scrubbed(each) for each in str(value).splitlines())
    return scrubbed(str(value))


def _for_people(_logger: object, _method: str, line: Mapping[str, Any]) -> str:
    known = " ".join(f"{name}={value}" for name, value in line.items() if name not in _OUT_OF_LINE)
    said = f"{line['timestamp']} {line['level']:<7} {line['logger']}: {line['event']}"
    # Set in, so that no line of an exception looks like a line of the log.
    below = [f"    | {each}" for each in str(line.get("exception", "")).splitlines()]
    return "\n".join([f"{said} {known}".rstrip(), *below])


def _begin() -> None:
    g.began = time.perf_counter()
    route = request.url_rule.rule if request.url_rule else "-"
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(
        request=request_id(), method=request.method, route=route, person=browser.get("_user_id")
    )


def _end(response: Response) -> Response:
    level = logging.DEBUG if request.endpoint in QUIET else logging.INFO
    if log.isEnabledFor(level) and "began" in g:
        took = round((time.perf_counter() - g.began) * 1000, 1)
        log.log(level, "answered", extra={"status": response.status_code, "ms": took})
    return response


def _forget(_error: BaseException | None) -> None:
    structlog.contextvars.clear_contextvars()
