"""What the widget meets in a page of the bank's: its headers, its source, the snippet in it.

Pure: headers and HTML in, findings out. Each says whether it is well; the words are the view's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from app.widget import csp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

POLICY, REPORTED = "content-security-policy", "content-security-policy-report-only"
_HEADER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]):(?!//)[ \t]*(.*)")
_STATUS: Final = re.compile(r"HTTP/[0-9.]+ ", re.IGNORECASE)
# As `curl -v` writes what came.
_CURL: Final = re.compile(r"^<[ \t]?", re.MULTILINE)


@dataclass(frozen=True)
class Ours:
    """Where the widget comes from: the loader's address and the frame's."""

    loader: str
    frame: str

    @property
    def origin(self) -> str:
        """Our origin."""
        parts = urlsplit(self.loader)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `what` names it, `why` how it stands.

    `detail` is what was found there, `line` what to paste, `number` which of several policies.
    """

    what: str
    why: str
    is_well: bool
    detail: str = ""
    line: str = ""
    number: int = 0


@dataclass
class Tag:
    """A script element of ours in a page's source."""

    src: str
    attributes: dict[str, str]

    @property
    def is_cors(self) -> bool:
        """Whether it is asked for so that its hash can be looked at."""
        return "crossorigin" in self.attributes


@dataclass
class Source:
    """What of a page's source matters here."""

    policies: list[str] = field(default_factory=list)
    scripts: list[Tag] = field(default_factory=list)


def headers_in(text: str) -> list[tuple[str, str]]:
    """The headers somebody pasted, or a policy alone, or a page's <meta>; [] when it is neither."""
    text = _CURL.sub("", text) if re.search(r"^< ?HTTP/", text, re.MULTILINE) else text
    if "<meta" in text.lower():
        return [(POLICY, each) for each in read(text, "").policies]
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        named = _HEADER.fullmatch(line.strip())
        if named and named[1].lower() not in csp.KNOWN:
            found.append((named[1].lower(), named[2].strip()))
        elif found and line.strip() and not _STATUS.match(line):
            # A long value went on.
            found[-1] = found[-1][0], f"{found[-1][1]} {line.strip()}"
    if found:
        return found
    policies = csp.parse(" ".join(text.split()))
    is_policy = any(csp.KNOWN & policy.directives.keys() for policy in policies)
    return [(POLICY, " ".join(text.split()))] if is_policy else []


def read(html: str, base: str) -> Source:
    """A page's source: its policies, and its script elements with whole addresses."""
    reader = _Reader(base)
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError):  # what the parser takes no longer is left unread
        pass
    return reader.found


def judged(
    headers: Sequence[tuple[str, str]],
    ours: Ours,
    page: str = "",
    source: Source | None = None,
    tag: Tag | None = None,
) -> list[Finding]:
    """All that a page's headers and policies say of the widget; `page` is its origin, if known."""
    values = [value for name, value in headers if name == POLICY]
    inside = source.policies if source else []
    policies = [each for value in (*values, *inside) for each in csp.parse(value)]
    found = [*_scripts(policies, ours, page, tag), *_frames(policies, ours, page)]
    found += _sandboxed(csp.parse(", ".join(values)))
    if any("require-trusted-types-for" in each.directives for each in policies):
        found.append(Finding("trusted-types", "fine", is_well=True))
    if any(name == REPORTED for name, _value in headers):
        found.append(Finding("report-only", "ignored", is_well=True))
    return [*found, *_other_headers(dict(headers), tag), *_mixed(ours, page)]


def _scripts(
    policies: list[csp.Policy], ours: Ours, page: str, tag: Tag | None
) -> Iterable[Finding]:
    url = tag.src if tag else ours.loader
    nonce = tag.attributes.get("nonce", "") if tag else None
    integrity = tag.attributes.get("integrity", "") if tag else ""
    verdicts = [csp.script(p, url, page, nonce=nonce, integrity=integrity) for p in policies]
    return _told("script", verdicts)


def _frames(policies: list[csp.Policy], ours: Ours, page: str) -> Iterable[Finding]:
    return _told("frame", [csp.frame(p, ours.frame, page) for p in policies])


def _told(what: str, verdicts: list[csp.Verdict]) -> Iterable[Finding]:
    """Every policy that refuses; when none does, the strictest one's consent."""
    refused = [(n, v) for n, v in enumerate(verdicts, 1) if not v.is_allowed]
    if refused:
        for number, verdict in refused:
            many = number if len(verdicts) > 1 else 0
            is_new = verdict.why == "dynamic" and verdict.needs_nonce
            why = "dynamic-nonce" if is_new else verdict.why
            yield Finding(
                what,
                why,
                is_well=False,
                detail=verdict.directive,
                line=verdict.line,
                number=many,
            )
        return
    order = ("nonce", "listed", "hash", "unlimited")
    said = sorted(verdicts, key=lambda v: (not v.needs_nonce, order.index(v.why)))
    best = said[0] if said else csp.Verdict(is_allowed=True, why="unlimited")
    why = "add-nonce" if best.needs_nonce else best.why
    yield Finding(what, why, is_well=True, detail=f"{best.directive} {best.source}".strip())


def _sandboxed(policies: list[csp.Policy]) -> Iterable[Finding]:
    for policy in policies:
        if "sandbox" not in policy.directives:
            continue
        allowed = {each.lower() for each in policy.directives["sandbox"]}
        lacking = [e for e in ("allow-scripts", "allow-same-origin") if e not in allowed]
        line = " ".join(["sandbox", *policy.directives["sandbox"], *lacking])
        if lacking:
            yield Finding("sandbox", "lacks", is_well=False, detail=" ".join(lacking), line=line)
        else:
            yield Finding("sandbox", "fine", is_well=True)


def _other_headers(headers: Mapping[str, str], tag: Tag | None) -> Iterable[Finding]:
    coep = headers.get("cross-origin-embedder-policy", "").split(";")[0].strip().lower()
    if coep in {"require-corp", "credentialless"}:
        yield Finding("coep", "fine", is_well=True, detail=coep)
    coop = headers.get("cross-origin-opener-policy", "").split(";")[0].strip().lower()
    if coop:
        yield Finding("coop", "fine", is_well=True, detail=coop)
    if "permissions-policy" in headers:
        yield Finding("permissions", "fine", is_well=True)
    asked = headers.get("integrity-policy", "")
    if "script" in asked:
        proved = tag is not None and tag.attributes.get("integrity") and tag.is_cors
        yield Finding("integrity-policy", "proved" if proved else "asked", bool(proved))


def _mixed(ours: Ours, page: str) -> Iterable[Finding]:
    if page.startswith("https:") and ours.origin.startswith("http:"):
        yield Finding("mixed", "insecure", is_well=False, detail=ours.origin)


class _Reader(HTMLParser):
    """Looks at <meta http-equiv>, <base> and <script src> only."""

    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base, self.found = base, Source()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: dict[str, str] = {}
        for name, value in attrs:
            given.setdefault(name, value or "")
        if tag == "base" and "href" in given:
            self.base = _joined(self.base, given["href"])
        if tag == "meta" and given.get("http-equiv", "").strip().lower() == POLICY:
            self.found.policies.append(_as_in_a_page(given.get("content", "")))
        if tag == "script" and given.get("src"):
            self.found.scripts.append(Tag(_joined(self.base, given["src"].strip()), given))


def _as_in_a_page(policy: str) -> str:
    """Without the directives that a <meta> may not set."""
    unset = {"frame-ancestors", "report-uri", "sandbox"}
    kept = [e for e in policy.split(";") if (e.split() or [""])[0].lower() not in unset]
    return ";".join(kept)


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return ""
