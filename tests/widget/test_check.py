"""What policies let in is judged as browsers judge it, and said with the line that mends it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from app.core import outgoing
from app.core.db import db
from app.widget import csp, inspection, snippets
from app.widget.inspection import Finding, Ours
from app.widget.service import checking
from app.widget.snippets import Release
from app.widget.views import findings

if TYPE_CHECKING:
    from tests.builders import Builders
    from tests.conftest import Browser

US = "https://otklik.bank.example"
LOADER, FRAME = f"{US}/widget/v1.js", f"{US}/embed/KEY"
OURS = Ours(LOADER, FRAME)
PAGE = "https://www.bank.example"
NONCE = "'nonce-r4nd0m'"
HASH = "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC"


def script(policy: str, **more: Any) -> csp.Verdict:
    [parsed] = csp.parse(policy)
    return csp.script(parsed, LOADER, PAGE, **more)


def frame(policy: str) -> csp.Verdict:
    [parsed] = csp.parse(policy)
    return csp.frame(parsed, FRAME, PAGE)


# ----------------------------------------------------------------------------- one source at a time


@pytest.mark.parametrize(
    "source",
    [
        "*",
        "https:",
        "HTTPS:",
        "http:",
        "https://otklik.bank.example",
        "HTTPS://OTKLIK.bank.example",
        "otklik.bank.example",
        "http://otklik.bank.example",
        "*.bank.example",
        "https://*.bank.example",
        "https://*.example:*",
        "otklik.bank.example:443",
        "http://otklik.bank.example:80",
        "otklik.bank.example:*",
        "https://otklik.bank.example/",
        "https://otklik.bank.example/widget/",
        "https://otklik.bank.example/widget/v1.js",
        "https://otklik.bank.example/%77idget/",
        "*:443",
    ],
)
def test_a_source_that_names_us_lets_us_in(source: str) -> None:
    assert csp.lets_in(source, LOADER, PAGE)


@pytest.mark.parametrize(
    "source",
    [
        "'self'",
        "'none'",
        "'unsafe-inline'",
        "'strict-dynamic'",
        NONCE,
        f"'{HASH}'",
        "data:",
        "blob:",
        "wss:",
        "bank.example",
        "*.otklik.bank.example",
        "https://otklik.bank.example.evil.example",
        "https://evil.example",
        "otklik.bank.example:8443",
        "https://otklik.bank.example/widget",
        "https://otklik.bank.example/embed/",
        "https://otklik.bank.example/widget/v1.js/",
        "https://otklik.bank.example/Widget/",
        "https://",
        "//otklik.bank.example",
        "",
        "**",
        "*.",
    ],
)
def test_a_source_that_names_others_does_not(source: str) -> None:
    assert not csp.lets_in(source, LOADER, PAGE)


def test_self_is_the_page_s_own_origin() -> None:
    assert csp.lets_in("'self'", f"{PAGE}/a.js", PAGE)
    assert csp.lets_in("'self'", "https://a.example/x", "http://a.example")
    assert not csp.lets_in("'self'", "http://a.example/x", "https://a.example")
    assert not csp.lets_in("'self'", "https://a.example:8443/x", "https://a.example")
    assert not csp.lets_in("'self'", f"{PAGE}/a.js", "")


def test_without_a_scheme_it_is_the_page_s() -> None:
    assert not csp.lets_in("otklik.bank.example", "http://otklik.bank.example/x", PAGE)
    assert csp.lets_in("otklik.bank.example", "http://otklik.bank.example/x", "http://bank.example")


# -------------------------------------------------------------------------------- which one decides


@pytest.mark.parametrize(
    ("policy", "directive"),
    [
        ("script-src-elem 'none'; script-src *; default-src *", "script-src-elem"),
        ("script-src 'none'; default-src *", "script-src"),
        ("default-src 'none'", "default-src"),
        ("SCRIPT-SRC 'none'; script-src *", "script-src"),
        ("script-src", "script-src"),
        ("script-src-attr *; script-src 'NONE'", "script-src"),
    ],
)
def test_the_nearest_directive_decides_on_a_script(policy: str, directive: str) -> None:
    verdict = script(policy)
    assert (verdict.is_allowed, verdict.why, verdict.directive) == (False, "none", directive)


@pytest.mark.parametrize(
    ("policy", "directive"),
    [
        ("frame-src 'none'; child-src *; default-src *", "frame-src"),
        ("child-src 'none'; default-src *; script-src *", "child-src"),
        ("default-src 'none'; worker-src *", "default-src"),
    ],
)
def test_the_nearest_directive_decides_on_a_frame(policy: str, directive: str) -> None:
    verdict = frame(policy)
    assert (verdict.is_allowed, verdict.directive) == (False, directive)


def test_what_no_directive_speaks_of_is_free() -> None:
    assert script("style-src 'none'; frame-src 'none'").why == "unlimited"
    assert frame("script-src 'none'; img-src 'none'").why == "unlimited"
    assert csp.parse("  ;; , ;") == []


def test_a_nonce_lets_the_element_in_that_carries_it() -> None:
    policy = f"script-src 'self' {NONCE}"
    assert script(policy).needs_nonce
    assert script(policy, nonce="r4nd0m").why == "nonce"
    assert not script(policy, nonce="other").is_allowed
    assert script(policy, nonce="other").why == "wrong-nonce"
    assert not script(policy, nonce="").is_allowed
    assert frame(f"default-src {NONCE}").why == "missing"


def test_a_hash_lets_a_proved_file_in() -> None:
    assert script(f"script-src '{HASH}'", nonce="", integrity=HASH).why == "hash"
    assert not script(f"script-src '{HASH}'", nonce="", integrity="").is_allowed
    assert not script(f"script-src '{HASH}'", nonce="", integrity=f"{HASH} sha256-xx").is_allowed


def test_under_strict_dynamic_addresses_count_for_nothing() -> None:
    policy = f"script-src 'strict-dynamic' {NONCE} {US} https: 'unsafe-inline'"
    assert script(policy).needs_nonce
    assert script(policy, nonce="r4nd0m").is_allowed
    named = script(policy, nonce="")
    assert (named.is_allowed, named.why, named.line) == (False, "dynamic", "")
    assert script(f"script-src 'strict-dynamic' '{HASH}'", nonce="", integrity=HASH).is_allowed
    assert script(f"script-src 'strict-dynamic' {US}").why == "dynamic"


@pytest.mark.parametrize(
    ("policy", "line"),
    [
        ("script-src 'none'", f"script-src {US}"),
        ("script-src 'self' https://cdn.example", f"script-src 'self' https://cdn.example {US}"),
        ("default-src 'self'", f"script-src 'self' {US}"),
        ("default-src 'none'", f"script-src {US}"),
        ("script-src-elem 'self'; script-src *", f"script-src-elem 'self' {US}"),
    ],
)
def test_the_line_that_mends_it_keeps_what_was_there(policy: str, line: str) -> None:
    verdict = script(policy, nonce="")
    assert verdict.line == line
    mended = line if line.split(maxsplit=1)[0] in policy else f"{policy}; {line}"
    assert script(mended, nonce="").is_allowed


def test_a_frame_s_line_is_of_its_own_directive() -> None:
    assert frame("child-src 'self'").line == f"frame-src 'self' {US}"
    assert frame("default-src 'none'").line == f"frame-src {US}"
    assert frame("frame-src 'self'").line == f"frame-src 'self' {US}"


# --------------------------------------------------------------------------------- a page's headers


def judged(text: str, **more: Any) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for each in inspection.judged(inspection.headers_in(text), OURS, **more):
        found.setdefault(each.what, []).append(each)
    return found


def test_our_two_directives_are_enough() -> None:
    found = judged(
        f"default-src 'none'; script-src {US}; frame-src {US}; require-trusted-types-for 'script'"
    )
    assert all(each.is_well for rows in found.values() for each in rows)
    assert set(found) == {"script", "frame", "trusted-types"}


def test_headers_are_read_as_they_are_pasted() -> None:
    curl = f"""HTTP/2 200
date: Sun, 22 Nov 2026 10:00:00 GMT
content-security-policy: default-src 'self';
   script-src 'self'
Content-Security-Policy: frame-src {US}
content-security-policy-report-only: default-src 'none'
cross-origin-embedder-policy: require-corp; report-to="x"
cross-origin-opener-policy: same-origin
permissions-policy: camera=()
"""
    for text in (curl, "\n".join(f"< {line}" for line in curl.splitlines() if line[0] != " ")):
        found = judged(text)
        assert [f.is_well for f in found["script"]] == [False]
        assert {f.what for rows in found.values() for f in rows if f.is_well} == {
            "coep",
            "coop",
            "permissions",
            "report-only",
        }
    [blocked] = judged(curl)["script"]
    assert (blocked.line, blocked.number) == (f"script-src 'self' {US}", 1)


def test_each_of_several_policies_must_let_it_in() -> None:
    found = judged(f"script-src {US}, script-src 'self', default-src 'none'; frame-src *")
    assert [(f.number, f.is_well) for f in found["script"]] == [(2, False), (3, False)]
    assert [f.is_well for f in found["frame"]] == [True]


def test_a_page_s_meta_counts_but_not_for_everything() -> None:
    html = """<meta http-equiv="Content-Security-Policy" content="script-src 'self'; sandbox">"""
    assert inspection.headers_in(html) == [("content-security-policy", "script-src 'self'")]
    assert not judged(html)["script"][0].is_well


def test_a_sandbox_must_let_scripts_run_and_keep_the_origin() -> None:
    [finding] = judged("sandbox allow-forms allow-scripts")["sandbox"]
    assert finding.line == "sandbox allow-forms allow-scripts allow-same-origin"
    assert judged("sandbox allow-scripts allow-same-origin")["sandbox"][0].is_well


def test_mixed_content_and_demanded_hashes_are_seen() -> None:
    near = Ours("http://otklik.test/widget/v1.js", "http://otklik.test/embed/K")
    assert [f.what for f in inspection.judged([], near, PAGE) if not f.is_well] == ["mixed"]
    asked = [("integrity-policy", "blocked-destinations=(script)")]
    tag = inspection.Tag(LOADER, {"integrity": HASH, "crossorigin": ""})
    assert not inspection.judged(asked, OURS)[-1].is_well
    assert inspection.judged(asked, OURS, tag=tag)[-1].is_well


def test_what_is_neither_headers_nor_a_policy_is_none() -> None:
    for text in (
        "",
        "hello",
        "default source none",
        "https://bank.example",
        "<html></html>",
        "a;b",
    ):
        assert inspection.headers_in(text) == [], text


def test_whatever_is_pasted_nothing_fails() -> None:
    pieces = [
        "script-src", "frame-src", "default-src", "'self'", "'none'", "*", "https:", "*:*", "://",
        "http://[", "[::1]", "'nonce-", "'sha256-", "'strict-dynamic'", ";", ",", " ", "\n", "\t",
        ":", "%", "%zz", "é", "\u202e", "\x00", "a.b:99999999999", "//", "sandbox", "<meta ",
        "http-equiv=content-security-policy content=", '"', "<base href='http://['>",
        "HTTP/1.1 200", "content-security-policy: ", "<script src=//[ >", "https://a/%", "<!",
        "<![CDATA[", "&#x;",
    ]  # fmt: skip
    chance = random.Random(7)
    for _ in range(3_000):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 14)))
        headers = inspection.headers_in(text)
        source = inspection.read(text, "https://bank.example/x")
        tag = next(iter(source.scripts), None)
        for each in inspection.judged(headers, OURS, PAGE, source, tag):
            assert (each.what, each.why) in findings.HOW


def test_all_that_can_be_found_can_be_said() -> None:
    assert {what for what, _why in findings.HOW} <= set(findings.WHAT)


# ---------------------------------------------------------------------------------------- the pages


def test_anybody_may_paste_headers(house: Builders, browser: Browser) -> None:
    house.brand()
    page = browser.get("/widget/check")
    assert page.status_code == 200
    assert 'name="page"' not in page.text

    answer = browser.post("/widget/check", {"headers": "default-src 'none'"})
    assert answer.status_code == 200
    assert answer.text.count("finding--bad") == 2
    assert "script-src http://otklik.test" in answer.text
    assert "frame-src http://otklik.test" in answer.text
    wrong = browser.post("/widget/check", {"headers": "<img src=x onerror=alert(1)>"})
    assert wrong.status_code == 422
    assert 'aria-invalid="true"' in wrong.text
    assert "<img src=x" not in wrong.text


def test_only_administrators_have_a_page_looked_at_and_only_of_their_sites(
    house: Builders, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.brand()
    asked: list[str] = []

    def fetch(url: str, **_more: object) -> outgoing.Answer:
        asked.append(url)
        raise outgoing.AddressRefusedError(url)

    monkeypatch.setattr(outgoing, "fetch", fetch)
    house.site(["https://www.bank.example", "http://localhost:8000"])
    address = {"page": "https://www.bank.example/cards"}
    for who in (None, house.customer(), house.executive(), house.manager()):
        if who:
            browser.sign_in(who)
        assert browser.post("/widget/check", address).status_code == 422
    assert asked == []

    browser.sign_in(house.administrator())
    for url in ("https://evil.example/", "https://www.bank.example.evil.example/", "x", "//["):
        assert browser.post("/widget/check", {"page": url}).status_code == 422
    assert asked == []
    for url in ("https://www.bank.example/cards", "http://localhost:8000/"):
        answer = browser.post("/widget/check", {"page": url})
        assert answer.status_code == 422
        assert "page-error" in answer.text
    assert len(asked) == 2


def test_our_server_never_asks_its_own_machine(house: Builders) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("nothing is asked of the database")
    site = house.site(["http://localhost:8000", "https://127.0.0.1"])
    for url in ("http://localhost:8000/", "https://127.0.0.1/"):
        with pytest.raises(outgoing.AddressRefusedError):
            checking.page(url, [site])


def looked(house: Builders, monkeypatch: pytest.MonkeyPatch, html: str, **headers: str) -> Any:
    site = house.site(["https://www.bank.example"], key="OURS", name="Сайт")
    other = house.site(["https://app.bank.example"], key="OTHER", name="Приложение")
    answer = outgoing.Answer(
        200, {k.replace("_", "-"): v for k, v in headers.items()}, html.encode()
    )
    monkeypatch.setattr(outgoing, "fetch", lambda _url, **_more: answer)
    monkeypatch.setattr(snippets, "releases", lambda: [Release("1.0.0", HASH)])
    found = checking.page("https://www.bank.example/cards", [site, other])
    return {(each.what, each.why) for each in found.findings if not each.is_well}, found


HOST = "http://otklik.test"


NEWEST, PINNED = f'src="{HOST}/widget/v1.js"', f'src="{HOST}/widget/1.0.0/loader.js"'
PROOF, SITE = f'integrity="{HASH}"', 'data-site="OURS"'


@pytest.mark.parametrize(
    ("tag", "wrong"),
    [
        (f"<script async {NEWEST} {SITE}></script>", set()),
        (f"<script async {PINNED} {PROOF} crossorigin {SITE}></script>", set()),
        ("<p>nothing</p>", {("snippet", "none")}),
        (f'<script src="/x.js" {SITE}></script>', {("snippet", "elsewhere")}),
        (
            f'<script {NEWEST} data-site="OTHER"></script>',
            {("key", "other"), ("async", "waits")},
        ),
        (f'<script async {NEWEST} data-site="?"></script>', {("key", "unknown")}),
        (f"<script async {NEWEST}></script>", {("key", "missing")}),
        (f"<script async {NEWEST} {PROOF} {SITE}></script>", {("integrity", "evergreen")}),
        (
            f'<script async {PINNED} integrity="sha384-xx" crossorigin {SITE}></script>',
            {("integrity", "wrong")},
        ),
        (f"<script async {PINNED} {PROOF} {SITE}></script>", {("integrity", "no-cors")}),
        (
            f'<script async src="{HOST}/widget/9.9.9/loader.js" {SITE}></script>',
            {("integrity", "unknown")},
        ),
    ],
)
def test_a_page_s_snippet_is_judged(
    house: Builders, monkeypatch: pytest.MonkeyPatch, tag: str, wrong: set[tuple[str, str]]
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("a page is judged alike on every database")
    found, _ = looked(house, monkeypatch, f"<!doctype html><body>{tag}")
    assert found - {("mixed", "insecure")} == wrong


def test_a_page_s_policies_in_headers_and_source_both_count(
    house: Builders, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = f'<script async nonce="abc" src="{HOST}/widget/v1.js" data-site="OURS"></script>'
    meta = """<meta http-equiv="content-security-policy" content="frame-src 'self'">"""
    found, page = looked(
        house, monkeypatch, meta + tag, content_security_policy="script-src 'nonce-abc'"
    )
    assert ("frame", "missing") in found
    assert {each.why for each in page.findings if each.what == "script"} == {"nonce"}
    assert [site.name for site in page.sites] == ["Сайт"]
