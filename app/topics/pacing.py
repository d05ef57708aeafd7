"""How often a newcomer may write, and how that is said: what was typed stays."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from flask import make_response

from app.core import challenge, clock, limits, typing_time
from app.core.i18n import _, duration, ngettext
from app.core.limits import Pace

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person
    from app.core.forms import Form
    from app.topics.gate import RefusedError

ASK_NEW: Final = Pace("ask-new", 1, 60)
ASK_FIRST_DAY: Final = Pace("ask-first-day", 3, 24 * 3600)
COMMENT_NEW: Final = Pace("comment-new", 1, 15)
# So long somebody is new; the first day they are watched more closely still.
NEW_FOR: Final = timedelta(days=7)
FIRST_DAY: Final = timedelta(days=1)
A_MINUTE: Final = 60


def paces_for(person: Person, act: str) -> tuple[Pace, ...]:
    """What holds for this person and act; colleagues and those who have been here wait for none."""
    age = clock.now() - (person.confirmed_at or person.created_at)
    if person.is_staff or age >= NEW_FOR:
        return ()
    if act == "comment":
        return (COMMENT_NEW,)
    return (ASK_NEW, ASK_FIRST_DAY) if age < FIRST_DAY else (ASK_NEW,)


def wait(person: Person, act: str) -> int:
    """In how many seconds this person may write again; 0: now. Nothing is counted."""
    return limits.look(paces_for(person, act), f"person:{person.id}")


def count(person: Person, act: str) -> None:
    """They wrote."""
    limits.spend(paces_for(person, act), f"person:{person.id}")


def too_soon(form: Form, pause: int) -> None:
    """Say beside the text when it can be sent, and that it is safe until then."""
    form.form_errors.append(
        _("Your text is safe. So soon after another one it waits: send it again in %(time)s.",
          time=in_words(pause))
    )  # fmt: skip


def later(page: ResponseReturnValue, pause: int) -> Response:
    """The page again: 429, with the hour in words and for machines."""
    response = make_response(page)
    response.status_code = 429
    response.headers["Retry-After"] = str(pause)
    return response


def in_words(pause: int) -> str:
    """Seconds, or minutes and hours rounded up: nobody comes a moment early and waits again."""
    if pause < A_MINUTE:
        return ngettext("%(num)d second", "%(num)d seconds", pause)
    return duration(pause + A_MINUTE - 1)


def is_unchallenged(purpose: str, form: Form, **texts: str) -> bool:
    """Whether the signals ask for nothing more; else the page shows what, and the form says so."""
    if challenge.is_met(purpose, texts=texts, typed_in=typing_time.seconds()):
        return True
    form.form_errors.append(_("One more step, at the end of the form. Your text is kept."))
    return False


def say(form: Any, refused: RefusedError) -> None:
    """Why it is refused, beside the field that it is about, else on top of the form."""
    beside = [form[name] for name in refused.fields if name in form]
    for field in beside:
        field.errors = [*field.errors, *refused.words]
    if not beside:
        form.form_errors.extend(refused.words)
