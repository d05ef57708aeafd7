"""From which page of the bank's site something was asked: shown to staff, beside the topic."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import render_template
from markupsafe import Markup

from app.core import leaving, policy
from app.core.pagecache import pieces
from app.core.panels import panel
from app.core.web import current_actor
from app.widget.service import asking

if TYPE_CHECKING:
    from app.topics.models import Topic
    from app.widget.models import Enquiry


@panel("topic:tools", order=20)
def on_the_topic(topic: Topic) -> str:
    """On its page, where customers see nothing of it."""
    return _shown(topic)


@panel("desk:aside", order=10)
def on_the_desk(topic: Topic) -> str:
    """Where the answer is written."""
    return _shown(topic)


def _shown(topic: Topic) -> str:
    if not policy.can(current_actor(), "widget.see_enquiry", topic):
        return ""
    return pieces.keep("widget:enquiry", topic.id, make=partial(_made, topic))


def _made(topic: Topic) -> str:
    enquiry = asking.enquiry_of(topic)
    if enquiry is None:
        return ""
    return render_template("widget/_enquiry.html", enquiry=enquiry, way=_way(enquiry))


def _way(enquiry: Enquiry) -> Markup | str:
    """A link out to the page, by the page that says so unless its host is trusted."""
    if not enquiry.page:
        return ""
    link = Markup('<a href="{}" target="_blank" rel="noopener noreferrer"><bdi>{}</bdi></a>')
    return leaving.shown(link.format(enquiry.page, enquiry.page_title or enquiry.page))
