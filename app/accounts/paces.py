"""How fast anybody may try to get in, and have letters sent (the counting is core/limits.py's).

Nobody is ever locked out: from one household an account waits longer and longer, from another one
its owner comes in at once; a mailed link and a passkey are never counted with the passwords.
"""

from __future__ import annotations

from app.core import challenge, limits, signing
from app.core.limits import Limit, Pace

MINUTE, HOUR, DAY = 60, 3600, 86_400

# One household at one account: five tries, then a wait that grows.
AT_ONE_ACCOUNT = (
    Pace("sign-in", 5, 15 * MINUTE),
    Pace("sign-in-hour", 10, HOUR),
    Pace("sign-in-day", 20, DAY),
)
# One household that fails at many accounts.
FROM_ONE_PLACE = (Pace("sign-in-place", 30, HOUR),)
# Many households at one account. Where its owner came in lately is not one of them.
FROM_EVERYWHERE = (Pace("sign-in-account", 100, HOUR),)
WELCOME = (Pace("sign-in-welcome", 1, 30 * DAY),)
# Letters to one address, whoever asks for them; more are not sent, and nobody is told.
RESETS = (Pace("reset-hour", 2, HOUR), Pace("reset-day", 5, DAY))
LINKS = (Pace("link-hour", 5, HOUR), Pace("link-day", 10, DAY))
QUESTIONS = (Pace("question-hour", 5, HOUR), Pace("question-day", 10, DAY))
# Letters that one visitor has sent to whomever.
LETTERS = Limit("letters", guests=20, people=20, seconds=HOUR)
SIGN_UPS = Limit("sign-up", guests=5, people=5, seconds=HOUR)
# So many from one neighbourhood, and the next one is asked whether it is a person.
CROWD = (Pace("sign-up-crowd", 6, HOUR),)
# So many wrong passwords from one household, likewise.
FAILURES = (Pace("sign-in-failures", 15, HOUR),)


def before_trying(email: str) -> int:
    """Seconds until a password may be tried; 0: now, and this try is counted."""
    place, account = _place(), _account(email)
    pause = limits.look(FROM_ONE_PLACE, place) or limits.spend(AT_ONE_ACCOUNT, place, account)
    if pause or limits.look(WELCOME, place, account):
        return pause
    return limits.spend(FROM_EVERYWHERE, account)


def after_failing() -> None:
    """It was wrong: this place has one try less."""
    limits.spend(FROM_ONE_PLACE, _place())
    limits.spend(FAILURES, _place())


def after_coming_in(email: str) -> None:
    """They were who they said."""
    place, account = _place(), _account(email)
    limits.free(AT_ONE_ACCOUNT, place, account)
    limits.spend(WELCOME, place, account)


@challenge.rule("accounts.sign_up")
def many_sign_up_here() -> bool:
    """Several accounts were opened around here within the hour."""
    return limits.look(CROWD, limits.neighbourhood()) > 0


@challenge.rule("accounts.sign_in")
def many_fail_here() -> bool:
    """Many passwords from this household were wrong within the hour."""
    return limits.look(FAILURES, _place()) > 0


def after_signing_up() -> None:
    """One more account was asked for from here."""
    limits.spend(CROWD, limits.neighbourhood())


def may_be_written_to(email: str, paces: tuple[Pace, ...]) -> bool:
    """Whether one more letter may go to this address; then it is counted."""
    return limits.spend(paces, _account(email)) == 0


def _place() -> str:
    return limits.visitor() or "somewhere"


def _account(email: str) -> str:
    """What an address is counted as: nothing that could be read in the store of counts."""
    return signing.sign("pace", email.strip().lower())
