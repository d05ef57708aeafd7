"""How often the widget was opened, searched, helped, asked through: by site, page and day.

Added up in the memory of each web process and written in batches (`core.tallies`). Nothing is kept
of who it was, and of a page only its path without long numbers and opaque words (`widget.pages`).
Machines are left out by whoever calls: a service knows no browser (`core.robots`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from app.core import addresses, clock
from app.core.db import add_up, session
from app.core.tallies import Tally
from app.widget.models import Site, Use
from app.widget.pages import REST, masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# So many pages of a site are told apart on a day; somebody may make up as many as they like.
PAGES: Final = 300
COUNTS: Final = ("opened", "searched", "helped", "asked")

# The site, the day, the page.
Key = tuple[int, date, str]


def count(
    site: Site, page: str, *, opened: int = 0, searched: int = 0, helped: int = 0, asked: int = 0
) -> None:
    """Somebody used the widget on a page, an address or a path; written later.

    On a page of ours staff look at what they will show: nobody's need.
    """
    if addresses.is_ours(page):
        return
    key = site.id, clock.now().date(), masked(page)
    _uses.add(key, opened=opened, searched=searched, helped=helped, asked=asked)


def _write(counts: Mapping[Key, Counter[str]]) -> None:
    ids = {site_id for site_id, _day, _page in counts}
    # A site may have gone meanwhile; the others' counts must not fall with its.
    there = set(
        session.scalars(
            select(Site.id).where(Site.id.in_(ids)).with_for_update(read=True, key_share=True)
        )
    )
    summed: defaultdict[Key, Counter[str]] = defaultdict(Counter)
    for key, counted in _told_apart({k: c for k, c in counts.items() if k[0] in there}):
        summed[key].update(counted)
    rows = [
        {"site_id": site_id, "day": day, "page": page, **{c: counted[c] for c in COUNTS}}
        for (site_id, day, page), counted in summed.items()
    ]
    if rows:
        add_up(Use, rows, COUNTS)


def _told_apart(counts: Mapping[Key, Counter[str]]) -> Iterable[tuple[Key, Counter[str]]]:
    """The same counts; pages beyond those a site may have on a day as one."""
    known: dict[tuple[int, date], set[str]] = {}
    for (site_id, day, page), counted in counts.items():
        if (site_id, day) not in known:
            known[site_id, day] = set(
                session.scalars(select(Use.page).where(Use.site_id == site_id, Use.day == day))
            )
        pages = known[site_id, day]
        kept = page if page in pages or len(pages) < PAGES else REST
        pages.add(kept)
        yield (site_id, day, kept), counted


_uses: Tally[Key] = Tally("uses of the widget", _write)
