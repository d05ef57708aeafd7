"""Origins of the bank's sites, as a browser writes them: scheme, host, port unless it is usual."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

from app.core.leaving import ascii_host

# What a page on the engineer's own machine may have; a browser trusts these without a certificate.
NEAR: Final = frozenset({"localhost", "127.0.0.1"})
LONGEST: Final = 255
_USUAL: Final = {"https": 443, "http": 80}
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_MOST: Final = 65_535


class NoOriginError(ValueError):
    """`why`: "wildcard", "null", "scheme", "path", "insecure", "ipv6" or "host"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def normal(text: str, *, allow_http: bool = False) -> str:
    """The origin somebody typed, as browsers send it; raises NoOriginError.

    `allow_http`: also from machines other than one's own, as in development.
    """
    text = text.strip()
    if text.casefold() == "null":
        raise NoOriginError("null")
    if "*" in text:
        raise NoOriginError("wildcard")
    scheme, host, port = _parts(text)
    if scheme == "http" and not (allow_http or host in NEAR or host.endswith(".localhost")):
        raise NoOriginError("insecure")
    origin = f"{scheme}://{host}" + ("" if port in {None, _USUAL[scheme]} else f":{port}")
    if len(origin) > LONGEST:
        raise NoOriginError("host")
    return origin


def _parts(text: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise NoOriginError("host") from None
    scheme = parts.scheme.lower()
    if scheme not in _USUAL or "://" not in text:
        raise NoOriginError("scheme")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or text.endswith(("?", "#")):
        raise NoOriginError("path")
    if "[" in parts.netloc:
        raise NoOriginError("ipv6")
    host = ascii_host(parts.hostname or "")
    if "@" in parts.netloc or not _is_host(host) or not (port is None or 0 < port <= _MOST):
        raise NoOriginError("host")
    return scheme, host, port


def _is_host(host: str) -> bool:
    labels = host.split(".")
    if not all(map(_LABEL.fullmatch, labels)):
        return False
    # A name that ends with a number is read as an address, and in one way only by us.
    if labels[-1].isdigit() or re.fullmatch("0x[0-9a-f]*", labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host)) == host
        except ValueError:
            return False
    return True
