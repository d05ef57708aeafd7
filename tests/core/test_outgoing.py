"""The one way out: only to the machine that was judged, never further, never for long."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager
from shutil import which
from typing import TYPE_CHECKING, Any

import pytest

from app.core import outgoing
from app.core.outgoing import (
    AddressRefusedError,
    AnswerRefusedError,
    UnreachableError,
    fetch,
    is_public,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ANY = "0.0.0.0"  # noqa: S104 (it is refused, not bound)
NOT_PUBLIC = [
    ANY, "10.0.0.1", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.1.2.3",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:7f00:1",
    "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
    "2002:7f00:1::1", "2002:808:808::1", "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1",
    "fe80::1%lo", "fec0::1", "ff02::1", "4000::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.32.0.1",
          "2606:4700::1111", "2a00:1450:4010:c0e::8a", "2001:4860:4860::8888"]  # fmt: skip

Names = dict[str, list[str]]


def resolver(monkeypatch: pytest.MonkeyPatch, *answers: Names) -> list[str]:
    """A resolver of our own; each question gets the next of `answers`. What it was asked."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        try:
            found = [str(ipaddress.ip_address(host))]
        except ValueError:
            names = answers[min(len(asked), len(answers)) - 1]
            if host not in names:
                raise socket.gaierror("no such name") from None
            found = names[host]
        kinds = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (kinds[ipaddress.ip_address(a).version], socket.SOCK_STREAM, 6, "", (a, port))
            for a in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[bytes]]]:
    """A machine that answers one question after another as told; what it was sent."""
    heard: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                caller, _ = listening.accept()
            except OSError:
                return
            with caller:
                caller.settimeout(5)
                try:
                    heard.append(read_request(caller))
                    answer(caller)
                except OSError:
                    continue

    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], heard
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def read_request(caller: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        got += caller.recv(4096)
    head, _, body = got.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            while len(body) < int(line.partition(b":")[2]):
                body += caller.recv(4096)
    return head + b"\r\n\r\n" + body


def says(status: str, headers: str, body: bytes = b"") -> Callable[[socket.socket], None]:
    def answer(caller: socket.socket) -> None:
        head = (
            f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n" if headers else f"HTTP/1.1 {status}\r\n\r\n"
        )
        caller.sendall(head.encode() + body)

    return answer


JSON_OK = says("200 OK", "Content-Type: application/json", b'{"ok": true}')


def inside(port: int, path: str = "/") -> str:
    return f"http://127.0.0.1:{port}{path}"


# ---------------------------------------------------------------------------------- who is asked


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_the_internet_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://bank.example/",
        "file:///etc/passwd",
        "gopher://bank.example/",
        "ftp://bank.example/",
        "//bank.example/",
        "/etc/passwd",
        "",
        "https://",
        "https://user@bank.example/",
        "https://user:word@bank.example/",
        "https://bank.example\\@evil.example/",
        "https://bank.example/\r\nX: y",
        "https://bank.example/ HTTP/1.1",
        "https://bank.example:99999/",
        "https://bank.example:x/",
        "https://[fe80::1%25lo]/",
        "https://[::1/",
        "https://bank.example/\u043f",
        "https://bank.example/?" + "q" * 2_000,
        "https://ba\x00nk.example/",
        "https://bank.example/<script>",
    ],
)
def test_such_an_address_is_not_even_looked_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolver(monkeypatch, {})
    with pytest.raises(AddressRefusedError):
        fetch(url)
    assert asked == []


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_name_for_a_machine_inside_is_refused_unasked(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver(monkeypatch, {"evil.example": [address], "half.example": ["93.184.216.34", address]})
    monkeypatch.setattr(socket, "create_connection", _never)
    for name in ("evil.example", "half.example"):
        with pytest.raises(AddressRefusedError):
            fetch(f"https://{name}/")


def _never(*_: Any, **__: Any) -> socket.socket:
    raise AssertionError("somebody was called")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "localhost"]
)
def test_no_way_to_write_this_machine_is_overlooked(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By the system's own resolver, which understands the odd ones.
    monkeypatch.setattr(socket, "create_connection", _never)
    with pytest.raises((AddressRefusedError, UnreachableError)):
        fetch(f"https://{host}/")


def test_link_local_is_refused_even_where_the_inner_network_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "create_connection", _never)
    for address in ("169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", ANY):
        with pytest.raises(AddressRefusedError):
            fetch(f"https://{address}/latest/meta-data/", allow_private=True)


def test_a_name_that_changes_its_mind_is_asked_only_where_it_was_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = resolver(monkeypatch, {"x.example": ["93.184.216.34"]}, {"x.example": ["127.0.0.1"]})
    called: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], **_: Any) -> socket.socket:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(UnreachableError):
        fetch("https://x.example:8443/")
    assert asked == ["x.example"]
    assert called == [("93.184.216.34", 8443)]


def test_an_unknown_name_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver(monkeypatch, {"empty.example": []})
    for name in ("missing.example", "empty.example"):
        with pytest.raises(UnreachableError):
            fetch(f"https://{name}/")


def test_a_resolver_that_does_not_answer_costs_no_more_than_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = threading.Event()
    monkeypatch.setattr(outgoing, "SECONDS", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: free.wait(10))
    with pytest.raises(UnreachableError):
        fetch("https://slow.example/")
    free.set()


# ------------------------------------------------------------------------------- what is answered


def ask(port: int, **more: Any) -> outgoing.Answer:
    return fetch(inside(port), allow_private=True, allow_http=True, **more)


def test_an_answer_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(JSON_OK) as (port, heard):
        resolver(monkeypatch, {"id.bank.example": ["127.0.0.1"]})
        answer = fetch(
            f"http://id.bank.example:{port}/keys?v=1&w=2",
            allow_private=True,
            allow_http=True,
            content_types=("application/json",),
        )
    assert (answer.status, answer.ok, answer.json()) == (200, True, {"ok": True})
    lines = heard[0].decode().split("\r\n")
    assert lines[0] == "GET /keys?v=1&w=2 HTTP/1.1"
    assert f"Host: id.bank.example:{port}" in lines
    assert [line for line in lines if line.lower().startswith(("cookie", "authorization"))] == []


def test_a_form_is_sent_with_the_headers_given() -> None:
    with server(says("400 Bad", "Content-Type: text/html", b"no")) as (port, heard):
        answer = ask(
            port,
            data={"code": "a b&c", "grant_type": "authorization_code"},
            headers={"Authorization": "Basic eA=="},
            content_types=("application/json",),
        )
    assert (answer.status, answer.ok, answer.body) == (400, False, b"no")
    assert heard[0].startswith(b"POST / HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Basic eA==\r\n" in heard[0]
    assert b"\r\nContent-Type: application/x-www-form-urlencoded\r\n" in heard[0]
    assert heard[0].endswith(b"\r\n\r\ncode=a+b%26c&grant_type=authorization_code")


@pytest.mark.parametrize("headers", [{"X": "a\r\nY: b"}, {"X\r\nY": "b"}, {"X": "п"}])
def test_no_header_is_smuggled(headers: dict[str, str]) -> None:
    with server(JSON_OK) as (port, heard), pytest.raises(AddressRefusedError):
        ask(port, headers=headers)
    assert heard == []


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        ("302 Found", "Location: http://127.0.0.1/", b""),
        ("301 Moved", "Location: https://bank.example/", b""),
        ("307 Again", "Location: /", b""),
        ("304 Same", "ETag: x", b""),
        ("200 OK", "Content-Type: text/html", b"<html>"),
        ("200 OK", "", b"{}"),
        ("200 OK", "Content-Type: application/json\r\nContent-Encoding: gzip", b"\x1f\x8b"),
        ("200 OK", "Content-Type: application/json", b"x" * (outgoing.LIMIT + 1)),
    ],
)
def test_what_was_not_asked_for_is_not_taken(status: str, headers: str, body: bytes) -> None:
    with server(says(status, headers, body)) as (port, heard), pytest.raises(AnswerRefusedError):
        ask(port, content_types=("application/json",))
    assert len(heard) == 1  # nobody was followed anywhere


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff\xfe", b"[" * 200_000])
def test_what_is_not_json_says_so(body: bytes) -> None:
    answer = outgoing.Answer(200, {}, body)
    with pytest.raises(AnswerRefusedError):
        answer.json()


def drip(caller: socket.socket) -> None:
    for each in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 500:
        caller.sendall(bytes([each]))
        time.sleep(0.01)


@pytest.mark.parametrize("answer", [drip, lambda caller: caller.recv(1)], ids=["dripped", "silent"])
def test_nobody_keeps_us_longer_than_agreed(
    answer: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "SECONDS", 0.2)
    with server(answer) as (port, _):
        began = time.monotonic()
        with pytest.raises(UnreachableError):
            ask(port)
        assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200]
)
def test_nonsense_is_no_answer(said: bytes) -> None:
    with server(lambda caller: caller.sendall(said)) as (port, _), pytest.raises(UnreachableError):
        ask(port)


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(JSON_OK) as (proxy, proxied), server(JSON_OK) as (port, heard):
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        ask(port)
    assert (len(proxied), len(heard)) == (0, 1)


# ------------------------------------------------------------------------------------------ https


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for id.bank.example, signed by itself."""
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes a certificate for this test, is not installed")
    made = tmp_path_factory.mktemp("tls") / "both.pem"
    key, cert = made.with_name("key.pem"), made.with_name("cert.pem")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout",
         str(key), "-out", str(cert), "-subj", "/CN=id.bank.example",
         "-addext", "subjectAltName=DNS:id.bank.example"],
        check=True, capture_output=True,
    )  # fmt: skip
    made.write_bytes(key.read_bytes() + cert.read_bytes())
    return made


@contextmanager
def over_tls(certificate: Path) -> Iterator[tuple[int, list[str | None]]]:
    """A machine that speaks TLS; the names it was called by."""
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _sock, name, _context: names.append(name)

    def serve() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as caller:
                    read_request(caller)
                    JSON_OK(caller)
            except OSError:
                plain.close()

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], names
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_over_tls_the_machine_must_prove_the_name_and_not_the_number(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {name: ["127.0.0.1"] for name in ("id.bank.example", "other.example")}
    with over_tls(certificate) as (port, called):
        resolver(monkeypatch, names)
        good, bad = f"https://id.bank.example:{port}/", f"https://other.example:{port}/"
        with pytest.raises(UnreachableError):  # signed by nobody the system believes
            fetch(good, allow_private=True)
        trusted = ssl.create_default_context(cafile=str(certificate.with_name("cert.pem")))
        monkeypatch.setattr(outgoing, "trust", lambda: trusted)
        assert fetch(good, allow_private=True).json() == {"ok": True}
        with pytest.raises(UnreachableError):
            fetch(bad, allow_private=True)
        with pytest.raises(AddressRefusedError):
            fetch(good)
    assert called == ["id.bank.example", "id.bank.example", "other.example"]
