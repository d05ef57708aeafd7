"""A page as a browser reads it: what in it could run, lead astray or has broken out of its place.

html5lib builds the tree a browser would build, and ada, the parser of addresses that browsers and
Node use, says where an address really leads; neither has anything to do with how pages are made.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

import html5lib
from ada_url import URL
from defusedxml.ElementTree import fromstring

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(os.environ.get("OTKLIK_DATA", Path(__file__).parents[2] / "shared" / "data"))
HERE = "http://otklik.test/"

# What runs, embeds, moves or restyles; none of it has a place on a page of ours.
NEVER = {
    "applet", "audio", "base", "bgsound", "embed", "frame", "frameset", "iframe", "isindex",
    "layer", "marquee", "math", "noembed", "noframes", "object", "param", "portal",
    "plaintext", "style", "video", "xmp", "xml", "foreignobject", "animate", "animatemotion",
    "animatetransform", "set", "handler", "listener",
}  # fmt: skip
# Where a browser goes, or what it fetches or runs.
ADDRESSES = {
    "href", "src", "action", "formaction", "poster", "data", "background", "cite", "longdesc",
    "xlink:href", "lowsrc", "dynsrc", "manifest", "ping", "profile", "codebase", "classid",
    "usemap", "icon", "archive", "srcset", "imagesrcset", "hx-get", "hx-post",
}  # fmt: skip
FORBIDDEN = {"style", "srcdoc", "fscommand", "seeksegmenttime", "hx-vals", "hx-vars", "hx-headers"}
PLAIN = re.compile(r"[a-z][a-z0-9:_-]*\Z")
ANYWHERE = {"http:", "https:", "mailto:"}
SCRIPTS = {None, "module", "importmap", "application/ld+json", "application/json"}

# Always tried, with or without the collections: each breaks out of another place.
OWN = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><img src=x onerror=alert(1)>",
    "</template></noscript></style><svg/onload=alert(1)>",
    '"><svg onload=alert(1)>',
    "' autofocus onfocus='alert(1)",
    '" onmouseover="alert(1)',
    "` onmouseover=alert(1) `",
    "--><!--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    "[x](//evil.example/\\@bank.example)",
    '<a href="javascript:alert(1)">x</a>',
    "<math><mtext></mtext><style><img src=x onerror=alert(1)></style></math>",
    "<form><button formaction=javascript:alert(1)>x",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href=//evil.example>",
    "\u003cscript\u003ealert(1)\u003c/script\u003e",
    "＜script＞alert(1)＜/script＞",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
    "{{ 191*7 }} ${191*7} #{191*7} <%= 191*7 %> {% print(191*7) %}",
    "%(n)s %s %d {0} {name} {0.__class__}",
    "<div hx-get=/x hx-trigger=load hx-on:load=alert(1)>",
    "=cmd|' /C calc'!A0",
    "\u202eevil\u2066\u200b\ufeff",
    "a\r\nSet-Cookie: sid=x\r\n\r\n<script>alert(1)</script>",
)  # fmt: skip


@cache
def naughty() -> tuple[str, ...]:
    """Every string of the collections, and ours."""
    found = dict.fromkeys(OWN)
    blns = DATA / "blns" / "blns.json"
    if blns.is_file():
        found |= dict.fromkeys(json.loads(blns.read_text(encoding="utf-8")))
    for path in sorted((DATA / "xss" / "owasp").rglob("XSS*.md")):
        found |= dict.fromkeys(_examples(path.read_text(encoding="utf-8")))
    for path in sorted((DATA / "xss" / "bleach").rglob("*.test")):
        found[path.read_text(encoding="utf-8").partition("\n--\n")[0]] = None
    return tuple(text for text in found if text)


def has_collections() -> bool:
    """Whether the collections lie beside the repository."""
    return (DATA / "blns" / "blns.json").is_file() and (DATA / "xss" / "owasp").is_dir()


@cache
def packs(longest: int, joint: str = " ") -> list[str]:
    """Every string, as many in one text as fit; what is longer alone is cut."""
    made, pack = [], ""
    for text in naughty():
        longer = f"{pack}{joint}{text}" if pack else text
        if len(longer) > longest and pack:
            made.append(pack)
            longer = text
        pack = longer[:longest]
    return [*made, pack]


def _examples(page: str) -> Iterator[str]:
    """What stands in fences and in single quotes of code."""
    for fenced in re.findall(r"^```\w*\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        yield fenced.strip("\n")
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", page)


def parsed(page: str) -> Element:
    """The tree a browser builds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree: Element = html5lib.parse(page, namespaceHTMLElements=False)
    return tree


def dangers(page: str) -> list[str]:
    """What a page of ours must not have; each as it was found."""
    found = []
    for element in parsed(page).iter():
        if isinstance(element.tag, str):
            tag = element.tag.rpartition("}")[2].lower()
            found += [f"<{tag}> {wrong}" for wrong in _wrong(tag, element)]
    return found


def _wrong(tag: str, element: Element) -> Iterator[str]:
    if tag in NEVER:
        yield "has no place here"
    if tag == "script":
        yield from _wrong_script(element)
    if tag == "meta" and "http-equiv" in element.attrib:
        yield "speaks for the server"
    if tag == "link" and not _is_ours(element.get("href", "")):
        yield f"loads {element.get('href')}"
    for attribute, value in element.attrib.items():
        name = attribute.rpartition("}")[2].lower()
        if not PLAIN.match(name):
            yield f"has something that broke out: {attribute!r}"
        if name.startswith(("on", "hx-on")) or name in FORBIDDEN:
            yield f"{name}={value[:80]!r}"
        if name in ADDRESSES and not leads_well(tag, name, value):
            yield f"{name} leads to {value[:120]!r}"


def _wrong_script(element: Element) -> Iterator[str]:
    kind, source = element.get("type"), element.get("src")
    if kind not in SCRIPTS:
        yield f"of type {kind}"
    if source is not None and not _is_ours(source):
        yield f"from {source}"
    if source is None and kind in {None, "module"}:
        yield f"says {(element.text or '')[:80]!r}"
    if source is None and kind not in {None, "module"}:
        try:
            json.loads(element.text or "")
        except ValueError:
            yield "holds no JSON"


def leads_well(tag: str, name: str, value: str) -> bool:
    """Whether an address is one a page of ours may name, as a browser understands it."""
    if name in {"srcset", "imagesrcset"}:
        return all(_is_ours(each.split()[0]) for each in value.split(",") if each.strip())
    try:
        address = URL(value, base=HERE)
    except ValueError:
        return True  # no browser can go there
    if tag == "a" and name == "href":
        return address.protocol in ANYWHERE and not (address.username or address.password)
    if tag == "img" and address.protocol == "data:":
        return value.startswith("data:image/")
    return address.protocol in {"http:", "https:"} and _is_ours(value)


def _is_ours(address: str) -> bool:
    try:
        return URL(address, base=HERE).origin == URL(HERE).origin
    except ValueError:
        return False


def feed_dangers(feed: bytes) -> list[str]:
    """The same of a feed: it is XML, and each of its texts is a page of its own."""
    root = fromstring(feed)
    found = []
    for element in root.iter():
        if element.get("type") == "html":
            found += dangers(element.text or "")
        if (address := element.get("href")) and URL(address, base=HERE).protocol not in ANYWHERE:
            found.append(f"leads to {address}")
    return found
