"""`flask sla evaluate FILE`: one JSON object on standard output, and each error in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.commands.sla import sla
from app.commands.vectors import compute

ROOT = Path(__file__).parents[2]
ALWAYS = {"always": {"mode": "24x7", "tz": "UTC"}}
LADDER = [["r50", "pct", 50], ["r80", "pct", 80], ["due", "off", 0], ["esc1", "off", 14400]]


def topic(id_: str = "X1", *events: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "calendar": "always",
        "opened_at": "2026-11-16T08:00:00Z",
        "events": list(events),
        "evaluate_at": "2026-11-17T10:00:00Z",
        **more,
    }


def evaluated(folder: Path, *vectors: dict[str, Any], **more: Any) -> Result:
    path = folder / "vectors.json"
    path.write_text(json.dumps({"calendars": ALWAYS, "vectors": vectors, **more}))
    return CliRunner().invoke(sla, ["evaluate", str(path)])


def worked(vector: dict[str, Any]) -> dict[str, Any]:
    return dict(compute({"calendars": ALWAYS, "vectors": [vector]}))[vector["id"]]


def test_it_prints_one_object_by_id(tmp_path: Path) -> None:
    answered = {"at": "2026-11-16T20:00:00.500Z", "type": "official_answer"}
    result = evaluated(tmp_path, topic("X1"), topic("X2", answered))
    assert result.exit_code == 0
    assert result.stderr == ""
    assert json.loads(result.stdout) == {
        "X1": {
            "first_answer": {
                "kind": "first_answer",
                "started_at": "2026-11-16T08:00:00Z",
                "state": "breached",
                "due_at": "2026-11-17T08:00:00Z",
                "breached_at": "2026-11-17T08:00:00Z",
                "overdue_s": 7200,
            },
            "overdue_badge": True,
        },
        "X2": {
            "first_answer": {
                "kind": "first_answer",
                "started_at": "2026-11-16T08:00:00Z",
                "state": "met",
                "due_at": "2026-11-17T08:00:00Z",
                "fulfilled_at": "2026-11-16T20:00:00.500Z",
            },
            "overdue_badge": False,
        },
    }


def test_an_empty_file_of_vectors_is_an_empty_object(tmp_path: Path) -> None:
    assert json.loads(evaluated(tmp_path).stdout) == {}


@pytest.mark.parametrize(
    ("vector", "said"),
    [
        (topic("X2", {"at": "2026-11-16T09:00:00Z", "type": "teleported"}), "'teleported'"),
        (topic("X2", {"at": "2026-11-16T09:00:00", "type": "removed"}), "names no zone"),
        (topic("X2", {"at": "yesterday", "type": "removed"}), "yesterday"),
        (topic("X2", {"type": "removed"}), "'at' is missing"),
        (topic("X2", {"at": "2026-11-16T09:00:00Z", "type": "merged"}), "due is missing"),
        (topic("X2", calendar="office"), "'office' is missing"),
        (topic("X2", policy={"first_answer_s": "a day"}), ""),
        (topic("X2", term={"mode": "moons", "n": 3}), "unknown term 'moons'"),
        (topic("X2", events=7), ""),
    ],
)
def test_a_vector_that_cannot_be_worked_out_is_named_and_the_others_are_printed(
    tmp_path: Path, vector: dict[str, Any], said: str
) -> None:
    result = evaluated(tmp_path, topic("X1"), vector)
    assert result.exit_code == 1
    assert set(json.loads(result.stdout)) == {"X1"}
    assert "X2: " in result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not JSON"),
        (b'{"calendars": {}, "vectors": [', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "calendars"),
        (b'{"vectors": []}', "calendars"),
        (b'{"calendars": {}}', "vectors"),
        (b'{"calendars": {}, "vectors": [7]}', "vectors"),
        (b'{"calendars": {}, "vectors": [{}]}', "vector 1"),
        (b'{"calendars": {}, "vectors": [{"id": "A"}, {"id": "A"}]}', "A: there are two"),
        (b'{"calendars": {"a": {"mode": "24x7"}}, "vectors": []}', "calendar a: tz: zone"),
        (b'{"calendars": {"a": 7}, "vectors": []}', "calendar a"),
    ],
)
def test_a_broken_file_is_told_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "vectors.json"
    path.write_bytes(content)
    result = CliRunner().invoke(sla, ["evaluate", str(path)])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert said in result.stderr
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(sla, ["evaluate", str(tmp_path / "none.json")])
    assert result.exit_code == 2
    assert "none.json" in result.stderr
    assert result.stdout == ""


def test_what_is_not_understood_is_named_beside_the_answer(tmp_path: Path) -> None:
    result = evaluated(tmp_path, topic("X1", weather="rain", policy={"first_anwser_s": 60}))
    assert json.loads(result.stdout)["X1"]["first_answer"]["state"] == "breached"
    assert "X1: vector: 'weather'" in result.stderr
    assert "X1: policy: 'first_anwser_s'" in result.stderr


@pytest.mark.parametrize("name", ["substitute", "substituted_by"])
def test_people_are_told(name: str) -> None:
    away = {"who": "anna", "from": "2026-11-17T00:00:00Z", "to": "2026-11-20T00:00:00Z"}
    category = {"owner": "anna", "deputy": "boris", "absences": [{**away, name: "vera"}]}
    assert worked(topic(category=category)) == {
        "due_at": "2026-11-17T08:00:00Z",
        "accountable_at_due": "anna",
        "acting_at_due": "vera",
        "holder_at_due": "vera",
        "held_s": {"anna": 57600, "vera": 36000},
        "breached": True,
        "breach_attributed_to": "anna",
    }
    category["absences"].append({**away, "who": "vera"})
    assert worked(topic(category=category))["acting_at_due"] == "boris"


def test_who_reviews_an_answer_holds_it() -> None:
    asked = {"at": "2026-11-16T20:00:00Z", "type": "review_asked", "holder": "legal"}
    told = worked(topic("X1", asked, category={"owner": "anna"}))
    assert told["held_s"] == {"anna": 12 * 3600, "legal": 14 * 3600}
    assert (told["acting_at_due"], told["holder_at_due"]) == ("anna", "legal")
    assert told["breach_attributed_to"] == "anna"


def reminded(*ticks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return worked(topic(target_s=86400, ladder=LADDER, ticks=list(ticks), **more))


def tick(wall: str, mono: float | None = None, scheduler: str = "A") -> dict[str, Any]:
    return {"wall": f"2026-11-{wall}Z", "mono": mono, "scheduler": scheduler}


def test_two_schedulers_send_each_rung_once() -> None:
    told = reminded(
        tick("16T20:00:00", 10, "A"),
        tick("16T20:00:00", 900, "B"),
        tick("17T03:12:00", 25930, "A"),
        tick("17T03:12:01", 26821, "B"),
    )
    assert told == {
        "sends": [
            {"at": "2026-11-16T20:00:00Z", "rung": "r50", "by": "A", "coalesced": []},
            {"at": "2026-11-17T03:12:00Z", "rung": "r80", "by": "A", "coalesced": []},
        ],
        "held_ticks": [],
    }


@pytest.mark.parametrize("mono", [None, 0])
def test_a_scheduler_that_starts_anew_before_its_last_tick_waits(mono: float | None) -> None:
    steps = [None if mono is None else mono + 60 * n for n in range(4)]
    told = reminded(
        tick("16T19:59:00", 5000),
        tick("16T19:00:00", steps[0]),
        tick("16T20:01:00" if mono is None else "16T19:01:00", steps[1]),
        tick("16T20:02:00" if mono is None else "16T19:02:00", steps[2]),
    )
    assert told["held_ticks"][0] == "2026-11-16T19:00:00Z"
    assert len(told["held_ticks"]) == 2


def test_a_scheduler_that_starts_anew_in_time_sends_at_once() -> None:
    told = reminded(tick("16T19:59:00", 5000), tick("16T20:00:00", 3))
    assert [(each["rung"], each["at"]) for each in told["sends"]] == [
        ("r50", "2026-11-16T20:00:00Z")
    ]
    assert told["held_ticks"] == []


def test_reminders_follow_what_happens_meanwhile() -> None:
    passed = {"at": "2026-11-16T20:00:00Z", "type": "transfer", "calendar": "always"}
    told = reminded(
        tick("16T20:00:00"),  # half of the time left begins anew for the next people
        tick("17T02:00:00"),
        tick("17T02:01:00"),
        events=[passed],
    )
    assert [(each["rung"], each["at"]) for each in told["sends"]] == [
        ("r50", "2026-11-17T02:00:00Z")
    ]


def test_the_command_line_needs_no_database(tmp_path: Path) -> None:
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps({"calendars": ALWAYS, "vectors": [topic()]}))
    environ = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "SECRET_KEY": "only-for-tests-" * 3,
        "INSTANCE_PATH": str(tmp_path),
        "DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none",
    }
    run = subprocess.run(
        [sys.executable, "-m", "flask", "sla", "evaluate", str(path)],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert list(json.loads(run.stdout)) == ["X1"]
