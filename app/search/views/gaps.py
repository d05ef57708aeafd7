"""Gaps in our answers: what people did not find, and closing it with one click."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from flask import flash, render_template, request, url_for
from werkzeug.exceptions import NotFound

from app.core import clock, policy
from app.core.i18n import _, _l
from app.core.language import CODES
from app.core.panels import panel
from app.core.web import current_actor, go_back, see_other
from app.search import gaps as reading
from app.search.forms.articles import ArticleForm
from app.search.gaps import PERIODS, Look
from app.search.service import learning
from app.search.views import door
from app.topics import queries as topics
from app.topics.answering import answers_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from app.topics.models import Category

MAY = "search.see_gaps"
SHOWN = {
    "missed": _l("Not found"),
    "untouched": _l("Found, not opened"),
    "saved": _l("Questions saved"),
    "settled": _l("Settled"),
}


@panel("manage:words", order=28)
def in_the_menu() -> str:
    """The way here, for those who may."""
    return render_template("search/_gaps_menu.html") if policy.can(current_actor(), MAY) else ""


@panel("account:menu", order=25)
def in_the_account_menu() -> str:
    """The way here for those who answer; who manages has it among the pages of the house."""
    if current_actor().role != "executive":
        return ""
    return render_template("search/_gaps_account_menu.html")


@panel("manage:figures", order=70)
def figures() -> str:
    """How many questions were saved this month, on the overview."""
    if not policy.can(current_actor(), MAY):
        return ""
    first = clock.now().date().replace(day=1)
    return render_template("search/_saved.html", saved=reading.saved_since(first))


@door.get("/manage/gaps", may=MAY)
def gaps() -> ResponseReturnValue:
    """What people searched for, and what came of it."""
    categories = topics.categories()
    look = _look(categories)
    show = request.args.get("show", "")
    show = show if show in SHOWN else "missed"
    actor, cursor = current_actor(), request.args.get("cursor")
    page = getattr(reading, show)(look, cursor)
    writes = {c.id for c in topics.categories_answered_by(actor)}
    return render_template(
        "search/gaps.html",
        show=show,
        shown=SHOWN,
        page=page,
        topics=reading.topics_of(actor, page) if show in {"saved", "settled"} else {},
        categories={c.id: c for c in categories},
        people={i: a.person for i, a in answers_in(categories).items()},
        writes=writes,
        chosen=_chosen(look, categories),
        periods=PERIODS,
        look=look,
        languages=CODES,
        saved=reading.saved_since(look.since),
        as_title=as_title,
        noon=noon,
    )


@door.post("/manage/gaps/settle", may="search.settle_gaps")
def settle_gap() -> ResponseReturnValue:
    """Not needed: no gap, whoever asked."""
    learning.settle(_known_words())
    flash(_("Settled. You find it under: %(name)s", name=SHOWN["settled"]), "kept")
    return go_back(url_for("search.gaps"))


@door.post("/manage/gaps/reopen", may="search.settle_gaps")
def reopen_gap() -> ResponseReturnValue:
    """It is a gap after all."""
    learning.unsettle(request.form.get("words", ""))
    flash(_("It is back among the gaps."), "kept")
    return go_back(url_for("search.gaps"))


@door.form("/manage/gaps/answer", may="search.write_article")
def write_article() -> ResponseReturnValue:
    """A topic with its official answer at once, by somebody who may answer in its category."""
    actor = current_actor()
    theirs = topics.categories_answered_by(actor)
    if not theirs:
        raise NotFound
    gap = request.values.get("gap", "")
    form = ArticleForm(theirs, data={"title": as_title(gap), "gap": gap})
    if request.method == "GET":
        about = topics.category_for(gap, theirs) or (theirs[0] if len(theirs) == 1 else None)
        form.category_id.data = about.id if about else None
    if form.is_sent_well():
        known = gap if reading.is_known(gap) else None
        topic = learning.publish_article(actor, form.said(), form.answer.data or "", known)
        flash(_("The answer is published. Whoever searches for it finds it from now on."), "kept")
        return see_other("topics.topic", topic_id=topic.id)
    page = render_template("search/article.html", form=form, gap=gap)
    return page, 422 if request.method == "POST" else 200


def as_title(words: str) -> str:
    """Kept words as the beginning of a question."""
    words = " ".join(words.split())[:150]
    return words[:1].upper() + words[1:]


def noon(day: date) -> datetime:
    """An instant of that day, for words about it: days are counted in UTC."""
    return datetime.combine(day, time(12), UTC)


def _known_words() -> str:
    words = request.form.get("words", "")
    if not reading.is_known(words):
        raise NotFound
    return words


def _look(categories: Sequence[Category]) -> Look:
    """What the address asks for; whatever is not ours is left out."""
    days, language = request.args.get("days"), request.args.get("language", "")
    slug = request.args.get("category")
    return Look(
        days=next((n for n in PERIODS if str(n) == days), PERIODS[0]),
        language=language if language in CODES else "",
        category_id=next((c.id for c in categories if c.slug == slug), None),
    )


def _chosen(look: Look, categories: Sequence[Category]) -> dict[str, Any]:
    """The same as the next address says it again."""
    return {
        "days": look.days if look.days != PERIODS[0] else None,
        "language": look.language or None,
        "category": next((c.slug for c in categories if c.id == look.category_id), None),
    }
