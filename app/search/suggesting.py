"""What past topics to offer for a text that is written: one way, for the page and the bench."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.search.plans import NO_FILTERS

if TYPE_CHECKING:
    from app.search.index import Found, Index
    from app.search.plans import Filters
    from app.search.wording import Wording

# How near in meaning a topic must be to be offered though it shares no words. Of 36 English
# questions to the demo bank whose topic is Russian, 34 then find it among the first three (of 46
# across all its languages 43; by words alone 9). From 0.36 on, questions of which no topic tells
# are shown more.
NEAR: Final = 0.37
# So many of the nearest have their say; where only some topics will do, more are looked through.
_NEAREST: Final = 30
_NEAREST_BEFORE_NARROWING: Final = 400


def suggest(
    index: Index,
    text: str,
    asked: Wording,
    *,
    limit: int,
    filters: Filters = NO_FILTERS,
    but_for: int | None = None,
) -> Found:
    """The topics most like it, best first; before rights, and before what is far-fetched is cut."""
    is_narrowed = filters != NO_FILTERS or bool(asked.phrases or asked.without)
    near = index.nearest(text, _NEAREST_BEFORE_NARROWING if is_narrowed else _NEAREST)
    return index.similar(
        text, asked=asked, limit=limit, filters=filters, but_for=but_for, near=near
    )
