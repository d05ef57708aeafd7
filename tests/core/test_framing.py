"""What may stand in other sites' pages, and that nothing of a cookie gets there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, flash, request
from flask import session as browser_session

from app.core import cookies, framing
from app.core.i18n import locale_code
from app.core.web import Door, current_actor
from app.widget.models import Origin, Site
from tests.samples import Samples

if TYPE_CHECKING:
    from tests.builders import Builders
    from tests.conftest import Browser

BANK = "https://bank.example"


@pytest.mark.parametrize(
    ("path", "without"),
    [
        ("/embed/KEY", True),
        ("/embed/KEY/ask", True),
        ("/widget/v1.js", True),
        ("/widget/1.0.0/loader.js", True),
        ("/widget/hashes.json", True),
        ("/widget/check", False),
        ("/widget/check/", False),
        ("/widget/checker", True),
        ("/widget", False),
        ("/embed", False),
        ("/embedded/KEY", False),
        ("/manage/sites", False),
        ("/asked/token", False),
        ("/topics/7/embed/", False),
        ("/", False),
        ("", False),
    ],
)
def test_which_addresses_are_asked_for_without_cookies(path: str, *, without: bool) -> None:
    assert framing.is_without_cookies(path) is without
