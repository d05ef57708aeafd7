"""How the widget is used is counted by site, day and page, and says nothing about anybody."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import select

from app.core import clock, retention
from app.core.db import db, session
from app.widget import queries
from app.widget.models import Site, Use
from app.widget.pages import masked, path_of
from app.widget.service import uses

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.builders import Builders
    from tests.conftest import Browser

BANK = "https://www.bank.example"


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        (f"{BANK}/cards/debit?utm=1#x", "/cards/debit"),
        (f"{BANK}//cards///debit/", "/cards/debit"),
        (f"{BANK}/%D0%BA%D1%80%D0%B5%D0%B4%D0%B8%D1%82%D1%8B", "/кредиты"),
        (BANK, "/"),
        ("", "/"),
        ("//[", "/"),
        (f"{BANK}/a;jsessionid=4F2A9C", "/a"),
        (f"{BANK}/deposits/12", "/deposits/12"),
        (f"{BANK}/contracts/7788123", "/contracts/…"),
        (f"{BANK}/cards/4111 1111 1111 1111/x", "/cards/…/x"),
        (f"{BANK}/tel/8-900-12-34", "/tel/…"),
        (f"{BANK}/tel/%2B7(900)12", "/tel/+…"),
        (f"{BANK}/news/2026-11-22-rates", "/news/…-rates"),
        (f"{BANK}/u/ivan.petrov@mail.example/x", "/u/…/x"),
        (f"{BANK}/u/ivan%40mail.example", "/u/…"),
        (f"{BANK}/u/ivan%2540mail.example", "/u/…"),
        (f"{BANK}/s/550e8400-e29b-41d4-a716-446655440000", "/s/…"),
        (f"{BANK}/t/eyJhbGciOiJIUzI1NiJ9", "/t/…"),
        (f"{BANK}/t/aBcDeFgHiJkLmN", "/t/…"),
        (f"{BANK}/t/{'z' * 24}", "/t/…"),
        (f"{BANK}/predstavitelstva-i-otdeleniya", "/predstavitelstva-i-otdeleniya"),
        (f"{BANK}/InternetBanking/Login.aspx", "/InternetBanking/Login.aspx"),
        (f"{BANK}/a%00b%0Ac", "/a b c"),
    ],
)
def test_of_a_page_only_what_says_nothing_of_anybody_is_kept(page: str, kept: str) -> None:
    assert masked(page) == kept


def test_a_long_path_is_cut_and_stays_a_path() -> None:
    assert len(masked(f"{BANK}/{'слово/' * 900}")) <= 200
    assert path_of("cards/x") == "/cards/x"


def counted() -> dict[tuple[int, str], tuple[int, int, int, int]]:
    session.expire_all()
    rows = session.scalars(select(Use))
    return {(r.site_id, r.page): (r.opened, r.searched, r.helped, r.asked) for r in rows}


def test_uses_are_added_up_and_written_together(
    house: Builders, count_sql: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    site, other = house.site(), house.site()
    with count_sql() as statements:
        for _ in range(3):
            uses.count(site, f"{BANK}/cards?x=1", opened=1)
        uses.count(site, "/cards", searched=1, helped=1)
        uses.count(other, "/", asked=1)
    assert statements == []
    for _ in range(2):
        uses._uses.flush()
    assert counted() == {(site.id, "/cards"): (3, 1, 1, 0), (other.id, "/"): (0, 0, 0, 1)}

    uses.count(site, "/cards", opened=1)
    uses._uses.flush()
    assert counted()[site.id, "/cards"] == (4, 1, 1, 0)


def test_days_are_told_apart(house: Builders) -> None:
    site = house.site()
    with time_machine.travel("2026-11-20 12:00Z", tick=False):
        uses.count(site, "/", opened=1)
    with time_machine.travel("2026-11-21 12:00Z", tick=False):
        uses.count(site, "/", opened=1)
    uses._uses.flush()
    days = session.scalars(select(Use.day).order_by(Use.day)).all()
    assert days == [date(2026, 11, 20), date(2026, 11, 21)]


def test_pages_somebody_makes_up_become_one(house: Builders) -> None:
    site, today = house.site(), clock.now().date()
    word = ["".join(map(chr, (97 + n // 26, 97 + n % 26))) for n in range(uses.PAGES + 20)]
    uses._write({(site.id, today, f"/{w}"): Counter(opened=1) for w in word[:200]})
    uses._write({(site.id, today, f"/{w}"): Counter(opened=1) for w in word})
    found = counted()
    assert len(found) == uses.PAGES + 1
    assert found[site.id, "…"] == (20, 0, 0, 0)
    assert found[site.id, f"/{word[0]}"][0] == 2
    # The next day begins anew.
    uses._write({(site.id, today + timedelta(days=1), "/zz"): Counter(opened=1)})
    assert (site.id, "/zz") in counted()


def test_a_site_that_is_gone_takes_no_other_s_counts_along(house: Builders) -> None:
    site = house.site()
    gone = Site(id=99_999)
    uses.count(gone, "/", opened=1)
    uses.count(site, "/", opened=1)
    assert uses._uses.flush() == 2
    assert set(counted()) == {(site.id, "/")}


def test_what_staff_try_out_on_our_own_pages_is_not_counted(house: Builders) -> None:
    uses.count(house.site(), "http://otklik.test/manage/sites/1/snippet", opened=1)
    assert uses._uses.flush() == 0


def test_figures_are_kept_for_a_term(house: Builders) -> None:
    site, today = house.site(), clock.now().date()
    for days in (399, 401):
        uses._write({(site.id, today - timedelta(days=days), "/"): Counter(opened=1)})
    [term] = [each for each in retention.terms() if each.name == "widget_uses"]
    assert retention.overdue(term, term.days, []) == 1
    assert sum(retention.clean(term, term.days, [])) == 1
    assert len(counted()) == 1


# -------------------------------------------------------------------------------- the staff's page


def used(site: Site, page: str, days_ago: int = 0, **counts: int) -> None:
    uses._write({(site.id, clock.now().date() - timedelta(days=days_ago), page): Counter(counts)})


def test_figures_say_how_many_were_helped_of_those_who_opened_it(
    house: Builders, browser: Browser
) -> None:
    house.brand()
    site, other = house.site(name="Сайт банка"), house.site(name="Приложение")
    used(site, "/cards", opened=30, searched=20, helped=15, asked=4)
    used(site, "/loans", 6, opened=10, helped=3)
    used(site, "/loans", 7, opened=100)
    used(other, "/=cmd", opened=1000)
    browser.sign_in(house.executive())

    page = browser.get(f"/manage/sites/figures?days=7&site={site.id}").text
    assert "18" in page
    assert "40" in page
    assert "/cards" in page
    assert "1000" not in page.replace("\xa0", "")
    everything = browser.get("/manage/sites/figures?days=30&site=x").text
    assert "Приложение" in everything
    assert browser.get("/manage/sites/figures?days=999").status_code == 200

    sheet = browser.get(f"/manage/sites/figures.csv?days=7&site={site.id}")
    assert sheet.mimetype == "text/csv"
    assert sheet.text.splitlines()[1:] == [
        "Сайт банка,/cards,30,20,15,4",
        "Сайт банка,/loans,10,0,3,0",
    ]


def test_figures_are_for_those_who_work_here(house: Builders, browser: Browser) -> None:
    house.brand()
    house.site()
    assert browser.get("/manage/sites/figures").status_code == 303
    for path in ("/manage/sites/figures", "/manage/sites/figures.csv"):
        assert browser.sign_in(house.customer()).get(path).status_code == 404
        assert browser.sign_in(house.manager()).get(path).status_code == 200


def test_figures_cost_as_much_however_many_pages_there_are(
    house: Builders,
    browser: Browser,
    count_sql: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("the statements are the same on every database")
    house.brand()
    browser.sign_in(house.manager())
    costs = []
    for n in (1, 5):
        for i in range(n):
            used(house.site(), f"/p{'abcdef'[i]}", opened=1)
        browser.get("/manage/sites/figures")
        with count_sql() as statements:
            browser.get("/manage/sites/figures")
        costs.append(len(statements))
    assert costs[0] == costs[1]
    assert len(queries.uses_by_page(clock.now().date(), limit=3)) == 3
