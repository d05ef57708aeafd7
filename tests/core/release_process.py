"""A process of an old or a new release as a program, for test_rolling_upgrade.py.

It reads and writes parcels in the way of its release until it is told to stop, serves a page now
and then, and tells what it has written and what went wrong. The old release writes `name`, the new
one `family` and `given`.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

import config
from app.core import presence, schema
from app.core.db import db
from app.factory import create_app

if TYPE_CHECKING:
    from flask import Flask

told = json.loads(sys.argv[1])
schema.FOLDERS[:] = [Path(folder) for folder in told["folders"]]
presence.EVERY = 0.2
is_new = told["release"] == "new"
mine = told["release"]
errors, expected = [], {}
rounds = 0

WRITE = {
    "old": "INSERT INTO parcels (name) VALUES (:family || ' ' || :given) RETURNING id",
    "new": "INSERT INTO parcels (family, given) VALUES (:family, :given) RETURNING id",
}
CHANGE = {
    "old": "UPDATE parcels SET name = :family || ' ' || :given WHERE id = :id",
    "new": "UPDATE parcels SET family = :family, given = :given WHERE id = :id",
}
READ = {
    "old": "SELECT id, name FROM parcels WHERE id >= :id ORDER BY id LIMIT 50",
    "new": "SELECT id, family || ' ' || given FROM parcels WHERE id >= :id ORDER BY id LIMIT 50",
}


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def words() -> dict[str, str]:
    # Two spaces and none to the right: what a careless mirror would lose.
    return {"family": f"{mine}{rounds}", "given": random.choice(["Anna", "Anna  Maria", ""])}


def once(app: Flask, parcels: list[int]) -> None:
    with db.engine.begin() as connection:
        said = words()
        row = connection.execute(text(WRITE[mine]), said).scalar_one()
    expected[row] = f"{said['family']} {said['given']}"
    row = random.choice([*parcels, *expected])
    with db.engine.begin() as connection:
        said = words()
        changed = connection.execute(text(CHANGE[mine]), {**said, "id": row}).rowcount
    expected[row] = f"{said['family']} {said['given']}"
    if changed != 1:
        errors.append(f"lost: parcel {row}")
    with schema.looking() as connection:
        start = random.choice([1, *expected])
        for number, name in connection.execute(text(READ[mine]), {"id": start}):
            # What nobody has filled yet, the new release does not know.
            known = name is not None or (is_new and not told["filled"])
            if not known or (name is not None and " " not in name):
                errors.append(f"parcel {number} reads {name!r}")
            if number in expected and expected[number] != name:
                errors.append(f"parcel {number} is {name!r}, not {expected[number]!r}")
    if rounds % 10 == 5:
        page = app.test_client().get("/", base_url=told["settings"]["PUBLIC_URL"])
        if page.status_code != 200:
            errors.append(f"the front page answers {page.status_code}")


def main() -> None:
    global rounds  # noqa: PLW0603 (the whole program is this loop)
    app = create_app(config.load(told["settings"]))
    stopped = threading.Event()

    def listen() -> None:
        for line in sys.stdin:
            if line.strip() == "filled":
                told["filled"] = True
            else:
                break
        stopped.set()

    tell("made")
    sys.stdin.readline()
    threading.Thread(target=listen, daemon=True).start()
    with app.app_context():
        while not stopped.is_set():
            try:
                once(app, told["parcels"])
            except Exception as error:  # noqa: BLE001 (that is what is looked for)
                errors.append(f"{type(error).__name__}: {error}"[:500])
                if len(errors) > 5:
                    break
            rounds += 1
            if rounds % 2 == 0:
                tell(f"round {rounds}")
            stopped.wait(0.05)
    tell(json.dumps({"rounds": rounds, "errors": errors, "expected": expected}))


if __name__ == "__main__":
    main()
