"""Pages that one process made, for all of them on every machine: in Redis, where there is one.

Each lies there under its version and under what the code is made of, signed, so that whoever can
write to Redis cannot write pages of ours. Redis being away costs the time to make a page.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.core.lazily import lazily
from app.core.pagecache.kept import Kept, Key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import redis
    from redis import backoff, retry
else:
    redis, backoff, retry = lazily("redis"), lazily("redis.backoff"), lazily("redis.retry")

log = logging.getLogger(__name__)

ROOT: Final = Path(__file__).parents[3]
# What pages are made of.
SOURCES: Final = ("app", "templates", "static", "config.py")
PATIENCE: Final = 0.25
SILENCE_AFTER_FAILURE: Final = 5.0
SIGNATURE: Final = 32
FIELDS: Final = ("headers", "ends", "rule", "endpoint", "args", "language", "note", "rests_on",
                 "vary", "etag")  # fmt: skip


class Shared:
    """The shelf of all processes."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.url = config["REDIS_URL"]
        self._key = hashlib.sha256(b"otklik.pages:" + config["SECRET_KEY"].encode()).digest()
        self._settings = f"{config['PUBLIC_URL']} {config['SECURE']}"
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self._redis: redis.Redis | None = None
        self._silent_until = 0.0

    def get(self, version: int, key: Key) -> Kept | None:
        """A page that is still true; None for anything else that may lie there."""
        name = self._name(version, key)
        packed = self._asked(lambda redis: redis.get(name))
        if not isinstance(packed, bytes) or len(packed) <= SIGNATURE:
            return None
        signature, said = packed[:SIGNATURE], packed[SIGNATURE:]
        if not hmac.compare_digest(signature, self._signature(name, said)):
            log.warning("A page in Redis is not signed by us; it is made anew.")
            return None
        about, _, body = said.partition(b"\n")
        fields = json.loads(about)
        fields["headers"] = [(name, value) for name, value in fields["headers"]]
        page = Kept(body=body, **fields)
        return page if page.is_good else None

    def put(self, version: int, key: Key, page: Kept) -> None:
        """Have others find it until it ends."""
        left = int((page.ends - time.time()) * 1000)
        if left <= 0:
            return
        name, every = self._name(version, key), _told(page)
        said = json.dumps(every).encode() + b"\n" + page.body
        packed = self._signature(name, said) + said
        self._asked(lambda redis: redis.set(name, packed, px=left))

    def _name(self, version: int, key: Key) -> str:
        about = f"{self.made_of}\n{version}\n{key}".encode()
        return f"otklik:page:{hashlib.sha256(about).hexdigest()}"

    def _signature(self, name: str, said: bytes) -> bytes:
        return hmac.new(self._key, name.encode() + b"\n" + said, hashlib.sha256).digest()

    def _asked(self, ask: Callable[[redis.Redis], object]) -> object:
        if time.monotonic() < self._silent_until:
            return None
        try:
            if self._redis is None:
                self._redis = redis.Redis.from_url(
                    self.url,
                    socket_connect_timeout=PATIENCE,
                    socket_timeout=PATIENCE,
                    retry=retry.Retry(backoff.NoBackoff(), 0),
                )
            return ask(self._redis)
        except Exception as error:  # noqa: BLE001 (redis and the network fail in many ways)
            self._silent_until = time.monotonic() + SILENCE_AFTER_FAILURE
            log.warning("Each process keeps pages for itself for now (%s).", type(error).__name__)
            return None

    @cached_property
    def made_of(self) -> str:
        """A hash of all that pages are made of: in an upgrade old and new code stand together."""
        digest = hashlib.sha256(self._settings.encode())
        for source in SOURCES:
            place = ROOT / source
            for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
                if file.is_file() and "__pycache__" not in file.parts:
                    digest.update(f"{file.relative_to(ROOT)}\n".encode())
                    digest.update(hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()


def _told(page: Kept) -> dict[str, Any]:
    """What is written of a page beside its body."""
    return {name: getattr(page, name) for name in FIELDS}
