"""No English leaks into a Russian or Ukrainian page: every visible word goes through gettext."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from jinja2 import Environment, nodes

from app.core import catalogs

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATES = catalogs.ROOT / "templates"
LATIN = re.compile("[A-Za-z]{2,}")
# Where an expression stood in the text: not a word, and not white space either.
HOLE = "\N{OBJECT REPLACEMENT CHARACTER}"
SPOKEN_ATTRIBUTES = {"aria-label", "aria-description", "alt", "placeholder", "title", "label"}
# What these hold is not read as prose: code, names of keys, what only machines read.
SILENT_ELEMENTS = {"script", "style", "code", "kbd", "svg"}
TRANSLATING = {"_", "gettext", "ngettext"}
# Arguments of macros and components that are shown or read out.
SENTENCE = re.compile(r"[A-Z][a-z]+(?:[ ,.:?…]|$)|[a-z]+ [a-z]+ [a-z]+[.?]$")

EXCEPT_TEMPLATES = {
    "ui/catalogue.html",  # the design system's own page: shown in development only
}
EXCEPT_WORDS = {
    "Enter",  # the name of a key
    "UTF-8",  # told to machines
}
EXCEPT_PARTS = {
    "page_class",  # a block of CSS classes
    "badge_of",  # a macro that gives the name of a state, not its words
    "tongue",  # a macro that gives the attribute `lang`
    "seeking",  # a macro that gives attributes too; their words go through gettext
}
EXCEPT_PROGRAMS = {
    "app/core/catalogue.py",  # the design system's own page, as above
}
# Calls whose first words a reader sees.
SHOWING = re.compile(r"^(flash|Line|ValidationError|StopValidation|\w+Field)$")
SHOWN_ARGUMENTS = {"label", "description", "message", "words"}


def pages() -> list[str]:
    found = (p.relative_to(TEMPLATES).as_posix() for p in TEMPLATES.rglob("*"))
    return sorted(
        p for p in found if p.endswith((".html", ".txt", ".xml")) and p not in EXCEPT_TEMPLATES
    )


PAGES = [page for page in pages() if page != "topics/robots.txt"]
PROGRAMS = {
    path.relative_to(catalogs.ROOT).as_posix(): path
    for path in sorted((catalogs.ROOT / "app").rglob("*.py"))
}


@pytest.fixture(scope="module")
def jinja() -> Environment:
    ours = "app.core.pagecache.pieces.PieceTag"
    also = ["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols", ours]
    return Environment(autoescape=True, extensions=also)


def test_every_message_is_translated_whole() -> None:
    found = [f"{fault.locale}: {fault.message!r} {fault.words}" for fault in catalogs.faults()]
    assert not found, "\n".join([f"{len(found)} faults, the first of them:", *found[:20]])


@pytest.mark.parametrize("page", PAGES)
def test_a_template_says_nothing_past_gettext(jinja: Environment, page: str) -> None:
    source = (TEMPLATES / page).read_text()
    assert not [*bare_words(jinja, source, is_html=not page.endswith(".txt"))]


@pytest.mark.parametrize("page", PAGES)
def test_a_template_hands_on_no_sentence_past_gettext(jinja: Environment, page: str) -> None:
    tree = jinja.parse((TEMPLATES / page).read_text())
    assert not [words for words in constants(tree) if SENTENCE.match(words)]


def test_the_code_shows_nothing_past_gettext() -> None:
    found = [
        f"{name}:{line}: {words}"
        for name, path in PROGRAMS.items()
        if name not in EXCEPT_PROGRAMS
        for line, words in shown(ast.parse(path.read_text()))
    ]
    assert not found


@pytest.mark.parametrize(
    ("source", "leak"),
    [
        ("<p>Good day</p>", "Good day"),
        ('<p>{{ _("Good day") }}</p>', None),
        ("<p>{% trans %}Good day{% endtrans %} {{ name }}</p>", None),
        ("<p>{% trans %}Good day{% endtrans %} dear {{ name }}</p>", "dear"),
        ('<a title="Back" href="/desk">{{ _("Back") }}</a>', "Back"),
        ('<a title="{{ _("Back") }}" class="quiet">1</a>', None),
        ("{# a note #}{% if x %}<b>x</b>{% endif %}", None),
    ],
)
def test_a_bare_word_is_seen(jinja: Environment, source: str, leak: str | None) -> None:
    assert [*bare_words(jinja, source, is_html=True)] == ([leak] if leak else [])


def test_a_bare_argument_is_seen(jinja: Environment) -> None:
    tree = jinja.parse('{{ button("Publish it", kind="plain") }}{{ button(_("Publish it")) }}')
    assert [words for words in constants(tree) if SENTENCE.match(words)] == ["Publish it"]


def test_bare_words_in_code_are_seen() -> None:
    tree = ast.parse('flash("Saved.", "success")\nflash(_("Saved."))\nStringField(label="Name")')
    assert [words for _line, words in shown(tree)] == ["Saved.", "Name"]


def bare_words(jinja: Environment, source: str, *, is_html: bool) -> Iterator[str]:
    """Latin words of a template's own text and of its attributes that are read out."""
    text = "".join(outside_of_tags(jinja, source))
    if is_html:
        reader = _Reader()
        reader.feed(text)
        reader.close()
        said = reader.said
    else:
        said = text.splitlines()
    for words in said:
        clear = " ".join(words.replace(HOLE, " ").split())
        if LATIN.search(clear) and clear not in EXCEPT_WORDS:
            yield clear


def outside_of_tags(jinja: Environment, source: str) -> Iterator[str]:
    """What Jinja passes through as it stands, with a hole for each expression."""
    block: list[str] = []
    silent = False
    for _line, kind, value in jinja.lex(source):
        if kind == "block_begin":
            block = []
        elif kind == "name":
            block.append(value)
        elif kind == "block_end" and block:
            if block[0] == "trans" or EXCEPT_PARTS.intersection(block[1:2]):
                silent = True
            elif block[0] in {"endtrans", "endblock", "endmacro"}:
                silent = False
        elif kind == "variable_begin" and not silent:
            yield HOLE
        elif kind == "data" and not silent:
            yield value


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT_ELEMENTS:
            self.silent.append(tag)
        self.said.extend(words for name, words in attrs if name in SPOKEN_ATTRIBUTES and words)

    def handle_endtag(self, tag: str) -> None:
        if self.silent and tag == self.silent[-1]:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.said.append(data)


def constants(node: nodes.Node) -> Iterator[str]:
    """Strings written in a template's expressions, but for those that are translated."""
    called = node.node if isinstance(node, nodes.Call) else None
    if isinstance(called, nodes.Name) and called.name in TRANSLATING:
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    for child in node.iter_child_nodes():
        yield from constants(child)


def shown(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Strings handed untranslated to calls that show them."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
        name = name.id if isinstance(name, ast.Name) else name
        if not isinstance(name, str) or not SHOWING.match(name):
            continue
        told = [*node.args[:1], *(k.value for k in node.keywords if k.arg in SHOWN_ARGUMENTS)]
        for each in told:
            words = each.values[0] if isinstance(each, ast.JoinedStr) and each.values else each
            if isinstance(words, ast.Constant) and SENTENCE.match(str(words.value)):
                yield words.lineno, str(words.value)
