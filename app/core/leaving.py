"""Links in what people write lead out through a page that says where to.

What is stored keeps its links; they are turned when it is shown, so that a host that staff trusts
from now on is reached at once. The page's address is signed: nobody can make us send people
anywhere that nobody wrote here.
"""

from __future__ import annotations

import html as entities
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from markupsafe import Markup

from app.core import addresses, links, names, signing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Flask

PATH = "/leave"
# What our sanitisers leave of a link: attributes in double quotes, whatever stands inside of them.
_ANCHOR = re.compile(r'(?<=<a)((?:\s[a-z-]+="[^"]*")+)(?=>)')
_HREF = re.compile(r'(?<=\shref=")[^"]*(?=")')
_USUAL_PORTS = {None, 80, 443}


class _Told:
    """Who knows the trusted hosts; asked anew for every text."""

    hosts: Callable[[], Iterable[str]] = staticmethod(tuple)


@dataclass(frozen=True)
class Place:
    """Where an address leads: the host as it is read, and in ASCII where that is another."""

    address: str
    host: str
    ascii_host: str

    @property
    def is_disguised(self) -> bool:
        """Whether its letters could be taken for others, so that only ASCII tells."""
        return self.host == self.ascii_host and "xn--" in self.host


def init(app: Flask, *, trusted: Callable[[], Iterable[str]]) -> None:
    """Take who knows the trusted hosts, and give templates `html | outward`."""
    _Told.hosts = staticmethod(trusted)
    app.jinja_env.filters["outward"] = shown


def shown(html: str | None) -> Markup:
    """HTML of ours, its links out turned, for a page."""
    return Markup(guarded(html or ""))  # noqa: S704 (what comes in has passed the gates of core.markup)


def guarded(html: str) -> str:
    """HTML of ours in which every link to a host that is not trusted leads to the page first."""
    if "href=" not in html:
        return html
    trusted = [host for named in _Told.hosts() if (host := ascii_host(named))]

    def turned(anchor: re.Match[str]) -> str:
        return _HREF.sub(lambda href: _turned(href[0], trusted), anchor[0])

    return _ANCHOR.sub(turned, html)


def way(address: str) -> str:
    """The path of the page that stands before `address`."""
    return f"{PATH}?to={quote(address, safe='')}&by={signing.sign('leave', address)}"


def place(address: str, signature: str) -> Place | None:
    """Where a link of ours leads; None when it is not one of ours."""
    if not signing.is_signed(signature, "leave", address) or not links.is_outside(address):
        return None
    host = ascii_host(_host(address))
    return Place(address, readable_host(host), host) if host else None


def is_trusted(address: str, trusted: Iterable[str]) -> bool:
    """Whether `address` lies at our own host, or at one of `trusted` or below it."""
    try:
        port = urlsplit(address).port
    except ValueError:
        return False
    host = ascii_host(_host(address))
    if not host or port not in _USUAL_PORTS:
        return addresses.is_ours(address)
    if host == addresses.host():
        return True
    return any(host == known or host.endswith(f".{known}") for known in trusted)


def ascii_host(host: str) -> str:
    """A host as the network knows it, in lower case; "" for what is none."""
    host = host.strip().rstrip(".").lower()
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def readable_host(host: str) -> str:
    """A host as people write it, unless its letters could be taken for others."""
    try:
        read = host.encode("ascii").decode("idna")
    except UnicodeError:
        return host
    return read if all(map(_is_honest, read.split("."))) else host


def _turned(href: str, trusted: list[str]) -> str:
    address = entities.unescape(href)
    if not links.is_outside(address) or is_trusted(address, trusted):
        return href
    return entities.escape(way(address))


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_honest(label: str) -> bool:
    """Whether a part of a host is of one alphabet, and does not only look like Latin."""
    if label.isascii():
        return True
    if names.mixes_scripts(label) or any(unicodedata.category(c)[0] in "CM" for c in label):
        return False
    return not names.skeleton(label).isascii()
