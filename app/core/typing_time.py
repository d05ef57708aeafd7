"""How long a form lay open before it was sent.

    <form method="post">{{ opened() }} …          # in the template
    seconds = typing_time.seconds()               # in the view that takes the form

The instant is signed, so nobody can date it back. A page that comes back with an error keeps the
first one; a text restored from a draft was written at leisure and is not measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import request
from markupsafe import Markup

from app.core import clock, pagecache, signing

if TYPE_CHECKING:
    from flask import Flask

FIELD: Final = "opened"
LONGEST: Final = 7 * 24 * 3600


def init(app: Flask) -> None:
    """Let forms say when they were opened."""
    app.jinja_env.globals.update(opened=opened)


def opened(*, restored: bool = False) -> Markup:
    """The hidden field that says so.

    A page that is kept for everybody was opened at no instant, and needs none: what a guest writes
    there becomes a draft, and is measured no more than any other.
    """
    if restored or pagecache.is_at_hand():
        return Markup("")
    kept = request.form.get(FIELD, "") if request.method == "POST" else ""
    stamp = kept if _instant(kept) is not None else _stamp(int(clock.now().timestamp() * 1000))
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, stamp)


def seconds() -> float | None:
    """For how long it was open; None when that cannot be told."""
    instant = _instant(request.form.get(FIELD, ""))
    if instant is None:
        return None
    span = clock.now().timestamp() - instant / 1000
    return span if 0 <= span <= LONGEST else None


def _stamp(instant: int) -> str:
    return f"{instant}-{signing.sign('opened', instant)}"


def _instant(stamp: str) -> int | None:
    instant, _dash, signature = stamp.partition("-")
    if not instant.isdecimal() or len(instant) > len("1700000000000") + 2:
        return None
    return int(instant) if signing.is_signed(signature, "opened", int(instant)) else None
