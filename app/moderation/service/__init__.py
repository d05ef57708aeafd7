"""What may be done to a topic beside answering it. Every verb is recorded, with its reason."""

from app.moderation.service.acting import AlreadySoError, OthersWaitHereError, SecondPersonError
from app.moderation.service.appealing import AppealedError, appeal_act, appeal_text, decide
from app.moderation.service.keeping import check_may_write, look, may_say, note
from app.moderation.service.merging import CannotMergeError, merge, needs_answer, unmerge, why_not
from app.moderation.service.placing import close, move, pin, unlock, unpin
from app.moderation.service.reading import (
    RETURNED_FOR,
    WAITS_LONG,
    ChangedError,
    HandledError,
    NowhereError,
    approve,
    give_back,
    nowhere,
    send_again,
    take_back,
    tell_what_waits_long,
    vouch,
)
from app.moderation.service.removing import (
    hide,
    hide_post,
    mark_spam,
    restore,
    restore_post,
    unmark_spam,
)
from app.moderation.service.restraining import NotTheirsError, lift, restrain, token_of
from app.moderation.service.splitting import can_split, split
from app.moderation.service.withdrawing import reinstate, withdraw

__all__ = [
    "RETURNED_FOR",
    "WAITS_LONG",
    "AlreadySoError",
    "AppealedError",
    "CannotMergeError",
    "ChangedError",
    "HandledError",
    "NotTheirsError",
    "NowhereError",
    "OthersWaitHereError",
    "SecondPersonError",
    "appeal_act",
    "appeal_text",
    "approve",
    "can_split",
    "check_may_write",
    "close",
    "decide",
    "give_back",
    "hide",
    "hide_post",
    "lift",
    "look",
    "mark_spam",
    "may_say",
    "merge",
    "move",
    "needs_answer",
    "note",
    "nowhere",
    "pin",
    "reinstate",
    "restore",
    "restore_post",
    "restrain",
    "send_again",
    "split",
    "take_back",
    "tell_what_waits_long",
    "token_of",
    "unlock",
    "unmark_spam",
    "unmerge",
    "unpin",
    "vouch",
    "why_not",
    "withdraw",
]
