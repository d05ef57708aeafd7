"""`flask archive`: an operator proves the record, signs it and copies it."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, update

from app.core import checkpoints, verifying
from app.core.chain import Entry, Head
from app.core.db import session
from app.core.digests import digest
from app.core.events import Fact
from app.notify.models import Letter
from tests.tampering import without_guards

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.builders import Builders


@pytest.fixture
def places(app: Flask, tmp_path: Path, transaction: None) -> Iterator[Path]:
    """Checkpoints of this test's own."""
    checkpoints.init({"INSTANCE_PATH": tmp_path, "ARCHIVE_KEY": "", "ARCHIVE_COPY": ""})
    yield tmp_path
    checkpoints.init(app.config)


@pytest.fixture
def archive(app: Flask, places: Path) -> Callable[..., Any]:
    """Run a command; its result."""

    def run(*words: str) -> Any:
        session.commit()
        result = app.test_cli_runner().invoke(args=["archive", *words])
        session.expire_all()
        return result

    return run


def last_seq() -> int:
    return session.scalar(select(Head.seq)) or 0


def test_a_whole_record_is_said_to_be_whole(archive: Callable[..., Any], house: Builders) -> None:
    house.answer(house.question())
    archive("checkpoint")

    said = archive("verify")

    assert said.exit_code == 0
    assert f"{last_seq()} entries, 1 signed checkpoints: whole and in order." in said.stdout
    check = verifying.last_check()
    assert check is not None
    assert (check.entries, check.problems, check.checkpoints) == (last_seq(), 0, 1)


def test_what_was_changed_is_named_and_told_to_administrators_once(
    archive: Callable[..., Any], house: Builders, work: Callable[[], None]
) -> None:
    administrator = house.administrator()
    house.answer(house.question())
    session.commit()
    seq = last_seq()
    with without_guards(session.connection()):
        session.execute(update(Entry).where(Entry.seq == seq - 1).values(action="Nothing"))
        session.execute(delete(Entry).where(Entry.seq == seq))

    said = archive("verify")

    assert said.exit_code == 1
    assert f"entry {seq - 1}: was changed after it was written" in said.stdout
    assert f"entry {seq}: is missing" in said.stdout
    assert f"the first is number {seq - 1}" in said.stdout
    assert archive("verify").exit_code == 1
    work()
    letters = session.scalars(select(Letter).where(Letter.kind == "record_broken")).all()
    assert [letter.person_id for letter in letters] == [administrator.id]
    assert letters[0].posted_at is not None


def test_the_key_and_every_checkpoint_can_be_checked_by_others(
    archive: Callable[..., Any], house: Builders
) -> None:
    assert archive("checkpoint").exit_code == 1
    house.question()

    said = archive("checkpoint")

    read = checkpoints.read(said.stdout.strip())
    assert read is not None
    assert (read.seq, read.is_ours) == (last_seq(), True)
    assert archive("key").stdout == checkpoints.public_key()


def test_a_restore_is_said_once_and_put_on_record(
    archive: Callable[..., Any], house: Builders
) -> None:
    house.question()
    session.commit()
    before = last_seq()
    archive("checkpoint")
    house.question()
    archive("checkpoint")
    lost = last_seq()
    assert archive("checkpoint", "--after-restore").exit_code == 1
    with without_guards(session.connection()):
        gone = select(Entry.fact_id).where(Entry.seq > before)
        session.execute(delete(Fact).where(Fact.id.in_(gone)))
        session.execute(delete(Entry).where(Entry.seq > before))
        end = session.scalar(select(Entry.hash).where(Entry.seq == before))
        session.execute(update(Head).values(seq=before, hash=end))
    assert archive("verify").exit_code == 1

    assert archive("checkpoint", "--after-restore").exit_code == 0

    said = archive("verify")
    assert said.exit_code == 0
    assert f"signed of entries {before + 1} to {lost} is lost" in said.stdout
    last = session.scalars(select(Entry).order_by(Entry.seq.desc()).limit(1)).one()
    assert (last.action, last.payload) == ("RecordRestored", {"seq": before, "lost": lost - before})


def test_a_copy_holds_everything_and_is_itself_on_record(
    archive: Callable[..., Any], house: Builders, places: Path
) -> None:
    name = house.customer(name="Мария Лебедь")
    house.answer(house.question(asker=name, title="Почему списали комиссию?"))
    folder = places / "copy"

    said = archive("export", str(folder))

    assert said.exit_code == 0, said.output
    lines = [json.loads(line) for line in (folder / "record.jsonl").read_text().splitlines()]
    assert [line["entry"]["seq"] for line in lines] == list(range(1, last_seq() + 1))
    assert lines[-1]["entry"]["action"] == "RecordExported"
    # So staff read of it too.
    assert session.scalar(select(Entry.of_staff).where(Entry.seq == last_seq()))
    for before, line in pairwise(lines):
        assert line["prev_hash"] == before["hash"]
        assert line["hash"] == digest(line["prev_hash"], line["entry"])
    signed = checkpoints.read((folder / "checkpoint.json").read_text())
    assert signed is not None
    assert (signed.seq, signed.hash) == (last_seq(), lines[-1]["hash"])
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["entries"], manifest["complete"]) == (len(lines), True)
    for file, known in manifest["files"].items():
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == known
    page = (folder / "record.html").read_text()
    assert page.count("<tr>") == len(lines) + 1
    whole = "".join(path.read_text() for path in folder.iterdir())
    assert "Лебедь" not in whole
    assert "комиссию" not in whole
    assert archive("export", str(folder)).exit_code == 1


def test_a_copy_of_one_topic_or_from_a_day_on(
    archive: Callable[..., Any], house: Builders, places: Path
) -> None:
    topic, _other = house.question(), house.question()

    archive("export", str(places / "one"), "--topic", str(topic.id))
    archive("export", str(places / "none"), "--since", "2999-01-01")

    lines = [json.loads(x) for x in (places / "one" / "record.jsonl").read_text().splitlines()]
    assert {line["entry"]["topic"] for line in lines} == {topic.id}
    assert lines[-1]["entry"]["action"] == "RecordExported"
    manifest = json.loads((places / "one" / "manifest.json").read_text())
    assert manifest["complete"] is False
    assert manifest["asked"] == {"since": None, "topic": topic.id}
    assert (places / "none" / "record.jsonl").read_text() == ""
