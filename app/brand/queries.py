"""Reading the brand."""

from urllib.parse import urlsplit

from sqlalchemy import select

from app.brand.models import Brand
from app.core import allowed
from app.core.db import session

_NUMBER = "brand.number"
_FIRST = select(Brand).order_by(Brand.id).limit(1)


def brand() -> Brand:
    """The bank's brand; a plain default, unsaved, before the first start has made one.

    Read once in a transaction, however many ask: the row is known by its number from then on.
    """
    known = session.info.get(_NUMBER)
    found = session.get(Brand, known) if known is not None else None
    if found is None:
        found = session.scalar(_FIRST)
        session.info[_NUMBER] = found.id if found is not None else None
    if found is not None:
        allowed.know(found.own_numbers)
    return found or plain()


def brand_apart() -> Brand:
    """The same, outside of the session: to be kept for other requests, and changed by nobody."""
    found = brand()
    if found in session:
        logo = found.logo
        session.expunge(found)
        if logo is not None:
            session.expunge(logo)
    return found


def own_numbers() -> list[str]:
    """What the bank says of itself in public: phones, addresses, requisites."""
    return brand().own_numbers


def trusted_hosts() -> list[str]:
    """Hosts to which links lead without a page that warns: those listed, and of the footer."""
    kept = brand()
    linked = [urlsplit(link["url"]).hostname or "" for link in kept.footer_links]
    return [*kept.outside_hosts, *filter(None, linked)]


def plain() -> Brand:
    """A brand for when there is none: before the first start, or with the database away."""
    return Brand(
        name="Otklik",
        tagline="",
        welcome={},
        colour="#1f5f5b",
        footer_links=[],
        languages=["ru", "uk", "en"],
        locale="ru",
        timezone="Europe/Moscow",
        mail_name="",
        mail_address="otklik@localhost",
        reserved_names=[],
        outside_hosts=[],
        own_numbers=[],
    )
