"""The only door to Snowball. Its stemmers keep the word they are at: each thread has its own.

Shared, two threads now and then fell over one another's letters, or took the stem of the other's
word for that of theirs, and remembered it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from app.core.lazily import lazily

if TYPE_CHECKING:
    import snowballstemmer
else:
    snowballstemmer = lazily("snowballstemmer")


class _Mine(threading.local):
    def __init__(self) -> None:
        self.stemmers: dict[str, Any] = {}


_mine = _Mine()


def stem(word: str, language: str) -> str:
    """The stem of a lower-case word in one of Snowball's languages ("russian", "english")."""
    stemmer = _mine.stemmers.get(language)
    if stemmer is None:
        stemmer = _mine.stemmers[language] = snowballstemmer.stemmer(language)
    return str(stemmer.stemWord(word))
