"""Reading the brand."""

from sqlalchemy import select

from app.brand.models import Brand
from app.core.db import session


def brand() -> Brand:
    """The bank's brand; a plain default, unsaved, before the first start has made one."""
    return session.scalar(select(Brand).order_by(Brand.id).limit(1)) or plain()


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
    )
