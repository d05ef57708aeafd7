"""Signals of spam, each a small pure function: what it saw, in numbers, and what that weighs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.core import links
from app.moderation import thresholds as t
from app.moderation.watching import Watched, find

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import timedelta

# Short links say nothing of where they lead; messengers take the talk out of everybody's sight.
DENIED: Final = frozenset(
    host
    for line in (
        "bit.ly tinyurl.com goo.gl is.gd cutt.ly ow.ly rb.gy t.co shorturl.at clck.ru vk.cc u.to",
        "t.me telegram.me telegram.dog wa.me api.whatsapp.com chat.whatsapp.com viber.click",
    )
    for host in line.split()
)
LURES: Final = tuple(
    Watched(number, phrase)
    for number, phrase in enumerate(
        (
            "пиши в телеграм",
            "пишите в телеграм",
            "пиши в телеграмм",
            "пиши в телегу",
            "пишите в телегу",
            "пиши в тг",
            "пишите в тг",
            "пиши мне в телеграм",
            "пишите мне в телеграм",
            "пиши в ватсап",
            "пишите в ватсап",
            "пиши в вотсап",
            "пишите в вайбер",
            "пиши в личку",
            "пишите в личку",
            "пишите в личные сообщения",
            "мой телеграм",
            "мой тг",
            "пиши в whatsapp",
            "пишите в whatsapp",
            "пиши в telegram",
            "пишите в telegram",
            "пишіть в телеграм",
            "пиши у телеграм",
            "пишіть у телеграм",
            "пишіть у вайбер",
            "мій телеграм",
            "write me on telegram",
            "text me on whatsapp",
            "dm me",
            "message me on telegram",
            "contact me on telegram",
            "contact me on whatsapp",
        ),
        start=1,
    )
)
_PHONE: Final = re.compile(r"(?<![\w./-])\+?\d(?:[ ()\u00a0-]{0,2}\d){9,13}(?![\w-])")
_WORD: Final = re.compile("[^\\W\\d_]+(?:[\u00ad\u200b-\u200f\u2060\ufeff]+[^\\W\\d_]+)*")
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2060\ufeff]")
_ENDED: Final = re.compile("[A-Z]{2,}[а-яё]{1,5}")
_LATIN: Final = frozenset("abcdefghijklmnopqrstuvwxyz")
_LATIN_ALIKE: Final = frozenset("aceopxyikmthb")
_CYRILLIC: Final = re.compile("[а-яёіїєґ]")
_CYRILLIC_ALIKE: Final = frozenset("асеорхуікмтнв")


@dataclass(frozen=True)
class Signal:
    """`code` names it; `seen` says how much of what was seen."""

    code: str
    weight: int
    seen: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """All that the signals look at. `typed_in`: seconds; None when nobody measured it."""

    text: str
    age: timedelta
    own_hosts: Collection[str] = ()
    typed_in: float | None = None
    in_a_minute: int = 0
    same_by_them: int = 0
    # People who sent nearly the same.
    same_by_others: int = 0


def linked(seen: Seen) -> Signal | None:
    """How many links lead elsewhere, and to how many sites."""
    hosts = _hosts(seen)
    if not hosts:
        return None
    sites = len(set(hosts))
    weight = t.A_LINK + t.ANOTHER_LINK * (len(hosts) - 1) + t.ANOTHER_SITE * (sites - 1)
    return Signal("links", min(weight, t.MOST_FOR_LINKS), {"links": len(hosts), "sites": sites})


def denied(seen: Seen) -> Signal | None:
    """Links to sites on the list of those that hide who is behind them."""
    found = sorted({host for host in _hosts(seen) if host in DENIED})
    return Signal("denied_site", t.A_DENIED_SITE, {"sites": ", ".join(found)}) if found else None


def repeated(seen: Seen) -> Signal | None:
    """Nearly the same words were sent before."""
    if seen.same_by_others > 1:
        return Signal("repeated", t.BY_OTHERS, {"people": seen.same_by_others})
    if seen.same_by_others:
        return Signal("repeated", t.BY_ANOTHER, {"people": seen.same_by_others})
    if seen.same_by_them >= t.FEWEST_BY_THEMSELVES:
        return Signal("said_again", t.BY_THEMSELVES, {"times": seen.same_by_them})
    return None


def too_fast(seen: Seen) -> Signal | None:
    """Sent sooner than anybody can type."""
    if seen.typed_in is None or len(seen.text) < t.FEWEST_TYPED or seen.typed_in > t.TYPED_WITHIN:
        return None
    return Signal("fast", t.TOO_FAST, {"seconds": f"{seen.typed_in:.1f}"})


def too_many(seen: Seen) -> Signal | None:
    """One text after the other."""
    if seen.in_a_minute < t.MOST_A_MINUTE:
        return None
    return Signal("many", t.TOO_MANY, {"texts": seen.in_a_minute})


def young(seen: Seen) -> Signal | None:
    """The account was made today."""
    if seen.age >= t.YOUNG:
        return None
    return Signal("young", t.JUST_CAME, {"hours": int(seen.age.total_seconds() // 3600)})


def mixed(seen: Seen) -> Signal | None:
    """Words that look like others: an а in Bank, an o in деньги, a character nobody sees."""
    found = [word for word in _WORD.findall(seen.text) if _is_mixed(word)]
    if not found:
        return None
    weight = min(t.A_MIXED_WORD * len(found), t.MOST_FOR_MIXED)
    return Signal("mixed", weight, {"words": ", ".join(found[:3])})


def shouting(seen: Seen) -> Signal | None:
    """Capitals throughout."""
    letters = [c for c in seen.text if c.isalpha() and c.upper() != c.lower()]
    if len(letters) < t.FEWEST_LETTERS:
        return None
    share = sum(c.isupper() for c in letters) / len(letters)
    if share < t.MOST_CAPITALS:
        return None
    return Signal("shouting", t.SHOUTING, {"percent": round(100 * share)})


def luring(seen: Seen) -> Signal | None:
    """Calls to where nobody else reads along."""
    found = find(seen.text, LURES)
    if found:
        return Signal("lure", t.A_LURE, {"words": seen.text[found[0].start : found[0].end]})
    phones = len(_PHONE.findall(seen.text))
    return Signal("phone", t.A_PHONE, {"numbers": phones}) if phones else None


EVERYTHING: Final[tuple[Callable[[Seen], Signal | None], ...]] = (
    linked, denied, repeated, too_fast, too_many, young, mixed, shouting, luring,
)  # fmt: skip
OF_KNOWN_PEOPLE: Final = (repeated, too_many)


def signals(seen: Seen, *, is_known: bool = False) -> list[Signal]:
    """What there is to say of a text, the gravest first."""
    asked = OF_KNOWN_PEOPLE if is_known else EVERYTHING
    found = [signal for ask in asked if (signal := ask(seen)) is not None]
    return sorted(found, key=lambda signal: -signal.weight)


def _hosts(seen: Seen) -> list[str]:
    """The other sites that a text leads to, once for each link."""
    hosts = []
    for _start, _end, address in links.bare_links(seen.text):
        try:
            host = (urlsplit(address).hostname or "").removeprefix("www.")
        except ValueError:  # [ begins an address that is none
            host = address
        if host and host not in seen.own_hosts:
            hosts.append(host)
    return hosts


def _is_mixed(word: str) -> bool:
    if _INVISIBLE.search(word):
        return True
    # ATMа is an abbreviation with a Russian ending.
    if _ENDED.fullmatch(word):
        return False
    letters = word.casefold()
    latin = [c for c in letters if c in _LATIN]
    cyrillic = _CYRILLIC.findall(letters)
    if not latin or not cyrillic:
        return False
    # PINкод mixes honestly: what imitates uses only the letters that look alike.
    return _LATIN_ALIKE.issuperset(latin) or _CYRILLIC_ALIKE.issuperset(cyrillic)
