"""Pages for readers who are not signed in, given before Flask is asked (docs/decisions/0017).

A route says that its page may be kept, and which query parameters it knows:

    @door.get("/categories/<slug>", may=…, on=…, keeps=("view", "cursor"))

The page is made once and given to everybody who asks for the same in the same language, already
compressed, until anything public is written (`versions`), half a minute is over, or what it shows
changes by itself. While it is made it may say so:

    pagecache.until(due_at)              # what it shows is another thing from then on
    pagecache.rests_on("search.index")   # and from when this changes, which no commit tells
    pagecache.never()                    # it shows something that is for one reader only
    pagecache.note(words="карта")        # comes back to whoever counts who reads it:

    @pagecache.on_hit
    def count(hit: Hit) -> None: ...     # every time it is given without Flask; no database here
"""

from app.core.pagecache.counting import Hit, on_hit
from app.core.pagecache.door import PageCache, init
from app.core.pagecache.making import (
    control,
    is_at_hand,
    never,
    note,
    rests_on,
    state,
    until,
)

__all__ = [
    "Hit",
    "PageCache",
    "control",
    "init",
    "is_at_hand",
    "never",
    "note",
    "on_hit",
    "rests_on",
    "state",
    "until",
]
