"""Two sites for the widget's loader: the bank's, and one of ours whose frame only repeats.

The frame speaks the protocol and keeps what it heard in `heard`; what kind it is its key says.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDGET = Path(__file__).parents[2] / "static" / "widget"
FRAME = b"""<!doctype html><html lang="en"><title>Answers</title>
<body><main><h1>Answers</h1><label>Search <input></label></main><script>
const heard = []; let host = "";
const say = (t, p = {}) => parent.postMessage({ch: "otklik", v: 1, t, p}, host);
addEventListener("message", (e) => {
  if (e.source !== parent) return;
  host = e.origin; heard.push(e.data);
  if (e.data.t === "hello" && !location.pathname.endsWith("/mute")) say("ready");
  if (e.data.t === "open") document.querySelector("input").focus();
});
addEventListener("keydown", (e) => e.key === "Escape" && say("close"));
parent.postMessage({ch: "otklik", v: 1, t: "here", p: {}}, "*");
</script>"""
# As strict as a bank can be; the two directives that are ours are filled in.
STRICTEST = (
    "default-src 'none'; script-src 'nonce-x' {ours}; frame-src {ours}; style-src 'self';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass
class Server:
    """A site on a port of its own, under whichever name one asks for it."""

    port: int
    # Of each path: headers and body.
    pages: dict[str, tuple[dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    waiting: threading.Event = field(default_factory=threading.Event)

    def at(self, name: str = "127.0.0.1") -> str:
        """Its origin."""
        return f"http://{name}:{self.port}"


@contextmanager
def served() -> Iterator[Server]:
    """Until the end of the block. Our paths are there on each."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            server.asked.append(self.path)
            if path.endswith("/hangs"):
                server.waiting.wait(30)
            if path.endswith(("/hangs", "/cut")):
                self.close_connection = True
                return
            headers, body = server.pages.get(path) or ours(path)
            self.send_response(int(headers.get("Status", 200)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing: pytest is talking."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server = Server(httpd.server_address[1])
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.waiting.set()
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def ours(path: str) -> tuple[dict[str, str], bytes]:
    """The loader as it stands or as it was published, or the frame."""
    if path == "/widget/v1.js":
        return _script(WIDGET / "loader.js")
    if path.startswith("/widget/"):
        return _script(WIDGET / "releases" / f"{path.split('/')[2]}.js")
    if path.startswith("/embed/"):
        html = {"Content-Type": "text/html; charset=utf-8"}
        if path.endswith("/broken"):
            return {**html, "Status": "500"}, b"<!doctype html><h1>500</h1>"
        if path.endswith("/unlisted"):
            return {**html, "Content-Security-Policy": "frame-ancestors 'none'"}, FRAME
        return html, FRAME
    return {"Status": "404"}, b""


def _script(file: Path) -> tuple[dict[str, str], bytes]:
    headers = {
        "Content-Type": "text/javascript; charset=utf-8",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": "no-store",
    }
    return headers, file.read_bytes()
