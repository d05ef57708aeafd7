"""Pages made smaller on their way: the only door to Brotli and Zstandard.

Only what everybody may read is packed here: what is for one person never meets a text that somebody
else chose in one compressed answer.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import brotli
from backports import zstd
from werkzeug.http import parse_accept_header

if TYPE_CHECKING:
    from collections.abc import Callable

IDENTITY: Final = ""
# The best first. Each packs a page of 40 KB in a few milliseconds, once for all its readers.
_PACKERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "br": lambda body: bytes(brotli.compress(body, quality=6, mode=brotli.MODE_TEXT)),
    "zstd": lambda body: zstd.compress(body, level=12),
    "gzip": lambda body: gzip.compress(body, compresslevel=7, mtime=0),
}
_TEXTS: Final = ("text/", "application/xml", "application/atom+xml", "application/json",
                 "application/opensearchdescription+xml", "image/svg+xml")  # fmt: skip
# Less than a packet of the network gets no smaller.
_WORTHWHILE: Final = 1000
# Longer than any browser's; who sends more is not remembered.
_LONGEST: Final = 200


def is_packable(content_type: str, size: int) -> bool:
    """Whether it is text, and enough of it."""
    return size >= _WORTHWHILE and content_type.startswith(_TEXTS)


def pack(encoding: str, body: bytes) -> bytes:
    """`body` in one of our encodings."""
    return _PACKERS[encoding](body)


def chosen(accepted: str) -> str:
    """The encoding for who sends this Accept-Encoding; "" for none."""
    return _remembered(accepted) if len(accepted) <= _LONGEST else IDENTITY


@lru_cache(maxsize=256)
def _remembered(accepted: str) -> str:
    """What nobody names is not given: `*` is said by programs that cannot unpack."""
    weights = {name.lower(): quality for name, quality in parse_accept_header(accepted)}
    wanted = [name for name in _PACKERS if weights.get(name, 0) > 0]
    best = max((weights[name] for name in wanted), default=0)
    return next((name for name in wanted if weights[name] == best), IDENTITY)
