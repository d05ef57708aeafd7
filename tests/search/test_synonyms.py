"""Words that mean the same: what they add to a query, and the page that keeps them."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select

from app.core.db import session
from app.search import synonyms, wording
from app.search.first_synonyms import GROUPS
from app.search.models import Synonyms
from app.search.synonyms import Thesaurus, is_same, keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.builders import Builders
    from tests.conftest import Browser

ENGLISH = {"Accept-Language": "en"}
SMALL = [
    ["банкомат", "терминал", "ATM", "cash machine"],
    ["СБП", "система быстрых платежей"],
    ["CVV", "код на обороте"],
    ["карта", "картка", "card"],
    ["кредитка", "кредитная карта"],
]
BANK = Thesaurus(SMALL)


def others(text: str, thesaurus: Thesaurus = BANK) -> list[set[str]]:
    """For each word what may stand in its place, by the words it was made of."""
    names = {keys(word): word for group in GROUPS for word in group}
    names |= {keys(word): word for group in SMALL for word in group}
    found = thesaurus.alternatives(wording.read(text).words)
    return [{names[phrase] for phrase in each} for each in found]


def test_any_form_of_a_word_has_the_others_of_its_group() -> None:
    assert others("банкомате") == [{"терминал", "ATM", "cash machine"}]
    assert others("atm") == [{"банкомат", "терминал", "cash machine"}]


def test_every_word_has_its_own() -> None:
    assert others("где ближайший банкомат картой") == [
        set(),
        set(),
        {"терминал", "ATM", "cash machine"},
        {"картка", "card"},
    ]


def test_a_phrase_is_known_in_a_query_and_each_of_its_words_has_the_alternatives() -> None:
    assert others("лимит системы быстрых платежей") == [set(), {"СБП"}, {"СБП"}, {"СБП"}]
    assert others("сбп") == [{"система быстрых платежей"}]
    assert others("быстрых платежей") == [set(), set()]


def test_a_phrase_keeps_its_small_words_where_it_is_looked_for() -> None:
    assert others("cvv") == [{"код на обороте"}]
    assert others("код обороте") == [{"CVV"}, {"CVV"}]
    assert others("код на обороте") == [{"CVV"}, set(), {"CVV"}]


def test_a_word_may_be_of_a_group_and_in_a_phrase_of_another() -> None:
    assert others("кредитная карта") == [{"кредитка"}, {"кредитка", "картка", "card"}]


def test_nothing_for_nothing() -> None:
    assert BANK.alternatives(()) == ()
    assert others("привет") == [set()]
    assert synonyms.NO_SYNONYMS.alternatives(keys("банкомат карта")) == ((), ())


def test_a_large_group_does_not_make_a_large_query() -> None:
    crowd = Thesaurus([[f"слово{number}" for number in range(200)]])

    assert len(crowd.alternatives(keys("слово7"))[0]) <= 12


def test_the_list_to_start_from_is_a_list_of_groups() -> None:
    assert len(GROUPS) >= 60
    for group in GROUPS:
        assert len(group) >= 2, group
        assert all(keys(word) and len(word) <= 60 for word in group), group


def test_no_word_of_the_list_to_start_from_stands_in_two_groups() -> None:
    groups = [[keys(word) for word in group] for group in GROUPS]
    for (one, ones), (other, others_) in combinations(zip(GROUPS, groups, strict=True), 2):
        assert not any(is_same(a, b) for a in ones for b in others_), (one, other)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("где банкомат", "ATM"),
        ("система быстрых платежей", "СБП"),
        ("пин-код", "PIN"),
        ("кешбэк", "cashback"),
        ("депозит", "вклад"),
        ("рахунок", "счёт"),
        ("мобильный банк", "застосунок"),
        ("коммуналка", "ЖКХ"),
    ],
)
def test_what_a_banks_customers_mean(asked: str, found: str) -> None:
    assert any(found in each for each in others(asked, Thesaurus(GROUPS)))


# What is kept


@pytest.fixture
def kept(house: Builders) -> Callable[..., Synonyms]:
    """Makes a group; there is none but those."""
    session.execute(delete(Synonyms))

    def keep(*words: str) -> Synonyms:
        made = Synonyms(words=list(words))
        session.add(made)
        session.flush()
        return made

    return keep


def standing() -> list[list[str]]:
    return [group.words for group in synonyms.groups()]


def knows(word: str) -> bool:
    return any(synonyms.thesaurus().alternatives(keys(word)))


def test_a_change_is_known_at_once_and_reading_again_is_one_statement(
    kept: Callable[..., Synonyms], count_sql: Callable[[], Any]
) -> None:
    group = kept("вклад", "депозит")
    assert knows("вклады")
    with count_sql() as statements:
        synonyms.thesaurus()
    assert len(statements) == 1

    kept("карта", "card")
    assert knows("card")
    session.delete(group)
    session.flush()
    assert not knows("вклады")


def test_only_managers_and_administrators_keep_synonyms(
    house: Builders, new_browser: Callable[[], Browser], kept: Callable[..., Synonyms]
) -> None:
    group = kept("вклад", "депозит")
    paths = ["/manage/synonyms", f"/manage/synonyms/{group.id}"]
    for person, status in (
        (house.customer(), 404),
        (house.executive(), 404),
        (house.manager(), 200),
        (house.administrator(), 200),
    ):
        browser = new_browser().sign_in(person)
        assert [browser.get(path).status_code for path in paths] == [status, status]
    stranger = new_browser().sign_in(house.executive())
    assert stranger.post(f"/manage/synonyms/{group.id}/removal").status_code == 404
    assert standing() == [["вклад", "депозит"]]


@pytest.fixture
def desk(house: Builders, browser: Browser) -> Browser:
    """The community manager's browser."""
    house.brand(languages=["ru", "uk", "en"])
    return browser.sign_in(house.manager(name="Вера Котова", locale="en"))


def test_groups_are_added_a_line_each_and_shown_with_who_did_it(
    desk: Browser, kept: Callable[..., Synonyms]
) -> None:
    kept("вклад", "депозит")

    answer = desk.post(
        "/manage/synonyms",
        {"words": "банкомат = ATM;  cash  machine, atm\n\nСБП, система быстрых платежей\n"},
    )

    assert answer.status_code == 303
    assert standing() == [
        ["банкомат", "ATM", "cash machine"],
        ["вклад", "депозит"],
        ["СБП", "система быстрых платежей"],
    ]
    html = desk.get("/manage/synonyms", headers=ENGLISH).text
    assert "банкомат, ATM, cash machine" in html
    assert html.count("Вера Котова") >= 2
    assert 'href="/manage/synonyms" aria-current="page"' in re.sub(r"\s+", " ", html)
    assert knows("atm")


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("", "Please fill this in."),
        (" , ; ", "Please fill this in."),
        ("банкомат", "at least two words"),
        ("банкомат, Банкомат", "at least two words"),
        ("карта, карты", "forms of one word"),
        ("карта, и", "Nobody would search for this alone: и"),
        ("карта, !!!", "Nobody would search for this alone: !!!"),
        ("карта, " + "щ" * 61, "may have 60 characters"),
        ("ATM, депозиту", "“депозиту” stands in another group already: вклад, депозит"),
        ("ATM, банкомат\nтерминал, atm", "“atm” stands in another group already: ATM, банкомат"),
        (", ".join(f"слово{n}" for n in range(21)), "Up to 20 words"),
        ("\n".join(f"слово{n}, слово{n}x" for n in range(51)), "Up to 50 lines"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_the_text_stays(
    desk: Browser, kept: Callable[..., Synonyms], written: str, error: str
) -> None:
    kept("вклад", "депозит")

    answer = desk.post("/manage/synonyms", {"words": written}, headers=ENGLISH)

    assert answer.status_code == 422
    beside = re.search(r'id="words-error">(.*?)</p>', answer.text, re.DOTALL)
    assert beside is not None
    assert error in beside[1]
    assert standing() == [["вклад", "депозит"]]
    if written.strip(" ,;"):
        assert written.splitlines()[0].split(",")[0] in answer.text


def test_a_group_is_changed_and_keeps_its_own_words(
    desk: Browser, kept: Callable[..., Synonyms]
) -> None:
    group = kept("вклад", "депозит")
    path = f"/manage/synonyms/{group.id}"
    assert "вклад, депозит" in desk.get(path).text

    assert desk.post(path, {"words": "вклад, deposit"}).status_code == 303

    assert standing() == [["вклад", "deposit"]]
    assert knows("deposit")
    assert not knows("депозит")
    assert desk.post(path, {"words": "вклад, deposit\nкарта, card"}).status_code == 422
    assert session.scalar(select(Synonyms.editor_id)) is not None


def test_a_group_is_removed(desk: Browser, kept: Callable[..., Synonyms]) -> None:
    group = kept("вклад", "депозит")

    path = f"/manage/synonyms/{group.id}"
    assert desk.post(f"{path}/removal").status_code == 303

    assert standing() == []
    assert desk.get(path).status_code == 404
    assert "No synonyms yet" in desk.get("/manage/synonyms", headers=ENGLISH).text


def test_words_are_shown_as_they_are(desk: Browser, kept: Callable[..., Synonyms]) -> None:
    kept("<script>alert(1)</script>", "карта")

    html = desk.get("/manage/synonyms").text

    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_new_installation_begins_with_the_banks_words(house: Builders) -> None:
    # The schema of these tests is made by the migrations; other tests may have emptied it.
    words = {tuple(group.words) for group in synonyms.groups()}

    assert words in (set(GROUPS), set())
