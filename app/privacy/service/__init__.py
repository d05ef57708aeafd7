"""What people and administrators do with personal data; a module is one subject."""

from app.privacy.service.erasing import cancel, erase, order_erasure, reapply, request_erasure
from app.privacy.service.exporting import TooSoonError, ask_export, drop_file, drop_old, make
from app.privacy.service.holding import lift, place
from app.privacy.service.keeping import choose_periods

__all__ = [
    "TooSoonError",
    "ask_export",
    "cancel",
    "choose_periods",
    "drop_file",
    "drop_old",
    "erase",
    "lift",
    "make",
    "order_erasure",
    "place",
    "reapply",
    "request_erasure",
]
