"""What `bin/run` does before anything runs."""

import os
import socket
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.commands import launch


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_instance_is_private_and_its_secret_fresh(tmp_path: Path) -> None:
    before = os.umask(0)  # the widest: the modes must not depend on it
    try:
        for name in ("one", "two"):
            launch.make_instance(tmp_path / name)
    finally:
        os.umask(before)
    secrets = {(tmp_path / name / "secret_key").read_text() for name in ("one", "two")}
    assert len(secrets) == 2
    assert min(len(secret) for secret in secrets) >= 48
    assert mode(tmp_path / "one") == 0o700
    assert mode(tmp_path / "one" / "secret_key") == 0o600


def test_a_secret_is_never_replaced_and_not_made_where_one_is_given(tmp_path: Path) -> None:
    launch.make_instance(tmp_path)
    first = (tmp_path / "secret_key").read_text()
    launch.make_instance(tmp_path)
    assert (tmp_path / "secret_key").read_text() == first

    launch.make_instance(tmp_path / "given", secret=False)
    assert list((tmp_path / "given").iterdir()) == []


def test_a_taken_port_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path / "instance"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(launch.launch, ["--port", str(port)])
    assert result.exit_code == 2
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use" in result.output
    assert f"--port {port + 1}" in result.output
    assert not (tmp_path / "instance").exists(), "nothing is made before the port is ours"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - what a person may type
        ("::", "http://[::1]:8000"),
        ("bank.example", "http://bank.example:8000"),
    ],
)
def test_the_address_is_one_a_browser_can_open(host: str, address: str) -> None:
    assert launch._address(host, 8000) == address
