"""Asking inside the frame: published at once for whom the bank knows, else after a mailed link."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flask import current_app, make_response, render_template, request

from app.accounts import consents, paces
from app.accounts import service as accounts
from app.brand.queries import brand
from app.core import challenge, clock, limits, telling, typing_time
from app.core.i18n import _, locale_code
from app.core.limits import Pace
from app.core.web import current_actor
from app.moderation import queries as moderation
from app.topics import gate, pacing, thanks
from app.topics import queries as topics
from app.topics.answering import answers_in, answers_today
from app.topics.promise import foretold, standing
from app.topics.service import SENT_TWICE
from app.topics.writing import LONGEST_TITLE
from app.widget import bearers, queries
from app.widget.forms.asking import AskHere
from app.widget.service import asking, identities, sites
from app.widget.service.asking import From
from app.widget.views import door
from app.widget.views.host import host_page

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import LegalText
    from app.topics.gate import Held
    from app.topics.models import Category, Topic
    from app.topics.service import Words
    from app.widget.bearers import Bearer
    from app.widget.models import Site

# So many letters asked for around here within the hour, and the next guest answers a question.
CROWD: Final = (Pace("widget-question-crowd", 12, 3600),)


@dataclass(frozen=True)
class Asking:
    """Who asks, and what is still to be asked of them before anything of theirs is kept."""

    bearer: Bearer | None
    texts: list[LegalText]
    asks: frozenset[str]

    @property
    def joins(self) -> bool:
        """Whether the bank knows them and we do not yet."""
        return "name" in self.asks


@door.form("/embed/<key>/ask", may="widget.use", on=queries.site_by_key)
def ask(site: Site) -> ResponseReturnValue:
    """The form; `words` are what somebody typed into the search box before."""
    who = _who()
    if request.method == "GET" or "body" not in request.form:
        return _opened(site, who)
    form = AskHere(topics.categories(), brand().name, asks=who.asks)
    good = form.validate()
    if form.category is None:
        guess = _guess(site, f"{form.title.data} {form.body.data}")
        form.category_id.data = guess.id if guess else None
    if not good or form.category is None:
        return _page(site, form, who, 422)
    if who.joins:
        return _joined(site, form, who)
    if "email" in who.asks:
        return _mailed(site, form, who)
    return _asked(site, form, who)


@door.get("/embed/<key>/category", may="widget.use", on=queries.site_by_key)
def suggest_category(site: Site) -> ResponseReturnValue:
    """Where the words typed so far belong, while nobody has chosen."""
    found = _guess(site, request.args.get("q", "")[:2000])
    return {"category_id": found.id if found else None}


@challenge.rule("widget.ask")
def many_ask_here(**_about: object) -> bool:
    """Many had letters sent from around here within the hour."""
    return limits.look(CROWD, limits.neighbourhood()) > 0


def _who() -> Asking:
    actor, bearer = current_actor(), bearers.current()
    if actor.id is not None:
        texts = consents.missing(actor)
        return Asking(bearer, texts, frozenset({"agreed"} if texts else ()))
    if bearer is not None and bearer.person_id is None:
        texts = consents.current()
        return Asking(bearer, texts, frozenset({"name", "agreed"} if texts else {"name"}))
    return Asking(bearer, [], frozenset({"email"}))


def _opened(site: Site, who: Asking) -> ResponseReturnValue:
    begun = (request.values.get("words") or "").strip()
    first, _end, rest = begun.partition("\n")
    is_title = len(first) <= LONGEST_TITLE and not rest.strip()
    title, body = (first, "") if is_title else ("", begun)
    guess = _guess(site, begun)
    suggested = {
        "kind": "question",
        "title": title,
        "body": body,
        "name": _name_of(who.bearer),
        "email": who.bearer.email if who.bearer else "",
    }
    form = AskHere(topics.categories(), brand().name, asks=who.asks, fresh=True, data=suggested)
    form.category_id.data = guess.id if guess else None
    if "email" in who.asks:
        challenge.offer("widget.ask")
    return _page(site, form, who)


def _asked(site: Site, form: AskHere, who: Asking) -> ResponseReturnValue:
    """Published, or waiting to be read, in the name of somebody we know."""
    actor, category = current_actor(), form.category
    if category is None:
        raise TypeError(form)
    words = form.said(form.kind.data, category)
    if pause := _pause(words):
        pacing.too_soon(form, pause)
        return pacing.later(_page(site, form, who), pause)
    if not pacing.is_unchallenged("topics.ask", form, title=words.title, body=words.body):
        return _page(site, form, who, 422)
    try:
        done = asking.ask(
            site, actor, words, _asked_from(site, form), typed_in=typing_time.seconds()
        )
    except gate.RefusedError as refused:
        pacing.say(form, refused)
        return _page(site, form, who, 422)
    consents.agree(actor, who.texts, "question", request.remote_addr)
    pacing.count(actor, "ask")
    return _done(site, done)


def _joined(site: Site, form: AskHere, who: Asking) -> ResponseReturnValue:
    """Likewise of a customer of the bank's who writes here for the first time."""
    category, bearer = form.category, who.bearer
    if category is None or bearer is None:
        raise TypeError(form)
    words = form.said(form.kind.data, category)
    joining = asking.Joining(bearer, form.said_name, who.texts, request.remote_addr)
    try:
        person, done = asking.join_and_ask(
            site, joining, words, _asked_from(site, form), typed_in=typing_time.seconds()
        )
    except identities.AccountKnownError:
        # Somebody has an account with their address. That it is them, a letter shows.
        return _written_to(site, form, bearer.email)
    except gate.RefusedError as refused:
        pacing.say(form, refused)
        return _page(site, form, who, 422)
    pacing.count(person, "ask")
    response = make_response(_done(site, done))
    response.headers[bearers.HEADER] = bearers.sealed(replace(bearer, person_id=person.id))
    return response


def _mailed(site: Site, form: AskHere, who: Asking) -> ResponseReturnValue:
    """Kept until the address is proved; the same follows whatever address it is."""
    texts = {"title": form.title.data or "", "body": form.body.data or ""}
    if not pacing.is_unchallenged("widget.ask", form, **texts):
        return _page(site, form, who, 422)
    if (pause := limits.wait(paces.LETTERS)) > 0:
        words = _("Your text is safe. Too many letters at once: send it again in %(time)s.",
                  time=pacing.in_words(pause))  # fmt: skip
        form.form_errors.append(words)
        return pacing.later(_page(site, form, who), pause)
    limits.spend(CROWD, limits.neighbourhood())
    return _written_to(site, form, form.email.data or "")


def _written_to(site: Site, form: AskHere, email: str) -> ResponseReturnValue:
    if paces.may_be_written_to(email, paces.QUESTIONS):
        asking.send_link(site, email, form.fields, _asked_from(site, form), locale_code())
    category = form.category
    if category is None:
        raise TypeError(form)
    telling.write_down(None)
    asks = form.kind.data != "praise"
    return render_template(
        "widget/sent.html",
        site=site,
        address=email,
        title=form.title.data,
        today=answers_today(category),
        due_at=foretold(category.id, clock.now()) if asks else None,
        folder=_letters_folder(),
    )


def _done(site: Site, done: Topic | Held) -> str:
    """What the bank promises for it."""
    telling.write_down(current_actor().id)
    if isinstance(done, gate.Held):
        text = moderation.text(done.number)
        return render_template(
            "widget/asked.html",
            site=site,
            text=text,
            today=answers_today(text.category) if text is not None else None,
        )
    return render_template(
        "widget/asked.html",
        site=site,
        topic=done,
        said=thanks.said_of(done.kind),
        stands=standing(done),
        today=answers_today(done.category),
        asker=done.asker,
    )


def _page(site: Site, form: AskHere, who: Asking, status: int = 200) -> ResponseReturnValue:
    page = _host(site)
    shown = render_template(
        "widget/ask.html",
        site=site,
        form=form,
        who=who,
        page=page,
        people={i: a.person for i, a in answers_in(form.categories.values()).items()},
    )
    return shown, status


def _guess(site: Site, words: str) -> Category | None:
    return sites.category_for(site, host_page().address, words)


def _host(site: Site) -> From:
    page = host_page()
    return asking.taken(site, page.address, page.title, page.context)


def _asked_from(site: Site, form: AskHere) -> From:
    """What is kept of the page: nothing, when the asker left it out."""
    return From() if form.leave_out.data else _host(site)


def _pause(words: Words) -> int:
    """How long somebody new waits; not for the same form sent twice, which publishes no more."""
    actor = current_actor()
    asked = topics.asked_since(actor, clock.now() - SENT_TWICE)
    if asked is not None and (asked.title, asked.body) == (words.title, words.body):
        return 0
    return pacing.wait(actor, "ask")


def _name_of(bearer: Bearer | None) -> str:
    """What the bank calls them, where one may be called that here."""
    if bearer is None:
        return ""
    try:
        accounts.check_name(bearer.name, brand().name)
    except accounts.NameTakenError:
        return ""
    return bearer.name


def _letters_folder() -> str | None:
    """Without a mail server letters are files: whoever tries Otklik out should find theirs."""
    return None if current_app.config["MAIL_URL"] else current_app.config["MAIL_PATH"]
