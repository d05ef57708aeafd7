"""When Python looks for garbage: not while a process is loaded, and seldom while it serves.

Most of what a request leaves goes with its last reference. What refers to itself has to be looked
for, and by default that is done each time 700 objects more are there than before, that is several
times a page. What is there once everything is loaded stays for good: it is not looked at again,
and stays shared with whatever is forked from this process.

    garbage.hold_off()
    from app.factory import create_app
    app = create_app()
    garbage.settle()

Only `gc` is imported here, for this comes before everything else.
"""

import gc
from typing import Final

# Objects more than before until the youngest are looked through: those of some pages, or a few MB.
YOUNG: Final = 10_000


def hold_off() -> None:
    """Look for none: while modules are loaded nothing becomes garbage, and looking took a fifth."""
    gc.disable()


def settle() -> None:
    """What is here stays; look for garbage among what comes after. May be called again."""
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
    gc.enable()
