"""Random lives of a topic, where and when clocks change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.sla.engine.naive import DAY, Happening, Hours, Rules, Story

# A zone and a UTC day shortly before its wall clocks do something strange.
PLACES = {
    "kyiv-spring": ("Europe/Kyiv", date(2026, 3, 27)),
    "kyiv-autumn": ("Europe/Kyiv", date(2026, 10, 23)),
    "new-york-spring": ("America/New_York", date(2026, 3, 6)),
    "new-york-autumn": ("America/New_York", date(2026, 10, 30)),
    "lord-howe-by-half-an-hour": ("Australia/Lord_Howe", date(2026, 10, 2)),
    "lord-howe-back": ("Australia/Lord_Howe", date(2026, 4, 3)),
    "casablanca-ramadan-begins": ("Africa/Casablanca", date(2026, 2, 13)),
    "casablanca-ramadan-ends": ("Africa/Casablanca", date(2026, 3, 20)),
    "sao-paulo-without-a-midnight": ("America/Sao_Paulo", date(2018, 11, 2)),
    "sao-paulo-with-two": ("America/Sao_Paulo", date(2018, 2, 16)),
    "kolkata": ("Asia/Kolkata", date(2026, 8, 13)),
    "apia-without-a-friday": ("Pacific/Apia", date(2011, 12, 28)),
    "apia-back": ("Pacific/Apia", date(2012, 3, 30)),
}
ROUND = 15
ZONES = sorted({zone for zone, _base in PLACES.values()})
UNDONE = {
    "answer_retracted": "official_answer",
    "answer_restored": "answer_retracted",
    "unmerged": "merged_into",
    "no_reply_disputed": "no_reply_needed",
}
TYPES = (
    *("customer_post", "official_answer") * 9,
    *("clarification", "transfer", "removed", "restored", "no_reply_needed") * 4,
    *("answer_retracted", "no_reply_disputed", "calendar_changed", "tighten_open") * 2,
    *("answer_restored", "merged_into", "unmerged", "unmerged", "resolved"),
    *("policy_changed", "holding", "customer_other_post"),
)


def wild_stories(place: tuple[str, date]) -> st.SearchStrategy[Story]:
    """Each from a seed of its own: no two alike."""
    return st.randoms(use_true_random=True).map(lambda random: story(random, *place))


def stories(place: tuple[str, date]) -> st.SearchStrategy[Story]:
    """Each choice is one of Hypothesis, which makes a case that fails as small as can be."""
    return st.randoms(use_true_random=False).map(lambda random: story(random, *place))


def story(random: Random, zone: str, base: date) -> Story:
    topics = [
        rules(random, calendar(random, where, base)) for where in (zone, random.choice(ZONES))
    ]
    in_force, minute = topics[0], random.randint(0, 2 * DAY // ROUND) * ROUND
    told = [Happening(minute, "opened", rules=in_force)]
    types = random.choice(((), ("official_answer", "customer_post"), ("official_answer",)))
    seq = 1
    for number, type_ in enumerate((*types, *random.choices(TYPES, k=random.randint(0, 12)))):
        minute += random.choice((random.randint(0, 60) * ROUND, random.randint(0, 200)))
        said: dict[str, Any] = {"id": f"{type_}{number}"}
        if type_ == "customer_post":
            seq += 1
            said["seq"] = random.choice((seq, seq, seq, None))
        elif type_ in {"official_answer", "clarification", "holding"}:
            missed = random.choice((None, 0, 0, 1, 2))
            said["seen_seq"] = None if missed is None else max(seq - missed, 1)
            seq += 1
            said["seq"] = seq
        elif type_ == "transfer":
            in_force = random.choice(topics)
        elif type_ == "calendar_changed":
            changed = replace(in_force.hours, dates=exceptions(random, base))
            in_force = replace(in_force, hours=changed)
        elif type_ == "policy_changed":
            in_force = rules(random, in_force.hours)
        elif type_ == "tighten_open":
            in_force = replace(in_force, first=in_force.first // 2, next=in_force.next // 2)
            said["grace"] = random.choice((0, 45, 200))
        elif type_ in UNDONE:
            named = [each.id for each in told if each.type == UNDONE[type_]]
            said["ref"] = random.choice((None, *named))
        told.append(Happening(minute, type_, **said, rules=in_force))
    # Not always after all of it: what lies ahead must not count yet.
    now = minute + random.randint(-20, 60) * ROUND
    return Story(base, tuple(told), max(told[0].minute, now))


def rules(random: Random, hours: Hours) -> Rules:
    return Rules(
        hours,
        first=span(random),
        next=span(random),
        resolution=random.choice((None, span(random))),
        risk=random.choice((80, 50, 75, 93, 100)),
        asks_back=random.choice((True, True, True, True, False)),
        pauses=random.randint(0, 2),
        floor=random.choice((0, 0, 30, 240)),
        holding=random.choice((True, False)),
    )


def span(random: Random) -> int:
    return random.choice((random.randint(1, 48) * ROUND, random.randint(0, 700)))


def calendar(random: Random, zone: str, base: date) -> Hours:
    if random.randint(0, 5) == 0:
        return Hours(zone)
    opens = random.randint(0, 18) * 60
    long = ((opens, min(opens + random.randint(5, 24) * 60, DAY)),)
    week = [random.choice((long, long, day(random))) for _ in range(7)]
    week[2] = week[6] = long  # so that every target is reached within a few weeks
    return Hours(zone, tuple(week), exceptions(random, base))


def exceptions(random: Random, base: date) -> tuple[tuple[date, Any], ...]:
    days = sorted({random.randint(-1, 6) for _ in range(random.randint(0, 3))})
    return tuple((base + timedelta(days=ahead), day(random)) for ahead in days)


def day(random: Random) -> tuple[tuple[int, int], ...]:
    """The hours of a day: none, several, some that touch, some until 24:00."""
    marks = sorted(random.randint(0, DAY // ROUND) * ROUND for _ in range(random.randint(0, 6)))
    marks = [DAY if mark > DAY - 3 * ROUND else mark for mark in marks]
    return tuple((a, b) for a, b in zip(marks[::2], marks[1::2], strict=False) if a < b)
