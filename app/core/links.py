"""Which addresses a text may link to, and where bare ones stand in it. Pure, linear, no parser.

An address is judged after every decoding a browser would do, so the judge refuses what is not
plainly written: no white space, no control or invisible character, no quote or bracket.
"""

import re
from collections.abc import Iterator

# Longer ones are no links people send, and punycode is quadratic in the length of a host.
LONGEST = 2_000

# Controls, white space, invisible and direction marks, and what would end an attribute or a tag.
_NEVER = re.compile(
    r"[\x00-\x20\x7f-\xa0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180e\u2000-\u200f"
    r"\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    r"\ud800-\udfff\U000e0000-\U000e0fff<>\"'`\\^{}|]"
)
_OUTSIDE = re.compile(r"https?://(?P<host>[^/?#]+)", re.IGNORECASE)
_MAIL = re.compile(r"mailto:[^/:@]+@[^/:@]+", re.IGNORECASE)
_SCHEME = re.compile(r"[^/?#]*:")
_MEDIA = re.compile(r"/media/[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_-]+)*")

# `www.` and `http` are literals, every class is a single run: each character is read once.
_BARE = re.compile(
    r"(?:(?<![\w@])https?://|(?<![\w@./:-])www\.)[^\s<>\"`\\^{}|\x00-\x1f]+", re.IGNORECASE
)
_TAIL = ".,:;!?…'’*_~«»“”„"
_CLOSERS = {")": "(", "]": "["}


def safe_href(url: str) -> str | None:
    """`url` as it may stand in a link, or None; `//host` is given its scheme.

    A name before the host (`https://bank.example@evil.example`) only ever deceives: refused.
    """
    if not url or len(url) > LONGEST or _NEVER.search(url):
        return None
    if url.startswith("//"):
        url = f"https:{url}"
    if outside := _OUTSIDE.match(url):
        return None if "@" in outside["host"] else url
    if _MAIL.match(url):
        return url
    return None if _SCHEME.match(url) else url


def is_outside(href: str) -> bool:
    """Whether a safe address leaves this site."""
    return _OUTSIDE.match(href) is not None


def is_own_picture(src: str) -> bool:
    """Whether `src` is one of the pictures people uploaded here (no `..`, no query)."""
    return _MEDIA.fullmatch(src) is not None


def bare_links(text: str) -> Iterator[tuple[int, int, str]]:
    """Each bare `http(s)://…` or `www.…` in `text` as (start, end, address), left to right."""
    for match in _BARE.finditer(text):
        found = _without_tail(match[0])
        address = f"https://{found}" if found[:4].lower() == "www." else found
        host = _OUTSIDE.match(address)
        if host and "." in host["host"].strip(".") and safe_href(address):
            yield match.start(), match.start() + len(found), address


def _without_tail(found: str) -> str:
    """Leave out the sentence's own punctuation and a bracket that was opened before the link."""
    spare = {
        closer: found.count(closer) - found.count(opener) for closer, opener in _CLOSERS.items()
    }
    end = len(found)
    while end and (found[end - 1] in _TAIL or spare.get(found[end - 1], 0) > 0):
        end -= 1
        if found[end] in spare:
            spare[found[end]] -= 1
    return found[:end]
