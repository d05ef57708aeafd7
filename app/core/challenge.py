"""The challenge of our own: a minute's patience of a machine, or one plain question to a person.

    if not challenge.is_met("topics.ask", texts=form.texts):
        return page(form), 422              # the page says {{ challenge_box() }} inside its form

Nobody is asked unless a rule says so (`@rule("topics.ask")`), nobody else is asked anything, and
nothing is loaded from elsewhere. With JavaScript the browser counts by itself for about a second;
without it, or if one likes that better, a question is answered. Both are equal. A challenge is
signed, holds for an hour, opens one door once, and takes three tries.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from flask import g, render_template, request
from markupsafe import Markup
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, pagecache, questions, signing
from app.core.db import Model, add_once, session
from app.core.i18n import _, locale_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

LIFETIME: Final = timedelta(hours=1)
MOST_TRIES: Final = 3
# Eight small puzzles take as long as a large one, vary less, and show how far it is. Together
# about 131,000 hashes: a second on a phone, a tenth of one here to check none but eight of them.
PUZZLES: Final = 8
BITS: Final = 14
LONGEST_NUMBER: Final = 12

_rules: dict[str, list[Callable[..., bool]]] = defaultdict(list)


class SpentChallenge(Model):
    """A challenge somebody has tried; what was never tried leaves nothing."""

    __tablename__ = "challenges"

    nonce: Mapped[str] = mapped_column(String(32), primary_key=True)
    tries: Mapped[int] = mapped_column(default=0)
    spent_at: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Challenge:
    """What is asked: `token` carries it there and back; `error` says what was wrong last time."""

    token: str
    nonce: str
    question: questions.Question
    expires_at: datetime
    error: str = ""

    puzzles = PUZZLES
    bits = BITS


def init(app: Flask) -> None:
    """Let pages show what is asked."""
    app.jinja_env.globals.update(challenge_box=box)


def rule(*purposes: str) -> Callable[[Callable[..., bool]], Callable[..., bool]]:
    """Let the decorated function say when to ask; it gets what the view knows, by name."""

    def register(asks: Callable[..., bool]) -> Callable[..., bool]:
        for purpose in purposes:
            _rules[purpose].append(asks)
        return asks

    return register


def is_asked(purpose: str, **about: Any) -> bool:
    """Whether any rule asks for it here and now."""
    return any(asks(**about) for asks in _rules[purpose])


def is_met(purpose: str, **about: Any) -> bool:
    """Whether nothing is asked, or what is asked was done; else the page has something to show."""
    if not is_asked(purpose, **about):
        return True
    g.challenge = _unmet(purpose)
    return g.challenge is None


def offer(purpose: str, **about: Any) -> None:
    """On a page not yet sent: show it at once when it would be asked for anyway."""
    if is_asked(purpose, **about):
        g.challenge = _new(purpose)


def box() -> Markup:
    """What this page asks, inside its form; nothing when it asks nothing."""
    asked: Challenge | None = g.get("challenge")
    if asked is None:
        return Markup("")
    return Markup(render_template("ui/challenge.html", challenge=asked))  # noqa: S704 (our template)


def is_done(nonce: str, work: str) -> bool:
    """Whether `work` solves every puzzle of this nonce: numbers apart by commas."""
    numbers = work.split(",")
    if len(numbers) != PUZZLES or any(len(n) > LONGEST_NUMBER for n in numbers):
        return False
    return all(_is_solved(f"{nonce}:{i}:{n}") for i, n in enumerate(numbers))


def _is_solved(text: str) -> bool:
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:4], "big") >> (32 - BITS) == 0


def _unmet(purpose: str) -> Challenge | None:
    """What is still to be done; None when the request brought it."""
    given = request.form.get("challenge", "")
    if not given:
        return _new(purpose)
    asked = _read(purpose, given)
    if asked is None:
        return _new(purpose, _("That took too long. Here is a new one."))
    row = _tried(asked)
    if row.spent_at is not None or row.tries >= MOST_TRIES:
        return _new(purpose, _("That one is used up. Here is a new one."))
    return _answered(purpose, asked, row)


def _answered(purpose: str, asked: Challenge, row: SpentChallenge) -> Challenge | None:
    answer = questions.folded(request.form.get("challenge_answer", "")[: questions.LONGEST])
    if is_done(asked.nonce, request.form.get("challenge_work", "")) or (
        answer in asked.question.answers
    ):
        row.spent_at = clock.now()
        session.flush()
        return None
    row.tries += 1
    session.flush()
    if not answer:
        return replace(asked, error=_("Please answer the question."))
    if row.tries >= MOST_TRIES:
        return _new(purpose, _("That was not it. Try another question."))
    return replace(asked, error=_("That was not it. Please try again."))


def _tried(asked: Challenge) -> SpentChallenge:
    """Its row, ours until commit: one challenge cannot open two doors at once."""
    add_once(SpentChallenge(nonce=asked.nonce, tries=0, expires_at=asked.expires_at))
    query = select(SpentChallenge).where(SpentChallenge.nonce == asked.nonce).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _new(purpose: str, error: str = "") -> Challenge:
    pagecache.never()
    locale = locale_code()
    known = questions.questions(locale)
    number = secrets.randbelow(len(known))
    nonce, issued = secrets.token_hex(16), int(clock.now().timestamp())
    signature = _signature(purpose, nonce, issued, locale, known[number])
    token = f"{nonce}.{issued}.{locale}.{number}.{signature}"
    return Challenge(token, nonce, known[number], _expiry(issued), error)


def _read(purpose: str, token: str) -> Challenge | None:
    """What a token of ours asks; None for any other, for an old one, and when questions changed."""
    try:
        nonce, issued, locale, number, signature = token.split(".")
        question = questions.questions(locale[:5])[int(number)]
        expires_at = _expiry(int(issued))
    except (ValueError, IndexError, OverflowError, OSError):
        return None
    if not signing.is_signed(
        signature, "challenge", purpose, nonce, issued, locale, question.words
    ):
        return None
    return Challenge(token, nonce, question, expires_at) if clock.now() < expires_at else None


def _signature(
    purpose: str, nonce: str, issued: int, locale: str, question: questions.Question
) -> str:
    return signing.sign("challenge", purpose, nonce, issued, locale, question.words)


def _expiry(issued: int) -> datetime:
    return datetime.fromtimestamp(issued, UTC) + LIFETIME
