"""One page as it is kept, and the shelf of this process: so many bytes, the longest unread go."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from app.core.pagecache import packing
from app.core.pagecache.making import still_stands

Headers = list[tuple[str, str]]

# What a page costs beside its bytes: its headers and the names it goes by.
AROUND: Final = 3000
# Of the shelf, for addresses with a query: whoever makes up a million of them (`?q=…`) pushes out
# others of the sort, and never the pages that everybody reads.
ASKED: Final = 1 / 3
# Of a part of the shelf, for one page.
LARGEST: Final = 1 / 8

_OF_A_VARIANT: Final = frozenset({
    "content-length", "content-encoding", "etag", "vary", "date", "connection", "transfer-encoding",
    "accept-ranges",
})  # fmt: skip
# What a 304 does not say again (RFC 9110, 15.4.5).
_OF_A_BODY: Final = frozenset({"content-length", "content-encoding", "content-type"})


class Key(NamedTuple):
    """What a page differs by. The query stands as it was sent: pages say their own address."""

    scheme: str
    host: str
    path: str
    query: str
    language: str

    def __str__(self) -> str:
        """For names elsewhere; no two are alike."""
        return json.dumps([self.scheme, self.host, self.path, self.query, self.language])


@dataclass
class Kept:
    """A finished page. `ends` in seconds since 1970."""

    headers: Headers
    body: bytes
    ends: float
    rule: str
    endpoint: str
    args: dict[str, Any]
    language: str
    note: dict[str, Any]
    rests_on: dict[str, str]
    vary: str
    etag: str = ""
    _variants: dict[str, tuple[bytes, Headers, Headers]] = field(default_factory=dict)
    _packed: int = 0

    def __post_init__(self) -> None:
        """Leave out what each answer says for itself."""
        self.headers = [each for each in self.headers if each[0].lower() not in _OF_A_VARIANT]
        if not self.etag:
            said = json.dumps(self.headers).encode()
            self.etag = f'W/"{hashlib.sha256(said + self.body).hexdigest()[:22]}"'
        types = [value for name, value in self.headers if name.lower() == "content-type"]
        self.media_type = "".join(types).partition(";")[0]
        self.is_packable = packing.is_packable(self.media_type, len(self.body))
        changed = [value for name, value in self.headers if name.lower() == "last-modified"]
        self.last_modified = changed[0] if changed else ""

    @property
    def size(self) -> int:
        """What it may come to: no more is kept of packed bodies than the plain one has bytes."""
        return AROUND + len(self.body) * (2 if self.is_packable else 1)

    @property
    def is_good(self) -> bool:
        """Whether it is still true."""
        return time.time() < self.ends and (not self.rests_on or still_stands(self.rests_on))

    def variant(self, encoding: str) -> tuple[bytes, Headers, Headers]:
        """The body in an encoding, the headers of a 200 with it, and those of a 304."""
        if not self.is_packable:
            encoding = packing.IDENTITY
        found = self._variants.get(encoding)
        return found if found is not None else self._made(encoding)

    def _made(self, encoding: str) -> tuple[bytes, Headers, Headers]:
        body = packing.pack(encoding, self.body) if encoding else self.body
        headers = [*self.headers, ("ETag", self.etag), ("Vary", self.vary)]
        if encoding:
            headers.append(("Content-Encoding", encoding))
        headers.append(("Content-Length", str(len(body))))
        short = [each for each in headers if each[0].lower() not in _OF_A_BODY]
        made = body, headers, short
        if not encoding or self._packed + len(body) <= len(self.body):
            self._packed += len(body) if encoding else 0
            self._variants[encoding] = made
        return made


class Keepable(Protocol):
    """Something of a size, in bytes, that does not stay true for ever."""

    @property
    def size(self) -> int: ...
    @property
    def is_good(self) -> bool: ...


K = TypeVar("K", bound=Hashable)
P = TypeVar("P", bound=Keepable)


class Part(Generic[K, P]):
    """Pages or pieces of them as they were last read; whoever asks holds a lock."""

    def __init__(self, most: int) -> None:
        self.most, self.size = most, 0
        self.pages: OrderedDict[K, P] = OrderedDict()

    def get(self, key: K) -> P | None:
        """The page, if it is still true."""
        page = self.pages.get(key)
        if page is None:
            return None
        if page.is_good:
            self.pages.move_to_end(key)
            return page
        self.drop(key)
        return None

    def put(self, key: K, page: P) -> bool:
        """Keep it, and let go of what was read longest ago; False: it is too large."""
        self.drop(key)
        if page.size > self.most * LARGEST:
            return False
        self.pages[key] = page
        self.size += page.size
        while self.size > self.most:
            self.size -= self.pages.popitem(last=False)[1].size
        return True

    def drop(self, key: K) -> None:
        """Forget it."""
        gone = self.pages.pop(key, None)
        if gone is not None:
            self.size -= gone.size


class Shelf:
    """The pages of one version; those of another are no pages any more."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        self.version: int | None = None
        self._empty()

    def _empty(self) -> None:
        both = self.most * (1 - ASKED), self.most * ASKED
        self._parts = tuple(Part[Key, Kept](int(most)) for most in both)

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(part.size for part in self._parts)

    def __len__(self) -> int:
        """Pages."""
        return sum(len(part.pages) for part in self._parts)

    def get(self, version: int, key: Key) -> Kept | None:
        """The page, if it is still true in this version."""
        with self._lock:
            if version != self.version:
                return None
            return self._parts[bool(key.query)].get(key)

    def turn_to(self, version: int) -> None:
        """From now on this is the version."""
        if version != self.version:
            with self._lock:
                self.version = version
                self._empty()

    def put(self, version: int, key: Key, page: Kept) -> bool:
        """Keep a page made when this was the version, if it is so still; False: it is too large."""
        with self._lock:
            return version != self.version or self._parts[bool(key.query)].put(key, page)
