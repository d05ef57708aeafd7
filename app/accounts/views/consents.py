"""The bank's words on personal data: read by everybody, agreed to, published by administrators."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from flask import session as browser
from flask_login import user_logged_in
from werkzeug.exceptions import NotFound

from app.accounts import consents
from app.accounts.forms import AgreeForm, LegalTextForm
from app.accounts.models import LEGAL_KINDS
from app.accounts.views import door
from app.brand.queries import brand
from app.core import markup
from app.core.i18n import _, _l, is_locale, locale_code
from app.core.panels import panel
from app.core.web import current_actor, inside, see_other, wants_fragment

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue

    from app.accounts.models import LegalText, Person

TITLES = {"privacy": _l("Privacy"), "terms": _l("Rules of use")}
# Where somebody may go who has not agreed: to the texts, out, and to their own data.
OPEN_DOORS = {"accounts", "privacy", "media", "brand", "insight", None}
ASKED = "to_agree"
_HEADING = re.compile(r"(</?)h([3-6])\b")


def ask_at_the_door(_app: Flask, user: Person, **_more: object) -> None:
    """Whoever signs in and has not agreed to what stands now will be asked."""
    if consents.missing(user):
        browser[ASKED] = True


user_logged_in.connect(ask_at_the_door)


@door.before_app_request
def lead_to_the_question() -> ResponseReturnValue | None:
    """Every page leads there first, until they say yes or go."""
    if request.method != "GET" or request.blueprint in OPEN_DOORS or wants_fragment():
        return None
    if not browser.get(ASKED) or current_actor().id is None:
        return None
    return see_other("accounts.consent", next=request.full_path.rstrip("?"))


@panel("footer:links", order=20)
def in_the_footer() -> str:
    """The way to what the bank does with personal data."""
    return render_template("accounts/_legal_link.html")


@door.get("/privacy", may="accounts.read", keeps=())
def privacy() -> ResponseReturnValue:
    """What the bank does with personal data."""
    return _shown("privacy")


@door.get("/terms", may="accounts.read", keeps=())
def terms() -> ResponseReturnValue:
    """The rules of this place."""
    return _shown("terms")


@door.get("/legal/<kind>/<int:number>", may="accounts.read", keeps=())
def legal_version(kind: str, number: int) -> ResponseReturnValue:
    """A version that stands or stood."""
    return _shown(kind, number)


@door.form("/consent", may="accounts.edit_own")
def consent() -> ResponseReturnValue:
    """What is new, and a tick that nobody has made beforehand."""
    person: Person = current_actor()
    texts = consents.missing(person)
    onwards = inside(request.values.get("next")) or url_for("topics.front")
    form = AgreeForm()
    if texts and not form.is_sent_well():
        page = render_template(
            "accounts/consent.html",
            form=form,
            texts=[_read(text) for text in texts],
            next=onwards,
        )
        return page, 422 if form.errors else 200
    if request.method == "GET":  # agreed to in another browser
        return render_template("accounts/consent.html", form=form, texts=[], next=onwards)
    consents.agree(person, texts, "sign_in", request.remote_addr)
    browser.pop(ASKED, None)
    return redirect(onwards, code=303)


@door.get("/manage/texts", may="accounts.manage")
def legal_texts() -> ResponseReturnValue:
    """Both texts and their versions."""
    kinds = [(kind, TITLES[kind], consents.versions(kind)) for kind in LEGAL_KINDS]
    return render_template("accounts/legal_texts.html", kinds=kinds)


@door.form("/manage/texts/<kind>", may="accounts.manage")
def publish_text(kind: str) -> ResponseReturnValue:
    """A new version, begun from the one that stands."""
    if kind not in LEGAL_KINDS:
        raise NotFound
    before = consents.versions(kind)
    bank = brand()
    form = LegalTextForm(dict(before[0].texts) if before else {}, bank.locale)
    if not form.is_sent_well():
        page = render_template(
            "accounts/legal_text_edit.html", form=form, kind=kind, title=TITLES[kind], before=before
        )
        return page, 422 if form.errors else 200
    consents.publish(current_actor(), kind, form.texts(), asks=bool(form.asks.data))
    flash(_("Published. It stands from now on."), "success")
    return see_other("accounts.legal_texts")


def _shown(kind: str, number: int | None = None) -> ResponseReturnValue:
    known = consents.versions(kind) if kind in LEGAL_KINDS else []
    text = next((t for t in known if number in {None, t.version}), None)
    if text is None and (number is not None or kind != "privacy"):
        raise NotFound
    return render_template(
        "accounts/legal_text.html",
        shown=_read(text) if text else None,
        title=TITLES[kind],
        versions=known,
        others=[(t.kind, TITLES[t.kind]) for t in consents.current() if t.kind != kind],
    )


def _read(text: LegalText) -> dict[str, object]:
    words, code = consents.in_words(text, locale_code(), brand().locale)
    return {
        "kind": text.kind,
        "version": text.version,
        "title": TITLES[text.kind],
        "published_at": text.published_at,
        "html": _under_the_title(markup.render(words)),
        "spoken": code if is_locale(code) else None,
    }


def _under_the_title(html: str) -> str:
    """Its outline begins right below the page's own title, at whatever level it was written."""
    lower = min((int(found[2]) for found in _HEADING.finditer(html)), default=2) - 2
    return _HEADING.sub(lambda found: f"{found[1]}h{int(found[2]) - lower}", html)
