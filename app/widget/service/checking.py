"""Looking at a page of the bank's from outside, as its visitors' browsers will."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.core import addresses, outgoing
from app.widget import inspection, snippets
from app.widget.inspection import Finding, Ours
from app.widget.origins import NoOriginError, normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.widget.inspection import Source, Tag
    from app.widget.models import Site
    from app.widget.snippets import Release

# Where the frame of a site lies; whichever it is, policies judge it alike.
ANY_KEY = "key"


class UnknownPageError(ValueError):
    """The page lies on no origin that is listed: we ask nobody else's server."""


@dataclass(frozen=True)
class Looked:
    """What was found. `status` is what their server answered; 0: nothing was asked."""

    findings: list[Finding]
    status: int = 0
    sites: list[Site] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether nothing stands in the way."""
        return all(each.is_well for each in self.findings)


def ours(key: str = ANY_KEY) -> Ours:
    """Where the loader and the frame come from."""
    return Ours(snippets.source(), addresses.at(f"/embed/{key}"))


def headers(said: list[tuple[str, str]]) -> Looked:
    """What headers that somebody pasted would do."""
    return Looked(inspection.judged(said, ours()))


def page(url: str, sites: Sequence[Site], *, near: bool = False) -> Looked:
    """Fetch a page of a listed origin and look at it; raises UnknownPageError, OutgoingError.

    `near`: also on this machine and without a certificate, as in development; else what is listed
    for an engineer's own machine would lead to ours.
    """
    origin = origin_of(url)
    listing = [site for site in sites if origin in {each.origin for each in site.origins}]
    if not listing:
        raise UnknownPageError(origin)
    answer = outgoing.fetch(url.strip(), allow_http=near, allow_private=near)
    source = inspection.read(answer.body.decode("utf-8", "replace"), url)
    tags = [tag for tag in source.scripts if _is_ours(tag)]
    known = {site.key: site for site in listing}
    found = list(_snippet(source, tags, known, sites))
    tag = next(iter(tags), None)
    named = tag.attributes.get("data-site", ANY_KEY) if tag else ANY_KEY
    found += inspection.judged([*answer.headers.items()], ours(named), origin, source, tag)
    return Looked(found, answer.status, listing)


def origin_of(url: str) -> str:
    """The origin of an address; "" for none."""
    try:
        parts = urlsplit(url.strip())
        return normal(f"{parts.scheme}://{parts.netloc}", allow_http=True)
    except (ValueError, NoOriginError):
        return ""


def _is_ours(tag: Tag) -> bool:
    return addresses.is_ours(tag.src) and urlsplit(tag.src).path.startswith("/widget/")


def _snippet(
    source: Source, tags: list[Tag], listing: dict[str, Site], sites: Sequence[Site]
) -> Iterable[Finding]:
    """Whether the line is there, with which key and which hash."""
    if not tags:
        near = [t for t in source.scripts if "data-site" in t.attributes]
        yield Finding("snippet", "elsewhere" if near else "none", is_well=False,
                      detail=near[0].src[:200] if near else "")  # fmt: skip
        return
    many = len(tags) > 1
    yield Finding("snippet", "many" if many else "there", is_well=True, detail=tags[0].src)
    for tag in tags[:3]:
        yield _key(tag, listing, sites)
        yield _integrity(tag)
        if "async" not in tag.attributes and "defer" not in tag.attributes:
            yield Finding("async", "waits", is_well=False, line="async")


def _key(tag: Tag, listing: dict[str, Site], sites: Sequence[Site]) -> Finding:
    key = tag.attributes.get("data-site", "")
    if key in listing:
        site = listing[key]
        is_open = site.disabled_at is None
        return Finding("key", "known" if is_open else "disabled", is_open, detail=site.name)
    others = [site.name for site in sites if site.key == key]
    right = "" if len(listing) != 1 else f'data-site="{next(iter(listing))}"'
    why = "other" if others else "unknown" if key else "missing"
    return Finding("key", why, is_well=False, detail=others[0] if others else key[:40], line=right)


def _integrity(tag: Tag) -> Finding:
    named = tag.attributes.get("integrity", "").split()
    path = urlsplit(tag.src).path
    if path == urlsplit(snippets.source()).path:
        return Finding("integrity", "evergreen" if named else "newest", is_well=not named)
    versions = {urlsplit(snippets.source(each)).path: each for each in snippets.releases()}
    if path not in versions:
        return Finding("integrity", "unknown", is_well=False, detail=path[:100])
    return _proof(tag, named, versions[path])


def _proof(tag: Tag, named: list[str], release: Release) -> Finding:
    """How a pinned version is proved; without a hash it works all the same."""
    proof = f'integrity="{release.integrity}" crossorigin="anonymous"'
    if named and release.integrity in named and tag.is_cors:
        return Finding("integrity", "right", is_well=True, detail=release.version)
    right = "no-cors" if release.integrity in named else "wrong"
    why = right if named else "unproved"
    return Finding("integrity", why, is_well=not named, detail=release.version, line=proof)
