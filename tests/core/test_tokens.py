"""What opens something by standing in an address: only mailed links, and they stay between us."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.conftest import BASE_URL
from tests.samples import Samples, every
from tests.served import ADDRESSES, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser

# What is mailed, and what shows somebody signed out what was decided on them; a widget's site is
# named in its pages for everybody to read. A new one is looked at before it is written down here.
MAILED = {
    "accounts.confirm", "accounts.reset", "accounts.use_link", "accounts.change_address",
    "notify.unsubscribe", "moderation.restraint", "widget.confirm",
}  # fmt: skip


def leads(page: str) -> Iterator[str]:
    """Every address a page names."""
    for element in parsed(page).iter():
        for name, value in element.attrib.items():
            if name in ADDRESSES and isinstance(element.tag, str):
                yield value


def test_what_a_mailed_link_opens_tells_nobody_of_it(
    app: Flask, house: Builders, browser: Browser
) -> None:
    house.brand()
    seen = set()
    for endpoint, path in Samples(house).mailed(app):
        answer = browser.get(path)
        seen.add(endpoint)
        assert answer.status_code == 200, path
        assert answer.headers["Referrer-Policy"] == "same-origin", path
        assert answer.headers["Cache-Control"] == "no-store", path
        for address in leads(answer.text):
            host = urlsplit(address).netloc
            assert not host or address.startswith(BASE_URL), (path, address)
    assert seen <= MAILED
    assert len(seen) >= 6


def test_a_used_or_forged_link_tells_nobody_either(house: Builders, browser: Browser) -> None:
    house.brand()
    for path in ("/confirm/1.x", "/reset/1.x", "/sign-in/link/1.x", "/restraints/1.x"):
        answer = browser.get(path)
        assert answer.status_code in {404, 410}
        assert answer.headers["Referrer-Policy"] == "same-origin", path
    came_back = browser.get("/sign-in/from/bank?code=x&state=y")
    assert came_back.headers["Referrer-Policy"] == "same-origin"


def test_using_it_leaves_it_behind(app: Flask, house: Builders, browser: Browser) -> None:
    house.brand()
    used = 0
    for endpoint, path in Samples(house).mailed(app):
        if not endpoint.startswith("accounts."):  # the others work again and again
            continue
        token = path.rpartition("/")[2]
        answer = browser.post(path, {"password": "совсем новый пароль"})
        if answer.status_code == 303:
            used += 1
            assert token not in answer.headers["Location"], endpoint
    assert used >= 3


def test_no_page_names_what_keeps_somebody_signed_in(
    app: Flask, house: Builders, new_browser: Callable[[], Browser]
) -> None:
    house.brand()
    samples = Samples(house)
    browser = new_browser().sign_in(samples.people["administrator"])
    [cookie] = [c for c in browser.client._cookies.values() if c.key.endswith("sid")]
    assert len(cookie.value) >= 22
    for _, path in samples.addresses(app, "GET"):
        answer = browser.get(path)
        body = answer.get_data()
        answer.close()
        assert cookie.value.encode() not in body, path
        assert cookie.value not in str(answer.headers.get("Location")), path


def test_routes_with_a_token_are_these(app: Flask) -> None:
    asked = {
        r.endpoint for r in every(app) if "token" in r.arguments and "GET" in (r.methods or ())
    }
    assert asked <= MAILED
    assert asked >= MAILED - {"widget.confirm"}
