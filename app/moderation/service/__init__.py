"""What may be done to a topic beside answering it. Every verb is recorded, with its reason."""

from app.moderation.service.acting import AlreadySoError, OthersWaitHereError, SecondPersonError
from app.moderation.service.merging import CannotMergeError, merge, needs_answer, unmerge, why_not
from app.moderation.service.placing import close, move, pin, unlock, unpin
from app.moderation.service.removing import (
    hide,
    hide_post,
    mark_spam,
    restore,
    restore_post,
    unmark_spam,
)
from app.moderation.service.withdrawing import reinstate, withdraw

__all__ = [
    "AlreadySoError",
    "CannotMergeError",
    "OthersWaitHereError",
    "SecondPersonError",
    "close",
    "hide",
    "hide_post",
    "mark_spam",
    "merge",
    "move",
    "needs_answer",
    "pin",
    "reinstate",
    "restore",
    "restore_post",
    "unlock",
    "unmark_spam",
    "unmerge",
    "unpin",
    "why_not",
    "withdraw",
]
