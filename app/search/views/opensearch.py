"""How a browser may search here from its own box (OpenSearch 1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, make_response, render_template

from app.core.panels import panel
from app.search.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


@door.get("/opensearch.xml", may="search.find", keeps=())
def description() -> ResponseReturnValue:
    """How a browser may search here from its own box (OpenSearch 1.1)."""
    words = render_template("search/opensearch.xml", root=current_app.config["PUBLIC_URL"])
    response = make_response(words)
    response.content_type = "application/opensearchdescription+xml; charset=utf-8"
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@panel("page:head")
def say_where_to_search() -> str:
    """Tells the browser of the description above."""
    return render_template("search/_head.html")
