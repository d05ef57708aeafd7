"""The guest's key, where people are looked for; it lies in `core` because `media` needs it too."""

from app.core.guests import guest_hash, make_guest

__all__ = ["guest_hash", "make_guest"]
