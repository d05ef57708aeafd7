"""The only door to the two gates behind Markdown: text in, safe HTML out.

text → markdown-it (raw HTML off) → our own links → bleach → nh3. Two sanitisers with two
different parsers stand one after the other, so what deceives one must still deceive the other.
"""

import html as entities
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import nh3

from app.core import links, words
from app.core.lazily import lazily

if TYPE_CHECKING:
    from bleach import sanitizer

    from app.core import parsing
else:
    sanitizer, parsing = lazily("bleach.sanitizer"), lazily("app.core.parsing")

# Stored HTML carries the version it was rendered with; raise it when the output changes.
RULES_VERSION = 1
LIMIT = 10_000
HTML_LIMIT = 100_000
REL = "nofollow ugc noopener"

_DEPTH = 100  # of HTML elements; bleach's cost grows with the square of it

_BLOCKS = {
    "p",
    "blockquote",
    "ul",
    "ol",
    "li",
    "pre",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
_TAGS = _BLOCKS | {"a", "br", "code", "em", "hr", "img", "s", "strong"}
_SYNONYMS = {"h1": "h3", "h2": "h3", "b": "strong", "i": "em", "del": "s", "strike": "s"}
_DIRECTED = {"p", "blockquote", "li", "h3", "h4", "h5", "h6", "th", "td"}
_SILENT = {"script", "style", "template", "title", "textarea", "iframe", "noscript", "svg", "math"}
_VOID = {"br", "hr", "img"}

# Controls (XML cannot carry them either), the marks that reverse text, lone surrogates.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)(?:[^>\"]|\"[^\"]*\")*>")


class TooLong(ValueError):
    """The text is longer than the limit; nothing was parsed."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"{length} characters, at most {limit} are allowed")
        self.length = length
        self.limit = limit


def render(text: str) -> str:
    """Markdown as safe HTML. Raises TooLong before anything is parsed."""
    if len(text) > LIMIT:
        raise TooLong(len(text), LIMIT)
    text = _wanted(text)
    env: dict[str, Any] = {}
    tokens = parsing.markdown.parse(text, env)
    deepest = parsing.NESTING - 1  # the parser drops what is deeper
    if any(token.level >= deepest for token in tokens):
        return _gates(_as_written(text))
    rendered = str(parsing.markdown.renderer.render(tokens, parsing.markdown.options, env))
    return _gates(rendered)


def clean(html: str) -> str:
    """HTML from elsewhere as safe HTML of the same shape. Raises TooLong."""
    if len(html) > HTML_LIMIT:
        raise TooLong(len(html), HTML_LIMIT)
    # nh3 goes first as well, not to judge but to hand bleach a well-formed tree it can count on.
    formed = nh3.clean(
        _wanted(html),
        tags=_TAGS | _SYNONYMS.keys(),
        clean_content_tags=_SILENT,
        attributes={"a": {"href", "title"}, "img": {"src", "alt"}, "ol": {"start"}},
        link_rel=None,
    )
    if len(formed) > 4 * HTML_LIMIT:  # crossed tags are told apart by repeating them
        raise TooLong(len(formed), 4 * HTML_LIMIT)
    return _gates(formed)


def plain(html: str, *, addresses: bool = False) -> str:
    """The words of `html`, a line for each block, links' addresses after them if asked."""
    formed = nh3.clean(
        html, tags=_TAGS, clean_content_tags=_SILENT, attributes={"a": {"href"}}, link_rel=None
    )
    return words.of(formed, addresses=addresses)


def first_line(html: str, width: int) -> str:
    """The beginning of `html` as one line of at most `width` characters, cut at a word."""
    line = " ".join(plain(html).split()).removeprefix("- ")
    if len(line) <= width:
        return line
    cut = line[:width]  # one character is for the ellipsis, and may be the space after a word
    head, space, _ = cut.rpartition(" ")
    return (head if space else cut[:-1]).rstrip(" ,.;:–—-") + "…"


def _wanted(text: str) -> str:
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _as_written(text: str) -> str:
    """A text whose marks cannot be followed is shown as it was typed: nothing of it is lost."""
    return "".join(
        f"<p>{entities.escape(part.strip(), quote=False)}</p>".replace("\n", "<br>")
        for part in re.split(r"\n\s*\n", text)
        if part.strip()
    )


def _gates(html: str) -> str:
    if _depth(html) > _DEPTH:
        html = _as_written(plain(html))
    # A new one for every call: bleach's cleaner keeps the parser's state and is not for threads.
    bleach = sanitizer.Cleaner(
        tags=_TAGS | _SYNONYMS.keys(),
        attributes=_allowed,
        protocols=["http", "https", "mailto"],
        strip=True,
        filters=[_house],  # type: ignore[list-item]  # a function serves as well as a class
    )
    html = _wanted(bleach.clean(html))
    return _wanted(_last_gate.clean(html)).strip()


def _depth(html: str) -> int:
    deepest = depth = 0
    for closing, tag in _TAG.findall(html):
        if tag not in _VOID:
            depth += -1 if closing else 1
            deepest = max(deepest, depth)
    return deepest


def _last_word(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return links.safe_href(value)
    if name == "src":
        return value if links.is_own_picture(value) else None
    if (tag, name) == ("ol", "start"):
        return value if re.fullmatch(r"[0-9]{1,9}", value) else None
    return value


def _allowed(tag: str, name: str, value: str) -> bool:
    """Answer bleach's question; it hands the value as written, with its entities."""
    value = entities.unescape(value)
    if tag == "img":
        return name == "alt" or (name == "src" and links.safe_href(value) is not None)
    if name == "href" or (tag, name) == ("ol", "start"):
        return _last_word(tag, name, value) is not None
    return (tag, name) == ("a", "title")


def _house(source: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Follow bleach's own filter: our tags, foreign pictures as links, `rel`, `dir`."""
    anchors: list[bool] = []  # for each open <a>: whether it is kept
    for token in source:
        kind, tag = token["type"], token.get("name", "")
        if kind in {"StartTag", "EndTag", "EmptyTag"}:
            tag = token["name"] = _SYNONYMS.get(tag, tag)
        if kind == "EndTag" and tag == "a":
            if anchors.pop():
                yield token
        elif kind == "StartTag" and tag == "a":
            anchors.append(_finish_link(token["data"]))
            if anchors[-1]:
                yield token
        elif tag == "img" and kind == "EmptyTag":
            yield from _picture(token, linked=any(anchors))
        else:
            if kind == "StartTag" and tag in _DIRECTED:
                token["data"][None, "dir"] = "auto"
            yield token


def _finish_link(attributes: dict[tuple[None, str], str]) -> bool:
    href = attributes.get((None, "href"))
    if href is None:
        return False
    href = attributes[None, "href"] = f"https:{href}" if href.startswith("//") else href
    if "href" not in _last_gate.clean(f'<a href="{href}">'):  # `https://www.0` is no address to it
        return False
    if links.is_outside(href):
        attributes[None, "rel"] = REL
    return True


def _picture(token: dict[str, Any], *, linked: bool) -> Iterator[dict[str, Any]]:
    src = token["data"].get((None, "src"), "")
    alt = token["data"].get((None, "alt"), "")
    if links.is_own_picture(entities.unescape(src)):
        token["data"] = {(None, "src"): src, (None, "alt"): alt, (None, "loading"): "lazy"}
        yield token
        return
    link = {(None, "href"): src}
    linked = linked or not src or not _finish_link(link)
    said = {"type": "Characters", "data": entities.unescape(alt or src)}
    if linked:
        yield said
        return
    yield {"type": "StartTag", "namespace": None, "name": "a", "data": link}
    yield said
    yield {"type": "EndTag", "namespace": None, "name": "a"}


_last_gate = nh3.Cleaner(
    tags=_TAGS,
    attributes={"a": {"href", "title"}, "img": {"src", "alt"}, "ol": {"start"}},
    attribute_filter=_last_word,
    tag_attribute_values={"a": {"rel": {REL}}, "img": {"loading": {"lazy"}}}
    | {tag: {"dir": {"auto"}} for tag in _DIRECTED},
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)
