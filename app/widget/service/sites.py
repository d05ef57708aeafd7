"""Sites that carry the widget: which they are, and what their pages are about."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from app.core import addresses, clock
from app.core.db import session
from app.core.events import record
from app.topics import queries as topics
from app.widget.events import WidgetSiteChanged
from app.widget.models import Origin, Place, Site
from app.widget.pages import is_below, path_of

if TYPE_CHECKING:
    from app.accounts.models import Person
    from app.topics.models import Category

# So much stands in every answer of the frame: `frame-ancestors` names them all.
ORIGINS: Final = 20
PLACES: Final = 40


@dataclass(frozen=True)
class Said:
    """What staff say of a site. `places` are prefixes of paths with their categories' ids."""

    name: str
    origins: tuple[str, ...]
    issuer: str = ""
    category_id: int | None = None
    places: tuple[tuple[str, int], ...] = field(default=())


def register(by: Person, said: Said) -> Site:
    """Let a site carry the widget; its pages name the key that is made here."""
    site = Site(key=secrets.token_urlsafe(16), name=said.name)
    session.add(site)
    _write(site, said)
    session.flush()
    record(WidgetSiteChanged(site.id, "registered"), by=by.id)
    return site


def change(by: Person, site: Site, said: Said) -> bool:
    """Write down what is so now; whether it was otherwise before."""
    if said == told(site):
        return False
    _write(site, said)
    session.flush()
    record(WidgetSiteChanged(site.id, "changed"), by=by.id)
    return True


def disable(by: Person, site: Site) -> None:
    """Its pages show no widget from now on."""
    if site.disabled_at is None:
        site.disabled_at = clock.now()
        record(WidgetSiteChanged(site.id, "disabled"), by=by.id)


def enable(by: Person, site: Site) -> None:
    """Its pages show it again."""
    if site.disabled_at is not None:
        site.disabled_at = None
        record(WidgetSiteChanged(site.id, "enabled"), by=by.id)


def told(site: Site) -> Said:
    """What stands about a site."""
    return Said(
        site.name,
        tuple(sorted(each.origin for each in site.origins)),
        site.issuer,
        site.category_id,
        tuple(sorted((each.prefix, each.category_id) for each in site.places)),
    )


def category_for(site: Site, page: str, words: str = "") -> Category | None:
    """Where a question goes: what its page is about, else its words, else where this site's go.

    `page` is an address or a path; of places that hold it, the closest one says.
    """
    open_ones = {category.id: category for category in topics.categories()}
    holding = [p for p in site.places if p.category_id in open_ones and is_below(page, p.prefix)]
    if holding:
        return open_ones[max(holding, key=lambda place: len(path_of(place.prefix))).category_id]
    return topics.category_for(words, open_ones.values()) or open_ones.get(site.category_id or 0)


def framers(site: Site, *, by_ourselves: bool = False) -> list[str]:
    """Who may frame the widget: the site's origins; `by_ourselves`: a page of ours asks for it.

    The page that builds the snippet shows the widget so. It is of the same origin as the frame, so
    nothing is let in that could not do the same without it.
    """
    listed = [each.origin for each in site.origins]
    return [*listed, addresses.origin()] if by_ourselves else listed


def _write(site: Site, said: Said) -> None:
    site.name, site.issuer, site.category_id = said.name, said.issuer, said.category_id
    # Rows that stay are kept: one with the same unique words could not be put in before it is gone.
    there = {each.origin: each for each in site.origins}
    site.origins = [there.get(o) or Origin(origin=o) for o in said.origins]
    places = {each.prefix: each for each in site.places}
    site.places = [places.get(p) or Place(prefix=p) for p, _category_id in said.places]
    for place, (_prefix, category_id) in zip(site.places, said.places, strict=True):
        place.category_id = category_id
