"""What search engines ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, render_template

from app.core.web import current_actor
from app.topics import queries
from app.topics.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

PRIVATE = (
    "/ask", "/desk", "/leave", "/manage/", "/profile", "/reset", "/search", "/sign-in", "/sign-up",
)  # fmt: skip


@door.get("/robots.txt", may="topics.look_around", keeps=())
def robots() -> ResponseReturnValue:
    """Read what is public; forms and desks are nothing to search in."""
    text = render_template("topics/robots.txt", private=PRIVATE)
    return Response(text, mimetype="text/plain")


@door.get("/sitemap.xml", may="topics.look_around", keeps=())
def sitemap() -> ResponseReturnValue:
    """The list of the sitemap's pages."""
    return _xml("topics/sitemap_index.xml", pages=queries.sitemap_pages())


@door.get("/sitemap-<int:number>.xml", may="topics.look_around", keeps=())
def sitemap_page(number: int) -> ResponseReturnValue:
    """Page 0 holds categories, people and tags; the others ten thousand topics each, by number."""
    if number == 0:
        categories = queries.categories()
        return _xml(
            "topics/sitemap.xml",
            categories=categories,
            people=queries.executives(categories),
            tags=queries.popular_tags(1000),
            topics=[],
        )
    return _xml("topics/sitemap.xml", topics=queries.sitemap_topics(current_actor(), number))


def _xml(template: str, **context: object) -> Response:
    return Response(render_template(template, **context), mimetype="application/xml")
