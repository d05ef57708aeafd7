"""What was written is found; what was taken back is not; a lost index comes back by itself."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select

from app.accounts.sessions import Guest
from app.core.db import session
from app.core.events import Delivery, Fact, quietly
from app.ideas import service as ideas
from app.moderation import service as moderation
from app.search import index, queries, reactions
from app.search import shelf as shelves
from app.search.index import Filters, Index
from app.search.service import finding, keeping
from app.topics import service as topics
from tests.tampering import without_guards

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.builders import Builders

GUEST = Guest()
pytestmark = pytest.mark.usefixtures("shelf")


def found(text: str, **filters: frozenset[str]) -> list[int]:
    return [r.topic.id for r in finding.find(GUEST, text, filters=Filters(**filters)).items]


@pytest.mark.parametrize(
    ("title", "body", "asked"),
    [
        ("Когда придёт карта?", "Заказал неделю назад, а счёт уже открыли.", "картой"),
        ("Когда придёт карта?", "Заказал неделю назад, а счёт уже открыли.", "придет счета"),
        ("Когда придет карта?", "Заказал неделю назад, а счет уже открыли.", "СЧЁТ придёт"),
        ("Як замовити картку?", "Потрібен рахунок для іпотеки.", "рахунків"),
        ("Як замовити картку?", "Потрібен об’єкт для іпотеки.", "об'єкти іпотека"),
        ("Cards declined abroad", "My card was refused in two shops.", "declining shop"),
    ],
)
def test_what_was_asked_is_found_in_any_form(
    house: Builders, work: Callable[[], None], title: str, body: str, asked: str
) -> None:
    topic = house.question(title=title, body=body)
    assert found(asked) == []

    work()

    assert found(asked) == [topic.id]


def test_answers_comments_tags_and_the_explanation_of_an_idea_are_found(
    house: Builders, work: Callable[[], None]
) -> None:
    topic = house.idea(tags=["доступность"])
    house.answer(topic, "Передали **дизайнерам**.")
    house.comment(topic, "Глаза устают вечером.")
    ideas.decide(topic.category.owner, topic, "planned", "Выпустим к рождеству.")

    work()

    for asked in ("дизайнер", "глазам", "доступности", "рождество"):
        assert found(asked) == [topic.id], asked


def test_an_edit_replaces_what_was_said(house: Builders, work: Callable[[], None]) -> None:
    topic = house.question(title="Мой телефон украли", body="Номер договора 778899.")
    post = house.comment(topic, "Пишите мне на старыйадрес.")
    work()
    words = topics.Words("question", "Телефон пропал", "Без номера.", topic.category, ["новое"])
    topics.edit(topic.asker, topic, words)
    topics.edit_post(post.author, post, "Пишите сюда.")

    # Before the worker has heard of it, and after.
    for _ in range(2):
        assert found("778899") == found("украли") == found("старыйадрес") == []
        work()
    assert found("пропал") == found("новое") == found("сюда") == [topic.id]


def test_what_is_hidden_is_gone_at_once_and_comes_back(
    house: Builders, work: Callable[[], None]
) -> None:
    topic, manager = house.question(title="Скандал в отделении"), house.manager()
    work()
    assert found("скандал") == [topic.id]

    moderation.hide(manager, topic, "Чужое имя")
    session.flush()
    assert found("скандал") == []
    work()
    assert found("скандал") == []
    assert keeping.count() == 0

    moderation.restore(manager, topic, "Имя убрано")
    work()
    assert found("скандал") == [topic.id]


def test_words_of_a_hidden_comment_find_nothing(house: Builders, work: Callable[[], None]) -> None:
    topic, manager = house.question(), house.manager()
    post = house.comment(topic, "Его зовут Аристарх.")
    work()
    assert found("аристарх") == found("аристарх карта") == [topic.id]

    moderation.hide_post(manager, topic, post, "Чужое имя")
    for _ in range(2):
        assert found("аристарх") == []
        assert [r.exact for r in finding.find(GUEST, "карта").items] == [True]
        work()
    assert found("аристарх") == []

    moderation.restore_post(manager, topic, post, "Это псевдоним")
    work()
    assert found("аристарх") == [topic.id]


def test_the_state_follows_the_topic(house: Builders, work: Callable[[], None]) -> None:
    topic, other = house.question(), house.category()
    work()
    assert found("карта", states=frozenset({"waiting"})) == [topic.id]

    house.answer(topic)
    work()
    assert found("карта", states=frozenset({"answered"})) == [topic.id]
    topics.accept(topic.asker, topic)
    work()
    assert found("карта", states=frozenset({"solved"})) == [topic.id]
    topics.dispute(topic.asker, topic)
    moderation.move(house.manager(), topic, other, "Сюда")
    work()
    assert found("карта", states=frozenset({"reopened"})) == [topic.id]
    assert found("карта", category_ids=frozenset({other.id})) == [topic.id]


def test_nothing_is_written_by_whoever_publishes(house: Builders, shelf: Path) -> None:
    shelves.index().made()
    house.question()
    session.commit()

    assert keeping.count() == 0
    assert "search.keep_it_findable" not in session.scalars(select(Delivery.reaction)).all()


def test_a_busy_index_is_told_a_moment_later(
    house: Builders, work: Callable[[], None], shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves.index(), "_patience", 0.05)
    house.question()
    with Index(shelf, patience=10.0).made()._turn():
        work()
    assert (keeping.count(), keeping.standing().waiting) == (0, 1)

    reactions.keep_it_findable()

    assert (keeping.count(), keeping.standing().waiting) == (1, 0)


def lost(shelf: Path) -> None:
    shutil.rmtree(shelf)


def emptied(shelf: Path) -> None:
    for file in shelf.rglob("*"):
        if file.is_file() and file.name not in {"current", "lock"}:
            file.write_bytes(b"")


def halved(shelf: Path) -> None:
    for file in shelf.rglob("*.seg"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def outdated(shelf: Path) -> None:
    pointer, of_old = shelf / "current", "v0-0123456789ab"
    (shelf / pointer.read_text()).rename(shelf / of_old)
    pointer.write_text(of_old)


# Whoosh leaves the files open that it could not make sense of.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("harm", [lost, emptied, halved, outdated])
def test_the_sweep_brings_back_what_harm_came_to(
    house: Builders,
    work: Callable[[], None],
    shelf: Path,
    harm: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(index, "_PAUSE", 0.001)
    topic = house.question()
    work()
    shelves.init(
        {"INDEX_PATH": shelf, "SEARCH_ENGINE": shelves.engine()}
    )  # as another process, with nothing open
    harm(shelf)
    logging.disable()
    assert not finding.find(GUEST, "карта").is_ready

    reactions.mend_the_index()

    logging.disable(logging.NOTSET)
    assert found("карта") == [topic.id]
    assert not keeping.mend()


def test_what_was_told_quietly_is_found_all_the_same(
    house: Builders, work: Callable[[], None]
) -> None:
    known = [house.question(title=f"Карта {n}") for n in range(3)]
    work()
    with quietly():
        told = house.question(title="Из архива про рукавицы")
        hidden = house.question(title="Из архива про рукавицы, чужое")
        moderation.hide(house.manager(), hidden, "Чужое")
    session.commit()

    reactions.keep_it_findable()

    assert found("рукавицы") == [told.id]
    assert keeping.count() == len(known) + 1


def test_what_no_fact_tells_of_is_found_after_the_sweep(
    house: Builders, work: Callable[[], None]
) -> None:
    known = [house.question(title=f"Карта {n}") for n in range(3)]
    work()
    told = house.question(title="Про рукавицы")
    session.flush()
    with without_guards(session.connection()):
        session.execute(delete(Fact).where(Fact.stream == f"topic:{told.id}"))
    session.commit()

    # One look could meet a change being made; the second finds nothing has moved.
    assert [keeping.mend(), keeping.mend(), keeping.mend()] == [False, True, False]
    assert found("рукавицы") == [told.id]
    assert keeping.count() == len(known) + 1


def test_an_empty_database_gets_an_empty_index(transaction: None) -> None:
    assert keeping.count() is None
    assert keeping.mend()
    assert keeping.count() == 0
    assert not keeping.mend()


def test_a_rebuild_reads_all_batches(house: Builders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "BATCH", 2)
    category = house.category()
    for n in range(5):
        house.question(title=f"Вопрос номер {n}", category=category)
    session.commit()
    steps: list[int] = []

    assert keeping.rebuild(steps.append) == 5
    assert steps == [1, 2, 3, 4, 5]


def test_documents_cost_the_same_for_many(
    house: Builders, count_sql: Callable[..., object]
) -> None:
    category = house.category()
    ids = []
    for n in range(6):
        topic = house.question(category=category, tags=[f"тег{n}"])
        house.answer(topic)
        house.comment(topic)
        ids.append(topic.id)
    session.commit()

    with count_sql() as few:
        queries.documents(ids[:1])
    with count_sql() as many:
        read = queries.documents(ids)

    assert len(few) == len(many) == 5
    assert all(d.official and d.comments and d.tags for d in read)
