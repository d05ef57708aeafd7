"""A passkey from the first press to signing in, with a device that Chromium plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.live import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import CDPSession, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
# Nobody else signs in as her: another test must not be asked for her passkey.
WHO = "sonya.minina@demo.example"


def with_device(page: Page) -> tuple[CDPSession, str]:
    """A device that holds passkeys and says yes at once."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    added = session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return session, added["authenticatorId"]


def is_in(page: Page) -> None:
    expect(page.locator("summary", has_text="Your account")).to_be_visible()


def sign_out(page: Page) -> None:
    page.locator("summary", has_text="Your account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


def test_a_passkey_is_made_and_lets_in(open_page: Callable[..., Page]) -> None:
    page = open_page()
    session, device = with_device(page)
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(WHO)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    is_in(page)

    page.goto("/profile/safety")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("What to call it").fill("This laptop")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    codes = page.locator(".paper-codes li").all_inner_texts()
    assert len(set(codes)) == 10
    kept = session.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
    assert [each["rpId"] for each in kept] == ["localhost"]
    page.goto("/profile/safety")
    expect(page.get_by_text("This laptop")).to_be_visible()

    # Alone, with no address typed.
    sign_out(page)
    page.goto("/sign-in?next=/profile/safety")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("This laptop")).to_be_visible()

    # After the password, as the second proof.
    sign_out(page)
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(WHO)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    is_in(page)

    # And a code from paper, where the device is lost.
    sign_out(page)
    session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})
    empty = session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    page.goto("/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The device did not answer with a passkey")
    assert empty["authenticatorId"] != device
    page.get_by_label("E-mail").fill(WHO)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Code", exact=True).fill(codes[0].upper())
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    is_in(page)

    page.goto("/profile/safety")
    expect(page.get_by_text("Unused codes left: 9")).to_be_visible()
    page.get_by_role("button", name="Remove: This laptop").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()


def test_without_scripts_there_are_other_ways(open_page: Callable[..., Page]) -> None:
    page = open_page(scripts=False)
    page.goto("/sign-in")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    expect(page.get_by_role("link", name="Sign in by a link in an e-mail")).to_be_visible()
