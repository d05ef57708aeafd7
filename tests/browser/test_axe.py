"""Every kind of page, as who sees it: axe finds nothing, light and dark, on a phone and a desk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from tests.browser.moderated import LENA, NINA, fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
# Contrast, the slowest rule by far, is a matter of colours and not of widths; all others are not.
CONTRAST: dict[str, Any] = {"runOnly": ["color-contrast"]}
ALL: dict[str, Any] = {}
ALL_BUT_CONTRAST: dict[str, Any] = {"rules": {"color-contrast": {"enabled": False}}}
PHONE, DESKTOP, SMALLEST = 360, 1280, 320

ANNA = "anna@demo.example"
MARINA = "marina.zorina@demo.example"
NIKA = "nika.lebedeva@demo.example"
PAVEL = "pavel.drozdov@demo.example"

PAGES = {
    "front": (None, "/"),
    "category": (None, "/categories/{slug}"),
    "topic, waiting": (None, "/topics/{waiting}"),
    "topic, overdue": (None, "/topics/{overdue}"),
    "topic, solved": (None, "/topics/{solved}"),
    "topic, idea": (ANNA, "/topics/{idea}"),
    "topic, praise": (None, "/topics/{praise}"),
    "topic, its answerer": (MARINA, "/topics/{waiting}"),
    "topic, its manager": (NIKA, "/topics/{waiting}"),
    "topic, edit": (NIKA, "/topics/{waiting}/edit"),
    "topic, hide": (NIKA, "/topics/{waiting}/moderation/hide"),
    "topic, decision": (NIKA, "/topics/{idea}/decision"),
    "ask": (None, "/ask?text=Когда+вернётся+карта"),
    "ideas": (None, "/ideas"),
    "executives": (None, "/executives"),
    "executive": (None, "/people/{executive}"),
    "customer": (None, "/people/{customer}"),
    "tags": (None, "/tags"),
    "tag": (None, "/tags/{tag}"),
    "search": (None, "/search?q=карта"),
    "search, narrowed": (None, "/search?q=карта&kind=idea"),
    "search, read otherwise": (None, "/search?q=rfhnf+state:nonsense"),
    "search, nothing": (None, "/search?q=йцукенгшщз"),
    "sign in": (None, "/sign-in"),
    "sign up": (None, "/sign-up"),
    "reset": (None, "/reset"),
    "sign in by a link": (None, "/sign-in/link"),
    "profile": (ANNA, "/profile"),
    "safety": (ANNA, "/profile/safety"),
    "safety, a passkey": (ANNA, "/profile/passkeys/new"),
    "safety, asked again": (ANNA, "/again?next=/profile"),
    "following": (ANNA, "/following"),
    "desk": (MARINA, "/desk"),
    "manage": (NIKA, "/manage"),
    "manage, board": (NIKA, "/manage/board"),
    "manage, broken promises": (NIKA, "/manage/breaches?reason=none"),
    "manage, who held the work": (NIKA, "/manage/holders"),
    "manage, acts": (NIKA, "/manage/acts"),
    "manage, categories": (NIKA, "/manage/categories"),
    "manage, category": (NIKA, "/manage/categories/{slug}"),
    "manage, people": (PAVEL, "/manage/people"),
    "manage, brand": (PAVEL, "/manage/brand"),
    "manage, sites": (PAVEL, "/manage/sites"),
    "manage, a new site": (PAVEL, "/manage/sites/new"),
    "manage, a site": (PAVEL, "/manage/sites/1"),
    "manage, a snippet": (PAVEL, "/manage/sites/1/snippet"),
    "manage, uses of the widget": (NIKA, "/manage/sites/figures"),
    "check a page": (None, "/widget/check"),
    "check a page, by staff": (PAVEL, "/widget/check"),
    "topic, paused": (None, "/topics/{paused}"),
    "topic, news promised": (None, "/topics/{news}"),
    "topic, explained": (MARINA, "/topics/{paused}/promise"),
    "topic, merge": (NIKA, "/topics/{waiting}/moderation/merge"),
    "topic, passing": (MARINA, "/topics/{waiting}/passing"),
    "scoreboard": (None, "/scoreboard"),
    "scoreboard, one": (None, "/scoreboard/all"),
    "scoreboard, a list": (None, "/scoreboard/all/kept?period=all"),
    "absences": (MARINA, "/profile/absences"),
    "manage, absences": (NIKA, "/manage/absences"),
    "manage, rules": (NIKA, "/manage/rules"),
    "manage, the general rules": (NIKA, "/manage/rules/all"),
    "manage, a calendar": (NIKA, "/manage/calendars/new"),
    "manage, left out": (NIKA, "/manage/excluded"),
    "manage, synonyms": (NIKA, "/manage/synonyms"),
    "manage, gaps": (NIKA, "/manage/gaps"),
    "an article": (MARINA, "/manage/gaps/answer?gap=потеряна+карта"),
    "legal, privacy": (None, "/privacy"),
    "legal, terms": (None, "/terms"),
    "legal, agreeing": (NINA, "/consent"),
    "leaving": (None, "{outside}"),
    "moderation": (None, "/moderation"),
    "restraint": (None, "/restraints/{restraint}"),
    "address": (ANNA, "/profile/address"),
    "password": (ANNA, "/profile/password"),
    "your data": (LENA, "/profile/data"),
    "your data, an export": (LENA, "/profile/data/exports/{export}"),
    "your data, erasure": (LENA, "/profile/data/erasure"),
    "submissions": (LENA, "/submissions"),
    "submission, waiting": (LENA, "/submissions/{submission}"),
    "submission, returned": (LENA, "/submissions/{returned}"),
    "submission, changed": (LENA, "/submissions/{returned}/edit"),
    "removal": (LENA, "/removals/{removal}"),
    "report": (LENA, "/topics/{waiting}/report"),
    "own reports": (LENA, "/reports"),
    "post, split": (NIKA, "/posts/{comment}/moderation/split"),
    "post, hide": (NIKA, "/posts/{comment}/moderation/hide"),
    "post, retraction": (MARINA, "/posts/{answer}/retraction"),
    "manage, queue": (NIKA, "/manage/queue?list=1"),
    "manage, a text": (NIKA, "/manage/queue/{submission}"),
    "manage, appeals": (NIKA, "/manage/appeals"),
    "manage, an appeal": (PAVEL, "/manage/appeals/{appeal}"),
    "manage, somebody": (NIKA, "/manage/people/{restrained}/moderation"),
    "manage, reports": (NIKA, "/manage/reports"),
    "manage, words": (NIKA, "/manage/words"),
    "manage, questions": (NIKA, "/manage/questions"),
    "manage, names": (NIKA, "/manage/names"),
    "manage, record": (PAVEL, "/manage/record"),
    "manage, an account": (PAVEL, "/manage/people/{leaver}"),
    "manage, an invitation": (PAVEL, "/manage/people/invite"),
    "manage, erasures": (PAVEL, "/manage/erasures"),
    "manage, an erasure": (PAVEL, "/manage/erasures/{erasure}"),
    "manage, an order": (PAVEL, "/manage/people/{leaver}/erasure"),
    "manage, holds": (PAVEL, "/manage/holds"),
    "manage, a hold": (PAVEL, "/manage/people/{leaver}/hold"),
    "manage, retention": (PAVEL, "/manage/retention"),
    "manage, legal texts": (PAVEL, "/manage/texts"),
    "manage, a legal text": (PAVEL, "/manage/texts/privacy"),
    "404": (None, "/no/such/page"),
}


@pytest.fixture(scope="module")
def places(live: Live) -> dict[str, Any]:
    """What the addresses above name, found in the demo bank."""
    questions = {
        "waiting": "SELECT t.id FROM topics t JOIN people p ON p.id = t.responsible_id"
        " WHERE t.is_awaiting AND t.due_at > datetime('now') ORDER BY p.email = ? DESC",
        "overdue": "SELECT id FROM topics WHERE is_awaiting AND due_at < datetime('now')",
        "paused": "SELECT id FROM topics WHERE paused_for = 'customer'",
        "news": "SELECT topic_id FROM posts WHERE kind = 'holding'",
        "solved": "SELECT id FROM topics WHERE state = 'solved' AND hidden_at IS NULL",
        "idea": "SELECT id FROM topics WHERE kind = 'idea' AND state = 'planned'",
        "praise": "SELECT id FROM topics WHERE kind = 'praise' AND hidden_at IS NULL",
        "comment": "SELECT p.id FROM posts p JOIN topics t ON t.id = p.topic_id"
        " JOIN people a ON a.id = p.author_id WHERE p.kind = 'comment' AND a.role = 'customer'"
        " AND p.hidden_at IS NULL AND t.hidden_at IS NULL AND t.merged_into_id IS NULL",
        "answer": "SELECT p.id FROM posts p JOIN topics t ON t.answer_id = p.id"
        " JOIN people a ON a.id = p.author_id WHERE t.hidden_at IS NULL AND a.email = ?",
        "slug": "SELECT slug FROM categories ORDER BY topics_count DESC",
        "executive": "SELECT id FROM people WHERE email = ?",
        "customer": "SELECT id FROM people WHERE email = ?",
        "tag": "SELECT name FROM tags ORDER BY topics_count DESC",
    }
    about = {"waiting": [MARINA], "answer": [MARINA], "executive": [MARINA], "customer": [ANNA]}
    with live.database() as database:
        found = {
            name: database.execute(sql, about.get(name, [])).fetchone()[0]
            for name, sql in questions.items()
        }
    return {**found, **fill(live)}


@pytest.mark.parametrize("name", PAGES)
def test_page(name: str, places: dict[str, Any], open_page: Callable[..., Page]) -> None:
    by, address = PAGES[name]
    page = open_page(by=by)
    answer = page.goto(address.format(**places))
    assert answer is not None
    assert answer.status == (404 if name == "404" else 200)
    # Not a page that asks for something first.
    wanted = urlsplit(address.format(**places)).path
    assert unquote(urlsplit(page.url).path) == unquote(wanted)

    look_at(page)


def test_a_code_app_is_added(open_page: Callable[..., Page]) -> None:
    page = open_page(by=ANNA)
    page.goto("/profile/safety")
    page.locator("form[action='/profile/code-app/begin'] button").click()
    expect(page).to_have_url(re.compile("/profile/code-app$"))
    look_at(page)


def test_the_step_between_and_forms_with_errors(open_page: Callable[..., Page]) -> None:
    page = open_page()

    page.goto("/sign-up")
    page.get_by_role("button", name="Create the account").click()
    assert page.get_by_role("alert").count() or page.locator("[aria-invalid=true]").count() == 3
    look_at(page)

    page.goto("/ask")
    page.locator("[data-ask-button]").last.click()
    assert page.locator("[aria-invalid=true]").count() >= 2
    look_at(page)

    page.get_by_label("In one sentence").fill("Не успела выбрать категории кэшбэка")
    page.locator("#body").fill("Вспомнила шестого числа, а выбор уже закрыт.")
    page.get_by_role("radio").last.check(force=True)
    # As sent without scripts, which would have shown the similar topics beneath the sentence.
    page.locator("#seen-similar").evaluate("each => { each.value = ''; each.form.submit(); }")
    expect(page.get_by_role("heading", level=1)).to_have_text("Perhaps it is answered already")
    look_at(page)


def look_at(page: Page) -> None:
    """Light and dark, wide and narrow; nothing sticks out of the smallest phone."""
    page.evaluate(AXE)
    found = []
    for width, colours, rules in (
        (DESKTOP, "light", ALL),
        (PHONE, "light", ALL_BUT_CONTRAST),
        (PHONE, "dark", CONTRAST),
    ):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=colours)
        found += [f"{width} {colours}: {each}" for each in violations(page, rules)]
    page.set_viewport_size({"width": SMALLEST, "height": 800})
    sticks_out = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert not found, "\n".join(found)
    assert sticks_out <= 0


def violations(page: Page, rules: dict[str, Any]) -> list[str]:
    """Each as "rule: where"."""
    result = page.evaluate(
        "rules => axe.run(document, {resultTypes: ['violations'], preload: false, ...rules})", rules
    )
    return [
        f"{each['id']}: {node['target']} {node.get('failureSummary', '')[:200]}"
        for each in result["violations"]
        for node in each["nodes"][:4]
    ]
