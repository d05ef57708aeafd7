"""Where a mailed link leads: what would be published, and the button that does it.

Opening it changes nothing, for programs that look through mail open links too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template, request, url_for

from app.accounts import factors, sessions
from app.accounts import service as accounts
from app.brand.queries import brand
from app.core import clock, markup
from app.core.guests import guest_hash
from app.core.web import current_actor, see_other
from app.topics import gate, pacing, thanks
from app.topics.answering import answers_today
from app.topics.promise import foretold
from app.widget.forms.asking import Publish
from app.widget.service import asking
from app.widget.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person
    from app.topics.gate import Held
    from app.topics.models import Topic
    from app.widget.service.asking import Mailed


@door.form("/asked/<token>", may="accounts.prove_address")
def confirm(token: str) -> ResponseReturnValue:
    """The question as it will be published; sent, it is, or it is changed first."""
    asked = asking.mailed(accounts.ticket_for(token, "publish"))
    if asked is None:
        return _stale()
    # Not "GET": a scanner's HEAD must not publish either.
    form = Publish(brand().name, asks_name=asked.needs_name, asks_to_agree=bool(asked.texts))
    if request.method != "POST" or not form.validate():
        return _page(asked, form, 422 if form.errors else 200)
    if accounts.take_question(asked.ticket) is None:
        return _stale()
    if asked.category is None or request.form.get("act") == "change":
        return _changed(asked, form)
    return _published(asked, form)


def _published(asked: Mailed, form: Publish) -> ResponseReturnValue:
    if asked.category is None:
        raise TypeError(asked)
    if asked.person is not None and _must_prove_more(asked.person):
        return _changed(asked, form)
    if asked.person is not None and (pause := pacing.wait(asked.person, "ask")):
        pacing.too_soon(form, pause)
        return pacing.later(_page(asked, form), pause)
    try:
        person, done = asking.publish(asked, asked.category, form.said_name, request.remote_addr)
    except gate.RefusedError as refused:
        form.form_errors.extend(refused.words)
        return _page(asked, form, 422)
    pacing.count(person, "ask")
    _sign_in(person)
    return _at(done)


def _changed(asked: Mailed, form: Publish) -> ResponseReturnValue:
    """On with it on our own pages, where it waits as their draft."""
    person = asking.take_over(asked, form.said_name, request.remote_addr)
    onwards = url_for("topics.ask", seen=1)
    if _must_prove_more(person):
        return see_other("accounts.sign_in", next=onwards)
    _sign_in(person)
    return see_other("topics.ask", seen=1)


def _must_prove_more(person: Person) -> bool:
    """Whether a letter alone signs them in nowhere, and they are not here already."""
    return current_actor().id != person.id and bool(factors.of(person))


def _sign_in(person: Person) -> None:
    if current_actor().id == person.id:
        return
    accounts.note_sign_in(person, guest_hash(), "link")
    sessions.begin(person)


def _at(done: Topic | Held) -> ResponseReturnValue:
    if isinstance(done, gate.Held):
        return see_other("moderation.submission", submission_id=done.number)
    flash(thanks.words_for(done), "kept")
    return see_other("topics.topic", topic_id=done.id)


def _page(asked: Mailed, form: Publish, status: int = 200) -> tuple[str, int]:
    category = asked.category
    asks = asked.fields["kind"] != "praise"
    page = render_template(
        "widget/confirm.html",
        asked=asked,
        form=form,
        said=asked.fields,
        html=markup.render(asked.fields["body"]),
        today=answers_today(category) if category is not None else None,
        due_at=foretold(category.id, clock.now()) if category is not None and asks else None,
    )
    return page, status


def _stale() -> tuple[str, int]:
    """One page for a link that was used, replaced, forged, or is too old."""
    return render_template("accounts/stale_link.html"), 410
