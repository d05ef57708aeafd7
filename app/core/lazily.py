"""Libraries that few requests need, loaded at the first use instead of at every start.

    if TYPE_CHECKING:
        import coloraide
    else:
        coloraide = lazily("coloraide")

Otklik knows some forty libraries and a page needs ten of them: the others made most of its start
and much of its memory. The first branch is what mypy and import-linter read, so types and doors are
watched as ever; the second is what runs. It turns no arrow: it is for libraries, and for the two
doors that are made of one through and through (a search engine, the Markdown parser), never for a
module of ours that would not fit into the order of the house.

Ask nothing of it while a module is loaded (a constant, a base class, a default), or it is loaded
too: tests/architecture/test_startup.py names whatever comes back.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Later(ModuleType):
    """Stands for a module; whatever is asked of it, or set in it, is the module's own."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_loaded(self.__name__), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(_loaded(self.__name__), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_loaded(self.__name__), name)


def lazily(name: str) -> Any:
    """The module of this name, loaded when something is first asked of it."""
    return sys.modules.get(name) or _Later(name)


@contextmanager
def without(name: str) -> Iterator[None]:
    """For loading a library that takes along another one which it can do without, and so do we."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # what the import system calls missing
    try:
        yield
    finally:
        del sys.modules[name]


def _loaded(name: str) -> ModuleType:
    # Always by the import system: it knows whether another thread is still loading it.
    return import_module(name)
