"""Machines of its own: network namespaces on a bridge, with what Otklik needs in each of them.

    db, db2       PostgreSQL, and a streaming replica of it
    valkey        Valkey: limits, hints, shared pages
    files         one S3 server
    web1, web2    gunicorn and a worker each, with an instance folder of its own
    front         nginx, as deploy/nginx.conf

A cut wire drops packets and says nothing: the neighbours' addresses are written down on every
machine, so that nobody hears "no route" either, as nobody would behind a router.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import psycopg

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.services import (  # noqa: E402 (the line above finds it)
    _as,
    _postgres_binaries,
    _unprivileged,
    _valkey_binary,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREFIX = "otk-"
BRIDGE = "otk-bridge"
NETWORK = "10.77.0"
OUTSIDE = 1
NAMES = ("front", "web1", "web2", "db", "db2", "valkey", "files")
BUCKET = "otklik"
STARTS_WITHIN = 90.0
WEB_PORT, POSTGRES_PORT, VALKEY_PORT, FILES_PORT = 8000, 5432, 6379, 9000


def missing() -> list[str]:
    """What this cannot begin without."""
    wanted = []
    if os.geteuid() != 0:
        wanted.append("root (network namespaces are made)")
    packages = {"ip": "iproute2", "nginx": "nginx", "setpriv": "util-linux"}
    wanted += [f"{name} ({pack})" for name, pack in packages.items() if not shutil.which(name)]
    return wanted


def _ip(*words: str, check: bool = True) -> str:
    done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
    if check and done.returncode:
        raise click.ClickException(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def _mac(number: int) -> str:
    return f"02:00:0a:4d:00:{number:02x}"


def clean() -> None:
    """End what runs in our machines, and take them away; nothing else is touched."""
    for name in re.findall(rf"^{PREFIX}\S+", _ip("netns", "list", check=False), re.MULTILINE):
        for _ in range(20):
            pids = _ip("netns", "pids", name, check=False).split()
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            if not pids:
                break
            time.sleep(0.05)
        # With the space its end of the wire would go too, but only in a while.
        _ip("link", "del", name, check=False)
        _ip("netns", "del", name, check=False)
    _ip("link", "del", BRIDGE, check=False)


@dataclass
class Machine:
    """One namespace, and the processes that were started in it."""

    name: str
    number: int
    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where it is on our network."""
        return f"{NETWORK}.{self.number}"

    @property
    def space(self) -> str:
        """The name of its network namespace, and of its wire."""
        return f"{PREFIX}{self.name}"

    def plug_in(self) -> None:
        """Make it, with one wire to the bridge."""
        _ip("netns", "add", self.space)
        _ip("link", "add", self.space, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        _ip("link", "set", self.space, "master", BRIDGE, "up")
        inside = ("-n", self.space)
        _ip(*inside, "link", "set", "lo", "up")
        _ip(*inside, "link", "set", "eth0", "address", _mac(self.number), "up")
        _ip(*inside, "addr", "add", f"{self.address}/24", "dev", "eth0")
        self.folder.mkdir(parents=True, exist_ok=True)

    def knows(self, numbers: list[int]) -> None:
        """Write down where the others are, for good."""
        for number in numbers:
            if number != self.number:
                _know(number, "eth0", "-n", self.space)

    def start(
        self, what: str, command: list[Any], env: Mapping[str, str] | None = None, **how: Any
    ) -> subprocess.Popen[bytes]:
        """Run `command` here; its output goes to a file in the machine's folder."""
        with (self.folder / f"{what}.log").open("ab") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.space, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **(env or {})},
                **how,
            )
        self.running[what] = process
        return process

    def stop(self, what: str, number: int = signal.SIGTERM, patience: float = 40) -> None:
        """Ask one of its processes to end, and wait for it; kill it when it does not."""
        process = self.running.pop(what)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def kill_group(self, what: str) -> None:
        """SIGKILL a process and all its children at once."""
        process = self.running.pop(what)
        for pid in [process.pid, *_descendants(process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()

    def kill_all(self) -> None:
        """SIGKILL whatever runs here, in one go."""
        for pid in _ip("netns", "pids", self.space).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        for process in self.running.values():
            process.wait()
        self.running.clear()

    def children(self, what: str) -> list[int]:
        """The processes that one of ours has begun."""
        return _descendants(self.running[what].pid)

    def cut(self) -> None:
        """Pull the wire: nothing comes through any more, and nobody is told."""
        _ip("link", "set", self.space, "nomaster")

    def mend(self) -> None:
        """Put it back."""
        _ip("link", "set", self.space, "master", BRIDGE)


def _descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found


def _know(number: int, device: str, *where: str) -> None:
    _ip(*where, "neigh", "replace", f"{NETWORK}.{number}", "lladdr", _mac(number),
        "dev", device, "nud", "permanent")  # fmt: skip


def until(what: str, ready: Callable[[], bool], patience: float = STARTS_WITHIN) -> None:
    """Wait until `ready`; raises with `what` when it takes too long."""
    end = time.monotonic() + patience
    while not ready():
        if time.monotonic() > end:
            raise click.ClickException(f"{what} did not happen within {patience:.0f} s")
        time.sleep(0.05)


def answers(address: str, port: int, path: str = "/healthz", host: str = "") -> bool:
    """Whether a web server says 200 there."""
    line = http.client.HTTPConnection(address, port, timeout=2)
    try:
        line.request("GET", path, headers={"Host": host or address})
        return line.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def listens(address: str, port: int) -> bool:
    """Whether anybody takes a connection there."""
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


class Stage:
    """All machines, and the ways to start and stop what is on them."""

    def __init__(self, folder: Path, settings: set[str], *, processes: int = 2) -> None:
        # `settings`: the names config.py has, for a release may be older than what it is run with.
        self.folder, self.settings, self.processes = folder, settings, processes
        self.machines = {
            name: Machine(name, number, folder / name) for number, name in enumerate(NAMES, 2)
        }
        self.user = _unprivileged("postgres")
        self.binaries = Path()
        self.secret = secrets.token_urlsafe(48)
        self.has_replica = self.has_files = False

    def __getitem__(self, name: str) -> Machine:
        """One machine."""
        return self.machines[name]

    @property
    def address(self) -> str:
        """Where the crowd asks."""
        return f"http://{self['front'].address}"

    def database_url(self, name: str = "db") -> str:
        """The address of a PostgreSQL, as a setting says it."""
        return f"postgresql+psycopg://postgres@{self[name].address}:{POSTGRES_PORT}/otklik"

    # ——— building

    def build(self) -> None:
        """The network."""
        clean()
        _ip("link", "add", "name", BRIDGE, "address", _mac(OUTSIDE), "type", "bridge")
        _ip("addr", "add", f"{NETWORK}.{OUTSIDE}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        numbers = [OUTSIDE, *(machine.number for machine in self.machines.values())]
        for machine in self.machines.values():
            machine.plug_in()
            machine.knows(numbers)
            _know(machine.number, BRIDGE)

    # ——— PostgreSQL

    def make_database(self) -> None:
        """A primary with an empty database that a replica may follow."""
        db = self["db"]
        self.folder.chmod(0o755)
        self._hand_over(db.folder)
        self.binaries = _postgres_binaries(db.folder, self.user)
        data = db.folder / "data"
        subprocess.run(
            [self.binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync",
             "--encoding=UTF8", "--locale=C.UTF-8"],
            cwd=db.folder, check=True, stdout=subprocess.DEVNULL, **_as(self.user),
        )  # fmt: skip
        with (data / "pg_hba.conf").open("a") as allowed:
            allowed.write(f"host all all {NETWORK}.0/24 trust\n")
            allowed.write(f"host replication all {NETWORK}.0/24 trust\n")
        self.start_database()
        with self.asking(database="postgres") as line:
            line.execute("CREATE DATABASE otklik")

    def start_database(self, name: str = "db") -> None:
        """Start it, also after a crash, and wait until it takes work."""
        machine = self[name]
        data = machine.folder / "data"
        (data / "postmaster.pid").unlink(missing_ok=True)
        words = {
            "listen_addresses": machine.address,
            "port": POSTGRES_PORT,
            "unix_socket_directories": machine.folder,
            # Processes are killed here and never the kernel, so nothing is lost by this.
            "fsync": "off",
            "max_connections": 200,
            "shared_buffers": "64MB",
            "wal_level": "replica",
            "hot_standby": "on",
            "timezone": "UTC",
            # Whom the wire lost must not hold locks for two hours.
            "tcp_keepalives_idle": 10,
            "tcp_keepalives_interval": 5,
            "tcp_keepalives_count": 2,
            "tcp_user_timeout": 20000,
            "idle_in_transaction_session_timeout": 60000,
            "wal_sender_timeout": 5000,
            "wal_receiver_timeout": 5000,
            "wal_retrieve_retry_interval": 500,
        }
        pairs = [part for key, value in words.items() for part in ("-c", f"{key}={value}")]
        machine.start(
            "postgres", [*self._as_them(), self.binaries / "postgres", "-D", data, *pairs],
            cwd=machine.folder,
        )  # fmt: skip
        until(f"PostgreSQL on {name}", lambda: self._is_up(name))

    def _is_up(self, name: str) -> bool:
        try:
            with self.asking(name, "postgres") as line:
                line.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def make_replica(self) -> None:
        """A copy that follows, where pg_basebackup is to be had."""
        if not (self.binaries / "pg_basebackup").exists():
            return
        machine = self["db2"]
        self._hand_over(machine.folder)
        subprocess.run(
            ["ip", "netns", "exec", machine.space, *self._as_them(),
             self.binaries / "pg_basebackup", "-h", self["db"].address, "-p", str(POSTGRES_PORT),
             "-U", "postgres", "-D", machine.folder / "data", "-R", "-X", "stream",
             "--checkpoint=fast", "--no-sync"],
            cwd=machine.folder, check=True,
        )  # fmt: skip
        self.start_database("db2")
        self.has_replica = True

    def asking(self, name: str = "db", database: str = "otklik") -> psycopg.Connection[Any]:
        """A line of our own to a PostgreSQL."""
        return psycopg.connect(
            host=self[name].address, port=POSTGRES_PORT, user="postgres", dbname=database,
            autocommit=True, connect_timeout=3,
        )  # fmt: skip

    def ask(self, sql: str, *values: Any, name: str = "db") -> list[Any]:
        """Rows."""
        with self.asking(name) as line:
            found = line.execute(sql.encode(), values or None)
            return found.fetchall() if found.description else []

    def _as_them(self) -> list[str]:
        if self.user is None:
            return []
        who = (f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups")
        return ["setpriv", *who]

    def _hand_over(self, folder: Path) -> None:
        if self.user is not None:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)

    # ——— the rest of the machine room

    def start_valkey(self) -> None:
        """As compose.yaml starts it."""
        machine = self["valkey"]
        machine.start("valkey", [
            *(_valkey_binary(), "--bind", machine.address, "--port", VALKEY_PORT),
            *("--protected-mode", "no", "--save", "", "--appendonly", "no"),
            *("--maxmemory", "64mb", "--maxmemory-policy", "noeviction", "--dir", machine.folder),
        ])  # fmt: skip
        until("Valkey", lambda: listens(machine.address, VALKEY_PORT))

    def start_files(self) -> None:
        """An S3 server, where the application can use one and moto is installed."""
        server = Path(sys.executable).parent / "moto_server"
        if "FILES_URL" not in self.settings or not server.exists():
            return
        machine = self["files"]
        # It keeps everything in memory, so what is killed and started again is a door before it.
        machine.start("s3", [server, "-H", "127.0.0.1", "-p", FILES_PORT])
        (machine.folder / "nginx.conf").write_text(
            f"daemon off; user root; pid {machine.folder}/nginx.pid;\n"
            f"error_log {machine.folder}/error.log;\nevents {{}}\n"
            f"http {{ access_log off; server {{ listen {machine.address}:{FILES_PORT};"
            " client_max_body_size 20m; location / {"
            f" proxy_pass http://127.0.0.1:{FILES_PORT}; proxy_http_version 1.1;"
            " proxy_set_header Host $http_host; } } }\n"
        )
        self.open_files()
        until("the S3 server", lambda: self._has_bucket(machine.address))
        self.has_files = True

    def open_files(self) -> None:
        """The door before the S3 server."""
        machine = self["files"]
        how = ["-p", machine.folder, "-c", machine.folder / "nginx.conf"]
        machine.start("door", ["nginx", *how])
        until("the door of the files", lambda: listens(machine.address, FILES_PORT))

    def shut_files(self) -> None:
        """Kill it."""
        self["files"].kill_group("door")

    @staticmethod
    def _has_bucket(address: str) -> bool:
        line = http.client.HTTPConnection(address, FILES_PORT, timeout=5)
        try:
            line.request("PUT", f"/{BUCKET}", headers={"Host": f"{address}:{FILES_PORT}"})
            return line.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def environment(self, name: str) -> dict[str, str]:
        """The settings of a web machine: all the same but for the instance folder."""
        words = {
            "SECRET_KEY": self.secret,
            "INSTANCE_PATH": str(self[name].folder / "instance"),
            "DATABASE_URL": self.database_url(),
            "REDIS_URL": f"redis://{self['valkey'].address}:{VALKEY_PORT}/0",
            "PUBLIC_URL": self.address,
            "TRUSTED_PROXIES": "1",
            "ARCHIVE_KEY": str(self.folder / "archive_key.pem"),
            # Executives come in with a password alone, and only slowly wrong ones are told apart.
            "STAFF_SECOND_FACTOR": "no",
            "LOG_LEVEL": "WARNING",
            "PYTHONUNBUFFERED": "1",
            "FLASK_APP": "wsgi",
        }
        if self.has_replica and "DATABASE_REPLICA_URL" in self.settings:
            words["DATABASE_REPLICA_URL"] = self.database_url("db2")
        if self.has_files:
            words |= self.files_settings()
        return words

    def whole_environment(self, name: str) -> dict[str, str]:
        """The same, with what every program needs."""
        return {**os.environ, **self.environment(name)}

    def files_settings(self) -> dict[str, str]:
        """Where pictures lie."""
        at = f"http://{self['files'].address}:{FILES_PORT}"
        return {
            "FILES_URL": f"s3://{BUCKET}/pictures",
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_ENDPOINT_URL": at,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def start_web(self, name: str) -> None:
        """The web server, as the Dockerfile's CMD starts it, with fewer processes."""
        machine = self[name]
        machine.start("web", self._web_command(machine), self.environment(name), cwd=ROOT)

    def _web_command(self, machine: Machine) -> list[Any]:
        said = (ROOT / "Dockerfile").read_text().rpartition("\nCMD ")[2].replace("\\\n", "")
        words: list[str] = [str(word) for word in json.loads(said)]
        words[0] = str(Path(sys.executable).parent / words[0])
        return [
            word.replace("0.0.0.0", machine.address)  # noqa: S104 (what is replaced)
            if words[at - 1] != "--workers"
            else self.processes
            for at, word in enumerate(words)
        ]

    def start_worker(self, name: str) -> None:
        """`flask worker`, as compose.yaml starts it."""
        flask = Path(sys.executable).parent / "flask"
        self[name].start(
            "worker", [flask, "worker", "--threads", "2"], self.environment(name), cwd=ROOT
        )

    def web_is_up(self, name: str) -> bool:
        """Whether the web server of this machine answers."""
        return answers(self[name].address, WEB_PORT, host=self["front"].address)

    def start_front(self) -> None:
        """The proxy."""
        machine = self["front"]
        (machine.folder / "nginx.conf").write_text(self._nginx())
        (machine.folder / "tmp").mkdir(exist_ok=True)
        machine.start("nginx", ["nginx", "-p", machine.folder, "-c", machine.folder / "nginx.conf"])
        until("nginx", lambda: listens(machine.address, 80))

    def arrange(self, *, down: str = "") -> None:
        """Have nginx send nobody to the machine `down` any more; what runs there may finish."""
        (self["front"].folder / "nginx.conf").write_text(self._nginx(down))
        self.reload()

    def reload(self) -> None:
        """`nginx -s reload`."""
        self["front"].running["nginx"].send_signal(signal.SIGHUP)

    def _nginx(self, down: str = "") -> str:
        """deploy/nginx.conf with two machines behind it, and no TLS."""
        ours = (ROOT / "deploy" / "nginx.conf").read_text()
        servers = "".join(
            f"    server {self[name].address}:{WEB_PORT} {how}{' down' if name == down else ''};\n"
            for how in ("max_fails=3 fail_timeout=3s", "backup max_fails=0")
            for name in ("web1", "web2")
        )
        ours = re.sub(r"^ +(?:resolver|server web:).*\n", "", ours, flags=re.MULTILINE)
        ours = re.sub(r"^(upstream \w+ \{\n +zone.*\n)", rf"\1{servers}", ours, flags=re.MULTILINE)
        # The server that only leads to https, and all that is about TLS.
        ours = re.sub(r"^server \{\n +listen 80;.*?^\}\n", "", ours, flags=re.MULTILINE | re.DOTALL)
        ours = re.sub(r"^ +(?:ssl_|http2 |listen \[).*\n", "", ours, flags=re.MULTILINE)
        ours = ours.replace("listen 443 ssl;", "listen 80;")
        ours = ours.replace("/srv/static/", f"{ROOT}/static/")
        folder = self["front"].folder
        ours = ours.replace("/var/log/nginx/", f"{folder}/")
        # Everybody comes from one address here; each connection is a visitor of its own instead.
        ours = ours.replace("$remote_addr", "$visitor").replace("$binary_remote_addr", "$visitor")
        crowd = "".join(f"    0.5% 198.51.100.{number};\n" for number in range(1, 200))
        temporary = "".join(
            f"    {kind}_temp_path {folder}/tmp/{kind};\n"  # noqa: S108 (a folder of our own)
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return (
            f"daemon off;\nuser root;\nworker_processes 2;\npid {folder}/nginx.pid;\n"
            f"error_log {folder}/error.log warn;\nevents {{ worker_connections 1024; }}\n"
            "http {\n    include /etc/nginx/mime.types;\n    default_type text/html;\n"
            f'{temporary}split_clients "$remote_addr:$remote_port" $visitor {{\n{crowd}'
            f"    * 198.51.100.250;\n}}\n{ours}\n}}\n"
        )
