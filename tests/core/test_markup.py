"""Text in, safe HTML out: attacks, the specification, bombs, and the words taken back out."""

import gc
import html
import json
import os
import re
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from statistics import median

import nh3
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.commands.markup import markup as command
from app.core import links
from app.core.markup import (
    HTML_LIMIT,
    LIMIT,
    TooLong,
    clean,
    first_line,
    plain,
    render,
)

DATA = Path(os.environ.get("OTKLIK_DATA", Path(__file__).parents[2].parent / "shared/data"))
REL = 'rel="nofollow ugc noopener"'

ATTRIBUTES = {
    "a": {"href", "title", "rel"},
    "img": {"src", "alt", "loading"},
    "ol": {"start"},
    **{tag: {"dir"} for tag in ("p", "blockquote", "li", "h3", "h4", "h5", "h6", "th", "td")},
}
TAGS = {
    *ATTRIBUTES,
    "br",
    "code",
    "em",
    "hr",
    "s",
    "strong",
    "ul",
    "pre",
    "table",
    "thead",
    "tbody",
    "tr",
}


class Inspector(HTMLParser):
    """A third parser, that knows nothing of the gates: collects whatever should not be there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ATTRIBUTES.get(tag, set()):
                self.wrong.append(f"<{tag} {name}>")
            if name == "href":
                # what a browser does before it looks at the scheme
                bare = re.sub(r"[\x00-\x20\u200b-\u200f]", "", value or "").lower()
                scheme = re.match(r"[^/?#:]*:", bare)
                if scheme and scheme[0] not in {"http:", "https:", "mailto:"}:
                    self.wrong.append(f"href={value}")
            if name == "src" and not re.fullmatch(r"/media/[\w./-]+", value or ""):
                self.wrong.append(f"src={value}")

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"<!{decl}")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"<?{data}")


def assert_safe(safe: str) -> None:
    inspector = Inspector()
    inspector.feed(safe)
    inspector.close()
    assert inspector.wrong == [], safe
    assert not re.search("[\x00\u202a-\u202e\u2066-\u2069]", html.unescape(safe))


def words(markup: str) -> str:
    """Every character that is not white space, as a reader sees them."""
    return "".join(html.unescape(nh3.clean(markup, tags=set())).split())


def data(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {name} in {DATA}: set OTKLIK_DATA to the folder with the test data")
    return path


# ------------------------------------------------------------------------------- what it makes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "**a** _b_ ~~c~~ `d`",
            '<p dir="auto"><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>',
        ),
        ("a\nb", '<p dir="auto">a<br>\nb</p>'),
        ("# a", '<h3 dir="auto">a</h3>'),
        ("## a", '<h4 dir="auto">a</h4>'),
        ("###### a", '<h6 dir="auto">a</h6>'),
        ("> a", '<blockquote dir="auto">\n<p dir="auto">a</p>\n</blockquote>'),
        ("3. a", '<ol start="3">\n<li dir="auto">a</li>\n</ol>'),
        ("```python\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>"),
        ("<b>a</b>", '<p dir="auto">&lt;b&gt;a&lt;/b&gt;</p>'),
        ("a\x00b\u202ec\u2066d&#x202E;e", '<p dir="auto">abcde</p>'),
        ("a\ud800b\x0bc\ufffe", '<p dir="auto">abc</p>'),
        ("[a](/topics/7)", '<p dir="auto"><a href="/topics/7">a</a></p>'),
        ("[a](https://x.ru)", f'<p dir="auto"><a href="https://x.ru" {REL}>a</a></p>'),
        ("[a](//x.ru)", f'<p dir="auto"><a href="https://x.ru" {REL}>a</a></p>'),
        ("<a@x.ru>", '<p dir="auto"><a href="mailto:a@x.ru">a@x.ru</a></p>'),
        (
            "![a *b*](/media/ab/c.webp)",
            '<p dir="auto"><img src="/media/ab/c.webp" alt="a b" loading="lazy"></p>',
        ),
        ("![a](https://x.ru/p.png)", f'<p dir="auto"><a href="https://x.ru/p.png" {REL}>a</a></p>'),
        (
            "![](https://x.ru/p.png)",
            f'<p dir="auto"><a href="https://x.ru/p.png" {REL}>https://x.ru/p.png</a></p>',
        ),
        ("[![a](https://x.ru/p.png)](/b)", '<p dir="auto"><a href="/b">a</a></p>'),
        ("![a](/media/../admin)", '<p dir="auto"><a href="/media/../admin">a</a></p>'),
        ("", ""),
    ],
)
def test_markdown_becomes(text: str, expected: str) -> None:
    assert render(text) == expected


def test_a_table_is_a_table() -> None:
    rows = render("a|b\n-|-\n1|2")
    assert rows.count("<th dir") == rows.count("<td dir") == 2


@pytest.mark.parametrize(
    ("text", "address", "said"),
    [
        ("см. https://x.ru/a.", "https://x.ru/a", "https://x.ru/a"),
        ("(https://x.ru/a(b))", "https://x.ru/a(b)", "https://x.ru/a(b)"),
        ("«www.x.ru»", "https://www.x.ru", "www.x.ru"),
        (
            "https://x.ru/a_b_c?d=1&e=2",
            "https://x.ru/a_b_c?d=1&amp;e=2",
            "https://x.ru/a_b_c?d=1&amp;e=2",
        ),
        ("HTTP://X.RU/A", "http://X.RU/A", "HTTP://X.RU/A"),
        ("https://банк.рф/я", "https://xn--80ab2al.xn--p1ai/%D1%8F", "https://банк.рф/я"),
        ("**https://x.ru**", "https://x.ru", "https://x.ru"),
    ],
)
def test_bare_addresses_become_links(text: str, address: str, said: str) -> None:
    assert f'href="{address}" {REL}>{said}</a>'.lower() in render(text).lower()


@pytest.mark.parametrize(
    "text",
    [
        "`https://x.ru`",
        "    https://x.ru",
        "http://",
        "www.",
        "https://localhost",
        "awww.x.ru",
        "ahttp://x.ru",
        "ftp://x.ru",
        "https://bank.ru@evil.ru/",
        "http://" + "a" * 3000 + ".ru",
    ],
)
def test_what_is_no_address_stays_text(text: str) -> None:
    assert "<a " not in render(text)


def test_a_link_holds_no_second_link() -> None:
    assert render("[see https://y.ru](https://x.ru)").count("<a ") == 1


# ------------------------------------------------------------------------------------- attacks

SCHEMES = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "java\rscript:alert(1)",
    "java\x00script:alert(1)",
    "\x01javascript:alert(1)",
    "java\u200bscript:alert(1)",
    "\u200bjavascript:alert(1)",
    "java\u202escript:alert(1)",
    "java\u00adscript:alert(1)",
    "\ufeffjavascript:alert(1)",
    "javascript&colon;alert(1)",
    "javascript&#58;alert(1)",
    "javascript&#x3a;alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6A;avascript:alert(1)",
    "java&Tab;script:alert(1)",
    "java&#9;script:alert(1)",
    "java&NewLine;script:alert(1)",
    "jav&#x0A;ascript:alert(1)",
    "java&#x200b;script:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml;base64,PHN2Zy8+",
    "data:image/png;base64,AAAA",
    "vbscript:msgbox(1)",
    "VBSCRIPT:msgbox(1)",
    "feed:javascript:alert(1)",
    "view-source:javascript:alert(1)",
    "file:///etc/passwd",
    "blob:https://x/y",
    "intent://x#Intent",
    "livescript:x",
    "mocha:x",
    "jar:x",
    "\\\\evil.ru",
    "/\\evil.ru",
    "https:evil.ru",
    "https:/evil.ru",
    "http://a@b.ru",
]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_such_scheme_becomes_a_link(scheme: str) -> None:
    written = html.escape(scheme).replace("&amp;", "&")
    for safe in (
        render(f"[a]({scheme})"),
        render(f"[a](<{scheme}>)"),
        render(f"<{scheme}>"),
        render(f"![a]({scheme})"),
        render(f"[a][1]\n\n[1]: {scheme}"),
        render(scheme),
        clean(f'<a href="{written}">a</a>'),
        clean(f'<img src="{written}" alt="a">'),
        clean(f"<a href='{written}'>a</a>"),
        clean(f"<a href={written}>a</a>"),
    ):
        assert_safe(safe)
    assert "href" not in clean(f'<a href="{written}">a</a>')
    assert links.safe_href(html.unescape(scheme)) is None


def owasp() -> list[str]:
    sheet = data("xss/owasp/cheatsheets/XSS_Filter_Evasion_Cheat_Sheet.md").read_text("utf-8")
    fenced = re.findall(r"```\w*\n(.*?)```", sheet, re.DOTALL)
    return [*fenced, *(line for block in fenced for line in block.splitlines()), sheet[:LIMIT]]


def test_owasp_filter_evasion() -> None:
    payloads = owasp()
    assert len(payloads) > 150
    for payload in payloads:
        assert_safe(render(payload[:LIMIT]))
        assert_safe(clean(payload))
        assert_safe(render(f"[a]({payload[:5000]})"))


def test_bleach_pairs() -> None:
    pairs = sorted(data("xss/bleach/tests/data").glob("*.test"))
    assert len(pairs) == 20
    for pair in pairs:
        attack, _, _ = pair.read_text("utf-8").partition("\n--\n")
        assert_safe(render(attack))
        assert_safe(clean(attack))
        assert clean(clean(attack)) == clean(attack)


def test_naughty_strings() -> None:
    strings = json.loads(data("blns/blns.json").read_text("utf-8"))
    assert len(strings) > 500
    for string in strings:
        safe = render(string)
        assert_safe(safe)
        assert_safe(clean(string))
        assert clean(safe) == safe


@pytest.mark.parametrize(
    "attack",
    [
        '<p id="x" name="y" class="z" style="color:red" onclick="a()" data-x="1">t</p>',
        '<form id="document"><input name="cookie"></form>',
        "<svg><style><img src=x onerror=a()>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;<img onerror=a()>'>",
        "<noscript><p title='</noscript><img src=x onerror=a()>'>",
        "<!--<img src=--><img onerror=a()>",
        "<a href='https://x.ru' target=_blank rel=opener ping=/x download>t</a>",
        "<iframe src=/></iframe><object data=/></object><embed src=/><base href=//x>",
        "<img src=/media/a srcset='//x 1x' alt='\"><script>'>",
        "<?xml version='1.0'?><!DOCTYPE x>",
        "<table><a href=/1><td><a href=/2>x</table>",
        "<![CDATA[<script>a()</script>]]>",
    ],
)
def test_foreign_html_loses_what_could_act(attack: str) -> None:
    safe = clean(attack)
    assert_safe(safe)
    assert clean(safe) == safe


def test_foreign_html_keeps_its_shape() -> None:
    body = (
        "<h1>T</h1><p>a <b>b</b> <i>c</i><br>d</p><pre class='lang-py'><code>x &lt; 1</code>"
        "</pre><ul><li>u</li></ul><hr><p><img src='https://i.example.com/x.png' alt='cup'></p>"
        "<script>gone()</script>"
    )
    assert clean(body) == (
        '<h3 dir="auto">T</h3><p dir="auto">a <strong>b</strong> <em>c</em><br>d</p>'
        '<pre><code>x &lt; 1</code></pre><ul><li dir="auto">u</li></ul><hr><p dir="auto">'
        f'<a href="https://i.example.com/x.png" {REL}>cup</a></p>'
    )


# ----------------------------------------------------------------------------------- the gates

PIECES = st.sampled_from(
    [
        "<",
        ">",
        "&",
        "&amp;",
        "&lt;",
        "&nbsp;",
        "\u00a0",
        "&#x202e;",
        "\n",
        "\n\n",
        "`",
        "```\n",
        "*",
        "**",
        "_",
        "~~",
        "[",
        "](",
        ")",
        "![",
        "](/media/a.webp)",
        "](javascript:a)",
        "# ",
        "> ",
        "- ",
        "1. ",
        "    ",
        "|",
        "\n-|-\n",
        "<b>",
        "</b>",
        "<a href='x'>",
        "<img src=x>",
        '"',
        "'",
        "\\",
        "http://",
        "https://x.ru/",
        "www.x.ru",
        "\x00",
        "\r",
        "\u2028",
        "я",
        "a",
        " ",
        "<!--",
        "<p>",
        "<table>",
        "<td>",
        "<pre>",
        "<li>",
        "&#",
        "&#0;",
        ";",
        "://",
        "//x",
        "\u200b",
        "<h1>",
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join))
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(TEXTS)
def test_rendered_text_is_safe_and_a_fixed_point(text: str) -> None:
    safe = render(text)
    assert_safe(safe)
    assert clean(safe) == safe


@quick
@given(TEXTS)
def test_cleaned_html_is_safe_and_its_words_can_be_read(markup: str) -> None:
    safe = clean(markup)
    assert_safe(safe)
    assert "<" not in first_line(clean("<p>a</p>"), 10)
    assert isinstance(plain(safe), str)


# ----------------------------------------------------------------------------- the specification


def examples() -> list[tuple[int, str, str]]:
    spec = data("commonmark/spec.txt").read_text("utf-8")
    found = re.findall(r"^`{32} example\n(.*?)^\.\n(.*?)^`{32}$", spec, re.DOTALL | re.MULTILINE)
    return [
        (number, source.replace("→", "\t"), expected.replace("→", "\t"))
        for number, (source, expected) in enumerate(found, start=1)
    ]


def shape(markup: str, *, lower: bool) -> list[str]:
    """The tags in their order, under the changes we make on purpose."""
    tags = re.findall(r"<(/?[a-z][a-z0-9]*)", markup)
    lowered = {
        f"{end}h{level}": f"{end}h{min(level + 2, 6)}" for level in range(1, 7) for end in ("", "/")
    }
    return [lowered.get(tag, tag) for tag in tags] if lower else tags


def test_commonmark_examples_keep_their_words_and_shape() -> None:
    """Left out, and only these: examples with raw HTML or pictures, or with a link to an
    address we refuse; tags also, where a bare address becomes a link, a line end becomes <br>,
    or `~~` and `|` mean more than in CommonMark.
    """
    compared = shaped = 0
    reference = MarkdownIt("commonmark")
    for number, source, expected in examples():
        tokens = [
            child.type
            for token in reference.parse(source)
            for child in (token, *(token.children or []))
        ]
        if {"html_block", "html_inline", "image"} & set(tokens):
            continue
        ours = render(source)
        addresses = [html.unescape(href) for href in re.findall(r'href="([^"]*)"', expected)]
        if all(links.safe_href(address) for address in addresses):
            assert words(ours) == words(expected), number
            compared += 1
        if (
            "softbreak" in tokens
            or "~~" in source
            or "|" in source
            or not all(links.safe_href(address) for address in addresses)
            or ours.count("<a ") != len(addresses)
        ):
            continue
        assert shape(ours, lower=False) == shape(expected, lower=True), number
        shaped += 1
    assert compared > 540
    assert shaped > 400


# ------------------------------------------------------------------------------------- bombs


def filled(unit: str) -> Callable[[int], str]:
    return lambda size: (unit * (size // len(unit) + 1))[:size]


BOMBS: dict[str, Callable[[int], str]] = {
    unit: filled(unit)
    for unit in (
        ">",
        "[",
        "![",
        "[![",
        "[*",
        "[(",
        "*",
        "_",
        "`",
        "~",
        "~~",
        "**x",
        "*a **a ",
        "*a_",
        "a**b",
        "x*_",
        "- ",
        "- a\n\n",
        "-\n",
        "-\n ",
        "> - ",
        "> a\n",
        "1. ",
        "# \n",
        "***\n",
        "[a](",
        "[](",
        "[a](b",
        "![a](",
        "[a]: b\n",
        "[a]:\n",
        "[\n",
        "<",
        "<a@",
        "<http:",
        "<!--",
        "&",
        "&#",
        "\\",
        "|",
        "a|",
        "\n|-",
        "```\n",
        "`a``b",
        "a\n",
        "http://",
        "https://a.b",
        "www.",
        "www.a.b ",
        "https://a.b/(",
        "http://a.b)",
        "www.a.b.,",
        '"',
        "\u202e",
        "\t",
        "я",
    )
} | {
    "link of one run": lambda size: "https://a.b/" + ")" * (size - 12),
    "link of dots": lambda size: "www.a" + "." * (size - 5),
    "international host": lambda size: "http://" + "яб" * (size // 2 - 4),
    "back ticks": lambda size: "".join("e" + "`" * i for i in range(1, size))[:size],
    "brackets": lambda size: "[" * (size // 2) + "]" * (size // 2),
    "links in links": lambda size: "[" * (size // 5) + "a" + "](b)" * (size // 5 - 1),
    "strong in em": lambda size: "*a **a " * (size // 14) + "b** b*" * (size // 14),
    "references": lambda size: (
        "".join(f"[{i}]: /u\n" for i in range(size // 20)) + "[0]" * (size // 7)
    ),
    "wide table": lambda size: (
        "|a" * (size // 10) + "\n" + "|-" * (size // 10) + "\n" + "a\n" * (3 * size // 10 - 1)
    ),
    "nested list": lambda size: "".join("  " * i + "- a\n" for i in range(size))[:size],
}


def seconds(text: str) -> float:
    """Processor time of one rendering, without the collector walking through all other tests."""
    gc.disable()
    start = time.process_time()
    render(text)
    spent = time.process_time() - start
    gc.enable()
    return spent


@pytest.mark.parametrize("name", BOMBS)
def test_twice_the_text_takes_twice_the_time(name: str) -> None:
    half, whole = BOMBS[name](LIMIT // 2), BOMBS[name](LIMIT)
    assert len(whole) <= LIMIT
    times: list[float] = []
    for _ in range(8):  # what the machine does beside us comes and goes; a square stays
        # below 20 ms there is nothing to measure against
        before = max(seconds(half), 0.02)
        times.append(seconds(whole) / before)
        if median(times) <= 3:
            return
    raise AssertionError(times)


@pytest.mark.parametrize("name", ["[", "wide table", "strong in em", ">", "> - ", "nested list"])
def test_a_bomb_is_shown_and_stays_small(name: str) -> None:
    safe = render(BOMBS[name](LIMIT))
    assert_safe(safe)
    assert len(safe) < 20 * LIMIT


def test_words_under_too_many_quotes_are_not_lost() -> None:
    assert "важное" in render(">" * 200 + " важное")
    assert "важное" in render("- " * 200 + " важное")
    assert "важное" in render("*a **a " * 300 + "важное" + "b** b*" * 300)


HTML_BOMBS = {
    "bold": "<b>" * 10_000,
    "crossed": "<b></i>" * 5_000,
    "quotes": "<blockquote>" * 3_000 + "важное",
    "attributes": "<p " + "".join(f"a{i}=1 " for i in range(5_000)) + ">",
    "lists": "<ul><li>" * 3_000,
    "tables": "<table><tr><td>" * 3_000,
    "links": "<a href=/x>y" * 7_000,
    "unknown": "<font color=a>" * 7_000,
    "less than": "<" * 20_000,
}


@pytest.mark.parametrize("name", HTML_BOMBS)
def test_html_bombs_do_not_reach_the_slow_parser(name: str) -> None:
    bomb = HTML_BOMBS[name]
    start = time.process_time()
    clean("<p>word</p>" * 4_000)
    ordinary = time.process_time() - start
    start = time.process_time()
    safe = clean(bomb)
    spent = time.process_time() - start
    assert_safe(safe)
    assert ("важное" in safe) == ("важное" in bomb)
    # bleach alone took fifty to four hundred times as long as on ordinary text of such length
    assert spent < 20 * ordinary


def test_html_that_grows_when_its_tags_are_told_apart_is_refused() -> None:
    with pytest.raises(TooLong):
        clean("<b><p>" * 16_000)


def test_the_limit_is_looked_at_first() -> None:
    assert render("a" * LIMIT)
    with pytest.raises(TooLong):
        render("a" * (LIMIT + 1))
    with pytest.raises(TooLong):
        clean("a" * (HTML_LIMIT + 1))


# --------------------------------------------------------------------------------------- words


def test_plain_keeps_a_line_for_each_block() -> None:
    text = "# Тариф\n\nодин\nдва **три**\n\n- a\n- b\n\n```\nx < 1\ny\n```"
    assert plain(render(text)) == "Тариф\n\nодин\nдва три\n\n- a\n- b\n\nx < 1\ny"


def test_plain_shows_addresses_in_letters() -> None:
    safe = render("[тариф](https://x.ru/t), [тут](/t), https://x.ru/b")
    assert plain(safe) == "тариф, тут, https://x.ru/b"
    assert plain(safe, addresses=True) == "тариф (https://x.ru/t), тут, https://x.ru/b"


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("Здравствуйте.\n\nОтвет дан", 40, "Здравствуйте. Ответ дан"),
        ("Перевод придёт завтра утром", 20, "Перевод придёт…"),
        ("Перевод придёт завтра утром", 15, "Перевод придёт…"),
        ("Перевод, придёт", 10, "Перевод…"),
        ("непрерывныйтекст", 6, "непре…"),
        ("- a < b", 40, "a < b"),
        ("", 10, ""),
    ],
)
def test_first_line_is_cut_at_a_word(text: str, width: int, expected: str) -> None:
    assert first_line(render(text), width) == expected
    assert len(expected) <= width


# ------------------------------------------------------------------------------------- command


def test_command_renders_a_json_string_a_line() -> None:
    lines = [json.dumps("**a**"), json.dumps("я\nb", ensure_ascii=False), json.dumps("\ud800")]
    result = CliRunner().invoke(command, ["render", "--jsonl"], input="\n".join(lines))
    assert result.exit_code == 0
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        '<p dir="auto"><strong>a</strong></p>',
        '<p dir="auto">я<br>\nb</p>',
        "",
    ]


def test_command_names_wrong_lines_and_goes_on() -> None:
    lines = [
        b'"a"',
        b"nonsense",
        b'{"a": 1}',
        b"\xff",
        json.dumps("a" * 10_001).encode(),
        b"[" * 100_000,
        b'"b"',
    ]
    result = CliRunner().invoke(command, ["render", "--jsonl"], input=b"\n".join(lines))
    assert result.exit_code == 1
    said = [json.loads(line) for line in result.stdout.splitlines()]
    assert said[0] == '<p dir="auto">a</p>'
    assert said[-1] == '<p dir="auto">b</p>'
    assert [each["line"] for each in said[1:-1]] == [2, 3, 4, 5, 6]
    assert all(each["error"] for each in said[1:-1])


def test_command_renders_a_whole_text() -> None:
    result = CliRunner().invoke(command, ["render"], input="a\n\nb")
    assert result.stdout == '<p dir="auto">a</p>\n<p dir="auto">b</p>\n'
