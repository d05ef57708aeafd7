"""Readers: they are counted after each page, and staff see how many there were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request

from app.core import pagecache, policy
from app.core.i18n import format_short
from app.core.pagecache import Hit
from app.core.panels import panel
from app.core.web import current_actor
from app.insight import visits
from app.insight.queries import visits as queries
from app.insight.views import door

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue

    from app.topics.models import Topic

PAGE = {200, 304}
# What other sites show in a frame is counted where it is used.
FRAMED = ("/embed/", "/widget/")


@door.get("/manage/readers", may="insight.read_visits")
def readers() -> ResponseReturnValue:
    """How many came, day by day, and what they read most."""
    return render_template(
        "insight/readers.html", days=queries.by_day(), most=queries.most_read(current_actor())
    )


@door.after_app_request
def count(response: Response) -> Response:
    """A page was read; nothing is written now. Whoever works for the bank is no reader."""
    if is_page(response) and not current_actor().is_staff:
        topic = request.endpoint == "topics.topic"
        visits.note(request.environ, (request.view_args or {}).get("topic_id") if topic else None)
    return response


@pagecache.on_hit
def count_again(hit: Hit) -> None:
    """The same of a page that was given without asking Flask."""
    if hit.media_type == "text/html":
        topic = hit.endpoint == "topics.topic"
        visits.note(hit.environ, hit.args.get("topic_id") if topic else None)


def is_page(response: Response) -> bool:
    """Whether a whole page was sent, or is known to the browser as it stands."""
    if response.status_code not in PAGE or request.path.startswith(FRAMED):
        return False
    return response.status_code == 304 or response.mimetype == "text/html"  # noqa: PLR2004


@panel("topic:by")
def how_often(topic: Topic) -> str:
    """How often a topic was read: quietly, and in round numbers."""
    views = queries.views(topic)
    if not views:
        return ""
    # The form of the word goes with the number as it is read: "1.2 thousand".
    said, spoken = format_short(views)
    return render_template("insight/_views.html", said=said, spoken=spoken)


@panel("manage:house", order=75)
def readers_in_the_menu() -> str:
    """The way to the numbers, beside the record."""
    if not policy.can(current_actor(), "insight.read_visits"):
        return ""
    return render_template("insight/_readers_menu.html")
