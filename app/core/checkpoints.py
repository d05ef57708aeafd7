"""Checkpoints: how far the record had come, signed, and kept where the database is not.

Whoever owns the database can write a chain anew from any entry on, and it will hold. They cannot
make it agree with what was signed before and lies elsewhere: in the instance folder, in another
folder (a disk that is only written to once), in a mailbox of compliance. Machines that share their
files and the key know each other's.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import logging
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.core import clock, files
from app.core.chain import Head
from app.core.db import session
from app.core.digests import canonical, instant
from app.core.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cryptography import exceptions
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric import ed25519
else:
    exceptions = lazily("cryptography.exceptions")
    forms = lazily("cryptography.hazmat.primitives.serialization")
    ed25519 = lazily("cryptography.hazmat.primitives.asymmetric.ed25519")

log = logging.getLogger(__name__)

SHARED = "checkpoints"
_PURPOSE = b"otklik.checkpoint\n"


class UnusableKeyError(RuntimeError):
    """ARCHIVE_KEY names no Ed25519 key that can be read."""


@dataclass(frozen=True)
class Checkpoint:
    """At `time` the record had `count` entries, the last of which was `seq` with this `hash`.

    `lost_after`: the database had been put back from a backup, and what was signed after that entry
    is known to be lost. `key` names the key by its own hash.
    """

    seq: int
    hash: str
    count: int
    time: str
    key: str
    lost_after: int | None = None
    signature: str = ""

    def __str__(self) -> str:
        """As it is kept and mailed."""
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def message(self) -> bytes:
        """What is signed."""
        told = {name: value for name, value in asdict(self).items() if name != "signature"}
        return _PURPOSE + canonical(told)

    @property
    def is_ours(self) -> bool:
        """Whether our key signed exactly this."""
        try:
            signature = base64.b64decode(self.signature, validate=True)
            _key().public_key().verify(signature, self.message)
        except (exceptions.InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class _Places:
    folder: Path
    key: Path
    copies: Path | None
    # One key for all machines was named: else each keeps what it has signed itself.
    has_common_key: bool


_places: _Places | None = None


def init(config: Mapping[str, Any]) -> None:
    """Take the folders and the key from the application's settings."""
    global _places  # noqa: PLW0603 (one place a process, set at start)
    instance = Path(config["INSTANCE_PATH"])
    _places = _Places(
        folder=instance / "checkpoints",
        key=Path(config["ARCHIVE_KEY"] or instance / "archive_key.pem"),
        copies=Path(config["ARCHIVE_COPY"]) if config["ARCHIVE_COPY"] else None,
        has_common_key=bool(config["ARCHIVE_KEY"]),
    )


def public_key() -> str:
    """What anybody needs to check our signatures: PEM."""
    return (
        _key()
        .public_key()
        .public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def path() -> Path:
    """The file that every checkpoint is added to."""
    return _given().folder / "checkpoints.jsonl"


def sign(*, lost_after: int | None = None) -> Checkpoint | None:
    """Sign and keep how far the record has come; None when it has not begun."""
    head = session.execute(select(Head.seq, Head.hash)).first()
    if head is None or not head.seq:
        return None
    now = instant(clock.now())
    plain = Checkpoint(head.seq, head.hash, head.seq, now, key_name(), lost_after)
    signature = base64.b64encode(_key().sign(plain.message)).decode()
    signed = Checkpoint(**{**asdict(plain), "signature": signature})
    _keep(signed)
    return signed


def sign_if_it_grew() -> Checkpoint | None:
    """The same when there is more than was signed last; several workers may ask."""
    last = latest()
    head = session.scalar(select(Head.hash))
    return None if last is not None and last.hash == head else sign()


def kept() -> Iterator[Checkpoint | None]:
    """What was signed, the oldest first; None for a line that cannot be read."""
    if not _is_shared():
        yield from _own()
        return
    try:
        _bring_together()
    except files.OutOfReachError as error:
        log.warning("Only what this machine has signed is known: %s", error)
    found = list(_own())
    yield from (each for each in found if each is None)
    yield from sorted((each for each in found if each is not None), key=lambda each: each.time)


def _own() -> Iterator[Checkpoint | None]:
    try:
        lines = path().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        yield read(line)


def read(line: str) -> Checkpoint | None:
    """A checkpoint as it is kept; None for anything else."""
    try:
        found = Checkpoint(**json.loads(line))
    except (ValueError, TypeError):
        return None
    numbers, words = (found.seq, found.count), (found.hash, found.time, found.key, found.signature)
    if not all(type(n) is int for n in (*numbers, found.lost_after or 0)):
        return None
    return found if all(isinstance(w, str) for w in words) else None


def latest() -> Checkpoint | None:
    """The last one that can be read."""
    return next((each for each in reversed(list(kept())) if each is not None), None)


def key_name() -> str:
    """A short name of our key."""
    raw = _key().public_key().public_bytes(forms.Encoding.Raw, forms.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def _given() -> _Places:
    if _places is None:
        raise RuntimeError("checkpoints.init was not called")
    return _places


def _is_shared() -> bool:
    return _given().has_common_key and files.is_shared()


def _bring_together() -> None:
    """Have this machine's file hold what the others signed, and theirs what this one did."""
    ours = {_name(each): f"{each}\n".encode() for each in _own() if each is not None}
    for line in files.bring_together(SHARED, ours).values():
        _append(line)


def _name(signed: Checkpoint) -> str:
    return f"{signed.seq:012d}-{signed.hash[:12]}-{signed.time[:19].replace(':', '')}.json"


def _append(line: bytes) -> None:
    to = path()
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(to, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        os.write(number, line)
        os.fsync(number)
    finally:
        os.close(number)


def _keep(signed: Checkpoint) -> None:
    line = f"{signed}\n".encode()
    _append(line)
    if _is_shared():
        with suppress(files.OutOfReachError):  # it is brought there when they are read next
            files.file(SHARED, _name(signed)).write(line)
    copies = _given().copies
    if copies is not None:
        copies.mkdir(parents=True, exist_ok=True)
        # A file each, never opened again: so it may be a folder in which nothing can be changed.
        with (copies / _name(signed)).open("wb") as copy:
            copy.write(line)


def _key() -> ed25519.Ed25519PrivateKey:
    where = _given().key
    try:
        pem = where.read_bytes()
    except FileNotFoundError:
        pem = _made(where)
    try:
        found = forms.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise UnusableKeyError(f"{where}: {error}") from None
    if not isinstance(found, ed25519.Ed25519PrivateKey):
        raise UnusableKeyError(f"{where} is no Ed25519 key")
    return found


def _made(where: Path) -> bytes:
    """A key of our own, which nobody else may read; of two who make one at once the first wins."""
    where.parent.mkdir(parents=True, exist_ok=True)
    made = ed25519.Ed25519PrivateKey.generate()
    pem = made.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    part = where.with_name(f".{where.name}.{os.getpid()}")
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, "wb") as file:
        file.write(pem)
    try:
        os.link(part, where)
    except FileExistsError:
        pass
    finally:
        part.unlink()
    return where.read_bytes()
