"""Second factors: passkeys, an app with codes, and the codes on paper for when both are lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from app.accounts import codes, passkeys, service
from app.accounts.events import (
    CodeAppAdded,
    CodeAppRemoved,
    CodesGuessed,
    PasskeyAdded,
    PasskeyRemoved,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    SecondFactorsReset,
    SignInFailed,
)
from app.accounts.models import CodeApp, Guesses, Passkey, Person, RecoveryCode
from app.core import clock, signing
from app.core.db import add_once, session
from app.core.events import record
from app.core.sealing import BrokenSealError, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

# After so many wrong codes in a row none is heard for a while; the while doubles up to the longest.
TRIES = 5
PAUSE, LONGEST_PAUSE = timedelta(minutes=15), timedelta(hours=4)
# Nobody has more devices than this; a list without end is not one.
MOST_PASSKEYS = 20
REASONS = ("lost", "stolen", "broken", "replaced")


class WrongCodeError(ValueError):
    """Not a code of theirs, or one that was used."""


class TooManyCodesError(ValueError):
    """Nothing is heard until `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


class LastFactorError(ValueError):
    """Who works for the bank keeps at least one."""


class KnownKeyError(ValueError):
    """This device is registered already, or there are too many."""


@dataclass(frozen=True)
class Factors:
    """What somebody has beside a password."""

    passkeys: Sequence[Passkey]
    app: CodeApp | None
    recovery_left: int

    def __bool__(self) -> bool:
        """Codes on paper stand in for a factor; alone they are none."""
        return bool(self.passkeys) or self.app is not None


def of(person: Person) -> Factors:
    """Everything a person may prove themselves with."""
    left = select(func.count()).select_from(RecoveryCode)
    left = left.where(RecoveryCode.person_id == person.id, RecoveryCode.used_at.is_(None))
    keys = select(Passkey).where(Passkey.person_id == person.id).order_by(Passkey.id)
    return Factors(
        session.scalars(keys).unique().all(),
        session.get(CodeApp, person.id),
        session.scalar(left) or 0,
    )


def add_passkey(person: Person, key: passkeys.Key, name: str) -> Passkey:
    """Let this key in from now on; raises KnownKeyError."""
    _hold(person)
    if len(of(person).passkeys) >= MOST_PASSKEYS:
        raise KnownKeyError
    made = Passkey(
        person_id=person.id,
        name=name,
        credential_id=key.credential_id,
        public_key=key.public_key,
        sign_count=key.sign_count,
        transports=key.transports,
    )
    if not add_once(made):
        raise KnownKeyError
    record(PasskeyAdded(person.id, made.id), by=person.id)
    return made


def remove_passkey(person: Person, passkey_id: int, *, one_must_stay: bool) -> None:
    """Forget a key of theirs; raises LastFactorError."""
    _hold(person)
    found = of(person)
    mine = [key for key in found.passkeys if key.id == passkey_id]
    if not mine:
        return
    _keep_one(found, one_must_stay=one_must_stay)
    session.delete(mine[0])
    session.flush()
    _tidy(person)
    record(PasskeyRemoved(person.id, passkey_id), by=person.id)


def use_passkey(answer: str, challenge: str, person: Person | None = None) -> Passkey:
    """The key that answered, of `person` when one is named; raises RefusedKeyError."""
    found = None
    try:
        found = _named(passkeys.named_in(answer), person)
        found.sign_count = passkeys.proved(answer, challenge, found)
    except passkeys.RefusedKeyError:
        whose = person or (found.person if found else None)
        record(SignInFailed(whose.id if whose else None, "passkey"))
        raise
    found.used_at = clock.now()
    return found


def _named(credential_id: str, person: Person | None) -> Passkey:
    query = select(Passkey).where(Passkey.credential_id == credential_id)
    found = session.scalars(query.with_for_update(of=Passkey)).one_or_none()
    if found is None or (person is not None and found.person_id != person.id):
        raise passkeys.RefusedKeyError
    return found


def sealed(person: Person, secret: str) -> str:
    """The app's secret as it may lie in a row."""
    return seal("code app", person.id, secret)


def opened(person: Person, sealed_secret: str) -> str:
    """The app's secret; raises BrokenSealError when SECRET_KEY is another one now."""
    return unseal("code app", person.id, sealed_secret)


def add_app(person: Person, secret: str, code: str) -> None:
    """Take codes of this secret from now on, once its app has shown one; raises WrongCodeError."""
    _hold(person)
    step = codes.step_of(secret, code, clock.now())
    if step is None:
        raise WrongCodeError
    session.execute(delete(CodeApp).where(CodeApp.person_id == person.id))
    session.expire_all()
    session.add(CodeApp(person_id=person.id, secret=sealed(person, secret), last_step=step))
    record(CodeAppAdded(person.id), by=person.id)


def remove_app(person: Person, *, one_must_stay: bool) -> None:
    """The app's codes open nothing any more; raises LastFactorError."""
    _hold(person)
    found = of(person)
    if found.app is None:
        return
    _keep_one(found, one_must_stay=one_must_stay)
    session.delete(found.app)
    session.flush()
    _tidy(person)
    record(CodeAppRemoved(person.id), by=person.id)


def new_recovery_codes(person: Person) -> list[str]:
    """Ten codes to be shown once; the former open nothing any more."""
    _hold(person)
    mine = RecoveryCode.person_id == person.id
    first = session.scalar(select(RecoveryCode.id).where(mine).limit(1)) is None
    session.execute(delete(RecoveryCode).where(mine))
    made = codes.new_recovery_codes()
    session.add_all(
        RecoveryCode(person_id=person.id, code_hash=_kept(person, code)) for code in made
    )
    record(RecoveryCodesMade(person.id, first=first), by=person.id)
    return made


def use_code(person: Person, code: str) -> str:
    """Take a code, once: "app" or "recovery", whichever it was of.

    Raises TooManyCodesError, or WrongCodeError and counts it. Those who guess queue: the row is
    locked, so that fifty at once are still five.
    """
    _hold(person)
    guesses = _guesses(person)
    if guesses.until is not None and guesses.until > clock.now():
        raise TooManyCodesError(guesses.until)
    of_what = _take(person, code)
    if of_what is None:
        _count_wrong(person, guesses)
        raise WrongCodeError
    guesses.wrong, guesses.until = 0, None
    session.flush()
    return of_what


def reset(administrator: Person, person: Person, reason: str) -> None:
    """Take away all second factors of somebody who lost them, and end their sessions."""
    if reason not in REASONS:
        raise ValueError(reason)
    _hold(person)
    for kind in (Passkey, CodeApp, RecoveryCode, Guesses):
        session.execute(delete(kind).where(kind.person_id == person.id))
    session.expire_all()
    service.sign_out_everywhere(person)
    record(SecondFactorsReset(person.id, reason), by=administrator.id)


def _take(person: Person, code: str) -> str | None:
    if codes.looks_like_an_apps(code):
        return "app" if _take_apps(person, code) else None
    used = update(RecoveryCode).where(
        RecoveryCode.person_id == person.id,
        RecoveryCode.code_hash == _kept(person, code),
        RecoveryCode.used_at.is_(None),
    )
    taken = session.execute(used.values(used_at=clock.now()).returning(RecoveryCode.id)).all()
    if not taken:
        return None
    record(RecoveryCodeUsed(person.id, of(person).recovery_left), by=person.id)
    return "recovery"


def _take_apps(person: Person, code: str) -> bool:
    app = session.get(CodeApp, person.id, populate_existing=True)
    if app is None:
        return False
    try:
        step = codes.step_of(opened(person, app.secret), code, clock.now())
    except BrokenSealError:
        return False
    if step is None or step <= app.last_step:
        return False
    app.last_step, app.used_at = step, clock.now()
    return True


def _count_wrong(person: Person, guesses: Guesses) -> None:
    guesses.wrong += 1
    record(SignInFailed(person.id, "code"))
    if guesses.wrong % TRIES == 0:
        doubled = PAUSE * 2 ** min(guesses.wrong // TRIES - 1, 8)
        guesses.until = clock.now() + min(doubled, LONGEST_PAUSE)
        record(CodesGuessed(person.id))
    session.flush()


def _guesses(person: Person) -> Guesses:
    found = session.get(Guesses, person.id, populate_existing=True)
    if found is None:
        found = Guesses(person_id=person.id, wrong=0)
        session.add(found)
        session.flush()
    return found


def _kept(person: Person, code: str) -> str:
    """A keyed hash: without the secret a copy of the table cannot be searched for codes."""
    return signing.sign("recovery code", person.id, codes.folded(code))


def _keep_one(found: Factors, *, one_must_stay: bool) -> None:
    if one_must_stay and len(found.passkeys) + (found.app is not None) == 1:
        raise LastFactorError


def _tidy(person: Person) -> None:
    """Codes on paper go with the last factor: they stand in for one."""
    if not of(person):
        session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))


def _hold(person: Person) -> None:
    """What is done to one person's factors goes in turn."""
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update())
