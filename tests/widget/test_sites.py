"""The administrator says which sites carry the widget, and gives them keys."""

from __future__ import annotations

import json
import re
from contextvars import Context
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from sqlalchemy import select

from app.core import clock, sealing
from app.core.db import session
from app.core.events import Fact
from app.widget import origins, pems, snippets
from app.widget.models import SigningKey, Site
from app.widget.service import keys, sites
from app.widget.snippets import Look, Release
from tests.conftest import BASE_URL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders import Builders
    from tests.conftest import Browser

PUBLIC = (
    ed25519.Ed25519PrivateKey.generate()
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def said(**more: Any) -> dict[str, Any]:
    return {
        "name": "Интернет-банк",
        "origins": "https://www.bank.example",
        "issuer": "https://id.bank.example",
        "category_id": "0",
        **more,
    }


@pytest.fixture
def administrator(house: Builders, browser: Browser) -> Browser:
    house.brand()
    return browser.sign_in(house.administrator())


def facts(name: str) -> list[Fact]:
    return list(session.scalars(select(Fact).where(Fact.name == name).order_by(Fact.id)))


# ---------------------------------------------------------------------------------------- origins


@pytest.mark.parametrize(
    ("typed", "as_sent"),
    [
        ("https://www.bank.example", "https://www.bank.example"),
        (" HTTPS://WWW.Bank.Example/ ", "https://www.bank.example"),
        ("https://bank.example:443", "https://bank.example"),
        ("https://bank.example:8443", "https://bank.example:8443"),
        ("https://банк.рф", "https://xn--80ab2al.xn--p1ai"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://otklik.localhost:80", "http://otklik.localhost"),
        ("https://10.20.30.40", "https://10.20.30.40"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(typed: str, as_sent: str) -> None:
    assert origins.normal(typed) == as_sent


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("null", "null"),
        ("https://*.bank.example", "wildcard"),
        ("*", "wildcard"),
        ("http://bank.example", "insecure"),
        ("bank.example", "scheme"),
        ("https:bank.example", "scheme"),
        ("javascript://bank.example", "scheme"),
        ("data:text/html,x", "scheme"),
        ("https://bank.example/cards", "path"),
        ("https://bank.example?", "path"),
        ("https://bank.example/#x", "path"),
        ("https://[::1]", "ipv6"),
        ("https://a@bank.example", "host"),
        ("https://bank.example:0", "host"),
        ("https://bank.example:99999", "host"),
        ("https://", "host"),
        ("https://bank example", "host"),
        ("https://bank.example;script-src", "host"),
        ("https://0177.1", "host"),
        ("https://2130706433", "host"),
        ("https://-bank.example", "host"),
        (f"https://{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}", "host"),
    ],
)
def test_what_is_no_origin_is_refused(typed: str, why: str) -> None:
    with pytest.raises(origins.NoOriginError) as error:
        origins.normal(typed)
    assert error.value.why == why


def test_in_development_any_machine_may_do_without_a_certificate() -> None:
    assert origins.normal("http://bank.test", allow_http=True) == "http://bank.test"


# ------------------------------------------------------------------------------------------- pages


@pytest.mark.parametrize("role", ["customer", "executive", "manager"])
def test_nobody_but_an_administrator_manages_sites(
    house: Builders, browser: Browser, role: str
) -> None:
    house.brand()
    site = house.site()
    key = keys.add_secret(house.administrator(), site)[0]
    browser.sign_in(getattr(house, role)())

    for path in ("", "/new", f"/{site.id}", f"/{site.id}/snippet"):
        assert browser.get(f"/manage/sites{path}").status_code == 404
    assert browser.post("/manage/sites/new", said()).status_code == 404
    assert browser.post(f"/manage/sites/{site.id}", said()).status_code == 404
    assert browser.post(f"/manage/sites/{site.id}/keys", {"algorithm": "HS256"}).status_code == 404
    assert browser.post(f"/manage/sites/{site.id}/keys/{key.id}/retire").status_code == 404
    assert key.retired_at is None


def test_a_site_is_registered_with_its_pages(house: Builders, administrator: Browser) -> None:
    cards, loans = house.category(), house.category()
    sent = said(
        **{
            "origins": "https://WWW.Bank.example/\n\nhttps://банк.рф\nhttps://www.bank.example",
            "category_id": str(loans.id),
            "places-0-path": "https://www.bank.example/cards/?from=menu",
            "places-0-category_id": str(cards.id),
            "places-1-path": "",
            "places-1-category_id": "0",
        }
    )
    answer = administrator.post("/manage/sites/new", sent)

    site = session.scalars(select(Site)).one()
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/manage/sites/{site.id}/snippet"
    assert len(site.key) == 22
    assert sites.told(site) == sites.Said(
        "Интернет-банк",
        ("https://www.bank.example", "https://xn--80ab2al.xn--p1ai"),
        "https://id.bank.example",
        loans.id,
        (("/cards", cards.id),),
    )
    assert [f.data["change"] for f in facts("WidgetSiteChanged")] == ["registered"]
    assert site.name in administrator.get("/manage/sites").text


def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_stays(
    house: Builders, administrator: Browser
) -> None:
    category = house.category()
    lines = "\n".join(f"https://s{n}.bank.example" for n in range(21))
    for wrong, words in [
        ({"name": ""}, "Заполните"),
        ({"origins": "https://*.bank.example"}, "https://*.bank.example"),
        ({"origins": "null"}, "null"),
        ({"origins": lines}, "20"),
        ({"issuer": "a b"}, "a b"),
        ({"places-0-path": "/cards", "places-0-category_id": "0"}, "/cards"),
        ({"places-0-path": "", "places-0-category_id": str(category.id)}, "places-0-path-error"),
        (
            {
                "places-0-path": "/Cards",
                "places-0-category_id": str(category.id),
                "places-1-path": "/cards/",
                "places-1-category_id": str(category.id),
            },
            "/cards",
        ),
    ]:
        answer = administrator.post("/manage/sites/new", said(**wrong))
        assert answer.status_code == 422, wrong
        assert 'class="summary"' in answer.text, wrong
        assert words in answer.text, wrong
        assert "field__error" in answer.text, wrong
    assert session.scalars(select(Site)).all() == []


def test_a_site_is_changed_once_and_not_for_nothing(
    house: Builders, administrator: Browser
) -> None:
    category = house.category()
    site = house.site(["https://www.bank.example"], name="Интернет-банк")
    sent = said(
        **{
            "issuer": site.issuer,
            "origins": "https://app.bank.example\nhttps://www.bank.example",
            "places-0-path": "/cards",
            "places-0-category_id": str(category.id),
        }
    )
    for _ in range(2):
        assert administrator.post(f"/manage/sites/{site.id}", sent).status_code == 303
    session.expire_all()
    assert {o.origin for o in site.origins} == {
        "https://app.bank.example",
        "https://www.bank.example",
    }
    assert len(facts("WidgetSiteChanged")) == 1
    page = administrator.get(f"/manage/sites/{site.id}").text
    assert 'value="/cards"' in page


def test_a_site_is_switched_off_and_on(house: Builders, administrator: Browser) -> None:
    site = house.site()
    for do, is_off in [("disable", True), ("disable", True), ("enable", False)]:
        administrator.post(f"/manage/sites/{site.id}", {"do": do})
        assert (site.disabled_at is not None) is is_off
    assert [f.data["change"] for f in facts("WidgetSiteChanged")] == ["disabled", "enabled"]


# -------------------------------------------------------------------------------------------- keys


def test_a_secret_is_shown_once_and_lies_sealed(house: Builders, administrator: Browser) -> None:
    site = house.site()
    answer = administrator.post(f"/manage/sites/{site.id}/keys", {"algorithm": "HS256"})

    key = session.scalars(select(SigningKey)).one()
    secret = sealing.unseal("widget key", f"{site.id}:{key.name}", key.secret)
    assert answer.status_code == 200
    assert secret in answer.text
    assert len(secret) == 43
    assert answer.headers["Cache-Control"] == "no-store"
    assert secret not in administrator.get(f"/manage/sites/{site.id}").text
    assert secret not in key.secret
    [fact] = facts("WidgetKeyAdded")
    assert fact.data == {"site_id": site.id, "key_id": key.id}


def test_two_keys_live_at_most_and_a_retired_one_is_gone(
    house: Builders, administrator: Browser
) -> None:
    site = house.site()
    path = f"/manage/sites/{site.id}/keys"
    administrator.post(path, {"algorithm": "HS256"})
    administrator.post(path, {"algorithm": "EdDSA", "public_key": PUBLIC})
    refused = administrator.post(path, {"algorithm": "HS256"})
    first, second = session.scalars(select(SigningKey).order_by(SigningKey.id))
    assert refused.status_code == 303
    assert (first.algorithm, second.algorithm) == ("HS256", "EdDSA")
    assert second.public_key == PUBLIC

    administrator.post(f"{path}/{first.id}/retire")
    administrator.post(f"{path}/{first.id}/retire")
    assert first.retired_at is not None
    assert first.secret == ""
    assert len(facts("WidgetKeyRetired")) == 1
    administrator.post(path, {"algorithm": "HS256"})
    names = set(session.scalars(select(SigningKey.name)))
    assert names == {"k1", "k2", "k3"}


def test_a_key_of_another_site_is_nowhere(house: Builders, administrator: Browser) -> None:
    ours, other = house.site(), house.site()
    key = keys.add_secret(house.administrator(), other)[0]

    answer = administrator.post(f"/manage/sites/{ours.id}/keys/{key.id}/retire")
    assert answer.status_code == 404
    assert key.retired_at is None


def test_keys_and_origins_are_changed_only_after_proving_it_again(
    house: Builders, administrator: Browser
) -> None:
    site = house.site()
    before = sites.told(site)

    def long_ago() -> None:
        with administrator.client.session_transaction(base_url=BASE_URL) as data:
            data["proved"] = (clock.now() - timedelta(hours=1)).timestamp()

    session.commit()
    Context().run(long_ago)

    for path, sent in [
        ("/manage/sites/new", said()),
        (f"/manage/sites/{site.id}", said()),
        (f"/manage/sites/{site.id}/keys", {"algorithm": "HS256"}),
    ]:
        assert "Подтвердите, что это вы" in administrator.post(path, sent).text, path
    assert sites.told(site) == before
    assert session.scalars(select(SigningKey)).all() == []
    assert administrator.get(f"/manage/sites/{site.id}").status_code == 200


def test_only_ed25519_in_public_is_a_key(house: Builders, administrator: Browser) -> None:
    private = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    other_pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    site = house.site()

    for pem, why in [
        (private.decode(), "private"),
        (other_pem, "kind"),
        ("ssh-ed25519 AAAAC3Nza", "pem"),
        (PUBLIC.replace("MC", "XX"), "pem"),
        ("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----", "pem"),
    ]:
        with pytest.raises(pems.NoPublicKeyError) as error:
            pems.ed25519(pem)
        assert error.value.why == why
        answer = administrator.post(
            f"/manage/sites/{site.id}/keys", {"algorithm": "EdDSA", "public_key": pem}
        )
        assert answer.status_code == 422
        # A private half that was pasted stands in no page.
        assert private.decode().splitlines()[1] not in answer.text
    assert session.scalars(select(SigningKey)).all() == []
    assert pems.ed25519(f"\n{PUBLIC}\n") == PUBLIC


# ----------------------------------------------------------------------------------------- snippet


def test_the_line_is_printed_without_a_script_too(house: Builders, administrator: Browser) -> None:
    site = house.site()
    answer = administrator.get(
        f"/manage/sites/{site.id}/snippet?shape=button&position=left&label=Спросить+%22банк%22"
        "&color=%23AA0000&side=16&bottom=80&lang=uk&theme=dark&version=&is_early=y"
    )
    [line] = re.findall(r'aria-label="[^"]*"><code>(&lt;script async src=.*?)</code>', answer.text)
    assert answer.status_code == 200
    for part in (
        f"data-site=&#34;{site.key}&#34;",
        "/widget/v1.js",
        "data-position=&#34;left&#34;",
        "data-color=&#34;#aa0000&#34;",
        "data-offset=&#34;16 80&#34;",
        "data-lang=&#34;uk&#34;",
        "data-theme=&#34;dark&#34;",
        "data-load=&#34;idle&#34;",
        "data-label=&#34;Спросить &amp;#34;банк&amp;#34;&#34;",
    ):
        assert part in line, part
    assert "frame-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "frame-src" not in administrator.get("/manage/sites").headers["Content-Security-Policy"]


def test_a_snippet_that_cannot_be_is_said_beside_the_field(
    house: Builders, administrator: Browser
) -> None:
    path = f"/manage/sites/{house.site().id}/snippet"
    for query in (
        "shape=block&target=%3Cimg%3E",
        "shape=button&color=red",
        "shape=button&side=9999",
        "shape=button&side=x",
        "shape=button&version=9.9.9",
        "shape=star",
    ):
        answer = administrator.get(f"{path}?{query}")
        assert answer.status_code == 422, query
        assert "field__error" in answer.text, query


def test_a_line_says_only_what_is_not_so_anyhow() -> None:
    assert Look().attributes("K") == {"data-site": "K"}
    block = Look("block", "#a", "left", "x", "#112233", 5, 6).attributes("K")
    assert block == {
        "data-site": "K",
        "data-shape": "block",
        "data-target": "#a",
    }
    assert Look(bottom=80).attributes("K")["data-offset"] == "24 80"
    assert Look(side=0).attributes("K")["data-offset"] == "0"


def test_a_pinned_line_is_proved_and_releases_are_read_carefully(tmp_path: Path) -> None:
    pinned = snippets.line({"data-site": "K"}, Release("1.2.0", "sha384-abc"))
    assert '/widget/1.2.0/loader.js" integrity="sha384-abc" crossorigin="anonymous"' in pinned

    file = tmp_path / "releases.json"
    assert snippets.releases(file) == []
    file.write_text("{", encoding="utf-8")
    assert snippets.releases(file) == []
    odd = {"1.1.0": '"><script>', "../x": "sha384-aa", "1.2.0": None}
    known = {"1.9.0": "sha384-aa", "1.10.0": "sha384-bb"}
    file.write_text(json.dumps(known | odd), encoding="utf-8")
    assert [each.version for each in snippets.releases(file)] == ["1.10.0", "1.9.0"]


def test_our_own_page_frames_the_widget_only_when_it_asks_itself(house: Builders) -> None:
    site = house.site(["https://bank.example"])
    assert sites.framers(site) == ["https://bank.example"]
    assert sites.framers(site, by_ourselves=True)[:1] == ["https://bank.example"]
    assert len(sites.framers(site, by_ourselves=True)) == 2


# ------------------------------------------------------------------------- what pages are about


def test_the_closest_page_says_then_the_words_then_the_site(house: Builders) -> None:
    cards = house.category(name="Карты", words="карта")
    credit = house.category(name="Кредитные", words="лимит")
    other = house.category(name="Прочее", words="прочее")
    site = house.site(category=other)
    sites.change(
        house.administrator(),
        site,
        sites.Said(
            site.name,
            ("https://bank.example",),
            category_id=other.id,
            places=(("/cards", cards.id), ("/cards/credit", credit.id)),
        ),
    )
    base = "https://bank.example"
    for page, words, expected in [
        (f"{base}/cards", "", cards),
        (f"{base}/Cards/debit/gold", "лимит", cards),
        (f"{base}/cards/credit/x?y=1", "", credit),
        (f"{base}/cardsharing", "", other),
        (f"{base}/", "не работает карта", cards),
        ("", "", other),
        ("//[", "что-то ещё", other),
    ]:
        assert sites.category_for(site, page, words) is expected, page

    credit.archived_at = site.created_at
    assert sites.category_for(site, f"{base}/cards/credit", "") is cards
