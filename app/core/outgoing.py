"""The only way out: asking another machine for something at an address somebody typed in.

    answer = fetch("https://id.bank.example/.well-known/openid-configuration")
    answer = fetch(token_url, data={"code": code}, headers={"Authorization": …})

An address may name a machine that only we can reach: our database, the cloud's metadata, a printer.
So the name is resolved here, every address it stands for is judged, and the connection goes to the
very address that was judged; a name that is resolved anew in between (DNS rebinding) changes
nothing. Redirects are not followed, the environment's proxies are not asked, and all of it together
may take five seconds and bring one megabyte.
"""

from __future__ import annotations

import io
import ipaddress
import json
import re
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPMessage
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS: Final = 5.0
LIMIT: Final = 1024 * 1024
LONGEST: Final = 2_000
AGENT: Final = "Otklik"

_PORTS: Final = {"https": 443, "http": 80}
_HTTP_ERRORS: Final = 400
_OK: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
# What a browser and we might read differently has no place in an address.
_PLAIN: Final = re.compile(r"[!#-;=?-Z\[\]_a-z~%\u00a1-\uffff]+")
_HEADER: Final = re.compile(r"[\t\x20-\x7e]*")

# Everything that is not the public internet, by the registries of IANA; said in full here because
# `ipaddress` has changed its mind about several between releases of Python.
_NEVER: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        ),
    )
)  # fmt: skip
_PRIVATE: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
            "::1/128", "fc00::/7",
        ),
    )
)  # fmt: skip
# Of IPv6 only what is given out to networks, without what carries an IPv4 address inside (6to4,
# Teredo, and by standing outside of 2000::/3 the mapped, compatible and NAT64 ones).
_GIVEN_OUT: Final = ipaddress.ip_network("2000::/3")
_CARRIERS: Final = tuple(
    map(ipaddress.ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutgoingError(Exception):
    """Nothing usable came from there."""


class AddressRefusedError(OutgoingError):
    """We do not ask at such an address; nothing was sent."""


class UnreachableError(OutgoingError):
    """Nobody is there, it took too long, or it could not prove who it is."""


class AnswerRefusedError(OutgoingError):
    """It led elsewhere, was too large, or was not of the kind that was asked for."""


@dataclass(frozen=True)
class Answer:
    """What came back. A refusal of theirs (400 and up) is an answer too."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether they did what was asked."""
        return self.status < _HTTP_ERRORS

    def json(self) -> Any:
        """The body read as JSON; AnswerRefusedError when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise AnswerRefusedError("the answer is not JSON") from error


def fetch(
    url: str,
    *,
    data: Mapping[str, str] | bytes | None = None,
    headers: Mapping[str, str] | None = None,
    content_types: tuple[str, ...] = (),
    allow_private: bool = False,
    allow_http: bool = False,
) -> Answer:
    """Ask at `url`: GET, or POST when `data` is given (a mapping is sent as a form).

    `allow_private` is for an address an administrator set in the server's own settings: it admits
    the bank's inner network and this machine, though never link-local ones, where clouds keep their
    keys. `content_types` names what a good answer may be: `("application/json",)`.
    """
    until = time.monotonic() + SECONDS
    parts, host, port = _read(url, allow_http=allow_http)
    found = _judged(_resolved(host, port, until), allow_private=allow_private)
    sent, named = _to_send(data, headers or {})
    named["Host"] = parts.netloc
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        wire = _Wire(_connected(found, port, host, until, secure=parts.scheme == "https"), until)
        try:
            return _asked(wire, path, sent, named, content_types)
        finally:
            wire.sock.close()
    except (OSError, HTTPException) as error:
        raise UnreachableError(f"{host}: {type(error).__name__}") from error


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet and to one machine of it."""
    if any(address in network for network in (*_NEVER, *_PRIVATE)):
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    return address in _GIVEN_OUT and not any(address in network for network in _CARRIERS)


def _read(url: str, *, allow_http: bool) -> tuple[SplitResult, str, int]:
    """The parts, the host in ASCII and the port."""
    if len(url) > LONGEST or not _PLAIN.fullmatch(url):
        raise AddressRefusedError("not an address as browsers write them")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    except ValueError as error:
        raise AddressRefusedError("not an address") from error
    if parts.scheme != "https" and not (allow_http and parts.scheme == "http"):
        raise AddressRefusedError("only https:// is asked")
    if not host or "%" in host or "@" in parts.netloc:
        raise AddressRefusedError("a host and nothing else may stand before the path")
    try:
        (parts.path + parts.query).encode("ascii")
    except UnicodeEncodeError as error:
        raise AddressRefusedError("the path must be percent-encoded") from error
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[parts.scheme]:
        netloc = f"{netloc}:{port}"
    return parts._replace(netloc=netloc), host, _PORTS[parts.scheme] if port is None else port


def _resolved(host: str, port: int, until: float) -> list[Address]:
    """All a name stands for. In a thread: the system's resolver knows no patience of ours."""
    pool = ThreadPoolExecutor(1, "resolve")
    try:
        asked = pool.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        rows = asked.result(until - time.monotonic())
    except (OSError, UnicodeError, TimeoutError) as error:
        raise UnreachableError(f"{host}: no such name") from error
    finally:
        pool.shutdown(wait=False)
    return list(dict.fromkeys(ipaddress.ip_address(row[4][0]) for row in rows))


def _judged(found: list[Address], *, allow_private: bool) -> list[Address]:
    """`found`, when every one of them may be asked: a name for both is a trick."""
    for address in found:
        private = any(address in network for network in _PRIVATE)
        if not (is_public(address) or (private and allow_private)):
            raise AddressRefusedError("the name leads to a machine that is not on the internet")
    if not found:
        raise UnreachableError("the name stands for nothing")
    return found


def _connected(
    found: list[Address], port: int, host: str, until: float, *, secure: bool
) -> socket.socket:
    """A connection to the first of `found` that answers, which has proved to be `host`."""
    failed: OSError = TimeoutError("no time is left")
    for address in found:
        try:
            plain = socket.create_connection((str(address), port), timeout=_left(until))
        except OSError as error:
            failed = error
            continue
        if not secure:
            return plain
        try:
            plain.settimeout(_left(until))
            return trust().wrap_socket(plain, server_hostname=host)
        except (OSError, ValueError):
            plain.close()
            raise
    raise failed


def trust() -> ssl.SSLContext:
    """Whose signatures are believed: the system's, or those in the file SSL_CERT_FILE names."""
    return ssl.create_default_context()


def _left(until: float) -> float:
    """Seconds left; an OSError when there are none, as the network itself would say it."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time is left")
    return left


class _Stream(io.RawIOBase):
    """Reads until the one deadline, however slowly the bytes are dripped."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self.sock, self.until = sock, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.sock.settimeout(_left(self.until))
        return self.sock.recv_into(buffer)


class _Wire:
    """What `http.client` takes for a socket. It "closes" it early, as real ones may be: we do."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self.sock, self.until = sock, until

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Stream(self.sock, self.until))

    def sendall(self, data: bytes) -> None:
        self.sock.settimeout(_left(self.until))
        self.sock.sendall(data)

    def close(self) -> None:
        pass


def _to_send(
    data: Mapping[str, str] | bytes | None, headers: Mapping[str, str]
) -> tuple[bytes | None, dict[str, str]]:
    """The body and the headers, each of one line."""
    named = {"User-Agent": AGENT, "Accept-Encoding": "identity", "Connection": "close"}
    if data is not None and not isinstance(data, bytes):
        data = urlencode(data).encode("ascii")
        named["Content-Type"] = "application/x-www-form-urlencoded"
    named |= headers
    if not all(_HEADER.fullmatch(each) for pair in named.items() for each in pair):
        raise AddressRefusedError("a header must be one line of plain characters")
    return data, named


def _asked(
    wire: _Wire,
    path: str,
    data: bytes | None,
    headers: dict[str, str],
    content_types: tuple[str, ...],
) -> Answer:
    connection = HTTPConnection("unused.invalid")
    connection.auto_open = 0  # it never connects by itself: ours is the connection
    connection.sock = wire
    connection.request("GET" if data is None else "POST", path, body=data, headers=headers)
    response = connection.getresponse()
    if response.status in _REDIRECTS:
        raise AnswerRefusedError("it leads elsewhere, where we do not follow")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise AnswerRefusedError("the answer is packed")
    kind = response.headers.get_content_type()
    if content_types and response.status in _OK and kind not in content_types:
        raise AnswerRefusedError(f"the answer is {kind}")
    body = response.read(LIMIT + 1)
    if len(body) > LIMIT:
        raise AnswerRefusedError("the answer is too large")
    return Answer(response.status, _joined(response.headers), body)


def _joined(headers: HTTPMessage) -> dict[str, str]:
    """By name; one that was sent twice reads as one, as HTTP says."""
    return {name.lower(): ", ".join(headers.get_all(name, [])) for name in headers}
