"""Putting the house together: the only module that knows every slice."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flask import Flask, g, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix

import config
from app import commands
from app.accounts import sessions
from app.accounts import views as accounts
from app.accounts.outside import providers
from app.brand import views as brand
from app.brand.queries import brand as the_brand
from app.brand.queries import brand_apart, own_numbers, plain, trusted_hosts
from app.core import (
    addresses,
    allowed,
    catalogue,
    challenge,
    checkpoints,
    compiled,
    cookies,
    db,
    direction,
    errors,
    files,
    framing,
    headers,
    i18n,
    jinja,
    jobs,
    leaving,
    limits,
    logs,
    mail,
    metrics,
    pagecache,
    panels,
    policy,
    presence,
    sealing,
    signing,
    tallies,
    telling,
    typing_time,
    web,
)
from app.core.pagecache import pieces
from app.core.pagecache.asking import Offered
from app.core.web import current_actor
from app.ideas import views as ideas
from app.insight import views as insight
from app.media import views as media
from app.moderation import views as moderation
from app.notify import views as notify
from app.privacy import ledger
from app.privacy import views as privacy
from app.search import shelf
from app.search import views as search
from app.sla import views as sla
from app.topics import views as topics
from app.widget import views as widget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.brand.models import Brand

DOORS = (
    media,
    brand,
    accounts,
    privacy,
    topics,
    moderation,
    ideas,
    search,
    sla,
    notify,
    widget,
    insight,
)
# Imported for what they register: tables, reactions to events, the worker's sweeps.
REGISTERED = (
    "core.chain",
    "core.deliveries",
    "core.heartbeat",
    "core.retention",
    "core.upkeep",
    "core.verifying",
    "media.reactions",
    "media.personal",
    "brand.policy",
    "brand.personal",
    "accounts.policy",
    "accounts.personal",
    "privacy.policy",
    "privacy.personal",
    "privacy.reactions",
    "topics.personal",
    "topics.counted",
    "ideas.policy",
    "ideas.personal",
    "moderation.personal",
    "sla.personal",
    "search.personal",
    "notify.personal",
    "widget.personal",
    "insight.personal",
    "insight.counted",
    "moderation.policy",
    "sla.policy",
    "ideas.models",
    "moderation.models",
    "notify.models",
    "topics.reactions",
    "moderation.reactions",
    "sla.reactions",
    "search.reactions",
    "notify.reactions",
    "widget.reactions",
    "insight.reactions",
)

for _room in REGISTERED:
    import_module(f"app.{_room}")


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """The application. `settings`, when given, stand in for what `config.load` reads."""
    app = Flask("app", template_folder="../templates", static_folder="../static")
    app.config.update(config.load() if settings is None else settings)
    jinja.init(app)
    _init_core(app)
    if app.config["TRUSTED_PROXIES"]:
        # Before all of ours: whoever stands there must know who asks, and by which address.
        hops = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops, hops)  # type: ignore[method-assign]
    for views in DOORS:
        app.register_blueprint(views.door)
    if app.config["DEVELOPMENT"]:
        app.register_blueprint(catalogue.door)
    commands.init(app)
    presence.init(app)
    app.context_processor(_what_every_page_shows)
    return app


def _init_core(app: Flask) -> None:
    # First: what happens before a request is told of it, what happens after it too.
    logs.init(app)
    metrics.init(app)
    signing.init(app.config["SECRET_KEY"])
    sealing.init(app.config["SECRET_KEY"])
    addresses.init(app.config["PUBLIC_URL"])
    mail.init(app.config)
    jobs.init(app.config)
    checkpoints.init(app.config)
    limits.init(app.config)
    # Tests write by hand: a thread would write into their transactions.
    tallies.init(None if app.testing else app.app_context)
    files.init(app.config)
    ledger.init(app.config)
    shelf.init(app.config)
    db.init(app)
    compiled.init(app)
    errors.init(app)
    headers.init(app)
    framing.init(app)
    challenge.init(app)
    typing_time.init(app)
    web.init(app)
    # Before those two, which have nothing to do for a page that is kept.
    pagecache.init(app, offered=_offered)
    telling.init(app)
    allowed.init(own_numbers)
    sessions.init(app)
    providers.init(app.config)
    leaving.init(app, trusted=trusted_hosts)
    direction.init(app)
    i18n.init(app, locale=_reader_locale, zone=_reader_zone)
    app.jinja_env.globals.update(panels=panels.panels, can=_reader_can)


def _reader_can(permission: str, thing: object = None) -> bool:
    """Whether whoever reads this page may: templates hide what would be refused."""
    return policy.can(current_actor(), permission, thing)


def _brand() -> Brand:
    found: Brand | None = g.get("brand")
    if found is None:
        try:
            found = pieces.keep_for_all("brand", make=brand_apart)
            allowed.know(found.own_numbers)
        except SQLAlchemyError:
            # What is made with it is not for everybody.
            pagecache.never()
            found = plain()
        g.brand = found
    return found


def _reader_locale() -> str:
    """The language the reader chose, else the one their browser asks for, of those offered."""
    offered = _offered_locales()
    for chosen in (framing.language(), cookies.given("lang"), current_actor().locale):
        if chosen in offered:
            return str(chosen)
    return request.accept_languages.best_match(offered) or _brand().locale


def _offered() -> Offered:
    """Raises while the database is away: pages are not filed under a guess."""
    g.brand = the_brand()
    return Offered(tuple(_offered_locales()), _brand().locale)


def _offered_locales() -> list[str]:
    return [code for code in _brand().languages if i18n.is_locale(code)]


def _reader_zone() -> str:
    zone: str | None = current_actor().timezone
    return zone if zone and i18n.is_zone(zone) else _brand().timezone


def _what_every_page_shows() -> dict[str, Any]:
    if "brand_css_url" not in g:
        g.brand_css_url = brand.css_url(_brand())
    return {
        "brand": _brand(),
        "brand_css_url": g.brand_css_url,
        "actor": current_actor(),
        "locale": i18n.locale_code(),
        "locales": _offered_locales(),
    }
