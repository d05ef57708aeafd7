"""The ledger: who was erased, outside the database, so that no backup brings them back.

One line of JSON for each erasure in `instance/erasures.jsonl`, brought to the disk before the
database is told. Where machines share their files each line lies there too, as a file of its own,
and the ledger of every machine comes to hold those of all. Nothing in it says who somebody was: a
number, and a mark by which a restored row is known to be the same person's and not that of somebody
who got their number in another database.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.core import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.accounts.models import Person

log = logging.getLogger(__name__)

SHARED: Final = "erasures"
_path = Path("erasures.jsonl")


@dataclass(frozen=True)
class Line:
    """One erasure. `asked_by_id`: the person themselves or an administrator, by number."""

    key: str
    person_id: int
    mark: str
    words: bool
    basis: str
    asked_at: str
    asked_by_id: int | None
    at: str

    @property
    def done_at(self) -> datetime:
        """When it was done first."""
        return datetime.fromisoformat(self.at)


def init(config: Mapping[str, Any]) -> None:
    """Take the instance folder from the application's settings."""
    global _path  # noqa: PLW0603 (one ledger an instance, set at start)
    _path = Path(config["INSTANCE_PATH"]) / "erasures.jsonl"


def path() -> Path:
    """Where it lies."""
    return _path


def mark(person: Person) -> str:
    """What tells this row from another with its number: when it was made.

    Not keyed: a restore on another machine, with another secret, must know them too.
    """
    made = f"erased:{person.id}:{int(person.created_at.timestamp() * 1_000_000)}"
    return sha256(made.encode()).hexdigest()[:40]


def write(line: Line) -> None:
    """Keep a line for all machines and for this one, and wait until the disk has it.

    Raises files.OutOfReachError: then nobody is erased yet.
    """
    if files.is_shared():
        files.file(SHARED, f"{line.key}.json").write(_text(line))
    _append(_text(line))


def read() -> Iterator[Line]:
    """Every erasure, each once; a line that a sudden end tore off is passed by."""
    if files.is_shared():
        try:
            _bring_together()
        except files.OutOfReachError as error:
            log.warning("Only the erasures that this machine knows are read: %s", error)
    yield from _read()


def _bring_together() -> None:
    ours = {f"{line.key}.json": _text(line) for line in _read()}
    for text in files.bring_together(SHARED, ours).values():
        _append(text)


def _text(line: Line) -> bytes:
    return json.dumps(asdict(line), ensure_ascii=True, separators=(",", ":")).encode()


def _append(text: bytes) -> None:
    _path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        torn = _path.stat().st_size > 0 and not _ends_well()
        file.write((b"\n" if torn else b"") + text + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _read() -> Iterator[Line]:
    seen = set()
    if not _path.exists():
        return
    for text in _path.read_text(encoding="utf-8").splitlines():
        try:
            line = Line(**json.loads(text))
        except (ValueError, TypeError):
            continue
        if line.key not in seen:
            seen.add(line.key)
            yield line


def _ends_well() -> bool:
    with _path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
