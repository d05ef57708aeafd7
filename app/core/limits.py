"""How often one visitor may ask for something: the only door to the rate-limit library.

    PACE = Limit("search", guests=60, people=60, seconds=60)
    pause = limits.wait(PACE)          # in a view; 0: go on, and it is counted
    if pause: raise TooManyRequests(retry_after=pause)

Somebody signed in is counted by their account, anybody else by their address, so that one account
never pays for a neighbour behind the same router. IPv6 is counted by /64, of which a household has
one and a script has as many single addresses as it likes.

Whoever tries to get in is counted by what they try to open, and from where:

    pause = limits.spend((QUICK, SLOW), limits.visitor(), "anna@…")     # `free` gives it back

Each web process counts for itself, so a bank with three of them allows up to three times as much;
with REDIS_URL they count together. Nobody is ever refused because Redis is away: then a `Limit`
lets everybody through, with a line in the log, and a `Pace` is kept by each process for itself.
"""

from __future__ import annotations

import ipaddress
import logging
import math
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import current_app, request
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from app.core.web import current_actor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

log = logging.getLogger(__name__)

# After a failure nothing is counted for a while: a reader must not pay for Redis being away.
SILENCE_AFTER_FAILURE = 5.0
# Longer than any answer of a Redis that is well, shorter than anybody's patience.
REDIS_PATIENCE = 0.3
NETWORK_OF_A_HOUSEHOLD = 64
NEIGHBOURHOOD, NEIGHBOURHOOD_IPV4 = 48, 24


# Every limit of the house, each declared beside what it holds; `flask limits` shows them.
declared: dict[str, Limit | Pace] = {}


@dataclass(frozen=True)
class Limit:
    """So many in any `seconds`: by one address of `guests`, by one of our `people`."""

    name: str
    guests: int
    people: int
    seconds: int

    def __post_init__(self) -> None:
        """Stand in the table."""
        declared[self.name] = self


@dataclass(frozen=True)
class Pace:
    """So many in any `seconds`, counted together for whatever the caller names."""

    name: str
    times: int
    seconds: int

    def __post_init__(self) -> None:
        """Stand in the table."""
        declared[self.name] = self


class _Door:
    """What `init` was told, and what this process counts with."""

    is_open = False
    redis_url = ""
    counter: MovingWindowRateLimiter | None = None
    # For what must hold though Redis be away.
    spare: MovingWindowRateLimiter | None = None
    silent_until = 0.0
    has_warned = False

    @classmethod
    def forget(cls) -> None:
        """Count anew; a child process opens what it needs for itself."""
        cls.counter, cls.spare, cls.silent_until = None, None, 0.0


os.register_at_fork(after_in_child=_Door.forget)


def init(config: Mapping[str, Any]) -> None:
    """Take from the application's settings whether and where to count. Opens nothing yet."""
    _Door.is_open, _Door.redis_url = config["RATE_LIMITS"], config.get("REDIS_URL") or ""
    _Door.forget()


def wait(limit: Limit) -> int:
    """In how many seconds this visitor may come again; 0: now, and this time is counted."""
    if not _Door.is_open or time.monotonic() < _Door.silent_until:
        return 0
    actor = current_actor()
    if actor.id is not None:
        return _counted(limit.name, limit.people, limit.seconds, f"person:{actor.id}")
    address = _address()
    return _counted(limit.name, limit.guests, limit.seconds, address) if address else 0


def spend(paces: Sequence[Pace], *whom: str) -> int:
    """Count one try of every pace; in how many seconds the next is free when one refuses, else 0.

    A refused try spends nothing: knocking does not keep the door shut.
    """
    if not _Door.is_open or not all(whom):
        return 0
    return _standing(lambda counter: _spent(counter, paces, whom))


def look(paces: Sequence[Pace], *whom: str) -> int:
    """Like `spend`, and nothing is counted."""
    if not _Door.is_open or not all(whom):
        return 0
    return _standing(lambda counter: _full(counter, paces, whom))


def free(paces: Sequence[Pace], *whom: str) -> None:
    """Forget what these paces counted for `whom`: they were who they said."""
    if _Door.is_open and all(whom):
        _standing(lambda counter: _freed(counter, paces, whom))


def visitor() -> str:
    """Whose address this request comes from, a household as one; "" when that cannot be told."""
    return _address()


def neighbourhood() -> str:
    """The network around this visitor, of which one provider has many: IPv4 by /24, IPv6 by /48."""
    try:
        network = ipaddress.ip_network(visitor(), strict=False)
    except ValueError:  # it cannot be told
        return ""
    width = NEIGHBOURHOOD if isinstance(network, ipaddress.IPv6Network) else NEIGHBOURHOOD_IPV4
    return str(network.supernet(new_prefix=width))


def household(address: str) -> str:
    """What an address is counted as: itself, or the network that one household has."""
    try:
        seen = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(seen, ipaddress.IPv6Address):
        if seen.ipv4_mapped is None:
            return str(ipaddress.ip_network((seen, NETWORK_OF_A_HOUSEHOLD), strict=False))
        seen = seen.ipv4_mapped
    return str(seen)


def _counted(name: str, times: int, seconds: int, who: str) -> int:
    item = RateLimitItemPerSecond(times, seconds, namespace=f"otklik:{name}")
    try:
        counter = _counter()
        if counter.hit(item, who):
            return 0
        free_at = counter.get_window_stats(item, who).reset_time
    except Exception as error:  # noqa: BLE001 (redis and the network fail in many ways)
        _Door.silent_until = time.monotonic() + SILENCE_AFTER_FAILURE
        log.warning("Nobody is limited for now: the counts are out of reach (%s).", error)
        return 0
    return max(1, min(seconds, math.ceil(free_at - time.time())))


def _standing(count: Callable[[MovingWindowRateLimiter], int]) -> int:
    """With everybody's counts; with this process's own while those are out of reach."""
    if time.monotonic() >= _Door.silent_until:
        try:
            return count(_counter())
        except Exception as error:  # noqa: BLE001 (redis and the network fail in many ways)
            _Door.silent_until = time.monotonic() + SILENCE_AFTER_FAILURE
            log.warning("Each process counts sign-ins for itself for now (%s).", error)
    if _Door.spare is None:
        _Door.spare = MovingWindowRateLimiter(MemoryStorage())
    return count(_Door.spare)


def _item(pace: Pace) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(pace.times, pace.seconds, namespace=f"otklik:{pace.name}")


def _spent(counter: MovingWindowRateLimiter, paces: Sequence[Pace], whom: Sequence[str]) -> int:
    pause = _full(counter, paces, whom)
    if pause:
        return pause
    return max(
        (_left(counter, p, whom) for p in paces if not counter.hit(_item(p), *whom)), default=0
    )


def _full(counter: MovingWindowRateLimiter, paces: Sequence[Pace], whom: Sequence[str]) -> int:
    full = (p for p in paces if not counter.test(_item(p), *whom))
    return max((_left(counter, p, whom) for p in full), default=0)


def _freed(counter: MovingWindowRateLimiter, paces: Sequence[Pace], whom: Sequence[str]) -> int:
    for pace in paces:
        counter.clear(_item(pace), *whom)
    return 0


def _left(counter: MovingWindowRateLimiter, pace: Pace, whom: Sequence[str]) -> int:
    free_at = counter.get_window_stats(_item(pace), *whom).reset_time
    return max(1, min(pace.seconds, math.ceil(free_at - time.time())))


def _counter() -> MovingWindowRateLimiter:
    if _Door.counter is None:
        _Door.counter = MovingWindowRateLimiter(
            storage_from_string(
                _Door.redis_url.replace("unix://", "redis+unix://"),
                socket_connect_timeout=REDIS_PATIENCE,
                socket_timeout=REDIS_PATIENCE,
            )
            if _Door.redis_url
            else MemoryStorage()
        )
    return _Door.counter


def _address() -> str:
    """Whose request it is; "" when that cannot be told, for then all of them would be one."""
    address = request.remote_addr or ""
    if "X-Forwarded-For" in request.headers and not current_app.config["TRUSTED_PROXIES"]:
        if not _Door.has_warned:
            _Door.has_warned = True
            log.warning(
                "A proxy stands before Otklik, and TRUSTED_PROXIES is 0: visitors cannot be told"
                " apart and are not limited, and links may name the wrong host."
            )
        return "" if _is_near(address) else household(address)
    return household(address)


def _is_near(address: str) -> bool:
    """A proxy's own address; what a visitor from outside claims about proxies changes nothing."""
    try:
        return not ipaddress.ip_address(address.partition("%")[0]).is_global
    except ValueError:
        return True
