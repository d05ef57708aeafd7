"""What was moderated, in public: by whom and where, and nobody's words or name among customers'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request

from app.core.i18n import _, _l
from app.core.panels import panel
from app.insight.queries import record as queries
from app.insight.views import door

if TYPE_CHECKING:
    from typing import Any

    from flask.typing import ResponseReturnValue

    from app.moderation.models import Act

WORDS: dict[str, Any] = {
    "move": _l("A topic was moved to another category"),
    "close": _l("A topic was closed for replies"),
    "unlock": _l("A topic was opened for replies"),
    "hide": _l("A topic was hidden"),
    "restore": _l("A topic was restored"),
    "hide_post": _l("A post was hidden"),
    "restore_post": _l("A post was restored"),
    "merge": _l("A topic was merged into another that asks the same"),
    "unmerge": _l("A merge was undone"),
    "split": _l("Posts became a topic of their own"),
    "spam": _l("A topic was removed as spam"),
    "unspam": _l("A topic was no spam after all and is back"),
    "return": _l("A text was returned to its author before it was published"),
}
SIGNS = {
    "move": "arrow-right",
    "close": "lock",
    "hide": "eye-off",
    "hide_post": "eye-off",
    "spam": "triangle-alert",
}


@door.get("/moderation", may="insight.read_moderated", keeps=("cursor",))
def moderated() -> ResponseReturnValue:
    """Everything that was done to what customers wrote."""
    page = queries.moderated(request.args.get("cursor"))
    return render_template(
        "insight/moderated.html",
        page=page,
        words=WORDS,
        signs=SIGNS,
        by=[_by(act) for act in page.items],
        titles=queries.in_sight(page.items),
        categories=queries.categories_of(page.items),
    )


@panel("footer:links", order=60)
def in_the_footer_too() -> str:
    """The way to it from every page."""
    return render_template("insight/_moderated_footer.html")


def _by(act: Act) -> str:
    """Executives answer with their names; of others their work is told, and of askers nothing."""
    if act.by is None:
        return _("By itself, after readers' reports")
    if act.by.role == "executive":
        return ", ".join(filter(None, (act.by.name, act.by.post)))
    if act.by.role in {"manager", "administrator"}:
        return _("Community manager") if act.by.role == "manager" else _("Administrator")
    return ""
