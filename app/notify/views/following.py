"""The follow button on a topic's page, and the page of what one follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template, request, url_for

from app.core.i18n import _
from app.core.pagecache import pieces
from app.core.panels import panel
from app.core.web import current_actor, go_back
from app.notify import queries, service
from app.notify.views import door
from app.topics.queries import topic_in_sight

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.topics.models import Topic


@door.post("/topics/<int:topic_id>/follow", may="notify.follow", on=topic_in_sight)
def follow(topic: Topic) -> ResponseReturnValue:
    """From now on this person is told."""
    service.follow(current_actor(), topic)
    flash(_("You follow this topic: the answer will come to you by e-mail."), "success")
    return go_back(url_for("topics.topic", topic_id=topic.id))


@door.post("/topics/<int:topic_id>/unfollow", may="notify.follow", on=topic_in_sight)
def unfollow(topic: Topic) -> ResponseReturnValue:
    """No more letters about it."""
    service.unfollow(current_actor(), topic)
    flash(_("You no longer follow this topic: no more letters about it."), "success")
    return go_back(url_for("topics.topic", topic_id=topic.id))


@door.get("/following", may="notify.follow")
def followed() -> ResponseReturnValue:
    """The topics this person follows, the last begun first."""
    page = queries.followed(current_actor(), cursor=request.args.get("cursor"))
    return render_template("notify/following.html", page=page)


@panel("topic:actions", order=20)
def follow_button(topic: Topic) -> str:
    """Follow or stop following, as a form; a guest is led to sign in."""
    if topic.merged_into_id is not None:  # what happens, happens in the other topic
        return ""
    following = queries.is_following(current_actor(), topic)

    def made() -> str:
        return render_template("notify/_follow.html", topic=topic, following=following)

    return pieces.keep("notify:follow", topic.id, following, make=made)


@panel("account:menu", order=20)
def link_to_followed() -> str:
    """The way to one's own list."""
    return pieces.keep("notify:menu", make=lambda: render_template("notify/_menu.html"))
