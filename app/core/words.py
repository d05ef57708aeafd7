"""The words of safe HTML as lines of plain text."""

import re
from html.parser import HTMLParser

from app.core import links

_ADDRESS = re.compile(r"\W*(?:https?://|www\.|[\w-]+(?:\.[\w-]+)+(?:[/?#:]|$))", re.IGNORECASE)
_BLOCKS = {"p", "pre", "blockquote", "ul", "ol", "table", "h3", "h4", "h5", "h6"}


def of(html: str, *, addresses: bool) -> str:
    """Well-formed `html` as text, blocks apart; `addresses` writes them out after their links."""
    reader = _Reader(addresses=addresses)
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self, *, addresses: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.addresses = addresses
        self.words: list[str] = []
        self.preformatted = False
        self.href = ""
        self.link_from = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.preformatted = self.preformatted or tag == "pre"
        if tag == "a":
            self.href = dict(attrs).get("href") or ""
            self.link_from = len(self.words)
        elif tag == "li":
            self.words.append("\n- ")
        elif tag in {"td", "th"}:
            self.words.append(" ")
        elif tag in {"br", "tr", "hr"}:
            self.words.append("\n")
        elif tag in _BLOCKS and self.words[-1:] != ["\n- "]:
            self.words.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.addresses:
            said = "".join(self.words[self.link_from :]).strip()
            if links.is_outside(self.href) and said not in {
                self.href,
                self.href.partition("//")[2],
            }:
                # Words that look like another address would be a link to it in a mail program.
                if _ADDRESS.match(said):
                    self.words[self.link_from :] = [self.href]
                else:
                    self.words.append(f" ({self.href})")
        elif tag in _BLOCKS:
            self.preformatted = self.preformatted and tag != "pre"
            self.words.append("\n\n")

    def handle_data(self, data: str) -> None:
        if self.preformatted:
            self.words.append(data)
        elif data.strip() or "\n" not in data:
            self.words.append(" ".join(data.split("\n")))
