"""Markdown as it is written here: the only door to its parser. `markup` judges what it makes."""

from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import table
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from app.core import links

NESTING = 50  # of Markdown's blocks and brackets
_CELLS = 2_000  # of all tables in a text: missing cells are filled up, which multiplies the text


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 -- the library's name
        return links.safe_href(url) is not None


def _lower_headings(state: StateCore) -> None:
    """The page's own outline ends above what people write."""
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"


def _link_bare_addresses(state: StateCore) -> None:
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = list(_linked(block.children))


def _linked(tokens: list[Token]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if depth or token.type != "text":
            yield token
            continue
        done = 0
        for start, end, address in links.bare_links(token.content):
            href = markdown.normalizeLink(address)
            if not markdown.validateLink(href):
                continue
            yield Token("text", "", 0, content=token.content[done:start])
            yield Token("link_open", "a", 1, attrs={"href": href})
            yield Token("text", "", 0, content=token.content[start:end])
            yield Token("link_close", "a", -1)
            done = end
        token.content = token.content[done:]
        yield token


def _small_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """The library's table, while the cells of all tables in the text stay few."""
    if not table(state, start, end, silent=True):
        return False
    columns = state.getLines(start, start + 1, 0, keepLastLF=False).count("|") + 1
    left = _CELLS - state.env.get("cells", 0)
    cells = 0
    for line in range(start, end):
        if state.isEmpty(line):
            break
        cells += columns
        if cells > left:
            state.env["cells"] = _CELLS
            return False
    if silent:
        return True
    state.env["cells"] = state.env.get("cells", 0) + cells
    return table(state, start, end, silent=False)


markdown = _Markdown(
    "commonmark", {"html": False, "linkify": False, "breaks": True, "maxNesting": NESTING}
).enable(["strikethrough", "table"])
markdown.block.ruler.at("table", _small_table, {"alt": ["paragraph", "reference"]})
markdown.core.ruler.push("lower_headings", _lower_headings)
markdown.core.ruler.push("bare_addresses", _link_bare_addresses)
