"""Pages of accounts."""

from app.core.web import Door

door = Door("accounts", __name__)
