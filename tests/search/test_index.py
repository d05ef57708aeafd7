"""The engine's door on tiny hand-made topics, on naughty strings and on real questions."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app.core import clock
from app.search import fragments, index, ukrainian, wording
from app.search.analysis import language_of
from app.search.index import ENGINES, Document, Filters, Index
from app.search.synonyms import Thesaurus

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("OTKLIK_DATA", ROOT.parent / "shared" / "data"))

TOPICS = [
    Document(topic_id=1, title="Когда придёт карта?", body="Заказал карту, а счёт уже открыли.",
             category_id=1, kind="question", state="waiting", tags=["карты"]),
    Document(topic_id=2, title="Перевод ушёл не туда", body="Деньги не вернулись на карточку.",
             official=["Мы вернём перевод за три дня."], category_id=2, kind="problem",
             state="answered", answered=True),
    Document(topic_id=3, title="Як замовити картку?", body="Потрібен об’єкт для іпотеки і рахунок.",
             category_id=1, kind="question", state="answered", answered=True),
    Document(topic_id=4, title="Cards declined abroad", body="My card was declined in two shops.",
             category_id=1, kind="problem", state="waiting"),
    Document(topic_id=5, title="Тёмная тема", body="Сделайте тёмную тему в приложении.",
             comments=["Поддерживаю, глаза устают."], category_id=3, kind="idea", state="planned"),
]  # fmt: skip


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine must pass every test: this file is their contract."""
    return str(request.param)


@pytest.fixture
def bank(tmp_path: Path, engine: str) -> Index:
    opened = Index(tmp_path / "index", patience=10.0, engine=engine).made()
    opened.put(TOPICS)
    return opened


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("карты", 1),
        ("картой", 1),
        ("счет", 1),
        ("СЧЁТА", 1),
        ("при­дет", 1),
        ("переводы", 2),
        ("вернем", 2),
        ("карток", 3),
        ("карткою", 3),
        ("рахунків", 3),
        ("об'єкта", 3),
        ("обʼєкти", 3),
        ("card", 4),
        ("shop", 4),
        ("темная", 5),
        ("устал глаз", 5),
        ('"темную тему"', 5),
        ("тёмную -карта", 5),
    ],
)
def test_a_word_is_found_in_any_form(bank: Index, text: str, expected: int) -> None:
    assert expected in bank.find(text).ids


def test_a_topic_does_not_outdo_what_is_like_it(tmp_path: Path, engine: str) -> None:
    shelf = Index(tmp_path / "own", patience=10.0, engine=engine).made()
    title = "Банкомат на вокзале не отдал карту и деньги вечером"
    shelf.put([
        Document(topic_id=1, title=title, body=f"{title} " * 20),
        Document(topic_id=2, title="Где ближайшая касса?", body="Банкомат " + "и так далее " * 99),
    ])  # fmt: skip

    assert shelf.similar(title).ids == (1,)
    assert shelf.similar(title, but_for=1).ids == (2,)


@pytest.mark.parametrize(
    ("text", "missed"),
    [('"тему тёмную"', 5), ("карта -заказал", 1), ("метать", 1), ("", 1), ("-карта", 1)],
)
def test_what_was_not_asked_for_is_not_found(bank: Index, text: str, missed: int) -> None:
    assert missed not in bank.find(text).ids


def test_topics_with_every_word_come_before_those_with_some(bank: Index) -> None:
    both = bank.find("перевод деньги карта")
    assert {1, 2} <= set(both.ids)
    bank.put([Document(topic_id=7, title="Разное", body="Перевод, деньги и карта.")])
    both = bank.find("перевод деньги карта")
    assert both.ids[0] == 7
    assert both.hits[0].exact
    assert not both.hits[-1].exact
    assert [hit.exact for hit in both.hits] == sorted((h.exact for h in both.hits), reverse=True)


def test_the_title_weighs_more_than_the_body(tmp_path: Path, engine: str) -> None:
    opened = Index(tmp_path, patience=10.0, engine=engine).made()
    opened.put(
        [
            Document(topic_id=1, title="О разном", body="Вклад и ещё слова"),
            Document(topic_id=2, title="Вклад", body="О разном и ещё слова"),
        ],
    )
    assert opened.find("вклады").ids == (2, 1)


def test_an_unfinished_word_is_found_while_typing(bank: Index) -> None:
    assert bank.find("прилож", typing=True).ids == (5,)
    assert 1 in bank.similar("как заказ").ids
    assert 4 in bank.similar("my card was decl").ids


def test_filters_narrow_and_combine(bank: Index) -> None:
    text = "карта картка card перевод"
    assert set(bank.find(text, filters=Filters(kinds=frozenset({"problem"}))).ids) == {2, 4}
    assert set(bank.find(text, filters=Filters(category_ids=frozenset({1}))).ids) == {1, 3, 4}
    both = Filters(category_ids=frozenset({1}), states=frozenset({"waiting"}))
    assert set(bank.find(text, filters=both).ids) == {1, 4}
    assert bank.find(text, filters=Filters(tags=frozenset({"карты"}))).ids == (1,)
    assert bank.similar(text, filters=Filters(kinds=frozenset({"idea"}))).ids == ()


def test_days_narrow(tmp_path: Path, engine: str) -> None:
    opened = Index(tmp_path, patience=10.0, engine=engine).made()
    march, may = datetime(2026, 3, 5, 23, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    opened.put([
        Document(topic_id=1, title="Карта", asked_at=march),
        Document(topic_id=2, title="Карта", asked_at=may),
    ])  # fmt: skip

    def found(**days: date) -> set[int]:
        filters = Filters(**days)  # type: ignore[arg-type]
        assert set(opened.similar("карта", filters=filters).ids) == set(
            opened.find("карта", filters=filters).ids
        )
        return set(opened.find("карта", filters=filters).ids)

    assert found(before=date(2026, 3, 6)) == {1}
    assert found(before=date(2026, 3, 5)) == set()
    assert found(since=date(2026, 3, 5)) == {1, 2}
    assert found(since=date(2026, 3, 6), before=date(2026, 5, 2)) == {2}
    assert found(since=date(2026, 3, 6), before=date(2026, 3, 1)) == set()
    assert found(before=date(1900, 1, 1)) == set()


def test_what_helped_before_comes_first_among_equals(tmp_path: Path, engine: str) -> None:
    opened = Index(tmp_path, patience=10.0, engine=engine).made()
    now = clock.now()
    old = now - timedelta(days=400)
    opened.put([
        Document(topic_id=1, title="Вклад", state="waiting", asked_at=old),
        Document(topic_id=2, title="Вклад", state="answered", answered=True, asked_at=old),
        Document(topic_id=3, title="Вклад", state="waiting", asked_at=now),
        Document(topic_id=4, title="Вклад", state="answered", answered=True, asked_at=now),
        Document(topic_id=5, title="Вклад", state="solved", answered=True, asked_at=now),
    ])  # fmt: skip

    assert opened.find("вклад").ids == (5, 4, 2, 3, 1)


def test_what_means_the_same_comes_after_the_word_itself(tmp_path: Path, engine: str) -> None:
    opened = Index(tmp_path, patience=10.0, engine=engine).made()
    opened.put([
        Document(topic_id=1, title="Банкомат взял деньги и молчит", language="ru"),
        Document(topic_id=2, title="Cash machine", answered=True),
        Document(topic_id=3, title="Терминал взял деньги и молчит", language="ru"),
    ])  # fmt: skip
    thesaurus = Thesaurus([["банкомат", "терминал", "cash machine"]])
    read = wording.read("банкоматы")
    asked = replace(read, synonyms=thesaurus.alternatives(read.words))

    assert opened.find(read).ids == (1,)
    assert opened.find(asked).ids[0] == 1
    assert set(opened.find(asked).ids) == {1, 2, 3}
    assert [hit.exact for hit in opened.find(asked).hits] == [True] * 3
    assert fragments.marked("Терминал", asked) == "<mark>Терминал</mark>"


def test_suggestions_that_say_the_same_do_not_crowd_out_others(tmp_path: Path, engine: str) -> None:
    opened = Index(tmp_path, patience=10.0, engine=engine).made()
    same = [Document(topic_id=n, title="Не приходит код из смс на телефон") for n in range(1, 6)]
    other = Document(topic_id=9, title="Не приходит карта по почте")
    rest = [Document(topic_id=n, title=f"Ипотека номер {n}") for n in range(20, 40)]
    opened.put([*same, other, *rest])

    first, second = opened.similar("не приходит код", limit=2).ids

    assert first in range(1, 6)
    assert second == 9


def test_a_hidden_or_removed_topic_is_gone_at_once(bank: Index, engine: str) -> None:
    reader = Index(bank._path, patience=10.0, engine=engine).made()
    assert reader.find("тёмная").ids == (5,)
    bank.put([Document(topic_id=5, title="Тёмная тема", visible=False)])
    assert reader.find("тёмная").ids == ()
    bank.put(gone=[1, 999])
    assert 1 not in reader.find("карта").ids
    assert reader.count() == 3


def test_one_topic_twice_in_a_batch_is_one_document_and_the_last_one(bank: Index) -> None:
    bank.put([Document(topic_id=9, title="Раньше"), Document(topic_id=9, title="Позже")])
    bank.put([Document(topic_id=9, title="Позже")])
    assert bank.count() == 6
    assert bank.find("позже").ids == (9,)
    assert bank.find("раньше").ids == ()


def test_pages_cover_what_is_allowed_once_and_stay_the_same(tmp_path: Path, engine: str) -> None:
    opened = Index(tmp_path, patience=10.0, engine=engine).made()
    for start in range(0, 60, 20):
        opened.put([Document(topic_id=n, title="Вклад") for n in range(start, start + 20)])
    found = opened.find("вклад")
    allowed = {n for n in range(60) if n % 3}
    pages = [hit.topic_id for n in range(1, 6) for hit in found.page(allowed, number=n)]
    assert pages == sorted(allowed, reverse=True)
    assert found.total == 60
    assert opened.find("вклад").ids == found.ids


def test_marks_follow_the_stem_and_everything_else_is_escaped() -> None:
    asked = wording.read("карта <script>")
    assert fragments.marked("Нет карты & <b>счёта</b>", asked) == (
        "Нет <mark>карты</mark> &amp; &lt;b&gt;счёта&lt;/b&gt;"
    )
    shown = fragments.fragment(["<img src=x onerror=alert(1)> script"], asked)
    assert "<img" not in shown
    assert "<mark>script</mark>" in shown
    assert fragments.marked("Счёта", wording.read("счет")) == "<mark>Счёта</mark>"
    assert fragments.marked("об’єкта", wording.read("об'єкт")) == "<mark>об’єкта</mark>"
    assert fragments.marked("приложение", wording.read("прил", typing=True)).startswith("<mark>")


def test_a_fragment_shows_where_the_words_are_and_stays_short() -> None:
    text = "слово " * 300 + "здесь карта и перевод рядом " + "слово " * 300
    shown = fragments.fragment(["начало", text], wording.read("карты переводы"))
    assert "<mark>карта</mark> и <mark>перевод</mark>" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(re.sub(r"</?mark>", "", shown)) <= fragments.LENGTH + 2
    assert fragments.fragment(["", "начало"], wording.read("нету")) == "начало"


@pytest.mark.parametrize(
    "forms",
    [
        "картка картки картку карткою карток картці",
        "рахунок рахунку рахунки рахунків",
        "договір договору договори",
        "платіж платежу платежі платежів",
        "поповнити поповнення поповнив поповнюю",
        "відсоток відсотки відсотків",
        "послуга послуги послузі послуг",
        "пам'ять пам'яті",
    ],
)
def test_ukrainian_forms_share_a_stem(forms: str) -> None:
    assert len({ukrainian.stem(form) for form in forms.split()}) == 1


def test_ukrainian_words_of_real_texts_keep_apart_and_never_vanish() -> None:
    texts = sorted((DATA / "ua_gec").rglob("target/*.txt"))
    if not texts:
        pytest.skip("no Ukrainian texts here")
    found = {
        word
        for text in texts[:120]
        for word in re.findall(r"[а-щьюяіїєґ]{5,}", text.read_text(encoding="utf-8").lower())
    }
    stems = {ukrainian.stem(word) for word in found}
    assert all(len(stem) >= 3 for stem in stems)
    # Forms fall together, yet words do not: measured 0.5.
    assert 0.35 < len(stems) / len(found) < 0.75


@pytest.mark.parametrize(
    ("text", "language"),
    [("Где мои деньги, счёт пустой", "ru"), ("Де мої гроші", "uk"), ("Where is it", "en"),
     ("карта", None), ("", None)],
)  # fmt: skip
def test_the_language_is_told_by_letters(text: str, language: str | None) -> None:
    assert language_of(text) == language


ODD = ["AND", "OR NOT", "title:*", "((", '"', '""', '"a', "-", "--", "- -", "*", "a*?", "~", "^2",
       "\x00", "\ud800", "ё" * 5000, "а " * 5000, "'" * 99, "«»", "[a TO b]", "1e999"]  # fmt: skip


def test_no_text_is_an_error(bank: Index) -> None:
    strings = list(ODD)
    naughty = DATA / "blns" / "blns.json"
    if naughty.exists():
        strings += json.loads(naughty.read_text(encoding="utf-8"))
    bank.put(
        Document(topic_id=100 + n, title=text, body=text, tags=[text], kind=text)
        for n, text in enumerate(strings)
    )
    for number, text in enumerate(strings):
        found = bank.find(text, typing=True)
        if number % 4 == 0:
            bank.similar(text)
        assert "<script" not in fragments.fragment([text, text * 2], found.wording).lower()


def test_a_rebuild_replaces_everything_and_searches_go_on(bank: Index, engine: str) -> None:
    reader = Index(bank._path, patience=10.0, engine=engine).made()
    steps: list[int] = []

    def documents() -> Iterator[Document]:
        yield Document(topic_id=50, title="Новая карта")
        assert 1 in reader.find("карта").ids
        yield Document(topic_id=51, title="Скрыто", visible=False)

    assert bank.rebuild(documents(), progress=steps.append) == 1
    assert steps == [1, 2]
    assert reader.find("карта").ids == (50,)
    assert len(list(bank._path.glob("*-*"))) == 1


def test_a_failed_rebuild_or_put_leaves_the_index_as_it_was(bank: Index) -> None:
    def failing() -> Iterator[Document]:
        yield Document(topic_id=50, title="Новая карта")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bank.rebuild(failing())
    with pytest.raises(ZeroDivisionError):
        bank.put(failing())
    assert bank.count() == 5
    bank.put([Document(topic_id=6, title="Дальше")])
    assert bank.count() == 6


def test_a_second_writer_waits_its_turn_and_then_says_busy(bank: Index, engine: str) -> None:
    other = Index(bank._path, patience=0.1, engine=engine).made()
    with bank._turn(), pytest.raises(index.IndexBusy):
        other.put([Document(topic_id=6, title="Занято")])
    other.put([Document(topic_id=6, title="Свободно")])
    assert bank.find("свободно").ids == (6,)


def test_readers_never_fail_while_a_writer_commits(bank: Index, engine: str) -> None:
    stop = threading.Event()
    errors: list[Exception] = []

    def read() -> None:
        reader = Index(bank._path, patience=10.0, engine=engine).made()
        while not stop.is_set():
            try:
                assert reader.find("card declined").ids[0] == 4
            except Exception as error:  # noqa: BLE001 - any failure is the finding
                errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(25):
        bank.put([Document(topic_id=200 + number, title=f"Запись {number}")])
    bank.rebuild(TOPICS)
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []


WRITER = """
import sys
from pathlib import Path
from app.search.index import Document, Index
opened = Index(Path(sys.argv[1]), patience=10.0, engine=sys.argv[2]).made()
print("ready", flush=True)
number = 0
while True:
    opened.put([Document(topic_id=n, title=f"карта {number}") for n in range(1000, 1040)])
    number += 1
"""


def test_a_killed_writer_harms_nothing(bank: Index, engine: str) -> None:
    for attempt in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(bank._path), engine],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(0.03 + 0.05 * attempt)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        fresh = Index(bank._path, patience=10.0, engine=engine).made()
        assert fresh.count() in {5, 45}
        assert fresh.find("declined").ids == (4,)
        fresh.put([Document(topic_id=4, title="Cards declined abroad")])
        assert fresh.find("declined").ids == (4,)


def test_what_a_writer_left_that_died_before_its_commit_is_in_nobodys_way(
    bank: Index, engine: str
) -> None:
    live = bank._path / bank._live_name()
    # What names a commit is written last: put it back, and all else is as the dead one left it.
    name = "meta.json" if engine == "tantivy" else max(f.name for f in live.glob("*.toc"))
    committed = (live / name).read_bytes()
    bank.put(gone=[4])
    for newer in live.glob("*.toc"):
        newer.unlink()
    (live / name).write_bytes(committed)
    fresh = Index(bank._path, patience=10.0, engine=engine).made()
    assert fresh.find("declined").ids == (4,)
    fresh.put(gone=[5])
    assert sorted(fresh.find("card").ids) == [4]
    assert fresh.count() == 4


def test_real_questions_find_their_kind_quickly(tmp_path: Path, engine: str) -> None:
    source = DATA / "banking77" / "banking_data" / "train.csv"
    if not source.exists():
        pytest.skip("no real questions here")
    with source.open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(file)][::4]
    known = {n: row for n, row in enumerate(rows) if n % 10}
    opened = Index(tmp_path, patience=10.0, engine=engine).made()
    opened.rebuild(Document(topic_id=n, title=text) for n, (text, _) in known.items())
    asked = rows[::30]
    first = third = 0
    for text, intent in asked:
        intents = [known[n][1] for n in opened.similar(text, limit=3).ids]
        first += intents[:1] == [intent]
        third += intent in intents
    assert first / len(asked) > 0.62
    assert third / len(asked) > 0.78
