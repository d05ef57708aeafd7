"""What readers tell of what they found: that they opened it, that it helped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, request, url_for
from werkzeug.exceptions import NotFound, TooManyRequests

from app.core import limits
from app.core.db import row_id
from app.core.i18n import _, locale_code
from app.core.limits import Limit
from app.core.robots import is_robot
from app.core.web import current_actor, go_back
from app.search.service import learning
from app.search.views import door
from app.topics import queries as topics

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from flask.typing import ResponseReturnValue

    from app.topics.models import Topic

# Nobody opens or thanks more often than every other second for a minute; a script would.
PACE = Limit("learning", guests=30, people=30, seconds=60)


def is_counted() -> bool:
    """Whether a person sees this page now: no machine, and no browser that fetches it in case."""
    return is_read_by_a_person(request.environ)


def is_read_by_a_person(environ: WSGIEnvironment) -> bool:
    """The same of a request that Flask does not see."""
    ahead = environ.get("HTTP_SEC_PURPOSE") or environ.get("HTTP_PURPOSE") or ""
    return (
        environ["REQUEST_METHOD"] != "HEAD"
        and not ahead.startswith("prefetch")
        and not is_robot(environ.get("HTTP_USER_AGENT", ""))
    )


@door.post("/search/clicks", may="search.learn")
def clicks() -> ResponseReturnValue:
    """A topic that was found is being opened; without a script this is the way to it."""
    topic = _named()
    if is_counted():
        learning.note_click(request.form.get("q", ""), topic.id, locale=locale_code())
    if _is_beacon():
        return "", 204
    return go_back(url_for("topics.topic", topic_id=topic.id))


@door.post("/search/helped", may="search.learn")
def helped() -> ResponseReturnValue:
    """A topic helped: a question that need not be asked."""
    topic = _named()
    if is_counted():
        learning.note_helped(request.form.get("q", ""), topic.id, locale=locale_code())
    if _is_beacon():
        return "", 204
    flash(_("Thank you. It is good to know that it helped."), "kept")
    return go_back(url_for("topics.topic", topic_id=topic.id))


def _named() -> Topic:
    """The topic of the form, which this reader may read."""
    pause = limits.wait(PACE)
    if pause:
        raise TooManyRequests(retry_after=pause)
    number = row_id(request.form.get("topic"))
    topic = topics.topic_in_sight(current_actor(), number) if number is not None else None
    if topic is None:
        raise NotFound
    return topic


def _is_beacon() -> bool:
    """Sent by a script, which shows no page: a form says that it wants one."""
    mode = request.headers.get("Sec-Fetch-Mode")
    if mode is not None:
        return mode != "navigate"
    return "text/html" not in request.headers.get("Accept", "")
