"""Random lives of a topic, where and when clocks change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
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
TYPES = (
    *("customer_post", "official_answer") * 9,
    *("clarification", "transfer", "removed", "restored", "no_reply_needed") * 4,
    *("answer_retracted", "no_reply_disputed", "calendar_changed", "tighten_open") * 2,
    *("answer_restored", "merged_into", "unmerged", "unmerged", "resolved"),
    *("policy_changed", "holding", "customer_other_post"),
)


# Strategies are dear to make, so each is made once.
MARKS = st.lists(st.integers(0, DAY // ROUND), max_size=6)
ANY_TYPE = st.sampled_from(TYPES)
ZONES = st.sampled_from(sorted({zone for zone, _base in PLACES.values()}))
SPAN = st.integers(1, 48).map(lambda n: n * ROUND) | st.integers(0, 700)
GAP = st.integers(0, 60).map(lambda n: n * ROUND) | st.integers(0, 200)
RULES = st.fixed_dictionaries(
    {
        "first": SPAN,
        "next": SPAN,
        "resolution": st.none() | SPAN,
        "risk": st.sampled_from((80, 50, 75, 93, 100)),
        "asks_back": st.sampled_from((True, True, True, True, False)),
        "pauses": st.integers(0, 2),
        "floor": st.sampled_from((0, 0, 30, 240)),
        "holding": st.booleans(),
    }
)
POST_SEEN = st.sampled_from((True, True, True, False))
POSTS_MISSED = st.sampled_from((None, 0, 0, 1, 2))
GRACE = st.sampled_from((0, 45, 200))
ONE_IN_SIX = st.sampled_from((False, False, False, False, False, True))
MANY = st.integers(0, 12)
TWO_IN_THREE = st.sampled_from((False, True, True))
START = st.integers(0, 2 * DAY // ROUND).map(lambda n: n * ROUND)
LATER = st.integers(-20, 60).map(lambda n: n * ROUND)


def hours(marks: list[int]) -> tuple[tuple[int, int], ...]:
    """The hours of a day: none, several, some that touch, some until 24:00."""
    marks = sorted(marks)
    pairs = zip(marks[::2], marks[1::2], strict=False)
    return tuple((a * ROUND, b * ROUND) for a, b in pairs if a < b)


def long_day(opens: int, lasts: int) -> tuple[tuple[int, int], ...]:
    return ((opens * 60, min((opens + lasts) * 60, DAY)),)


DAYS = MARKS.map(hours)
LONG_DAYS = st.builds(long_day, st.integers(0, 18), st.integers(5, 24))
WEEK = st.lists(TWO_IN_THREE, min_size=7, max_size=7)
EXCEPTIONS = st.dictionaries(st.integers(-1, 6), DAYS, max_size=3)


def calendar(draw: st.DrawFn, zone: str, base: date) -> Hours:
    if draw(ONE_IN_SIX):
        return Hours(zone)
    long, other = draw(LONG_DAYS), draw(DAYS)
    week = [long if lasts else other for lasts in draw(WEEK)]
    week[2] = week[6] = long  # so that every target is reached within a few weeks
    return Hours(zone, tuple(week), exceptions(draw, base))


def exceptions(draw: st.DrawFn, base: date) -> Any:
    some = draw(EXCEPTIONS)
    return tuple((base + timedelta(days=ahead), hours) for ahead, hours in sorted(some.items()))


@st.composite
def stories(draw: st.DrawFn, place: tuple[str, date]) -> Story:
    zone, base = place
    topics = [Rules(calendar(draw, where, base), **draw(RULES)) for where in (zone, draw(ZONES))]
    in_force, minute = topics[0], draw(START)
    told = [Happening(minute, "opened", rules=in_force)]
    seq = 1
    many = draw(MANY)
    types = [draw(ANY_TYPE) for _ in range(many)]
    if draw(TWO_IN_THREE):
        types = ["official_answer", "customer_post", *types]
    for number, type_ in enumerate(types):
        minute += draw(GAP)
        said: dict[str, Any] = {"id": f"{type_}{number}"}
        if type_ == "customer_post":
            seq += 1
            said["seq"] = seq if draw(POST_SEEN) else None
        elif type_ in {"official_answer", "clarification", "holding"}:
            missed = draw(POSTS_MISSED)
            said["seen_seq"] = None if missed is None else max(seq - missed, 1)
            seq += 1
            said["seq"] = seq
        elif type_ == "transfer":
            in_force = topics[draw(st.integers(0, 1))]
        elif type_ == "calendar_changed":
            changed = replace(in_force.hours, dates=exceptions(draw, base))
            in_force = replace(in_force, hours=changed)
        elif type_ == "policy_changed":
            in_force = Rules(in_force.hours, **draw(RULES))
        elif type_ == "tighten_open":
            in_force = replace(in_force, first=in_force.first // 2, next=in_force.next // 2)
            said["grace"] = draw(GRACE)
        elif type_ in {"answer_retracted", "answer_restored", "unmerged", "no_reply_disputed"}:
            said["ref"] = _aim(draw, told, type_)
        told.append(Happening(minute, type_, **said, rules=in_force))
    # Not always after all of it: what lies ahead must not count yet.
    return Story(base, tuple(told), max(told[0].minute, minute + draw(LATER)))


def _aim(draw: st.DrawFn, told: list[Happening], type_: str) -> str | None:
    aims = {
        "answer_retracted": "official_answer",
        "answer_restored": "answer_retracted",
        "unmerged": "merged_into",
        "no_reply_disputed": "no_reply_needed",
    }
    named = [said.id for said in told if said.type == aims[type_]]
    return draw(st.sampled_from([None, *named]))
