"""Panels: how an upper slice shows something on a lower slice's page.

Commands flow down and events flow up; so do pieces of pages. A topic's page leaves a named place,
`{{ panels("topic:after", topic=topic) }}`, and knows nobody who fills it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable

_panels: dict[str, list[tuple[int, Callable[..., str]]]] = defaultdict(list)


def panel(place: str, *, order: int = 50) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Fill `place` with what the decorated function returns (rendered HTML, or "" for nothing)."""

    def register(render: Callable[..., str]) -> Callable[..., str]:
        _panels[place].append((order, render))
        _panels[place].sort(key=lambda entry: entry[0])
        return render

    return register


def panels(place: str, **context: Any) -> Markup:
    """Everything that fills `place`, in order. Panels render templates, so they are escaped."""
    return Markup("").join(Markup(render(**context)) for _, render in _panels[place])  # noqa: S704
