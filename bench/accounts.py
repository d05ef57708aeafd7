"""After the evening: whether what was written is there exactly once, and letters went out once."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import TYPE_CHECKING

from bench.stage import WEB_PORT
from bench.told import HELD, REFUSED, UNSURE, WRITTEN
from bench.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.stage import Stage
    from bench.told import Told

# A killed worker's lease is over after two minutes.
PATIENCE = 180.0
MARKER = re.compile(r"\bzq[bcdfghjkmnprstvwxz]{12}\b")


def settle(stage: Stage, told: Told) -> Iterator[str]:
    """A line for each account."""
    stage.ask("SELECT 1")
    waited = _wait_for_deliveries(stage)
    found = _found(stage)
    for state, right in ((WRITTEN, {1}), (UNSURE, {0, 1}), (REFUSED, {0}), (HELD, {0, 1})):
        texts = [w for w in told.wrote(state) if w.marker]
        bad = [w for w in texts if found[w.marker] not in right]
        there = sum(found[w.marker] > 0 for w in texts)
        verdict = f"[red]{len(bad)} WRONG: {bad[:3]}[/]" if bad else "as it should be"
        yield f"texts {state}: {len(texts)}, of which there: {there}; {verdict}"
    said = {m for m, number in found.items() if number > 1}
    yield f"texts there twice: {len(said)}"
    votes = {(w.topic_id, w.by) for w in told.wrote(WRITTEN, "vote")}
    yield f"votes said to be taken: {len(votes)} (a row has them once by its key)"
    yield from _letters(stage, waited)
    yield from _searches(stage, told)


def _found(stage: Stage) -> Counter[str]:
    rows = stage.ask("SELECT title FROM topics WHERE title LIKE '%%zq%%'")
    rows += stage.ask("SELECT body FROM posts WHERE body LIKE '%%zq%%'")
    return Counter(word for (text,) in rows for word in set(MARKER.findall(text)))


def _wait_for_deliveries(stage: Stage) -> float:
    began = time.monotonic()
    due = "SELECT count(*) FROM deliveries WHERE state = 'pending' AND not_before <= now()"
    while time.monotonic() < began + PATIENCE and stage.ask(due)[0][0]:
        time.sleep(1)
    return time.monotonic() - began


def _letters(stage: Stage, waited: float) -> Iterator[str]:
    states = dict(stage.ask("SELECT state, count(*) FROM deliveries GROUP BY state"))
    yield f"deliveries: {states} (waited {waited:.0f} s for the last)"
    boxes = {
        name: {path.name for path in (stage[name].folder / "instance/mail").glob("*.eml")}
        for name in ("web1", "web2")
    }
    twice = boxes["web1"] & boxes["web2"]
    numbers = ", ".join(f"{len(box)} by {name}" for name, box in boxes.items())
    yield f"letters: {numbers}, sent by both: {len(twice)}"


def _searches(stage: Stage, told: Told) -> Iterator[str]:
    asked = [w for w in told.wrote(WRITTEN, "ask") if w.topic_id]
    for name in ("web1", "web2"):
        at = f"http://{stage[name].address}:{WEB_PORT}"
        reader = Visitor(at, lambda _: None, stage.address, timeout=20)
        found = 0
        for number, written in enumerate(asked):
            # Each as somebody else: nobody may search as often as that, on both machines together.
            who = {"X-Forwarded-For": f"203.0.113.{number % 250}"}
            page = reader.get(f"/search?q={written.marker}", "", headers=who)
            found += f"/topics/{written.topic_id}" in page.text
        reader.close()
        yield f"questions found by the index of {name}: {found} of {len(asked)}"
