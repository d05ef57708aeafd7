"""Passwords: how they lie here, and which are too easy. The only door to both libraries.

One rule: long enough, any characters, typed or pasted; and neither among those that everybody
tries first, nor made of the bank's words or one's own.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.lazily import lazily

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Iterable

    from zxcvbn import frequency_lists
else:
    ctypes = lazily("ctypes")
    frequency_lists = lazily("zxcvbn.frequency_lists")

SHORTEST, SHORTEST_OF_STAFF, LONGEST = 10, 15, 128
# What must be left of a password when the words everybody knows about its owner are taken out.
ENOUGH_OF_ITS_OWN = 6
SHORTEST_WORD = 3
LONGEST_REFRAIN = 4

# OWASP's floor: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Nobody has this password. Made once for all: it costs what a hash of ours must cost.
_NOBODYS = (
    "$argon2id$v=19$m=19456,t=2,p=1$GshyALQvMCPpYxH5rgVDFA"
    "$1gZJ5pGMp4PmKsxYiWm01LR8020iLS2aCz4AzZtOndM"
)
# <malloc.h>: from how many bytes on a block is the system's, and given back when it is freed.
_M_MMAP_THRESHOLD, _MEBIBYTE = -3, 1 << 20

_LAYOUT = str.maketrans("йцукенгшщзхъфывапролджэячсмитьбю", "qwertyuiop[]asdfghjkl;'zxcvbnm,.")


def normal(password: str) -> str:
    """One form for one password, however the keyboard composed it."""
    return unicodedata.normalize("NFC", password)


def hashed(password: str) -> str:
    """What is kept of a password."""
    _give_memory_back()
    return _hasher.hash(normal(password))


def fits(stored: str | None, password: str) -> bool:
    """Whether it is the password; always one hash of work, also where there is none."""
    _give_memory_back()
    try:
        _hasher.verify(stored or _NOBODYS, normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether it was hashed more cheaply than is done now."""
    return _hasher.check_needs_rehash(stored)


def is_common(password: str) -> bool:
    """Whether it is among those tried first, in either alphabet, or goes round in rings."""
    bare = normal(password).casefold()
    tried = _tried_first()
    if bare in tried or bare.translate(_LAYOUT) in tried or bare.rstrip("0123456789!?.") in tried:
        return True
    return any(_goes_round(bare, length) for length in range(1, LONGEST_REFRAIN + 1))


def is_made_of(password: str, words: Iterable[str]) -> bool:
    """Whether little is left of it without these words: the bank's, a name, an address."""
    left = normal(password).casefold()
    known = {part for word in words for part in re.split(r"[\W_]+", normal(word).casefold())}
    for word in sorted(known, key=len, reverse=True):
        if len(word) >= SHORTEST_WORD:
            left = left.replace(word, "")
    return len(left) < ENOUGH_OF_ITS_OWN


@lru_cache(maxsize=1)
def _give_memory_back() -> None:
    """Have a hash's 19 MiB given back: glibc learns to keep such blocks, some for each thread."""
    with suppress(AttributeError, OSError):  # other libraries do it unasked
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _MEBIBYTE)


@lru_cache(maxsize=1)
def _tried_first() -> frozenset[str]:
    return frozenset(frequency_lists.FREQUENCY_LISTS["passwords"])


def _goes_round(text: str, length: int) -> bool:
    return text == (text[:length] * (len(text) // length + 1))[: len(text)]
