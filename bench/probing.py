"""Requests as nobody sends them, and an application that says what it was told of each."""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROBE = """
import contextvars, json, os, threading, time

seen, own = contextvars.ContextVar("seen", default=0), threading.local()


def app(environ, start_response):
    body = b""
    if environ["PATH_INFO"] != "/unread":
        length = environ.get("CONTENT_LENGTH")
        body = environ["wsgi.input"].read(*([int(length)] if length else []))
    if environ["PATH_INFO"] == "/thread":
        found = [seen.get(), getattr(own, "count", 0)]
        seen.set(seen.get() + 1)
        own.count = found[1] + 1
        said = {"context": found[0], "local": found[1], "threads": threading.active_count()}
    else:
        names = ("REMOTE_ADDR", "wsgi.url_scheme", "PATH_INFO", "QUERY_STRING", "SCRIPT_NAME",
                 "CONTENT_LENGTH", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING",
                 "wsgi.input_terminated", "wsgi.multithread", "wsgi.multiprocess")
        said = {n: environ[n] for n in names if n in environ}
        said |= {n: v for n, v in environ.items() if n.startswith("HTTP_X")}
        said |= {"body": len(body), "secret": "SECRET_KEY" in environ,
                 "start": body[:20].decode("latin-1")}
    text = json.dumps(said).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]
"""


def talk(port: int, request: bytes, seconds: float = 1.5) -> bytes:
    """All that comes back within so many seconds of silence."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.settimeout(seconds)
        try:
            line.sendall(request)
            while some := line.recv(1 << 16):
                said += some
        except OSError:
            pass
    return said


def _statuses(said: bytes) -> str:
    found = [each.decode() for each in re.findall(rb"HTTP/1\.[01] (\d{3})", said)]
    return " ".join(found) or "closed"


def _size(said: bytes) -> int:
    return len(said.partition(b"\r\n\r\n")[2])


def _told(said: bytes) -> dict[str, object]:
    found = re.search(rb"\{[^}]*\}", said)
    return json.loads(found[0]) if found else {}


def probes(port: int) -> Iterator[tuple[str, str]]:
    """What was sent, and what came of it."""
    host = f"Host: 127.0.0.1:{port}\r\n"
    end = f"{host}Connection: close\r\n\r\n"

    def get(lines: str, path: str = "/") -> bytes:
        return talk(port, f"GET {path} HTTP/1.1\r\n{lines}{end}".encode())

    def post(lines: str, body: str, path: str = "/") -> bytes:
        return talk(port, f"POST {path} HTTP/1.1\r\n{host}{lines}\r\n{body}".encode())

    told = _told(get("X-Forwarded-For: 9.9.9.9\r\n", "/a%20b/%D0%BA?q=%20"))
    names = ("REMOTE_ADDR", "PATH_INFO", "QUERY_STRING", "HTTP_X_FORWARDED_FOR")
    yield "address, path, query, X-Forwarded-For", " ".join(str(told.get(n)) for n in names)
    told = _told(get("X_Forwarded_For: 9.9.9.9\r\n"))
    yield "X_Forwarded_For (underscores)", str(told.get("HTTP_X_FORWARDED_FOR", "dropped"))
    told = _told(get("X-Forwarded-For: 1.1.1.1\r\nX_Forwarded_For: 9.9.9.9\r\n"))
    yield "both of them", str(told.get("HTTP_X_FORWARDED_FOR"))
    told = _told(get("X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 9.9.9.9\r\n"))
    yield "X-Forwarded-For twice", str(told.get("HTTP_X_FORWARDED_FOR"))
    yield "the environment's SECRET_KEY in environ", str(told.get("secret"))
    flags = ("wsgi.multithread", "wsgi.multiprocess", "wsgi.input_terminated")
    yield "multithread, multiprocess, input_terminated", " ".join(str(told.get(f)) for f in flags)
    head = talk(port, f"HEAD / HTTP/1.1\r\n{end}".encode())
    yield "HEAD: status, bytes of body", f"{_statuses(head)} {_size(head)}"
    chunks = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    told = _told(post("Transfer-Encoding: chunked\r\nConnection: close\r\n", chunks))
    yield "chunked body of 11 bytes", str(told.get("body"))
    said = talk(
        port,
        f"POST / HTTP/1.1\r\n{host}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n".encode(),
    )
    yield "Expect: 100-continue, no body yet", _statuses(said)
    after = f"GET /x HTTP/1.1\r\n{end}"
    said = post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", f"0\r\n\r\n{after}")
    yield "Content-Length and Transfer-Encoding", _statuses(said)
    said = post("Content-Length: 5\r\nContent-Length: 6\r\n", f"hello!GET /x HTTP/1.1\r\n{end}")
    yield "two Content-Lengths", _statuses(said)
    for te in ("xchunked", "chunked, identity", " chunked", "chunked\r\nTransfer-Encoding: x"):
        said = post(f"Transfer-Encoding: {te}\r\n", f"0\r\n\r\nGET /x HTTP/1.1\r\n{end}")
        yield f"Transfer-Encoding: {te!r}", _statuses(said)
    said = post("Transfer-Encoding : chunked\r\n", f"0\r\n\r\nGET /x HTTP/1.1\r\n{end}")
    yield "a space before the colon", _statuses(said)
    said = talk(port, f"GET / HTTP/1.1\n{host}\n".encode())
    yield "lines that end in LF alone", _statuses(said)
    said = post("Content-Length: +5\r\n", f"helloGET /x HTTP/1.1\r\n{end}")
    yield "Content-Length: +5", _statuses(said)
    said = post("Content-Length: 5\r\n", f"helloGET /x HTTP/1.1\r\n{end}", "/unread")
    yield "a body nobody reads, then another request", _statuses(said)
    yield "no Host", _statuses(talk(port, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"))
    yield "an address of 10 KB", _statuses(get("", "/" + "x" * 10_000))
    yield "a header of 64 KB", _statuses(get(f"X-Long: {'x' * 65_000}\r\n"))
    yield "a header of 1 MB", _statuses(get(f"X-Long: {'x' * 1_000_000}\r\n"))
    yield "101 headers", _statuses(get("".join(f"X-N{n}: y\r\n" for n in range(101))))
    yield "a header with NUL", _statuses(get("X-Nul: a\0b\r\n"))
    asked = [_told(get("", "/thread")) for _ in range(30)]
    yield "a context variable left set is seen again", str(any(a.get("context") for a in asked))
    threads = max(int(str(a["threads"])) for a in asked if a)
    yield "thread-locals last; threads", f"{any(a.get('local') for a in asked)}; {threads}"
