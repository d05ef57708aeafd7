"""The eye that looks at served pages sees what is there, and does not see what is not."""

import pytest

from tests.served import dangers, naughty, packs

FINE = """<!doctype html><html><head><link rel=stylesheet href="/static/a.css">
<script type=module src=/static/a.js></script><script type=importmap>{"imports": {}}</script>
</head><body><a href="https://evil.example/">x</a><a href="mailto:a@bank.example">x</a>
<a href="/topics/1#post">x</a><img src="/media/a.webp" alt=""><svg><use href="#a"></use></svg>
<form action="/ask" method=post><textarea>&lt;script&gt;alert(1)&lt;/script&gt;</textarea></form>
<p>onclick=alert(1) javascript:alert(1)</p></body></html>"""


def test_a_page_of_ours_is_fine() -> None:
    assert dangers(FINE) == []


@pytest.mark.parametrize(
    "bad",
    [
        "<script>alert(1)</script>",
        "<script src=https://evil.example/x.js></script>",
        "<script type=text/babel>x</script>",
        '<script type="application/ld+json">{"a": "</script><p>',
        "<img src=x onerror=alert(1)>",
        "<p style='background:url(x)'>",
        "<style>p{}</style>",
        "<iframe src=/x></iframe>",
        "<object data=/x></object>",
        "<base href=//evil.example>",
        "<meta http-equiv=refresh content=0>",
        "<svg><animate href=#a attributeName=href to=javascript:alert(1)>",
        "<svg><use href='data:image/svg+xml,x'></use></svg>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' java\nscript:alert(1)'>x</a>",
        "<a href='&#1;javascript:alert(1)'>x</a>",
        "<a href='data:text/html,x'>x</a>",
        "<a href='vbscript:x'>x</a>",
        "<a href='https://bank.example@evil.example/'>x</a>",
        "<img src=//evil.example/x.png>",
        "<form action=https://evil.example/>",
        "<button formaction='javascript:alert(1)'>x</button>",
        "<link rel=stylesheet href=//evil.example/a.css>",
        '<p title="x" " onload=x>',
        "<div hx-on:click=alert(1)>",
    ],
)
def test_what_is_wrong_is_seen(bad: str) -> None:
    assert dangers(f"<!doctype html><body>{bad}</body>") != []


def test_every_string_is_in_some_pack() -> None:
    together = "\n".join(packs(100_000, "\n"))
    assert all(text in together for text in naughty())
    assert all(len(pack) <= 200 for pack in packs(200))
