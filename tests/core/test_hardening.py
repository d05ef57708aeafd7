"""What a browser and a server are told to refuse, tried on whole answers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, request

from app.core.db import db
from app.core.policy import is_for_people
from app.core.web import inside
from app.factory import create_app
from tests.conftest import BASE_URL, settings
from tests.samples import Samples, every

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.builders import Builders
    from tests.conftest import Browser

FILE = "/static/css/tokens.css"
MUST = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'",
    "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'",
}  # fmt: skip


def policy_of(answer: Any) -> set[str]:
    said = answer.headers["Content-Security-Policy"]
    # Of scripts, only the hash of the import map differs from page to page.
    return {part.strip().partition(" 'sha256-")[0] for part in said.split(";")}


def test_whatever_the_answer_is_it_carries_the_headers(house: Builders, browser: Browser) -> None:
    house.brand()
    topic = house.question()
    whole = browser.get(FILE)
    whole.close()
    answers = {
        "unchanged": browser.get(FILE, headers={"If-None-Match": whole.headers["ETag"]}),
        "a part": browser.get(FILE, headers={"Range": "bytes=0-3"}),
        "led on": browser.get("/desk"),
        "led on by us": browser.post("/language", {"lang": "uk"}),
        "too large": browser.post(
            "/media", b"x", content_type="multipart/form-data; boundary=x",
            environ_overrides={"CONTENT_LENGTH": str(12 * 1024 * 1024)},
        ),
        "no such method": browser.client.put(
            "/", base_url=BASE_URL, headers={"Origin": BASE_URL}
        ),
        "asked for its methods": browser.client.options("/", base_url=BASE_URL),
        "only its head": browser.client.head(f"/topics/{topic.id}", base_url=BASE_URL),
        "slashed": browser.get("/executives/"),
        "nonsense": browser.get("/%ff%fe"),
    }  # fmt: skip
    statuses = {name: answer.status_code for name, answer in answers.items()}
    assert statuses["unchanged"] == 304
    assert statuses["a part"] == 206
    assert statuses["led on"] == statuses["led on by us"] == 303
    assert statuses["too large"] == 413
    assert statuses["no such method"] == 405
    for name, answer in answers.items():
        answer.close()
        for header, value in MUST.items():
            assert answer.headers.get(header) == value, (name, header)
        assert policy_of(answer) >= POLICY, name
        assert "unsafe" not in answer.headers["Content-Security-Policy"], name
        assert "Server" not in answer.headers or "Otklik" not in answer.headers["Server"]


def test_over_https_the_browser_is_told_to_stay_there(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path, PUBLIC_URL="https://otklik.test"))
    for path in ("/no/such/page", FILE, "/healthz"):
        answer = app.test_client().get(path, base_url="https://otklik.test")
        answer.close()
        said = answer.headers["Strict-Transport-Security"]
        assert int(said.partition("max-age=")[2].partition(";")[0]) >= 365 * 24 * 3600
        assert "includeSubDomains" in said
    plain = create_app(settings(tmp_path)).test_client().get("/healthz", base_url=BASE_URL)
    assert "Strict-Transport-Security" not in plain.headers


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PUT", "DELETE", "PATCH", "X"])
def test_a_method_no_route_declares_is_not_spoken(
    app: Flask, house: Builders, browser: Browser, method: str
) -> None:
    house.brand()
    for path in ("/", "/sign-in", "/desk", "/media", FILE):
        answer = browser.client.open(
            path, method=method, base_url=BASE_URL, headers={"Origin": BASE_URL, "X-A": "secret-x"}
        )
        assert answer.status_code == 405, path
        assert set(answer.headers["Allow"].split(", ")) <= {"GET", "HEAD", "OPTIONS", "POST"}
        assert "secret-x" not in answer.text


@pytest.mark.parametrize(
    "origin",
    ["null", "https://evil.example", "http://otklik.test.evil.example", "http://evil-otklik.test"],
)
def test_no_other_site_is_let_read(house: Builders, browser: Browser, origin: str) -> None:
    house.brand()
    for path in ("/", "/search/similar?q=x", "/readyz", FILE):
        for send in (browser.client.get, browser.client.options):
            answer = send(path, base_url=BASE_URL, headers={
                "Origin": origin, "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "x-fragment",
            })  # fmt: skip
            answer.close()
            assert not any(h.startswith("Access-Control") for h, _ in answer.headers), path


def test_another_site_asks_nothing_in_somebody_s_name(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    house.brand()
    person = new_browser().sign_in(house.customer())
    image = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    link = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    for site in ("cross-site", "same-site"):
        headers = {"Sec-Fetch-Site": site}
        assert person.get("/profile", headers={**headers, **image}).status_code == 403
        assert person.get("/", headers={**headers, **link}).status_code == 200
        assert browser.get("/feed.atom", headers={**headers, **image}).status_code == 200
    for site in ("same-origin", "none"):
        assert person.get("/", headers={"Sec-Fetch-Site": site, **image}).status_code == 200


# ------------------------------------------------------------------------------ hosts and proxies


def test_a_host_somebody_made_up_stands_on_no_page(
    app: Flask, house: Builders, browser: Browser
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("what pages name is no matter of the database")
    house.brand()
    samples = Samples(house)
    evil = "evil.example"
    for _, path in samples.addresses(app, "GET"):
        said = {"Host": evil, "X-Forwarded-Host": evil, "X-Host": evil, "Forwarded": f"host={evil}"}
        answer = browser.get(path, headers=said)
        assert evil not in answer.get_data().decode(errors="replace"), path
        assert evil not in answer.headers.get("Location", ""), path
        answer.close()


@pytest.mark.parametrize(
    ("proxies", "said", "seen"),
    [
        ("0", "198.51.100.9", "203.0.113.7"),
        ("1", "198.51.100.9", "198.51.100.9"),
        ("1", "10.0.0.1, 198.51.100.9", "198.51.100.9"),
        ("2", "192.0.2.1, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
        ("1", "", "203.0.113.7"),
    ],
)
def test_a_visitor_is_who_our_own_proxies_say(
    tmp_path: Path, proxies: str, said: str, seen: str
) -> None:
    app = create_app(settings(tmp_path, TRUSTED_PROXIES=proxies))
    asked: list[str | None] = []
    app.before_request(lambda: asked.append(request.remote_addr))
    app.test_client().get(
        "/healthz",
        base_url=BASE_URL,
        headers={"X-Forwarded-For": said} if said else {},
        environ_overrides={"REMOTE_ADDR": "203.0.113.7"},
    )
    assert asked == [seen]


@pytest.mark.parametrize(
    "address",
    ["https:e", "http:/e", "%2f%2fevil.example", "/%09/evil.example"[:1] + "\t/evil.example",
     "//evil.example%2f..", "/\\\\evil.example", "\x00//evil.example", " //evil.example",
     "https://otklik.test@evil.example", "///evil.example", "\u2028//evil.example"],
)  # fmt: skip
def test_what_follows_is_ours_or_nothing(address: str) -> None:
    assert inside(address) is None


def test_nothing_is_debugged_where_people_are(tmp_path: Path) -> None:
    for development in ("no", "yes"):
        app = create_app(settings(tmp_path, DEVELOPMENT=development))
        assert not app.debug
        assert not app.config.get("PROPAGATE_EXCEPTIONS")


# ---------------------------------------------------------------------------------------- uploads


class _Unread(io.RawIOBase):
    """A body nobody may read."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: Any) -> int:
        raise AssertionError("it was read")


def test_what_is_too_large_is_refused_unread(house: Builders, browser: Browser) -> None:
    house.brand()
    answer = browser.post(
        "/media",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"wsgi.input": _Unread(), "CONTENT_LENGTH": str(11 * 1024 * 1024 + 1)},
    )
    assert answer.status_code == 413


def test_what_is_no_picture_is_kept_under_no_name(
    house: Builders, browser: Browser, app: Flask
) -> None:
    house.brand()
    eicar = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    files: Iterable[tuple[str, bytes, str]] = [
        ("shell.php.png", b"<?php system($_GET['c']); ?>", "image/png"),
        ("picture.png", eicar, "image/png"),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "image/svg+xml"),
        ("picture.html", b"<html><script>x()</script>", "text/html"),
        ("bomb.zip", b"PK\x03\x04" + b"\x00" * 60, "application/zip"),
        ("picture.jpg", b"%PDF-1.7\n%\xff\xd8\xff\xe0JFIF", "image/jpeg"),
        ("picture.gif", b"GIF89a/*\x00\x00*/=1;alert(1)", "image/gif"),
    ]
    before = sorted((app.config["INSTANCE_PATH"] / "media").rglob("*.webp"))
    for name, data, kind in files:
        answer = browser.post(
            "/media",
            {"file": (io.BytesIO(data), name, kind)},
            headers={"Accept": "application/json"},
        )
        assert answer.status_code == 422, name
    assert sorted((app.config["INSTANCE_PATH"] / "media").rglob("*.webp")) == before


@pytest.mark.parametrize(
    "name",
    ["../../evil.png", "..\\evil.png", "a\x00.png", "\u202egnp.exe", "evil.php", "evil.png.html",
     "con", "/etc/passwd", "я" * 300 + ".png"],
)  # fmt: skip
def test_a_name_somebody_gave_is_used_nowhere(
    house: Builders, browser: Browser, app: Flask, name: str
) -> None:
    house.brand()
    samples = Samples(house)
    data = app.config["INSTANCE_PATH"].joinpath(
        "media", str(samples.values["key"])[:2], f"{samples.values['key']}.webp"
    ).read_bytes()  # fmt: skip
    tail = b"PK\x03\x04<script>x()</script>%PDF-1.4 EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
    answer = browser.post(
        "/media",
        {"file": (io.BytesIO(data + tail), name, "text/html")},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 201, answer.text
    kept = browser.get(answer.json["url"])
    assert kept.mimetype == "image/webp"
    assert not any(each in kept.data for each in (b"script", b"PK\x03\x04", b"%PDF", b"EICAR"))
    assert "sandbox" in kept.headers["Content-Security-Policy"]
    assert kept.headers["Content-Disposition"] == "inline"
    kept.close()
    root = app.config["INSTANCE_PATH"] / "media"
    assert all(len(path.relative_to(root).parts) == 2 for path in root.rglob("*.webp"))


# ----------------------------------------------------------------------------- alike, there or not


def test_what_is_somebody_else_s_reads_like_what_is_not_there(
    app: Flask, house: Builders, new_browser: Callable[[], Browser]
) -> None:
    house.brand()
    samples = Samples(house)
    compared = 0
    for reader in (None, house.customer()):
        browser = new_browser() if reader is None else new_browser().sign_in(reader)
        for rule in every(app):
            named = rule.arguments & samples.values.keys()
            may = app.view_functions[rule.endpoint].may  # type: ignore[attr-defined]
            if "GET" not in (rule.methods or ()) or not named:
                continue
            if reader is None and not is_for_people(may):
                continue  # of what everybody sees a guest may know that it is there
            there, nowhere = dict(next(samples._values(rule))), dict(next(samples._values(rule)))
            nowhere |= {n: 987654 if isinstance(there[n], int) else "nowhere" for n in named}
            adapter = app.url_map.bind("otklik.test")
            paths = [adapter.build(rule.endpoint, values) for values in (there, nowhere)]
            answers = [browser.get(path) for path in paths]
            if answers[0].status_code == 404 or "sign-in" in answers[0].headers.get("Location", ""):
                compared += 1
                assert answers[0].status_code == answers[1].status_code, (reader, rule)
                texts = [_alike(a, p) for a, p in zip(answers, paths, strict=True)]
                assert texts[0] == texts[1], (reader, rule)
            for answer in answers:
                answer.close()
    assert compared > 20


def _alike(answer: Any, path: str) -> str:
    """A page without what differs between two requests for the same."""
    nonce = answer.headers["Content-Security-Policy"].partition("'nonce-")[2].partition("'")[0]
    text = answer.text.replace(nonce, "") if nonce else answer.text
    where = answer.headers.get("Location", "")
    return f"{text}{where}".replace(path, "").replace(path.replace("/", "%2F"), "")
