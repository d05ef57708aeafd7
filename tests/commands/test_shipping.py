"""The image, the containers, nginx and the units speak of the settings and commands there are."""

from __future__ import annotations

import json
import re
import shlex
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from gunicorn.config import Config

import config
from app import commands
from app.core import jobs

ROOT = Path(__file__).parents[2]
SETTINGS = {setting.name for setting in config.SETTINGS}
# Ours to name in compose.yaml, and of no interest to the application.
COMPOSE_ONLY = {"POSTGRES_PASSWORD"}
PYTHONS_OWN = re.compile(r"PATH|PYTHON[A-Z]+|FLASK_APP")


def read(path: str) -> str:
    text = (ROOT / path).read_text(encoding="utf-8")
    return text.replace("\\\n", " ")


def directives(path: str) -> list[tuple[str, str]]:
    """A Dockerfile's instructions, or a unit's lines."""
    found = re.findall(r"^([A-Za-z]+)[ =]+(.+)$", read(path), re.MULTILINE)
    return [(name, value.strip()) for name, value in found]


def dockerfile(name: str) -> list[str]:
    return [value for found, value in directives("Dockerfile") if found == name]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return found


def check(words: list[str]) -> None:
    """These words start a `flask` or `gunicorn` that understands every one of them."""
    program, *rest = words
    if program == "gunicorn":
        Config().parser().parse_args(rest)
        assert rest[0] == "wsgi:app"
        return
    assert program == "flask"
    if rest[0] == "--app":
        rest = rest[2:]
    found: click.Command = commands.command(rest[0])
    while isinstance(found, click.Group):
        rest = rest[1:]
        found = found.commands[rest[0]]
    found.make_context(found.name, rest[1:], resilient_parsing=False)


def test_containers_are_given_settings_that_exist(compose: dict[str, Any]) -> None:
    for name in ("web", "worker", "migrate"):
        assert set(compose["services"][name]["environment"]) <= SETTINGS


def test_compose_asks_for_settings_that_exist() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", read("compose.yaml")))
    assert asked <= SETTINGS | COMPOSE_ONLY
    assert {"SECRET_KEY", "PUBLIC_URL", "MAIL_URL"} <= asked


def test_the_image_sets_settings_that_exist() -> None:
    names = set(re.findall(r"([A-Z_]+)=", " ".join(dockerfile("ENV"))))
    assert "INSTANCE_PATH" in names
    assert {n for n in names if not PYTHONS_OWN.fullmatch(n)} <= SETTINGS


def test_commands_are_understood(compose: dict[str, Any]) -> None:
    check(json.loads(dockerfile("CMD")[-1]))
    check(shlex.split(compose["services"]["worker"]["command"]))
    check(shlex.split(compose["services"]["migrate"]["command"]))


@pytest.mark.parametrize("unit", ["otklik-web", "otklik-worker"])
def test_units_are_understood(unit: str) -> None:
    lines = directives(f"deploy/systemd/{unit}.service")
    started = [value for name, value in lines if name in {"ExecStart", "ExecStartPre"}]
    assert started
    for line in started:
        path, *rest = shlex.split(line)
        assert path.startswith("/srv/otklik/.venv/bin/")
        check([Path(path).name, *rest])


def test_everybody_has_time_to_finish(compose: dict[str, Any]) -> None:
    needed = jobs.FINISH_WITHIN + jobs.HOOKS_WITHIN
    for name in ("web", "worker"):
        assert int(compose["services"][name]["stop_grace_period"].removesuffix("s")) > needed
        given = dict(directives(f"deploy/systemd/otklik-{name}.service"))["TimeoutStopSec"]
        assert int(given) > needed


def test_the_image_keeps_its_files_where_the_volume_is(compose: dict[str, Any]) -> None:
    (volume,) = dockerfile("VOLUME")
    assert f"INSTANCE_PATH={volume}" in " ".join(dockerfile("ENV"))
    for name in ("web", "worker"):
        assert f"instance:{volume}" in compose["services"][name]["volumes"]


def test_the_image_runs_as_nobody_special_with_its_catalogs_made() -> None:
    text = read("Dockerfile")
    assert dockerfile("USER") == ["otklik"]
    assert text.index("compile_catalogs()") < text.index("\nUSER ")


def test_the_image_is_let_have_what_the_application_reads() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    let_in = [line[1:].rstrip("/") for line in lines if line.startswith("!")]
    for needed in ("app", "migrations", "static", "templates", "config.py", "wsgi.py"):
        assert needed in let_in
    for secret in (".env", "instance", "deploy"):
        assert not any(fnmatch(secret, pattern) for pattern in let_in)


def test_one_proxy_stands_in_front_and_says_what_is_believed(compose: dict[str, Any]) -> None:
    assert compose["services"]["web"]["environment"]["TRUSTED_PROXIES"] == "1"
    headers = re.findall(r"proxy_set_header\s+(\S+)\s+(\S+);", read("deploy/nginx.conf"))
    said = dict(headers)
    # ProxyFix believes For, Proto, Host and Port: each must be nginx's own word.
    assert said["X-Forwarded-For"] == "$remote_addr"
    assert said["X-Forwarded-Proto"] == "$scheme"
    assert said["X-Forwarded-Host"] == "$host"
    assert said["X-Forwarded-Port"] == "$server_port"
    # A location with one of these of its own would lose all the others.
    assert len(headers) == len(said)


def test_who_writes_is_asked_for_once_and_who_reads_is_sent_on() -> None:
    text = re.sub(r"#.*", "", read("deploy/nginx.conf"))
    groups = dict(re.findall(r"^upstream (\w+) \{(.*?)^\}", text, re.MULTILINE | re.DOTALL))
    reading, writing = groups["otklik"], groups["otklik_writing"]
    servers = re.compile(r"^ +server .*", re.MULTILINE)
    assert servers.findall(reading) == servers.findall(writing) != []
    # A kept connection may end under a form that is on its way, and forms are not sent twice.
    assert "keepalive" in reading
    assert "keepalive" not in writing
    assert re.findall(r"proxy_pass +(\S+);", text) == ["http://$otklik"] * 2
    assert "non_idempotent" not in text


def test_with_no_web_process_there_is_still_a_page() -> None:
    named = re.search(r"alias /srv/static/(away\.html);", read("deploy/nginx.conf"))
    assert named is not None
    page = read(f"static/{named[1]}")
    for style in re.findall(r'href="/(static/[^"]+)"', page):
        assert (ROOT / style).exists()
    assert "<script" not in page
    assert "style=" not in page


def test_nginx_takes_what_the_application_takes(compose: dict[str, Any]) -> None:
    text = re.sub(r"#.*", "", read("deploy/nginx.conf"))
    assert text.count("{") == text.count("}")
    size = re.search(r"client_max_body_size\s+(\d+)m;", text)
    assert size is not None
    loaded = config.load({"SECRET_KEY": "x"})
    assert int(size[1]) * 1024 * 1024 == loaded["MAX_CONTENT_LENGTH"]
    alias = re.search(r"alias (\S+)/;", text)
    assert alias is not None
    assert f"./static:{alias[1]}:ro" in compose["services"]["nginx"]["volumes"]
    port = re.search(r"server web:(\d+)", text)
    assert port is not None
    assert dockerfile("EXPOSE") == [port[1]]
    assert f"0.0.0.0:{port[1]}" in json.loads(dockerfile("CMD")[-1])
    assert f"127.0.0.1:{port[1]}/healthz" in dockerfile("HEALTHCHECK")[0]
