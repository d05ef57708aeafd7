"""A plot of costs against sizes as SVG, readable on light and on dark pages."""

from __future__ import annotations

import math
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 56, 220, 40, 44
# Told apart by light and dark eyes alike, and by those who see few colours.
COLOURS = ("#3b82c4", "#d97706", "#0f9d77", "#c2498c", "#8b6cd9", "#7a8a1f")
SHOWN = (
    "front, recent",
    "front, recent, last page",
    "category, recent",
    "topic",
    "desk of the whole bank",
    "staff board",
)


def plot(costs: Mapping[str, Mapping[int, float]]) -> str:
    """Milliseconds by topics: those of SHOWN in colour, all others in grey behind them."""
    sizes = sorted({size for line in costs.values() for size in line})
    top = _round_up(max(cost for line in costs.values() for cost in line.values()))

    def x(size: int) -> float:
        span = math.log10(sizes[-1]) - math.log10(sizes[0]) or 1
        return LEFT + (math.log10(size) - math.log10(sizes[0])) / span * (WIDTH - LEFT - RIGHT)

    def y(cost: float) -> float:
        return HEIGHT - BOTTOM - cost / top * (HEIGHT - TOP - BOTTOM)

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        '<g font-family="system-ui, sans-serif" font-size="12" fill="#808080">',
        "<title>Processor time a request by the number of topics</title>",
        f'<text x="{LEFT}" y="20">Processor time a request, ms (web process and database)</text>',
    ]
    for step in range(5):
        cost = top * step / 4
        ends = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(cost):.1f}" y2="{y(cost):.1f}"'
        drawn += [
            f'<line {ends} stroke="#808080" stroke-opacity=".25"/>',
            f'<text x="{LEFT - 8}" y="{y(cost) + 4:.1f}" text-anchor="end">{cost:g}</text>',
        ]
    for size in sizes:
        place = f'x="{x(size):.1f}" y="{HEIGHT - BOTTOM + 20}"'
        drawn.append(f'<text {place} text-anchor="middle">{size:,}</text>')
    drawn.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">'
        "topics, with four posts each</text>"
    )
    drawn += [_line(costs[name], x, y, "#808080", 0.3) for name in costs if name not in SHOWN]
    named = [name for name in SHOWN if name in costs]
    labels = _apart([y(costs[name][max(costs[name])]) for name in named])
    for name, colour, at in zip(named, COLOURS, labels, strict=False):
        drawn.append(_line(costs[name], x, y, colour, 1))
        end = f'x="{WIDTH - RIGHT + 10}" y="{at + 4:.1f}"'
        drawn.append(f'<text {end} fill="{colour}">{escape(name)}</text>')
    return "\n".join([*drawn, "</g>", "</svg>", ""])


def _line(costs: Mapping[int, float], x: object, y: object, colour: str, opacity: float) -> str:
    points = " ".join(f"{x(size):.1f},{y(cost):.1f}" for size, cost in sorted(costs.items()))  # type: ignore[operator]
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"'
        f' stroke-opacity="{opacity:g}"/>'
    )


def _apart(places: list[float], least: float = 16) -> list[float]:
    """Labels that stand no nearer to one another than a line of text."""
    moved = list(places)
    order = sorted(range(len(places)), key=lambda i: places[i])
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    return moved


def _round_up(number: float) -> float:
    power = 10 ** math.floor(math.log10(max(number, 1)))
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= number)
