"""Building the line that goes into the bank's pages, with the widget itself beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request

from app.brand.queries import brand
from app.core import framing
from app.core.web import wants_fragment
from app.widget import queries, snippets
from app.widget.forms.snippets import SnippetForm
from app.widget.snippets import Look
from app.widget.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.widget.models import Site


@door.get("/manage/sites/<int:site_id>/snippet", may="widget.manage", on=queries.site)
def snippet(site: Site) -> ResponseReturnValue:
    """A form that changes nothing: the line follows from the address."""
    form = SnippetForm(request.args, brand().colour, snippets.releases())
    is_right = not request.args or form.validate()
    look = form.look() if is_right else Look(color=brand().colour)
    release = form.release if is_right else None
    attributes = look.attributes(site.key)
    # The widget stands on this page too, in a frame of ours.
    framing.show_own_frames()
    page = render_template(
        "widget/_snippet.html" if wants_fragment() else "widget/snippet.html",
        site=site,
        form=form,
        line=snippets.line(attributes, release),
        look=look,
        attributes=attributes,
        source=snippets.source(release),
        stub=snippets.stub(),
        stub_hash=snippets.stub_hash(),
        link=snippets.link,
        directives=snippets.directives(),
    )
    return page, 200 if is_right else 422
