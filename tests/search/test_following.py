"""The index follows the facts: none is lost, in whatever order they come, whoever dies or lags."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import delete, func, select, update

from app.accounts.sessions import Guest
from app.core import clock
from app.core.db import db, session
from app.core.events import Event, Fact, record
from app.moderation import service as moderation
from app.search import facts, queries, reactions
from app.search import shelf as shelves
from app.search.cursor import PATIENCE, START
from app.search.index import Index
from app.search.service import finding, following, keeping
from app.topics import service as topics
from app.topics.events import TopicEdited
from app.topics.models import Topic
from tests.tampering import without_guards

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.builders import Builders

    Call = Callable[..., Any]

GUEST = Guest()
pytestmark = pytest.mark.usefixtures("shelf")


@pytest.fixture(autouse=True)
def no_failures() -> Iterator[None]:
    """What failed in another test is not this one's."""
    yield
    following._Failed.in_a_row, following._Failed.rest_until = 0, 0.0
    keeping._Sweep.apart = keeping._Sweep.hopeless = 0


def indexed(text: str) -> list[int]:
    """What the index itself holds, whoever may read it."""
    return sorted(shelves.index().find(text).ids)


def found(text: str) -> list[int]:
    return sorted(r.topic.id for r in finding.find(GUEST, text).items)


def folders(shelf: Path) -> list[str]:
    """Where documents lie."""
    return [path.name for path in shelf.iterdir() if path.is_dir() and path.name != "next"]


def follow() -> int:
    session.commit()
    try:
        return following.follow()
    finally:
        session.expire_all()


def puts(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The topics of each put from now on."""
    seen: list[list[int]] = []
    put = Index.put

    def watched(self: Index, documents: Any = (), **more: Any) -> None:
        documents = list(documents)
        seen.append([d.topic_id for d in documents])
        put(self, documents, **more)

    monkeypatch.setattr(Index, "put", watched)
    return seen


# ————— in order, once, in batches


def test_each_topic_is_read_once_and_then_nothing_is(
    house: Builders, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelves.index().made()
    first, second = house.question(), house.question()
    house.answer(first)
    house.comment(first)
    seen = puts(monkeypatch)

    assert follow() == 2
    assert [sorted(ids) for ids in seen] == [[first.id, second.id]]
    assert follow() == 0
    assert len(seen) == 1


def test_a_look_at_nothing_new_costs_one_statement(
    house: Builders, work: Callable[[], None], count_sql: Call
) -> None:
    house.question()
    work()

    with count_sql() as statements:
        following.follow()

    # One more while a number is missing.
    assert len(statements) == 1 + bool(shelves.cursor().holes)


def test_after_a_long_time_it_catches_up_batch_by_batch(
    house: Builders, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    work()
    monkeypatch.setattr(following, "BATCH", 7)
    category, asker = house.category(), house.customer()
    asked = [house.question(category=category, asker=asker).id for _ in range(20)]
    seen = puts(monkeypatch)

    follow()

    assert indexed("карта") == asked
    assert len(seen) > 5
    newest = facts.newest()
    assert newest is not None
    assert (shelves.cursor().last, shelves.cursor().at) == newest


def test_votes_and_promises_are_passed_over(
    house: Builders, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = house.question()
    work()
    seen = puts(monkeypatch)
    topics.vote(house.customer(), topic)

    assert follow() == 0
    assert keeping.standing().waiting == 0
    assert seen == [[]]  # the cursor alone
    assert shelves.cursor().last == session.scalar(select(func.max(Fact.id)))


def test_what_is_passed_over_is_known_by_its_name() -> None:
    assert Event.kinds.keys() >= facts.SILENT


def test_a_topic_that_is_no_more_is_taken_out(house: Builders, work: Callable[[], None]) -> None:
    topic, other = house.question(), house.question()
    work()
    gone, kept = topic.id, other.id
    record(TopicEdited(gone, 0))
    session.execute(update(Fact).where(Fact.stream == f"topic:{gone}").values(actor_id=None))
    read = queries.documents
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "documents", lambda ids: read([i for i in ids if i != gone]))
        follow()

    assert indexed("карта") == [kept]


# ————— out of order


def test_a_fact_that_is_committed_late_is_not_lost(
    committed: Builders, request: pytest.FixtureRequest
) -> None:
    """Two transactions at once: the one with the lower number commits after the higher one."""
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite lets one write at a time")
    shelves.index().made()
    topic = committed.question(title="Карта размагнитилась")
    follow()
    with db.engine.connect() as slow:
        slow.execute(update(Topic).where(Topic.id == topic.id).values(title="Эскалатор встал"))
        slow.execute(
            Fact.__table__.insert().values(  # type: ignore[attr-defined]
                name="TopicEdited",
                data={"topic_id": topic.id, "revision_id": 1},
                stream=f"topic:{topic.id}",
                at=clock.now(),
            )
        )
        quick = committed.question(title="Банкомат съел паспорт")
        follow()
        assert indexed("банкомат") == [quick.id]
        assert indexed("эскалатор") == []
        assert any(hole.first == hole.last for hole in shelves.cursor().holes)
        # Not by time alone: it may take some minutes.
        with time_machine.travel(clock.now() + PATIENCE - timedelta(seconds=30)):
            follow()
        slow.commit()

    # Before it is followed, the old words are not shown any more; afterwards the new ones are.
    session.rollback()
    assert indexed("размагнитилась") == [topic.id]
    assert found("размагнитилась") == []
    assert keeping.standing().waiting == 1
    assert follow() == 1
    assert indexed("эскалатор") == [topic.id]
    assert not any(hole.first == hole.last > 1 for hole in shelves.cursor().holes)


def test_a_rebuild_waits_for_what_was_being_written_when_it_began(committed: Builders) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite lets one write at a time")
    topic = committed.question(title="Карта размагнитилась")
    session.commit()
    with db.engine.connect() as slow:
        slow.execute(update(Topic).where(Topic.id == topic.id).values(title="Эскалатор встал"))
        slow.execute(
            Fact.__table__.insert().values(  # type: ignore[attr-defined]
                name="TopicEdited",
                data={"topic_id": topic.id, "revision_id": 1},
                stream=f"topic:{topic.id}",
                at=clock.now(),
            )
        )
        committed.question(title="Банкомат съел паспорт")
        session.commit()
        keeping.rebuild()
        slow.commit()

    assert follow() == 1
    assert indexed("эскалатор") == [topic.id]


def test_what_was_undone_is_waited_for_and_forgotten(
    house: Builders, work: Callable[[], None]
) -> None:
    topic = house.question()
    work()
    newest = shelves.cursor().last

    def open_still() -> list[tuple[int, int]]:
        return [(h.first, h.last) for h in shelves.cursor().holes if h.first > newest]

    fact = Fact(
        id=newest + 3, name="TopicEdited", data={}, stream=f"topic:{topic.id}", at=clock.now()
    )
    session.add(fact)
    follow()
    assert open_still() == [(newest + 1, newest + 2)]

    late = Fact(
        id=newest + 2, name="TopicEdited", data={}, stream=f"topic:{topic.id}", at=clock.now()
    )
    session.add(late)
    assert follow() == 1
    assert open_still() == [(newest + 1, newest + 1)]
    with time_machine.travel(clock.now() + PATIENCE):
        follow()
    assert shelves.cursor().holes == ()
    assert shelves.cursor().last == newest + 3


# ————— beside and behind


def test_a_rebuild_leaves_no_gap(house: Builders, work: Callable[[], None]) -> None:
    category = house.category()
    old = [house.question(category=category, title=f"Карта {n}") for n in range(4)]
    manager = house.manager()
    work()
    new: list[int] = []

    def meanwhile(done: int) -> None:
        if done == 2:  # after the first was read, and before the new one stands
            moderation.hide(manager, old[0], "Чужое имя")
            new.append(house.question(category=category, title="Карта новая").id)
            follow()
            # The old index is told as ever.
            assert found("карта новая")[-1:] == new

    assert keeping.rebuild(meanwhile) == 4
    assert indexed("карта") == [*(topic.id for topic in old[1:]), *new]
    assert not keeping.standing().waiting


def test_two_do_not_rebuild_at_once(house: Builders, work: Callable[[], None], shelf: Path) -> None:
    house.question()
    session.commit()
    with shelves.turn("rebuilder"):
        assert not keeping.mend()
    assert not shelves.index().is_live
    assert keeping.mend()
    # What a rebuild leaves lies nowhere twice.
    assert len(folders(shelf)) == 1
    assert not folders(shelf / "next")


def test_whoever_is_killed_in_a_rebuild_leaves_nothing_behind(
    house: Builders, work: Callable[[], None], shelf: Path
) -> None:
    house.question()
    work()

    def die(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keeping.rebuild(die)

    assert len(indexed("карта")) == 1
    assert keeping.rebuild() == 1
    assert not folders(shelf / "next")


def test_one_follows_and_the_others_pass_by(house: Builders) -> None:
    shelves.index().made()
    house.question()
    with shelves.turn("follower") as is_mine:
        assert is_mine
        assert follow() == 0
    assert follow() == 1


def test_two_followers_at_once_do_the_work_once(
    committed: Builders, at_once: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelves.index().made()
    topic = committed.question()
    session.commit()
    seen = puts(monkeypatch)

    assert at_once(*[following.follow] * 4) == [None] * 4

    assert [ids for ids in seen if ids] == [[topic.id]]


def test_every_machine_keeps_an_index_of_its_own(
    house: Builders, work: Callable[[], None], shelf: Path, tmp_path: Path
) -> None:
    house.question()
    work()
    shelves.init({"INDEX_PATH": tmp_path / "elsewhere", "SEARCH_ENGINE": shelves.engine()})
    assert not finding.find(GUEST, "карта").is_ready
    assert keeping.mend()
    house.question()
    follow()
    assert len(found("карта")) == 2

    shelves.init({"INDEX_PATH": shelf, "SEARCH_ENGINE": shelves.engine()})
    assert len(indexed("карта")) == 1
    assert keeping.standing().waiting == 1
    assert follow() == 1
    assert len(found("карта")) == 2


def other_fact() -> None:
    """As after a restore from a backup, and some hours of work: the number is there again."""
    last = session.get_one(Fact, shelves.cursor().last)
    last.at += timedelta(seconds=1)
    with without_guards(session.connection()):
        session.flush()


def fewer_facts() -> None:
    """As after a restore from a backup."""
    with without_guards(session.connection()):
        session.execute(delete(Fact).where(Fact.id == shelves.cursor().last))


@pytest.mark.parametrize("restore", [other_fact, fewer_facts])
def test_an_index_of_another_database_is_built_anew(
    house: Builders, work: Callable[[], None], restore: Callable[[], None]
) -> None:
    topic = house.question(title="Карта размагнитилась")
    work()
    session.execute(update(Topic).where(Topic.id == topic.id).values(title="Эскалатор встал"))
    restore()
    session.commit()

    # Nothing that it holds is believed.
    assert indexed("размагнитилась") == [topic.id]
    assert found("размагнитилась") == []
    assert follow() == 0
    assert keeping.mend()
    assert found("эскалатор") == [topic.id]
    assert not keeping.mend()


# ————— what was taken back is not shown while the index lags


def test_nothing_taken_back_is_shown_before_the_index_hears_of_it(
    house: Builders, work: Callable[[], None]
) -> None:
    manager = house.manager()
    titles = ("Тайна первая", "Тайна вторая", "Тайна третья", "Тайна четвёртая")
    hidden, merged, spam, edited = (house.question(title=title) for title in titles)
    talked = house.question()
    post = house.comment(talked, "Тайна пятая.")
    into = house.question(title="Куда все идут")
    work()
    assert len(found("тайна")) == 5

    moderation.hide(manager, hidden, "Чужое")
    moderation.merge(manager, merged, into, "То же")
    moderation.mark_spam(manager, spam, "Реклама")
    words = topics.Words("question", "Без секретов", "Ничего.", edited.category)
    topics.edit(edited.asker, edited, words)
    moderation.hide_post(manager, talked, post, "Чужое")
    session.commit()

    assert len(indexed("тайна")) == 5
    assert found("тайна") == []
    assert finding.completions(GUEST, "тайн") == []
    follow()
    assert indexed("тайна") == []


def test_however_much_the_index_lags_one_statement_tells_what_is_stale(
    house: Builders, work: Callable[[], None], count_sql: Call
) -> None:
    category = house.category()
    ids = [house.question(category=category).id for _ in range(5)]
    work()
    cursor = shelves.cursor()
    for topic_id in ids[:3]:
        record(TopicEdited(topic_id, 0))
    session.commit()

    with count_sql() as statements:
        assert facts.stale_ids(cursor, ids) == set(ids[:3])
    assert len(statements) == 1
    assert facts.stale_ids(START, ids) == set(ids)
    assert facts.stale_ids(shelves.cursor(), []) == set()


# ————— what the engine chokes on


class Poison:
    """An engine that cannot digest some topic, or anything at all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ids: set[int] = set()
        self.everything = False
        put = Index.put

        def watched(index: Index, documents: Any = (), **more: Any) -> None:
            documents = list(documents)
            if self.everything or self.ids.intersection(d.topic_id for d in documents):
                message = "there is no such letter"
                raise LookupError(message)
            put(index, documents, **more)

        monkeypatch.setattr(Index, "put", watched)


def test_one_topic_that_cannot_be_indexed_holds_up_no_other(
    house: Builders, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = house.question(title="Карта треснула"), house.question(title="Карта целая")
    work()
    poison = Poison(monkeypatch)
    poison.ids = {bad.id}
    house.comment(bad)
    house.comment(good, "Подтверждаю.")
    logging.disable()

    follow()

    logging.disable(logging.NOTSET)
    assert indexed("подтверждаю") == [good.id]
    assert indexed("карта") == [good.id]
    assert not keeping.standing().waiting


def test_an_index_that_takes_nothing_is_left_alone_and_then_built_anew(
    house: Builders, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = house.question()
    work()
    house.comment(topic, "Подтверждаю.")
    session.commit()
    poison = Poison(monkeypatch)
    poison.everything = True
    logging.disable()
    for _ in "ab":
        with pytest.raises(following.UnwritableError):
            following.follow()
        # For a while nobody tries.
        assert following.follow() == 0
        monkeypatch.setattr(following._Failed, "rest_until", time.monotonic())
    poison.everything = False

    assert keeping.mend()

    logging.disable(logging.NOTSET)
    assert indexed("подтверждаю") == [topic.id]
    reactions.keep_it_findable()
    assert not keeping.mend()


def test_what_a_rebuild_does_not_bring_in_is_not_rebuilt_for_ever(
    house: Builders, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    house.question()
    house.question()
    work()
    wanted = queries.topics_in_sight()
    monkeypatch.setattr(queries, "topics_in_sight", lambda: wanted + 1)

    assert [keeping.mend() for _ in range(6)] == [False, True, False, False, False, False]


def test_a_sudden_end_between_the_index_and_its_cursor_repeats_and_harms_nothing(
    house: Builders, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    work()
    before = str(shelves.cursor())
    topic = house.question()
    follow()

    shelves.index().put(cursor=before)

    assert found("карта") == [topic.id]
    assert follow() == 1
    assert (indexed("карта"), keeping.count()) == ([topic.id], 1)
