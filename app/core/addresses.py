"""Whole addresses of our pages, for letters and feeds, which are read far from any request."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_base = ""
# What a sanitiser of ours leaves of a path on this site.
_OWN_PATH = re.compile(r'(?<=\s)(href|src)="(/(?!/)[^"]*)"')


def init(public_url: str) -> None:
    """Take the address people open us at."""
    global _base  # noqa: PLW0603 (one address a process, set at start)
    _base = public_url.rstrip("/")


def at(path: str) -> str:
    """The whole address of a path on this site."""
    return f"{_base}{path}"


def origin() -> str:
    """Our origin, as browsers write it."""
    parts = urlsplit(_base)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in {None, usual} else f":{parts.port}"
    return f"{parts.scheme}://{host()}{port}"


def front() -> str:
    """The front page."""
    return at("/")


def host() -> str:
    """Our host's name, for Message-IDs and the ids in feeds."""
    return (urlsplit(_base).hostname or "localhost").encode("idna").decode()


def is_ours(address: str) -> bool:
    """Whether a whole address is one of our pages'."""
    return bool(_base) and (address == _base or address.startswith(f"{_base}/"))


def topic(topic_id: int) -> str:
    """A topic's page."""
    return at(f"/topics/{topic_id}")


def post(topic_id: int, seq: int) -> str:
    """An answer or a comment on its topic's page."""
    return at(f"/topics/{topic_id}/posts/{seq}")


def verdict(topic_id: int) -> str:
    """Where the asker says "solved" or "not solved"; a link only leads to the two buttons."""
    return at(f"/topics/{topic_id}#solved")


def category(slug: str) -> str:
    """A category's page."""
    return at(f"/categories/{quote(slug)}")


def desk(topic_id: int | None = None) -> str:
    """Where executives answer, with a topic open."""
    return at("/desk" if topic_id is None else f"/desk?topic={topic_id}")


def sign_in() -> str:
    """Where one signs in."""
    return at("/sign-in")


def sign_up() -> str:
    """Where one opens an account."""
    return at("/sign-up")


def forgotten() -> str:
    """Where one asks for a new password."""
    return at("/reset")


def safety() -> str:
    """Where one sees how one comes in, and ends sessions."""
    return at("/profile/safety")


def made_whole(html: str) -> str:
    """`html` of ours with whole addresses in the place of paths."""
    return _OWN_PATH.sub(lambda found: f'{found[1]}="{at(found[2])}"', html)
