"""Web and worker killed at any instant, many times: nothing is lost, nothing comes twice."""

from __future__ import annotations

from collections import Counter
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.notify.reminders import mail_name
from app.sla.events import RemindersDue
from tests.conftest import DATABASES
from tests.programs import databases, run

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
KILLS = 20


class Aftermath:
    """What was left in the database and in the mail folder when one worker had survived."""

    def __init__(self, found: dict[str, Any], mail: Path) -> None:
        self.found = found
        self.topics: list[dict[str, Any]] = found["topics"]
        self.promises: list[dict[str, Any]] = found["promises"]
        self.deliveries: list[dict[str, Any]] = found["deliveries"]
        self.letters: list[dict[str, Any]] = found["letters"]
        # The folder names a file by its Message-ID, so what is counted is what a reader would see.
        self.posted = [message_from_bytes(path.read_bytes()) for path in mail.glob("*.eml")]
        self.begun = [path.name for path in mail.iterdir() if path.suffix != ".eml"]

    def facts(self, name: str) -> list[dict[str, Any]]:
        return [fact for fact in self.found["facts"] if fact["name"] == name]

    def written(self, kind: str) -> Counter[tuple[int, int | None]]:
        rows = [letter for letter in self.letters if letter["kind"] == kind]
        return Counter((row["fact_id"], row["person_id"]) for row in rows)


@pytest.fixture(scope="module", params=DATABASES)
def aftermath(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aftermath]:
    """All the killing, once for each database."""
    instance = tmp_path_factory.mktemp(f"killed-{request.param}")
    for settings in databases("otklik_killed", request.param, instance, tmp_path_factory):
        found = run("tests.journeys.killing", KILLS, settings=settings, within=180)
        yield Aftermath(found, instance / "mail")


def test_it_was_a_massacre(aftermath: Aftermath) -> None:
    """The other tests prove something: many died, many claims were taken over from the dead."""
    assert aftermath.found["killed"] >= KILLS / 3
    assert len(aftermath.topics) >= 5
    assert len(aftermath.facts("AnswerPublished")) >= 1
    assert any(each["token"] > 1 for each in aftermath.deliveries)


def test_the_survivor_stops_when_asked(aftermath: Aftermath) -> None:
    assert aftermath.found["stopped"] == 0


def test_nothing_waits_and_nothing_was_given_up(aftermath: Aftermath) -> None:
    left = [each for each in aftermath.deliveries if each["state"] != "done"]

    assert left == []
    assert all(each["leased_until"] is None for each in aftermath.deliveries)


def test_every_letter_is_written_exactly_once(aftermath: Aftermath) -> None:
    topics = {topic["id"]: topic for topic in aftermath.topics}
    opened = aftermath.facts("TopicOpened")
    answered = aftermath.facts("AnswerPublished")

    def asker(fact: dict[str, Any]) -> int:
        return int(topics[fact["data"]["topic_id"]]["asker_id"])

    assert aftermath.written("receipt") == Counter((fact["id"], asker(fact)) for fact in opened)
    assert aftermath.written("answer") == Counter((fact["id"], asker(fact)) for fact in answered)


def test_who_answers_is_told_of_every_question_that_waits(aftermath: Aftermath) -> None:
    reminded = aftermath.facts("RemindersDue")
    told = Counter(
        (promise_id, rung, fact["data"]["person_id"])
        for fact in reminded
        for promise_id, _arm, rung in fact["data"]["reminders"]
    )
    sent = {
        (row["promise_id"], row["rung"], row["person_id"])
        for row in aftermath.found["rungs_sent"]
        if row["fate"] in {"sent", "stale"}
    }
    letters = Counter(letter["fact_id"] for letter in aftermath.letters)
    owners = {promise_id: person_id for promise_id, _rung, person_id in told}

    assert set(told.values()) == {1}
    assert set(told) == sent
    assert all(letters[fact["id"]] <= 1 for fact in reminded)
    assert {p["id"] for p in aftermath.promises if p["state"] in {"running", "breached"}} <= set(
        owners
    )


def test_every_letter_is_posted_exactly_once(aftermath: Aftermath) -> None:
    facts = {fact["id"]: fact for fact in aftermath.found["facts"]}

    def name(row: dict[str, Any]) -> str:
        fact = facts[row["fact_id"]]
        if fact["name"] == "RemindersDue":
            return mail_name(RemindersDue(**fact["data"]))
        return f"{row['kind']}.{row['fact_id']}.{row['id']}"

    names = Counter(str(each["Message-ID"])[1:].split("@")[0] for each in aftermath.posted)
    rows = {name(row): row for row in aftermath.letters}
    due = {key for key, row in rows.items() if row["skipped"] is None}
    stale = {key for key, row in rows.items() if row["skipped"] == "stale"}

    assert set(names.values()) == {1}
    assert len(rows) == len(aftermath.letters)
    assert all(rows[key]["posted_at"] for key in due)
    # Nobody is asked for an answer that was given meanwhile: such a letter is skipped, or it went
    # out and its worker was killed before it could say so.
    assert due <= set(names) <= due | stale
    assert all(facts[rows[key]["fact_id"]]["name"] == "RemindersDue" for key in stale)
    assert due | stale == set(rows)
    for each in aftermath.posted:
        assert rows[str(each["Message-ID"])[1:].split("@")[0]]["address"] in str(each["To"])


def test_no_promise_is_without_an_owner_and_no_question_without_a_promise(
    aftermath: Aftermath,
) -> None:
    promised = Counter(promise["topic_id"] for promise in aftermath.promises)
    by_topic = {promise["topic_id"]: promise for promise in aftermath.promises}

    assert promised == Counter(topic["id"] for topic in aftermath.topics)
    for topic in aftermath.topics:
        promise = by_topic[topic["id"]]
        assert promise["accountable_id"] is not None
        assert topic["responsible_id"] == promise["accountable_id"]
        assert topic["due_at"] == promise["due_at"]
        assert topic["is_awaiting"] == (promise["fulfilled_at"] is None)
        assert topic["is_awaiting"] == (topic["answers_count"] == 0)


def test_a_broken_promise_is_noticed_once_however_many_watched(aftermath: Aftermath) -> None:
    broken = Counter(fact["data"]["promise_id"] for fact in aftermath.facts("PromiseBroken"))
    late = {p["id"] for p in aftermath.promises if p["state"] in {"breached", "met_late"}}
    unanswered = {p["id"] for p in aftermath.promises if p["state"] == "breached"}

    assert set(broken.values()) <= {1}
    assert unanswered <= set(broken) <= late
    assert not [p for p in aftermath.promises if p["state"] == "running" and p["breached_at"]]


def test_everything_can_be_found(aftermath: Aftermath) -> None:
    assert aftermath.found["indexed"] == len(aftermath.topics)


def test_no_half_written_letter_counts_as_one(aftermath: Aftermath) -> None:
    """A worker killed while writing leaves a hidden part, never a letter."""
    assert all(name.startswith(".") for name in aftermath.begun)
    assert all(letter.get("From") and letter.is_multipart() for letter in aftermath.posted)
