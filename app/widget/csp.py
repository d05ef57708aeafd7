"""What a page's Content-Security-Policy lets happen, as browsers read it (CSP Level 3).

Only what the widget needs of it: a script of ours in the page's source, and a frame of ours. Pure:
texts in, verdicts out; whatever is written in a policy, nothing here fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

# Which directive decides: the first of these that a policy has.
SCRIPT: Final = ("script-src-elem", "script-src", "default-src")
FRAME: Final = ("frame-src", "child-src", "default-src")
KNOWN: Final = frozenset({
    *SCRIPT, *FRAME, "base-uri", "block-all-mixed-content", "connect-src", "font-src",
    "form-action", "frame-ancestors", "img-src", "manifest-src", "media-src", "object-src",
    "report-to", "report-uri", "require-trusted-types-for", "sandbox", "script-src-attr",
    "style-src", "style-src-attr", "style-src-elem", "trusted-types", "upgrade-insecure-requests",
    "worker-src",
})  # fmt: skip

_USUAL: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
# A source that names the first lets the second in, too. (The standard lets "ws:" and "wss:" stand
# for https as well; browsers don't.)
_STRONGER: Final = {"http": {"http", "https"}, "ws": {"ws", "wss"}}
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_HOST: Final = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?"
    r"(?P<host>\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)"
    r"(?::(?P<port>[0-9]{1,9}|\*))?"
    r"(?P<path>/[^?#]*)?",
    re.IGNORECASE,
)
_NONCE: Final = re.compile(r"'nonce-([A-Za-z0-9+/_=-]+)'", re.IGNORECASE)
_HASH: Final = re.compile(r"'(sha(?:256|384|512)-[A-Za-z0-9+/_=-]+)'", re.IGNORECASE)


@dataclass(frozen=True)
class Policy:
    """One policy: its directives by name; of two with one name browsers read the first."""

    directives: dict[str, tuple[str, ...]]

    def governing(self, names: tuple[str, ...]) -> str:
        """The directive that decides; "" when the policy says nothing of it."""
        return next((name for name in names if name in self.directives), "")


@dataclass(frozen=True)
class Verdict:
    """Whether one policy lets it in.

    `why`: "unlimited", "listed", "nonce" or "hash" when it does; "none", "missing", "dynamic" or
    "wrong-nonce" when it doesn't. `needs_nonce`: it does if the tag carries the page's nonce.
    `line` is the directive as it should read.
    """

    is_allowed: bool
    why: str
    directive: str = ""
    source: str = ""
    line: str = ""
    needs_nonce: bool = False


def parse(value: str) -> list[Policy]:
    """The policies in a header's value: commas part them. Empty ones are none."""
    found = (_policy(each) for each in value.split(","))
    return [policy for policy in found if policy.directives]


def script(
    policy: Policy, url: str, page: str = "", *, nonce: str | None = None, integrity: str = ""
) -> Verdict:
    """Whether a script element in the page's source may load `url`.

    `page` is the page's origin, "" when it isn't known. `nonce` is what stands on the element;
    None: nobody knows.
    """
    name = policy.governing(SCRIPT)
    sources = policy.directives.get(name, ())
    if not name:
        return Verdict(is_allowed=True, why="unlimited")
    nonces = {m[1] for each in sources if (m := _NONCE.fullmatch(each))}
    is_dynamic = "'strict-dynamic'" in map(str.lower, sources)
    if nonce and nonce in nonces:
        return Verdict(is_allowed=True, why="nonce", directive=name)
    if proved := _proved_by_hash(sources, integrity):
        return Verdict(is_allowed=True, why="hash", directive=name, source=proved)
    if not is_dynamic and (source := _listed(sources, url, page)):
        return Verdict(is_allowed=True, why="listed", directive=name, source=source)
    if nonces and nonce is None:
        return Verdict(is_allowed=True, why="nonce", directive=name, needs_nonce=True)
    why = "wrong-nonce" if nonce and nonces else "dynamic" if is_dynamic else _why_not(sources)
    line = "" if is_dynamic else _mended(name, "script-src", sources, url)
    return Verdict(
        is_allowed=False,
        why=why,
        directive=name,
        line=line,
        needs_nonce=is_dynamic and bool(nonces),
    )


def frame(policy: Policy, url: str, page: str = "") -> Verdict:
    """Whether the page may show `url` in a frame."""
    name = policy.governing(FRAME)
    sources = policy.directives.get(name, ())
    if not name:
        return Verdict(is_allowed=True, why="unlimited")
    if source := _listed(sources, url, page):
        return Verdict(is_allowed=True, why="listed", directive=name, source=source)
    line = _mended(name, "frame-src", sources, url)
    return Verdict(is_allowed=False, why=_why_not(sources), directive=name, line=line)


def lets_in(source: str, url: str, page: str = "") -> bool:
    """Whether one source expression matches `url`; nonces, hashes and keywords match nothing."""
    there = _split(url)
    if source == "*":
        return there.scheme in _USUAL or (bool(page) and there.scheme == _split(page).scheme)
    if source.lower() == "'self'":
        return bool(page) and _is_same_or_stronger(_split(page), there)
    if scheme := _SCHEME.fullmatch(source):
        return _scheme_fits(scheme[1], there.scheme)
    named = _HOST.fullmatch(source)
    if named is None:
        return False
    # Without a scheme it is the page's, which for a bank is https.
    expected = named["scheme"] or (_split(page).scheme if page else "https")
    return (
        _scheme_fits(expected, there.scheme)
        and _host_fits(named["host"].lower(), (there.hostname or "").lower())
        and _port_fits(named["port"], there)
        and _path_fits(named["path"] or "", there.path)
    )


def _policy(text: str) -> Policy:
    directives: dict[str, tuple[str, ...]] = {}
    for each in text.split(";"):
        name, *values = each.split() or [""]
        if name:
            directives.setdefault(name.lower(), tuple(values))
    return Policy(directives)


def _listed(sources: tuple[str, ...], url: str, page: str) -> str:
    return next((source for source in sources if lets_in(source, url, page)), "")


def _proved_by_hash(sources: tuple[str, ...], integrity: str) -> str:
    """The hash that lets a file in, when every one that its element names is listed."""
    listed = {_plain(m[1]): each for each in sources if (m := _HASH.fullmatch(each))}
    named = [_plain(each.split("?", 1)[0]) for each in integrity.split()]
    return listed[named[0]] if named and all(each in listed for each in named) else ""


def _plain(digest: str) -> str:
    kind, _dash, value = digest.partition("-")
    return f"{kind.lower()}-{value.replace('-', '+').replace('_', '/')}"


def _why_not(sources: tuple[str, ...]) -> str:
    return "none" if not sources or {each.lower() for each in sources} == {"'none'"} else "missing"


def _mended(name: str, own: str, sources: tuple[str, ...], url: str) -> str:
    """The directive with our origin in it; where a wider one decided, one of its own."""
    kept = [each for each in sources if each.lower() != "'none'"]
    there = _split(url)
    directive = name if name in {"script-src-elem", own} else own
    return " ".join([directive, *kept, f"{there.scheme}://{there.netloc}"])


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname
    except ValueError:
        return urlsplit("")
    return parts


def _port(parts: SplitResult) -> int | None:
    return parts.port if parts.port is not None else _USUAL.get(parts.scheme)


def _is_same_or_stronger(page: SplitResult, there: SplitResult) -> bool:
    if page.hostname != there.hostname or page.hostname is None:
        return False
    if page.scheme == there.scheme:
        return _port(page) == _port(there)
    both_usual = _port(page) == _USUAL.get(page.scheme) and _port(there) == _USUAL.get(there.scheme)
    return both_usual and _scheme_fits(page.scheme, there.scheme)


def _scheme_fits(expected: str, scheme: str) -> bool:
    return scheme in _STRONGER.get(expected.lower(), {expected.lower()})


def _host_fits(expected: str, host: str) -> bool:
    if expected == "*":
        return bool(host)
    if expected.startswith("*."):
        return host.endswith(expected[1:])
    return host == expected


def _port_fits(expected: str | None, there: SplitResult) -> bool:
    port = _port(there)
    if expected is None:
        return port == _USUAL.get(there.scheme)
    # What names the usual port of http also means the usual one of https.
    return expected == "*" or int(expected) == port or (int(expected) == 80 and port == 443)  # noqa: PLR2004


def _path_fits(expected: str, path: str) -> bool:
    if expected in {"", path} or (expected == "/" and not path):
        return True
    wanted, there = expected.split("/"), path.split("/")
    is_exact = not expected.endswith("/")
    if len(wanted) > len(there) or (is_exact and len(wanted) != len(there)):
        return False
    wanted = wanted if is_exact else wanted[:-1]
    return all(unquote(a) == unquote(b) for a, b in zip(wanted, there, strict=False))
