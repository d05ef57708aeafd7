"""Is everything well? Each check looks at one thing and says what to do when it is wrong.

`flask doctor` prints them all; `/readyz` asks the quick ones, and fails when a vital one does.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import current_app
from sqlalchemy import func, select, text

from app.accounts.outside import discovery, providers
from app.accounts.outside.asking import ProviderError
from app.core import clock, deliveries, files, heartbeat, mail, schema, verifying
from app.core.db import db, session
from app.core.pagecache.versions import read_version
from app.search.service import keeping as search
from app.sla.engine.calendars import tzdata_version
from app.sla.queries import people, promises
from app.topics import queries as topics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BEAT = timedelta(minutes=1)
BACKLOG = timedelta(minutes=5)
# The scheduler of promises: its rounds, and what it should have looked at.
ROUND = timedelta(minutes=3)
UNNOTICED = timedelta(minutes=5)
# A replica that is a few seconds behind is at work; beyond that nobody is given a page from it.
LAGGING = timedelta(seconds=10)
SKEW = timedelta(seconds=2)
# Topics the index may lack without being called behind; beyond that, two in a hundred.
BEHIND = 20
# From so many topics on a search by Whoosh takes a tenth of a second and more: bench/search.py.
OUTGROWN = 20_000
# Every worker looks twice a second what the index of its machine has to be told.
UNFOLLOWED = timedelta(minutes=1)
SECRET = 32
DISK = 500 * 1024 * 1024
EXAMPLES = ("changeme", "change-me", "secret", "example", "dev", "password")


@dataclass(frozen=True)
class Finding:
    """What a check saw; `advice` is the one sentence to act on when it is not `ok`."""

    ok: bool
    words: str
    advice: str = ""


@dataclass(frozen=True)
class Check:
    """`vital`: a probe must fail. `quick`: a probe may ask every few seconds."""

    name: str
    look: Callable[[Mapping[str, Any]], Finding]
    vital: bool = False
    quick: bool = True
    in_database: bool = True


def examine(
    settings: Mapping[str, Any], *, probing: bool = False
) -> Iterator[tuple[Check, Finding]]:
    """Run the checks one after another; one that fails to run has found something wrong."""
    reachable = True
    for check in CHECKS:
        if probing and not check.quick:
            continue
        if check.in_database and not reachable:
            yield check, _wrong("not looked at: no database", "Repair the database first.")
            continue
        try:
            found = check.look(settings)
        except Exception as error:  # noqa: BLE001 (whatever is wrong is what we are looking for)
            session.rollback()
            found = _wrong(_first_line(error), ADVICE.get(check.name, ""))
        if check.name == "database":
            reachable = found.ok
        yield check, found


def _well(words: str) -> Finding:
    return Finding(ok=True, words=words)


def _judged(ok: bool, words: str, name: str) -> Finding:  # noqa: FBT001 (read as a sentence)
    return _well(words) if ok else _wrong(words, ADVICE[name])


def _wrong(words: str, advice: str) -> Finding:
    return Finding(ok=False, words=words, advice=advice)


def _database(_settings: Mapping[str, Any]) -> Finding:
    session.execute(text("select 1"))
    return _well(f"{db.engine.dialect.name} answers")


def _replica(settings: Mapping[str, Any]) -> Finding:
    """Pages for everybody are read there, when it is as far as the primary."""
    replica = current_app.extensions.get("otklik.replica")
    if replica is None:
        named = "named, and not used: no pages are kept" if settings["DATABASE_REPLICA_URL"] else ""
        return _well(named or "none is asked for")
    standing = replica.standing(read_version(session.connection()))
    if not standing.is_behind:
        return _well("answers, and is as far as the primary")
    since = timedelta.max if standing.seconds is None else timedelta(seconds=standing.seconds)
    words = "behind" if standing.seconds is None else f"behind since {_span(since)}"
    return _judged(since < LAGGING, words, "replica")


def _migrations(_settings: Mapping[str, Any]) -> Finding:
    found = schema.standing()
    return Finding(found.fits, found.words, found.advice)


def _index(_settings: Mapping[str, Any]) -> Finding:
    index = search.standing()
    if index.held is None:
        return _wrong("there is none that can be read", ADVICE["index"])
    words = f"holds {index.held} of {index.wanted} topics, {index.waiting} on the way"
    if index.waiting and index.looked_at is not None:
        ago = clock.now() - index.looked_at
        if ago > UNFOLLOWED:
            return _wrong(f"{words} since {_span(ago)}", ADVICE["unfollowed"])
    near = abs(index.wanted - index.held) <= index.waiting + max(BEHIND, index.wanted // 50)
    return _judged(near, words, "index")


def _engine(settings: Mapping[str, Any]) -> Finding:
    """Whoosh walks in Python what Tantivy walks in machine code."""
    name, held = settings["SEARCH_ENGINE"], search.count() or 0
    outgrown = name == "whoosh" and held > OUTGROWN
    return _judged(not outgrown, f"{name}, {held} topics", "search engine")


def _worker(_settings: Mapping[str, Any]) -> Finding:
    last = heartbeat.last_beat()
    if last is None:
        return _wrong("has never run", ADVICE["worker"])
    ago = clock.now() - last
    return _judged(ago < BEAT, f"last beat {_span(ago)} ago", "worker")


def _scheduler(_settings: Mapping[str, Any]) -> Finding:
    last = promises.last_tick()
    if last is None:
        return _wrong("has never gone its rounds", ADVICE["scheduler"])
    ago = clock.now() - last.at
    if promises.letters_are_held():
        return _wrong("holds its letters: the clock has jumped", ADVICE["clock jump"])
    oldest = promises.oldest_unnoticed()
    lag = max(clock.now() - oldest, timedelta(0)) if oldest else timedelta(0)
    words = f"last round {_span(ago)} ago, the oldest unnoticed is due since {_span(lag)}"
    return _judged(ago < ROUND and lag < UNNOTICED, words, "scheduler")


def _replayed(_settings: Mapping[str, Any]) -> Finding:
    last = promises.last_check()
    if last is None:
        return _well("not replayed yet")
    ago = _span(clock.now() - last.at)
    return _judged(not last.held, f"replayed {ago} ago, tzdata {tzdata_version()}", "promises")


def _record(_settings: Mapping[str, Any]) -> Finding:
    last = verifying.last_check()
    if last is None:
        return _well("not looked over yet")
    ago = _span(clock.now() - last.at)
    first = f", the first is entry {last.first_seq}" if last.first_seq else ""
    wrong = f"{last.problems} wrong{first}; " if last.problems else ""
    return _judged(
        not last.problems, f"{wrong}{last.entries} entries looked over {ago} ago", "record"
    )


def _dead_deliveries(_settings: Mapping[str, Any]) -> Finding:
    dead = deliveries.count("dead")
    return _judged(dead == 0, f"{dead} dead", "dead deliveries")


def _waiting_deliveries(_settings: Mapping[str, Any]) -> Finding:
    oldest = deliveries.oldest_pending()
    ago = clock.now() - oldest if oldest else timedelta(0)
    if ago <= timedelta(0):
        return _well("nothing is due")
    return _judged(ago < BACKLOG, f"the oldest is due since {_span(ago)}", "worker")


def _owners(_settings: Mapping[str, Any]) -> Finding:
    categories = topics.categories()
    today = people.acting_in(categories)
    alone = [c.slug for c in categories if not today[c.id].is_there]
    if alone:
        return _wrong(f"nobody answers today in: {', '.join(alone)}", ADVICE["owners"])
    fallen = [c.slug for c in categories if today[c.id].role == "manager"]
    if fallen:
        return _well(f"left to the community manager today: {', '.join(fallen)}")
    return _well("every category has somebody who answers")


def _clock(_settings: Mapping[str, Any]) -> Finding:
    dialect = db.engine.dialect.name
    asked = (
        func.clock_timestamp()
        if dialect == "postgresql"
        else func.strftime("%Y-%m-%dT%H:%M:%f", "now")
    )
    theirs = session.execute(select(asked)).scalar_one()
    if isinstance(theirs, str):
        theirs = datetime.fromisoformat(theirs).replace(tzinfo=UTC)
    apart = abs(clock.now() - theirs)
    return _judged(apart < SKEW, f"the database's is {apart.total_seconds():.1f} s off", "clock")


def _mail(_settings: Mapping[str, Any]) -> Finding:
    return _well(f"letters go to {mail.check()}")


def _files(_settings: Mapping[str, Any]) -> Finding:
    return _well(f"{files.look()} answers")


def _kept(_settings: Mapping[str, Any]) -> Finding:
    files.try_out()
    return _well("what is written can be read and deleted")


def _providers(_settings: Mapping[str, Any]) -> Finding:
    """Each is asked who it is, as a person who signs in would have it asked."""
    wrong = []
    for provider in providers.known():
        try:
            discovery.metadata(provider)
            discovery.keys(provider)
        except ProviderError as error:
            wrong.append(str(error))
    if wrong:
        return _wrong("; ".join(wrong), ADVICE["sign-in providers"])
    named = ", ".join(f"{p.key} ({p.audience})" for p in providers.known())
    return _well(named or "none is asked for")


def _secret(settings: Mapping[str, Any]) -> Finding:
    secret = str(settings["SECRET_KEY"])
    weak = len(secret) < SECRET or len(set(secret)) < SECRET // 4
    known = any(word in secret.lower() for word in EXAMPLES) and len(secret) < 2 * SECRET
    if weak or known:
        return _wrong("short or guessable", ADVICE["secret"])
    return _well(f"{len(secret)} characters")


def _disk(settings: Mapping[str, Any]) -> Finding:
    folder = Path(settings["INSTANCE_PATH"])
    free = shutil.disk_usage(folder).free
    return _judged(free > DISK, f"{free / 1024**3:.1f} GB free in {folder}", "disk")


ADVICE = {
    "database": "Start the database, or correct DATABASE_URL.",
    "replica": "Start the replica, correct DATABASE_REPLICA_URL, or see why it does not keep up;"
    " the primary makes all pages meanwhile.",
    "migrations": "Look at `flask database status`.",
    "index": "Let the worker run: it makes the index whole again from the database by itself.",
    "search engine": "The community has outgrown Whoosh: set SEARCH_ENGINE=tantivy and start web"
    " and worker again; the worker makes the new index.",
    "unfollowed": "Start `flask worker` on this machine too: its index is its own.",
    "worker": "Start `flask worker` (./bin/run does it by itself) and read its log.",
    "scheduler": "Start `flask worker` and read its log: nobody is reminded meanwhile.",
    "clock jump": "Let the machine take its time from NTP; letters go on after two steady rounds.",
    "promises": "Run `flask sla verify`; after looking at it, `flask sla verify --repair`.",
    "record": "Run `flask archive verify`, tell compliance, and compare with a backup.",
    "dead deliveries": "Read `flask deliveries --dead`, repair, then add `--replay all`.",
    "owners": "Name an owner or a deputy in Manage, Categories, or end an absence in Absences.",
    "clock": "Let both machines take their time from NTP.",
    "mail": "Correct MAIL_URL, or let this machine reach the mail server.",
    "files": "Mount the folder, start the storage, or correct FILES_URL and the AWS_… variables.",
    "files kept": "Let the storage of FILES_URL take, give back and delete files.",
    "sign-in providers": "Compare the file of SIGN_IN_PROVIDERS with what the provider publishes at"
    " its issuer's /.well-known/openid-configuration; private_network = true for an inner address.",
    "secret": "Put `openssl rand -base64 48` into SECRET_KEY (everybody will sign in again).",
    "disk": "Free some space, or move INSTANCE_PATH to a larger disk.",
}

CHECKS = (
    Check("database", _database, vital=True),
    Check("migrations", _migrations, vital=True),
    Check("replica", _replica),
    Check("index", _index),
    Check("search engine", _engine, quick=False),
    Check("worker", _worker),
    # A promise nobody watches is worth an alarm of its own: probes fail, pages go on.
    Check("scheduler", _scheduler, vital=True),
    Check("promises", _replayed),
    Check("record", _record),
    Check("dead deliveries", _dead_deliveries),
    Check("waiting deliveries", _waiting_deliveries),
    Check("owners", _owners),
    Check("clock", _clock),
    Check("mail", _mail, quick=False, in_database=False),
    Check("files", _files, in_database=False),
    Check("files kept", _kept, quick=False, in_database=False),
    Check("sign-in providers", _providers, quick=False, in_database=False),
    Check("secret", _secret, vital=True, in_database=False),
    Check("disk", _disk, in_database=False),
)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 120:  # noqa: PLR2004 (two minutes are still told in seconds)
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"  # noqa: PLR2004
