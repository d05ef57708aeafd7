"""What the operators of a query ask for, by the categories and people there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from app.accounts import queries as accounts
from app.search import analysis
from app.topics import queries as topics
from app.topics.models import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.search.index import Filters
    from app.search.wording import Wording
    from app.topics.models import Category

# What people may call a kind or a state; any form of the word will do.
_KINDS: Final = {
    "question": "question вопрос питання запитання",
    "idea": "idea идея предложение ідея пропозиція",
    "problem": "problem проблема",
    "praise": "praise thanks благодарность спасибо подяка",
}
_STATES: Final = {
    "waiting": "waiting ждет ожидает чекає",
    "answered": "answered отвечен ответ відповідь відповіли",
    "solved": "solved решено решен вирішено вирішене",
    "reopened": "reopened",
    "new": "new новая нова",
    "under_consideration": "considered рассматривается розглядається",
    "planned": "planned запланировано заплановано",
    "done": "done сделано зроблено",
    "declined": "declined отклонено відхилено",
}
_MOST_PEOPLE: Final = 50


def narrowed(wording: Wording, filters: Filters) -> tuple[Filters, list[str]]:
    """The filters with what the operators ask for besides; and what of that nobody understands.

    Of two operators of one name either will do; of what was chosen before, only what both allow.
    """
    unknown = []
    for name, value in wording.operators:
        asked = _ASKED[name](filters, value)
        if asked is None:
            unknown.append(f"{name}:{value}")
        else:
            filters = asked
    return filters, unknown


def _category(filters: Filters, value: str) -> Filters | None:
    wanted = analysis.fold(value)
    found = [c.id for c in topics.categories() if _is_named(c, wanted)]
    return replace(filters, category_ids=filters.category_ids | set(found)) if found else None


def _is_named(category: Category, wanted: str) -> bool:
    names = [category.slug, analysis.fold(category.name)]
    names += [analysis.fold(word) for word in analysis.split(category.name)]
    return any(name.startswith(wanted) for name in names)


def _kind(filters: Filters, value: str) -> Filters | None:
    found = {value.lower()} & set(KINDS) or set(_called(value, _KINDS))
    return replace(filters, kinds=filters.kinds | found) if found else None


def _state(filters: Filters, value: str) -> Filters | None:
    found = {value.lower()} & _STATES.keys() or set(_called(value, _STATES))
    return replace(filters, states=filters.states | found) if found else None


def _called(value: str, known: dict[str, str]) -> Iterable[str]:
    asked = set(analysis.keys(value))
    for name, words in known.items():
        if any(not asked.isdisjoint(analysis.keys(word)) for word in words.split()):
            yield name


def _tag(filters: Filters, value: str) -> Filters | None:
    return replace(filters, tags=filters.tags | {value.casefold()})


def _by(filters: Filters, value: str) -> Filters | None:
    found = accounts.named(value, limit=_MOST_PEOPLE)
    return replace(filters, people=filters.people | set(found)) if found else None


def _before(filters: Filters, value: str) -> Filters | None:
    day = _day(value)
    return None if day is None else replace(filters, before=min(day, filters.before or day))


def _after(filters: Filters, value: str) -> Filters | None:
    day = _day(value)
    return None if day is None else replace(filters, since=max(day, filters.since or day))


def _day(value: str) -> date | None:
    """2026-05-31, 31.05.2026, 05.2026, 2026-05 or 2026; of a month or a year its first day."""
    parts = value.split(".")[::-1] if "." in value else value.split("-")
    numbers = [int(part) for part in parts if part.isascii() and part.isdecimal()]
    if len(numbers) != len(parts) or not 1 <= len(parts) <= 3:  # noqa: PLR2004 (a date's parts)
        return None
    try:
        return date(*[*numbers, 1, 1][:3])
    except (ValueError, OverflowError):
        return None


_ASKED: Final = {
    "category": _category,
    "kind": _kind,
    "state": _state,
    "tag": _tag,
    "by": _by,
    "before": _before,
    "after": _after,
}
