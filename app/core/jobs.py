"""The only door to the task library.

A message here is a *hint* that a row waits to be worked on. Huey loses the task of a killed worker
and two consumers run a periodic task twice, so nothing that matters lives only in a message: the
row is the truth and the sweeps (`every`) are the guarantee.
"""

import hashlib
import json
import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from itsdangerous import Signer
from sqlalchemy.exc import SQLAlchemyError

from app.core import reach
from app.core.lazily import lazily

if TYPE_CHECKING:
    import huey
    import redis
    from huey import consumer as consuming
    from huey import registry
    from redis import backoff, retry
else:
    # Huey brings every store it knows, the drivers of databases too.
    huey, registry = lazily("huey"), lazily("huey.registry")
    consuming = lazily("huey.consumer")
    redis, backoff, retry = lazily("redis"), lazily("redis.backoff"), lazily("redis.retry")

log = logging.getLogger(__name__)

Json = str | int | float | bool | list[Any] | dict[str, Any] | None
Around = Callable[[], AbstractContextManager[object]]
Function = TypeVar("Function", bound=Callable[..., object])
Sweeping = TypeVar("Sweeping", bound=Callable[[], object])

# A stop asked for by `kill` or Ctrl-C ends within 25 seconds: 20 for what runs, 4 for the hooks.
FINISH_WITHIN = 20.0
HOOKS_WITHIN = 4.0
# After a failure no hint is tried for a while: a request must not pay for Redis being away. Nor may
# it wait long for one that says nothing; a worker does, which waits a second for each message.
SILENCE_AFTER_FAILURE = 5.0
HINT_PATIENCE, WORKER_PATIENCE = 0.5, 5.0


class NotReadyError(RuntimeError):
    """`init` has not been called in this process."""


@dataclass(frozen=True)
class _Sweep:
    name: str
    seconds: float
    function: Callable[[], object]


class _Door:
    """What `init` opened in this process."""

    make: Callable[[], "huey.Huey"] | None = None
    queue: "huey.Huey | None" = None
    hint: Callable[[str, list[Json]], object]
    silent_until: float = 0.0
    around: Around = nullcontext
    patience: float = HINT_PATIENCE


_door = _Door()
_opening = threading.Lock()
_tasks: dict[str, Callable[..., object]] = {}
_sweeps: dict[str, _Sweep] = {}
_stop_hooks: list[Callable[[], object]] = []


# --------------------------------------------------------------------------------- for the slices


def task(name: str) -> Callable[[Function], Function]:
    """Register a function that the worker runs after `enqueue(name, …)`. It must be idempotent."""

    def register(function: Function) -> Function:
        _claim(name, function, _tasks.get(name))
        _tasks[name] = function
        return function

    return register


def every(seconds: float, name: str) -> Callable[[Sweeping], Sweeping]:
    """Register a sweep: every worker runs it at its start and then each `seconds`.

    Each sweep has a thread of its own, so a slow one delays no other; with several workers it runs
    in all of them at once, so it must claim what it works on.
    """

    def register(function: Sweeping) -> Sweeping:
        _claim(name, function, _sweeps[name].function if name in _sweeps else None)
        _sweeps[name] = _Sweep(name, seconds, function)
        return function

    return register


def on_stop(function: Sweeping) -> Sweeping:
    """Register what a stopping worker does last: giving back its leases."""
    if function not in _stop_hooks:
        _stop_hooks.append(function)
    return function


def enqueue(name: str, *args: Json) -> None:
    """Hint to the workers that `name` has something to do; never raises when the queue is away."""
    words = json.loads(json.dumps(args))  # what is not JSON is our mistake and fails here, loudly
    if _door.make is None:
        log.debug("No queue in this process; the sweep will find what %s would do.", name)
        return
    if time.monotonic() < _door.silent_until:
        return
    try:
        _queue()
        _door.hint(name, words)
    except Exception as error:  # noqa: BLE001 - sqlite3, redis and the network fail in many ways
        _door.silent_until = time.monotonic() + SILENCE_AFTER_FAILURE
        log.warning("The hint %s was lost (%s); the sweep will find its work.", name, error)


def waiting() -> int:
    """How many hints no worker has taken yet; raises when the queue is out of reach."""
    return len(_queue())


# ------------------------------------------------------------------------------- for the factory


def init(config: Mapping[str, Any]) -> None:
    """Say where the queue is: Redis where REDIS_URL is set, else the file JOBS_PATH.

    It is opened by whoever first has something for it: readers never do.
    """
    if not config.get("REDIS_URL"):
        Path(config["JOBS_PATH"]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    logging.getLogger("huey").setLevel(logging.WARNING)
    _door.make = partial(_opened, config)
    _door.queue = None
    _door.silent_until = 0.0
    _door.patience = HINT_PATIENCE


def run_worker(threads: int = 1, around: Around = nullcontext) -> None:
    """Work until SIGTERM, SIGINT or SIGHUP; then finish what runs and return within 25 seconds.

    Every task, sweep and stop hook runs inside `around()`, the application's context.
    """
    _door.around, _door.patience = around, WORKER_PATIENCE
    # What this process may have opened before waits too short.
    _door.queue = None
    asked: list[int] = []
    consumer = consuming.Consumer(
        _queue(),
        workers=threads,
        worker_type="thread",
        periodic=False,
        max_delay=1.0,
        scheduler_interval=60,
        shutdown_timeout=FINISH_WITHIN,
    )
    # Its own would take SIGINT and SIGTERM apart.
    consumer._set_signal_handlers = lambda: None  # noqa: SLF001
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, lambda signum, _frame: asked.append(signum))
    sweeps = [
        threading.Thread(target=_repeat, args=(sweep, consumer.stop_flag), name=name, daemon=True)
        for name, sweep in _sweeps.items()
    ]
    consumer.start()
    for sweep in sweeps:
        sweep.start()
    log.info("The worker is at work: %d thread(s), %d sweep(s).", threads, len(sweeps))

    checked = time.monotonic()
    while not asked:
        time.sleep(0.1)
        if time.monotonic() > checked + 10:
            consumer.check_worker_health()
            checked = time.monotonic()

    log.info("The worker was asked to stop (%s).", signal.Signals(asked[0]).name)
    until = time.monotonic() + FINISH_WITHIN
    consumer.stop(graceful=True)
    for sweep in sweeps:
        sweep.join(max(0.0, until - time.monotonic()))
    # A thread of its own, so that a database out of reach cannot hold the worker up.
    last = threading.Thread(target=_run_stop_hooks, name="stop hooks", daemon=True)
    last.start()
    last.join(HOOKS_WITHIN)
    log.info("The worker has stopped.")


# ----------------------------------------------------------------------------------------- inside


class _SignedJson:
    """Messages as signed JSON: whoever can write to the queue still cannot make us run anything."""

    def __init__(self, secret: str) -> None:
        self._signer = Signer(
            secret, salt="otklik.jobs", key_derivation="hmac", digest_method=hashlib.sha256
        )

    def serialize(self, message: "registry.Message") -> bytes:
        plain = {"id": message.id, "name": message.name, "args": message.args}
        return self._signer.sign(json.dumps(plain, separators=(",", ":")))

    def deserialize(self, data: bytes) -> "registry.Message":
        plain = json.loads(self._signer.unsign(data))
        return registry.Message(
            id=plain["id"], name=plain["name"], args=tuple(plain["args"]), kwargs={}, retries=0
        )


def _queue() -> "huey.Huey":
    if _door.make is None:
        message = "Call jobs.init(config) first."
        raise NotReadyError(message)
    with _opening:
        if _door.queue is None:
            queue = _door.make()
            _door.hint = queue.task(name="run")(_run)
            _door.queue = queue
        return _door.queue


def _opened(config: Mapping[str, Any]) -> "huey.Huey":
    common = {"results": False, "serializer": _SignedJson(config["SECRET_KEY"])}
    if config.get("REDIS_URL"):
        pool = redis.ConnectionPool.from_url(
            config["REDIS_URL"],
            socket_connect_timeout=min(1.0, _door.patience),
            socket_timeout=_door.patience,
            retry=retry.Retry(backoff.NoBackoff(), 0),
        )
        return huey.RedisHuey("otklik", connection_pool=pool, **common)
    path = str(config["JOBS_PATH"])
    # Hints may be lost, so the file need not reach the disk; nor may a request wait for it.
    return huey.SqliteHuey("otklik", filename=path, fsync=False, timeout=1, **common)


def _claim(name: str, function: Callable[..., object], taken: object) -> None:
    """Two functions of one name would be told apart by nobody; a reloaded module may come again."""
    if taken is not None and (
        getattr(taken, "__module__", None),
        getattr(taken, "__qualname__", None),
    ) != (function.__module__, function.__qualname__):
        message = f"{name!r} is already the name of {taken!r}"
        raise ValueError(message)


def _run(name: str, args: list[Json]) -> None:
    function = _tasks.get(name)
    if function is None:
        log.error("Nobody here knows how to do %r; is the worker older than the web?", name)
        return
    with _door.around():
        function(*args)


def _repeat(sweep: _Sweep, stop: threading.Event) -> None:
    while not stop.is_set():
        began = time.monotonic()
        try:
            with _door.around():
                sweep.function()
        except SQLAlchemyError as error:
            if reach.is_away(error):
                log.warning("The sweep %s waits for the database: %s", sweep.name, reach.why(error))
            else:
                log.exception("The sweep %s failed; it will be tried again.", sweep.name)
        except Exception:
            log.exception("The sweep %s failed; it will be tried again.", sweep.name)
        stop.wait(max(0.0, sweep.seconds - (time.monotonic() - began)))


def _run_stop_hooks() -> None:
    for hook in _stop_hooks:
        try:
            with _door.around():
                hook()
        except Exception:
            log.exception("%s failed while the worker stopped.", hook)
