"""One browser of a crowd: a kept connection, cookies, forms as they stand on the page."""

from __future__ import annotations

import gzip
import http.client
import select
import time
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Collection, Mapping

OK, NOTHING, SEE_OTHER, UNCHANGED = 200, 204, 303, 304
USUAL = (OK, UNCHANGED)
FAILED = 500
# A server hangs up after a while (gunicorn after two seconds), perhaps while we are asking anew:
# whoever keeps a connection hangs up first.
IDLE = 1.0
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 crowd"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and what came of it; `at` in monotonic seconds, `took` in seconds.

    `trouble` says why no answer came: refused (nobody listened), unreachable, reset (the connection
    ended before the answer), torn (within it), timeout. `status` is 0 then.
    """

    kind: str
    method: str
    path: str
    at: float
    took: float
    status: int
    trouble: str
    is_expected: bool

    @property
    def ended(self) -> float:
        """When the answer was there, or the trouble."""
        return self.at + self.took

    @property
    def outcome(self) -> str:
        """The status or the trouble, for a table."""
        return self.trouble or str(self.status)


@dataclass(frozen=True)
class Answer:
    """What came; without a status when nothing did. `was_sent`: somebody may have acted on it."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""
    trouble: str = ""
    was_sent: bool = True

    @property
    def is_unsure(self) -> bool:
        """Whether what was asked for may have been done all the same."""
        return self.was_sent and (not self.status or self.status >= FAILED)

    @cached_property
    def text(self) -> str:
        """The page."""
        zipped = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.raw) if zipped else self.raw).decode("utf-8", "replace")

    @property
    def location(self) -> str:
        """Where it leads, within the site."""
        parts = urlsplit(self.headers.get("location", ""))
        return parts.path + (f"#{parts.fragment}" if parts.fragment else "")

    def form(self, action: str) -> Form | None:
        """The form of the page that is sent to this path."""
        reader = _Forms()
        reader.feed(self.text)
        return next((form for form in reader.forms if urlsplit(form.action).path == action), None)


@dataclass
class Form:
    """What a form would send as it stands there, and what may be chosen."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Finds forms; texts somebody is to write are left empty."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(said.get("action", "")))
            self.is_inside = True
        name = said.get("name")
        if not self.is_inside or not name or tag not in {"input", "textarea"}:
            return
        form, kind = self.forms[-1], said.get("type", "text")
        if kind == "radio":
            form.choices.setdefault(name, []).append(said.get("value", ""))
        if kind in {"radio", "checkbox"} and "checked" not in said:
            return
        if kind not in {"file", "submit"}:
            form.fields[name] = said.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_inside = False


@dataclass
class Visitor:
    """Somebody at the site, request after request on one connection.

    `address` is where to connect; `site` what the address line of the browser says, when that is
    another (a proxy's, say). `note` hears of every request.
    """

    address: str
    note: Callable[[Asked], None]
    site: str = ""
    language: str = "ru"
    timeout: float = 15.0
    cookies: dict[str, str] = field(default_factory=dict)
    line: http.client.HTTPConnection | None = None
    used_at: float = 0.0

    def get(
        self,
        path: str,
        kind: str,
        expected: Collection[int] = USUAL,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask for a page."""
        return self._ask("GET", path, kind, expected, {**(headers or {})}, None)

    def post(
        self, path: str, kind: str, fields: Mapping[str, str], expected: Collection[int] = (303,)
    ) -> Answer:
        """Send a form."""
        site = self.site or self.address
        headers = {
            "Origin": site,
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self._ask("POST", path, kind, expected, headers, urlencode(fields).encode())

    def close(self) -> None:
        """Hang up."""
        if self.line is not None:
            self.line.close()
        self.line = None

    def _ask(
        self,
        method: str,
        path: str,
        kind: str,
        expected: Collection[int],
        headers: dict[str, str],
        body: bytes | None,
    ) -> Answer:
        began = time.monotonic()
        answer = self._answered(method, path, {**self._usual(), **headers}, body)
        is_expected = answer.status in expected
        took = time.monotonic() - began
        self.note(
            Asked(kind, method, path, began, took, answer.status, answer.trouble, is_expected)
        )
        return answer

    def _usual(self) -> dict[str, str]:
        headers = {
            "Host": urlsplit(self.site or self.address).netloc,
            "User-Agent": BROWSER,
            "Accept": "text/html,*/*",
            "Accept-Language": self.language,
            "Accept-Encoding": "gzip",
        }
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        return headers

    def _answered(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> Answer:
        try:
            line = self._connected()
        except TimeoutError:
            return Answer(trouble="timeout", was_sent=False)
        except ConnectionRefusedError:
            return Answer(trouble="refused", was_sent=False)
        except OSError:
            return Answer(trouble="unreachable", was_sent=False)
        trouble = "reset"
        try:
            line.request(method, path, body=body, headers=headers)
            came = line.getresponse()
            trouble = "torn"
            raw = came.read()
        except TimeoutError:
            trouble = "timeout"
        except (OSError, http.client.HTTPException):
            pass
        else:
            self._remember(came)
            self.used_at = time.monotonic()
            if came.will_close:
                self.close()
            named = {name.lower(): value for name, value in came.getheaders()}
            return Answer(came.status, named, raw)
        self.close()
        return Answer(trouble=trouble)

    def _connected(self) -> http.client.HTTPConnection:
        """The line, made anew after a pause, and when the other side has hung up meanwhile."""
        is_old = time.monotonic() > self.used_at + IDLE
        if self.line is not None and (is_old or _has_ended(self.line.sock)):
            self.close()
        if self.line is None:
            line = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=self.timeout)
            line.connect()
            self.line = line
        return self.line

    def _remember(self, came: http.client.HTTPResponse) -> None:
        for said in came.headers.get_all("Set-Cookie", []):
            name, _, value = said.partition(";")[0].strip().partition("=")
            if value and value != '""':
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)


def _has_ended(sock: socket.socket | None) -> bool:
    """Whether there is something to read though nothing was asked: the end."""
    return sock is None or bool(select.select([sock], [], [], 0)[0])
