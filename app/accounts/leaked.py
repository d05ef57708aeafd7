"""Passwords that leaked elsewhere, from a file on this machine; nothing is asked of the network.

`BREACHED_PASSWORDS` names what the public lists of leaked passwords are handed out as: a folder
with a file for each five first digits of a SHA-1 (`0A1B2.txt`, lines `<35 digits>:<how often>`), or
one file of whole digests, sorted. Either is searched by halving; nothing of it is read into memory.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from typing import BinaryIO

from app.accounts.passwords import normal

log = logging.getLogger(__name__)

PREFIX = 5


def is_known(password: str, lists: Path | None) -> bool:
    """Whether this password is on the list; without one, none is."""
    if lists is None:
        return False
    # What the lists are made of; nothing of ours is kept so.
    digest = hashlib.sha1(normal(password).encode(), usedforsecurity=False).hexdigest().upper()
    try:
        return _stands(lists, digest)
    except OSError:
        log.exception("the list of leaked passwords cannot be read")
        return False


def _stands(lists: Path, digest: str) -> bool:
    if not lists.is_dir():
        with lists.open("rb") as file:
            return _holds(file, digest.encode())
    for name in (f"{digest[:PREFIX]}.txt", digest[:PREFIX]):
        if (lists / name).is_file():
            with (lists / name).open("rb") as file:
                return _holds(file, digest[PREFIX:].encode())
    return False


def _holds(file: BinaryIO, wanted: bytes) -> bool:
    """Whether a line of the sorted file begins so."""
    low, high = 0, file.seek(0, os.SEEK_END)
    while low < high:
        middle = (low + high) // 2
        line = _line_after(file, middle)
        if line and line < wanted:
            low = middle + 1
        else:
            high = middle
    return _line_after(file, low) == wanted


def _line_after(file: BinaryIO, place: int) -> bytes:
    """The digest of the first line that begins at this byte or after it; b"" behind the last."""
    file.seek(max(place - 1, 0))
    if place:
        file.readline()
    return file.readline().partition(b":")[0].strip().upper()
