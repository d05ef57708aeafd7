"""Files that all machines see: pictures, exports, what is kept outside the database.

    picture = files.file("media", "ab", "abcd.webp")
    picture.write(data)              # whole, or not at all
    for piece in picture.pieces(): ...

They lie in the instance folder, in a folder that machines share (`FILES_URL=file:///shared/otklik`)
or in a bucket (`s3://bucket/prefix`, with what the AWS_… variables say). Who asks sees no
difference: what is not there is a FileNotFoundError, all else that goes wrong is OutOfReachError.
A bucket that does not answer is left alone for a moment, so that nobody queues up for it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import secrets
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from app.core import metrics
from app.core.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import fsspec
    from fsspec import asyn
else:
    fsspec, asyn = lazily("fsspec"), lazily("fsspec.asyn")

log = logging.getLogger(__name__)

PIECE: Final = 1 << 20
SILENCE_AFTER_FAILURE: Final = 5.0
# Seconds until a bucket must have answered, how many bytes it must take in each, and how often it
# is asked within that. Checksums that Amazon alone asks for are left out: others refuse them.
WITHIN: Final = 5.0
BYTES_A_SECOND: Final = 100_000
TRIES: Final = 2
# A list of all takes as long as so many bytes.
MANY: Final = 60 * BYTES_A_SECOND
_PATIENCE: Final = {
    "connect_timeout": 2,
    "read_timeout": WITHIN,
    "retries": {"total_max_attempts": 1},
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
}


class OutOfReachError(RuntimeError):
    """The place where files lie does not answer, or refuses us."""


class UnusableAddressError(ValueError):
    """FILES_URL names no place where files could lie."""


class Folder:
    """A folder of this machine, or one that several have mounted.

    The latter is never made here: what is written where nothing is mounted, nobody else sees.
    """

    def __init__(self, root: Path, *, is_shared: bool = False) -> None:
        self.root, self.is_shared = root, is_shared

    def path(self, name: str) -> Path:
        """Where it lies; a file of this machine can be given out without being read by us."""
        return self.root / name

    def look(self) -> None:
        if self.is_shared and not self.root.is_dir():
            raise OutOfReachError(f"there is no folder {self.root}")

    def pieces(self, name: str) -> Iterator[bytes]:
        self.look()
        with self.path(name).open("rb") as file:
            while piece := file.read(PIECE):
                yield piece

    def size(self, name: str) -> int:
        self.look()
        return self.path(name).stat().st_size

    def write(self, name: str, data: bytes | Path) -> None:
        """Beside its place first; on the disk before it has its name."""
        self.look()
        target = self.path(name)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        try:
            number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(number, "wb") as file:
                if isinstance(data, bytes):
                    file.write(data)
                else:
                    with data.open("rb") as source:
                        shutil.copyfileobj(source, file, PIECE)
                file.flush()
                os.fsync(number)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def unlink(self, name: str) -> None:
        self.look()
        self.path(name).unlink(missing_ok=True)

    def names(self, folder: str) -> list[str]:
        self.look()
        found = (p.relative_to(self.root) for p in self.path(folder).rglob("*") if p.is_file())
        return [path.as_posix() for path in found if not path.name.startswith(".")]


class Bucket:
    """A bucket of S3, or what speaks like it."""

    def __init__(self, root: str) -> None:
        self.root = root.strip("/")
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        # It has a thread of its own, which no fork takes along.
        self._known: Any = None
        self._silent_until, self._is_doubted = 0.0, False

    def path(self, _name: str) -> None:
        """Nowhere on this machine."""

    def look(self) -> None:
        self._ask("call_s3", "head_bucket", Bucket=self.root.partition("/")[0])

    def pieces(self, name: str) -> Iterator[bytes]:
        size = self.size(name)
        for at in range(0, size, PIECE):
            piece: bytes = self._ask(
                "cat_file", self._at(name), start=at, end=min(at + PIECE, size)
            )
            yield piece

    def size(self, name: str) -> int:
        return int(self._ask("info", self._at(name))["size"])

    def write(self, name: str, data: bytes | Path) -> None:
        """Such a storage shows nothing of what it has not got to its end."""
        if isinstance(data, bytes):
            self._ask("pipe_file", self._at(name), data, _size=len(data))
        else:
            self._ask("put_file", str(data), self._at(name), _size=data.stat().st_size)

    def unlink(self, name: str) -> None:
        self._ask("rm_file", self._at(name))

    def names(self, folder: str) -> list[str]:
        found = self._ask("find", self._at(folder), _size=MANY)
        return [each[len(self.root) + 1 :] for each in found]

    def _at(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _ask(self, name: str, *about: Any, _size: int = 0, **more: Any) -> Any:
        """What it answers, in time; while it is away most are not kept waiting at all."""
        now = time.monotonic()
        if now < self._silent_until:
            raise OutOfReachError("it did not answer a moment ago")
        if self._is_doubted:
            # While this one tries, the others do not wait.
            self._silent_until = now + SILENCE_AFTER_FAILURE
        try:
            s3 = self._known = self._known or _bucket_s3()
            ask = getattr(s3, f"_{name}")  # as fsspec calls what may be waited for

            async def answered() -> Any:
                return await asyncio.wait_for(ask(*about, **more), WITHIN + _size / BYTES_A_SECOND)

            answer = asyn.sync(s3.loop, answered)
        except (FileNotFoundError, PermissionError):  # answers, too
            self._silent_until, self._is_doubted = 0.0, False
            raise
        except Exception:
            self._silent_until = time.monotonic() + SILENCE_AFTER_FAILURE
            self._is_doubted, self._known = True, None
            raise
        self._silent_until, self._is_doubted = 0.0, False
        return answer


def _bucket_s3() -> Any:
    s3 = fsspec.filesystem(
        "s3", config_kwargs=_PATIENCE, use_listings_cache=False, skip_instance_cache=True
    )
    s3.retries = TRIES
    return s3


@dataclass(frozen=True)
class File:
    """One of them, there or not. Its methods are called like those of a Path."""

    name: str

    @property
    def path(self) -> Path | None:
        """Where it lies on this machine; None when it lies elsewhere."""
        return place().path(self.name)

    def read_bytes(self) -> bytes:
        """All of it."""
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """All of it, little by little; that it is not there is known before the first."""
        with _reaching():
            pieces = place().pieces(self.name)
            first = next(pieces, b"")
        return _rest(first, pieces)

    def write(self, data: bytes | Path) -> None:
        """Keep these bytes, or what this file of ours holds, under its name."""
        with _reaching(writes=True):
            place().write(self.name, data)

    def size(self) -> int:
        """Bytes."""
        with _reaching():
            return place().size(self.name)

    def exists(self) -> bool:
        """Whether it is there."""
        try:
            return self.size() >= 0
        except FileNotFoundError:
            return False

    def unlink(self, *, missing_ok: bool = True) -> None:
        """Delete it."""
        if not missing_ok:
            self.size()
        with _reaching(writes=True):
            place().unlink(self.name)


_place: Folder | Bucket | None = None


def init(config: Mapping[str, Any]) -> None:
    """Take the address from the application's settings; nobody is asked yet."""
    global _place  # noqa: PLW0603 (one place a process, set at start)
    _place = at(config["FILES_URL"]) if config["FILES_URL"] else Folder(config["INSTANCE_PATH"])


def at(address: str) -> Folder | Bucket:
    """The place of this address; raises UnusableAddressError."""
    parts = urlsplit(address)
    if parts.scheme == "file" and not parts.netloc and parts.path.strip("/"):
        return Folder(Path(unquote(parts.path)), is_shared=True)
    if parts.scheme != "s3" or not parts.netloc or parts.query:
        raise UnusableAddressError(
            f"FILES_URL is {address!r}: neither file:///a/folder nor s3://bucket/prefix."
        )
    if importlib.util.find_spec("s3fs") is None:
        raise UnusableAddressError(
            "FILES_URL names a bucket: pip install -r requirements-s3.txt first."
        )
    return Bucket(parts.netloc + unquote(parts.path))


def place() -> Folder | Bucket:
    """Where they lie."""
    if _place is None:
        raise RuntimeError("files.init was not called")
    return _place


def is_shared() -> bool:
    """Whether they lie where other machines see them too."""
    found = place()
    return isinstance(found, Bucket) or found.is_shared


def file(*parts: str) -> File:
    """The file of this name."""
    if any(not part or part.startswith(".") or "/" in part for part in parts):
        raise ValueError("a file's name leads nowhere else")
    return File("/".join(parts))


def below(folder: str) -> list[File]:
    """Every file in it, and in the folders in it."""
    with _reaching(writes=True):
        return [File(name) for name in sorted(place().names(folder))]


def look() -> str:
    """Whether the place answers; where it is. Raises OutOfReachError."""
    with _reaching(writes=True):
        place().look()
    return str(place().root)


def try_out() -> None:
    """Write a file, read it and delete it. Raises OutOfReachError."""
    tried, said = file("tried", secrets.token_hex(8)), secrets.token_bytes(8)
    tried.write(said)
    if tried.read_bytes() != said:
        raise OutOfReachError("what is read is not what was written")
    tried.unlink()


def bring_together(folder: str, ours: Mapping[str, bytes]) -> dict[str, bytes]:
    """Give other machines those of `ours` that they lack, by name; what they have and we lack."""
    there = {each.name.rpartition("/")[2]: each for each in below(folder)}
    for name in sorted(ours.keys() - there.keys()):
        file(folder, name).write(ours[name])
    return {name: there[name].read_bytes() for name in sorted(there.keys() - ours.keys())}


def _rest(piece: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    while piece:
        yield piece
        with _reaching(writes=True):
            piece = next(pieces, b"")


@contextmanager
def _reaching(*, writes: bool = False) -> Iterator[None]:
    """Whatever goes wrong is one thing; `writes`: also when something is not there."""
    try:
        yield
    except OutOfReachError:
        metrics.count("files", "out of reach")
        raise
    except Exception as error:
        if isinstance(error, FileNotFoundError) and not writes:
            raise
        metrics.count("files", "out of reach")
        said = (str(error).strip().splitlines() or [""])[0][:200]
        log.warning("files are out of reach: %s %s", type(error).__name__, said)
        raise OutOfReachError(f"{type(error).__name__}: {said}") from error
