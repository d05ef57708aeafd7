"""What templates need to show a topic as a line in a list, in every slice."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import current_app, url_for
from markupsafe import Markup

from app.core import leaving, markup
from app.core.i18n import locale_code
from app.core.web import current_actor
from app.topics.policy import sight
from app.topics.promise import running, standing
from app.topics.views import door

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.topics.models import Post

# About two lines on a wide screen; the page cuts what does not fit in one.
FIRST_LINE = 180

door.add_app_template_global(standing, "standing")
door.add_app_template_global(running, "running")


@door.app_template_global("sight")
def readers_sight() -> str:
    """What the pieces of pages differ by that show topics and posts."""
    return sight(current_actor())


@door.app_template_global("canonical")
def canonical(endpoint: str, **values: Any) -> str:
    """The one public address of a page, whatever name or port it was asked by."""
    return str(current_app.config["PUBLIC_URL"]) + url_for(endpoint, **values)


@door.app_template_filter("first_line")
def first_line(post: Post | None) -> str:
    """The beginning of a post in plain words; nothing of a post that is hidden."""
    if post is None or post.hidden_at is not None:
        return ""
    return _beginning(post.body_html)


@lru_cache(maxsize=2048)
def _beginning(html: str) -> str:
    return markup.first_line(html, FIRST_LINE)


@door.app_template_filter("spoken")
def spoken(texts: Mapping[str, str] | None, otherwise: str) -> str:
    """Of the same text in several languages, the reader's, else the one in `otherwise`."""
    texts = texts or {}
    return texts.get(locale_code()) or texts.get(otherwise) or next(iter(texts.values()), "")


@door.app_template_filter("markdown")
def markdown(text: str) -> Markup:
    """A short text (a welcome, somebody's words about themselves) as HTML."""
    return leaving.shown(_rendered(text))


_rendered = lru_cache(maxsize=64)(markup.render)
