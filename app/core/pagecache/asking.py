"""What a request asks for, read without Flask; None for whatever has to be asked of Flask."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.sansio.http import parse_cookie

if TYPE_CHECKING:
    from collections.abc import Collection
    from wsgiref.types import WSGIEnvironment

# Whose answer is for one reader, or a piece of a page.
_OURS_ALONE: Final = ("HTTP_AUTHORIZATION", "HTTP_HX_REQUEST", "HTTP_X_FRAGMENT", "HTTP_X_LANGUAGE",
                      "HTTP_TRANSFER_ENCODING", "HTTP_UPGRADE")  # fmt: skip
# Of ours: as they are called over http, and over https.
_LANGUAGE: Final = ("lang", "__Host-lang")
_PERSONAL: Final = frozenset({"sid", "__Host-sid", "guest", "__Host-guest"})
# What a page is made from besides: all that the application may see of its first reader. None of it
# is said in a page; it is for who counts, and for limits, whose refusals are not kept.
_SEEN: Final = frozenset({
    "HTTP_HOST", "HTTP_USER_AGENT", "HTTP_X_FORWARDED_FOR", "HTTP_SEC_FETCH_DEST",
    "HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ",
})  # fmt: skip
_LONGEST_HEADER: Final = 300
_LONGEST_QUERY: Final = 2000


class Offered(NamedTuple):
    """The languages of this bank's pages, and the one for who wants none of them."""

    languages: tuple[str, ...]
    otherwise: str


def is_for_everybody(environ: WSGIEnvironment) -> bool:
    """Whether nothing of this request says who asks, whatever its cookies say."""
    if environ.get("SCRIPT_NAME") or environ.get("CONTENT_LENGTH", "0") not in {"", "0"}:
        return False
    if not environ.keys().isdisjoint(_OURS_ALONE):
        return False
    # Another site's page, not its reader, asks: `core.web` looks closer.
    asks = environ.get("HTTP_SEC_FETCH_SITE") in {"cross-site", "same-site"}
    return not asks or environ.get("HTTP_SEC_FETCH_MODE") == "navigate"


def language(environ: WSGIEnvironment, offered: Offered, *, secure: bool) -> str | None:
    """The language a page is asked for in, as the application finds it; None: a cookie of ours.

    Who chose a language has a cookie that says so and nothing else, and reads from the shelf too.
    """
    cookie = environ.get("HTTP_COOKIE")
    if cookie:
        given = parse_cookie(cookie)
        if not _PERSONAL.isdisjoint(given):
            return None
        chosen = given.get(_LANGUAGE[secure])
        if chosen in offered.languages:
            return chosen
    wanted = environ.get("HTTP_ACCEPT_LANGUAGE", "")
    return _best(wanted, offered) if len(wanted) <= _LONGEST_HEADER else None


@lru_cache(maxsize=1024)
def _best(wanted: str, offered: Offered) -> str:
    accepted = parse_accept_header(wanted, LanguageAccept)
    return accepted.best_match(offered.languages) or offered.otherwise


def knows(query: str, parameters: Collection[str]) -> bool:
    """Whether a page with these parameters knows all of this query, and none of it twice."""
    if not query:
        return True
    if len(query) > _LONGEST_QUERY:
        return False
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return False
    names = [name for name, _ in pairs]
    return bool(names) and len(set(names)) == len(names) and set(names) <= set(parameters)


def of_nobody(environ: WSGIEnvironment, spoken: str) -> WSGIEnvironment:
    """The request as it is put to the application: from somebody nothing is known of.

    What is not in the key of a page cannot be in the page either, for it never gets there.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("HTTP_") or name in _SEEN
    }
    kept["REQUEST_METHOD"] = "GET"
    kept["HTTP_ACCEPT_LANGUAGE"] = spoken
    if environ["REQUEST_METHOD"] == "HEAD":
        # Nobody reads that.
        kept["HTTP_USER_AGENT"] = ""
    return kept
