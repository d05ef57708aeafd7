"""Asking: writing comes before identifying, and nothing typed is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, jsonify, render_template, request, url_for

from app.core import clock, policy, typing_time
from app.core.db import row_id
from app.core.guests import guest_hash, make_guest
from app.core.i18n import _
from app.core.panels import panels
from app.core.web import current_actor, see_other
from app.media import service as pictures
from app.media.images import PictureError
from app.topics import drafting, gate, pacing, queries, service, thanks
from app.topics.answering import answers_in
from app.topics.models import KINDS
from app.topics.views import door
from app.topics.views.drafts import typed
from app.topics.views.waiting import waits
from app.topics.writing import LONGEST_TITLE, Ask

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from werkzeug.datastructures import FileStorage

    from app.topics.models import Category, Draft


@door.form("/ask", may="topics.draft")
def ask() -> ResponseReturnValue:
    """The form; sent, it publishes, or keeps the text while a guest signs in."""
    if request.method == "GET" or "body" not in request.form:
        return _opened()
    form = Ask(queries.categories())
    good = form.validate()
    good = _attach_picture(form) and good
    actor = current_actor()
    fields = {**typed(), "body": form.body.data or ""}
    drafting.keep(actor, make_guest() if actor.id is None else None, "new", fields)
    if not good or form.category is None:
        if form.category is None:  # said as an error, and offered by what the words say
            guess = queries.category_for(f"{form.title.data} {form.body.data}")
            form.category_id.data = guess.id if guess else None
        return _page(form), 422
    if form.seen_similar.data != "1":
        similar = panels("ask:similar", words=f"{form.title.data} {form.body.data}")
        if similar.strip():
            return render_template("topics/similar.html", form=form, similar=similar)
    if not policy.can(actor, "topics.ask"):
        flash(_("Your text is kept. Sign in, and it is published with one click."), "info")
        return see_other("accounts.sign_in", next=url_for("topics.ask", seen=1))
    return _sent(form, form.category)


def _sent(form: Ask, category: Category) -> ResponseReturnValue:
    """Published, or waiting to be read; the draft has done its work."""
    actor = current_actor()
    words = form.said(form.kind.data, category)
    if not _was_sent(words) and (pause := pacing.wait(actor, "ask")):
        pacing.too_soon(form, pause)
        return pacing.later(_page(form), pause)
    if not pacing.is_unchallenged("topics.ask", form, title=words.title, body=words.body):
        return _page(form), 422
    try:
        topic = gate.ask(actor, words, typed_in=typing_time.seconds())
    except gate.RefusedError as refused:
        pacing.say(form, refused)
        return _page(form), 422
    pacing.count(actor, "ask")
    drafting.drop(actor, guest_hash(), "new")
    flash("new", "sent")
    if isinstance(topic, gate.Held):
        return waits(topic)
    flash(thanks.words_for(topic), "kept")
    return see_other("topics.topic", topic_id=topic.id)


def _was_sent(words: service.Words) -> bool:
    """Whether this is the same form sent twice, which publishes nothing more."""
    asked = queries.asked_since(current_actor(), clock.now() - service.SENT_TWICE)
    return asked is not None and (asked.title, asked.body) == (words.title, words.body)


@door.get("/ask/category", may="topics.draft")
def suggest_category() -> ResponseReturnValue:
    """The category that the words typed so far belong to, for the form's script."""
    found = queries.category_for(request.args.get("q", "")[:2000])
    return jsonify(category_id=found.id if found else None)


def _opened() -> ResponseReturnValue:
    """The form with the draft, or with the words somebody began elsewhere."""
    draft = queries.draft("new", person_id=current_actor().id, guest=guest_hash())
    begun = (request.values.get("title") or request.values.get("text") or "").strip()
    if draft is not None and not _has_text(draft):
        draft = None
    kept = _of_draft(draft) if draft is not None else _of_words(begun)
    kind = request.values.get("kind", "")
    if kind in KINDS and (draft is None or not begun):
        kept["kind"] = kind
    form = Ask(queries.categories(), fresh=True, data=kept)
    chosen = _chosen_category(form, kept)
    form.category_id.data = chosen
    form.seen_similar.data = "1" if request.args.get("seen") == "1" else ""
    other = begun if draft is not None and begun and begun != kept["title"] else ""
    restored = draft is not None
    # Back from signing in: only the last click is missing, and it must not be searched for.
    ready = restored and form.seen_similar.data == "1" and policy.can(current_actor(), "topics.ask")
    ready = ready and bool(kept["title"] and kept["body"] and chosen)
    return _page(form, restored=restored, other=other, ready=ready)


def _page(form: Ask, *, restored: bool = False, other: str = "", ready: bool = False) -> str:
    return render_template(
        "topics/ask.html",
        form=form,
        restored=restored,
        other=other,
        ready=ready,
        people={i: a.person for i, a in answers_in(form.categories.values()).items()},
        known_tags=queries.popular_tags(30),
    )


def _has_text(draft: Draft) -> bool:
    return any(str(draft.fields.get(name, "")).strip() for name in ("title", "body"))


def _of_draft(draft: Draft) -> dict[str, Any]:
    fields = {name: str(draft.fields.get(name) or "") for name in drafting.FIELDS}
    if fields["kind"] not in KINDS:
        fields["kind"] = "question"
    return fields


def _of_words(begun: str) -> dict[str, Any]:
    """Words from the front page's box: a title when they are one, else a text."""
    first, _end, rest = begun.partition("\n")
    is_title = len(first) <= LONGEST_TITLE and not rest.strip()
    title, body = (first, "") if is_title else ("", begun)
    return {"kind": "question", "title": title, "body": body, "tags": "", "category_id": ""}


def _chosen_category(form: Ask, kept: dict[str, Any]) -> int | None:
    """What was chosen; else what the address names; else what the words say."""
    was = row_id(kept["category_id"])
    if was in form.categories:
        return was
    slug = request.values.get("category", "")
    named = next((c for c in form.categories.values() if slug in {c.slug, str(c.id)}), None)
    found = named or queries.category_for(f"{kept['title']} {kept['body']}")
    return found.id if found else None


def _attach_picture(form: Ask) -> bool:
    """A picture chosen without JavaScript becomes the text's last line."""
    file: FileStorage | None = form.picture.data or None
    if file is None or not file.filename:
        return True
    actor = current_actor()
    guest = make_guest() if actor.id is None else None
    try:
        image = pictures.take(file.stream.read(), owner_id=actor.id, guest=guest)
    except PictureError as error:
        form.picture.errors = [pictures.words_for(error)]
        return False
    form.body.data = f"{form.body.data or ''}\n\n![]({image.url})".strip()
    return True
