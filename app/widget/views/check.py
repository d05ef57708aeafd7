"""The self-test: what a page of the bank's would block, and the lines that let the widget in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import current_app, render_template, request
from werkzeug.exceptions import TooManyRequests

from app.core import limits, outgoing, policy
from app.core.i18n import _, _l
from app.core.limits import Limit
from app.core.web import current_actor
from app.widget import inspection, queries, snippets
from app.widget.forms.check import HeadersForm, PageForm
from app.widget.service import checking
from app.widget.views import door, findings

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.widget.service.checking import Looked

CHECKING: Final = Limit("widget-check", guests=20, people=60, seconds=60)
WHY_NOT: Final[dict[type, Any]] = {
    outgoing.AddressRefusedError: _l(
        "We only look at pages that are on the internet. Paste the headers of this one instead."
    ),
    outgoing.UnreachableError: _l("Nobody answers there, or too slowly."),
    outgoing.AnswerRefusedError: _l(
        "It leads elsewhere, or is no page. Write the address that is shown in the end."
    ),
}


@door.form("/widget/check", may="widget.load")
def check() -> ResponseReturnValue:
    """Anybody pastes headers; who manages the sites lets us look at a page of theirs."""
    may_look = policy.can(current_actor(), "widget.manage")
    is_page = may_look and "page" in request.form
    headers_form, page_form = HeadersForm(fresh=is_page), PageForm(fresh=not is_page)
    looked = None
    if request.method == "POST":
        if pause := limits.wait(CHECKING):
            raise TooManyRequests(retry_after=pause)
        looked = _look(page_form) if is_page else _read(headers_form)
    page = render_template(
        "widget/check.html",
        headers_form=headers_form,
        page_form=page_form if may_look else None,
        looked=looked,
        is_page=is_page,
        what=findings.WHAT,
        how=findings.of,
        directives=snippets.directives(),
    )
    return page, 422 if request.method == "POST" and looked is None else 200


def _read(form: HeadersForm) -> Looked | None:
    if not form.validate():
        return None
    return checking.headers(inspection.headers_in(form.headers.data or ""))


def _look(form: PageForm) -> Looked | None:
    if not form.validate():
        return None
    near = current_app.config["DEVELOPMENT"]
    try:
        return checking.page(form.page.data or "", queries.sites(), near=near)
    except checking.UnknownPageError:
        form.page.errors = [_("No registered site lists this address. Add it there first.")]
    except outgoing.OutgoingError as error:
        form.page.errors = [WHY_NOT[type(error)]]
    return None
