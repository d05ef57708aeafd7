"""The only door to coloraide: what one colour of the bank's becomes on our pages.

A brand gives one colour; static/css/tokens.css derives button, link, ring and tint from its
lightness, chroma and hue, in light and in dark. Whether words on them can be read and controls be
seen is computed here from the same numbers. A colour that cannot pass is darkened until it does.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.lazily import lazily

if TYPE_CHECKING:
    import coloraide
else:
    coloraide = lazily("coloraide")

TEXT, CONTROL = 4.5, 3.0

# The surfaces of static/css/tokens.css; a test compares them with the file.
PAPERS = {
    "light": {
        "paper": "oklch(0.979 0.008 83)",
        "sheet": "oklch(0.997 0.003 83)",
        "wash": "oklch(0.951 0.011 83)",
    },
    "dark": {
        "paper": "oklch(0.2 0.009 70)",
        "sheet": "oklch(0.243 0.01 70)",
        "wash": "oklch(0.28 0.011 70)",
    },
}
WHITE, NEAR_BLACK = "oklch(0.99 0 0)", "oklch(0.2 0 0)"
# A step one can hardly see, so that as little as possible of the bank's colour is lost.
STEP = 0.005


@dataclass(frozen=True)
class Check:
    """One pair of colours that must differ: `what` is on-button, control, link or ring."""

    what: str
    theme: str
    ratio: float
    least: float

    @property
    def holds(self) -> bool:
        """Whether the pair differs enough."""
        return self.ratio >= self.least


@dataclass(frozen=True)
class Palette:
    """What pages use: `colour` is `asked` unless that could not be read or seen."""

    asked: str
    colour: str
    lightness: float
    chroma: float
    hue: float
    on: str
    checks: tuple[Check, ...]

    @property
    def is_corrected(self) -> bool:
        """Whether the colour had to be moved."""
        return self.colour != self.asked

    @property
    def properties(self) -> dict[str, str]:
        """The four custom properties a brand sets."""
        return {
            "--brand-l": f"{self.lightness:.4f}",
            "--brand-c": f"{self.chroma:.4f}",
            "--brand-h": f"{self.hue:.2f}",
            "--on-brand": self.on,
        }

    @property
    def css(self) -> str:
        """The brand's stylesheet."""
        said = ";".join(f"{name}:{value}" for name, value in self.properties.items())
        return f":root{{{said}}}\n"


@lru_cache(maxsize=256)
def palette(asked: str) -> Palette:
    """The palette of a colour written as "#rrggbb"; raises ValueError for anything else."""
    asked = hexed(asked)
    colour, (lightness, chroma, hue) = asked, _coordinates(asked)
    checks = _checks(lightness, chroma, hue)
    start, steps = (lightness, chroma, hue), 0
    while not all(check.holds for check in checks):
        steps += 1
        colour = _in_reach(start[0] - steps * STEP, *start[1:])
        lightness, chroma, hue = _coordinates(colour)
        checks = _checks(lightness, chroma, hue)
    on = _on(_seen(lightness, chroma, hue))
    return Palette(asked, colour, lightness, chroma, hue, on, tuple(checks))


@lru_cache(maxsize=1)
def made_by() -> str:
    """What palettes follow from beside the colour: this file. Nothing is computed to tell it."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def hexed(text: str) -> str:
    """The one way to write a colour: "#1f5f5b" for " 1F5F5B", "#aabbcc" for "#abc"."""
    digits = text.strip().lstrip("#").lower()
    if len(digits) == 3:  # noqa: PLR2004 (the short form has a digit a channel)
        digits = "".join(2 * d for d in digits)
    if len(digits) != 6 or not set(digits) <= set("0123456789abcdef"):  # noqa: PLR2004
        raise ValueError(text)
    return f"#{digits}"


def _coordinates(colour: str) -> tuple[float, float, float]:
    lightness, chroma, hue = coloraide.Color(colour).convert("oklch").coords(nans=False)
    # What the stylesheet says is what is checked: four and two digits.
    chroma = round(chroma, 4)
    return round(lightness, 4), chroma, round(hue, 2) if chroma else 0.0


def _in_reach(lightness: float, chroma: float, hue: float) -> str:
    moved = coloraide.Color("oklch", [max(lightness, 0.0), chroma, hue])
    return moved.convert("srgb").fit(method="oklch-chroma").to_string(hex=True)


def _seen(lightness: float, chroma: float, hue: float) -> coloraide.Color:
    """As a screen shows it: what is out of its reach is clipped."""
    return coloraide.Color("oklch", [lightness, chroma, hue]).convert("srgb").clip()


def _on(colour: coloraide.Color) -> str:
    return max((WHITE, NEAR_BLACK), key=lambda words: _ratio(colour, coloraide.Color(words)))


def _ratio(one: coloraide.Color, other: coloraide.Color) -> float:
    return float(one.contrast(other, method="wcag21"))


def _checks(lightness: float, chroma: float, hue: float) -> list[Check]:
    # The formulas of static/css/tokens.css: --act, --on-act, --link, --tint, --waiting.
    button = _seen(lightness, chroma, hue)
    link = _seen(min(lightness, 0.44), chroma, hue)
    ring = _seen(min(lightness, 0.56), chroma, hue)
    tint = _seen(0.945, min(chroma, 0.017), hue)
    on = _ratio(button, coloraide.Color(_on(button)))
    bright = _seen(0.8, min(chroma, 0.11), hue)
    dark_ring = _seen(0.74, min(chroma, 0.13), hue)
    dark_tint = _seen(0.28, min(chroma, 0.035), hue)
    return [
        Check("on-button", "light", on, TEXT),
        Check("control", "light", _least(button, "light"), CONTROL),
        Check("link", "light", min(_least(link, "light"), _ratio(link, tint)), TEXT),
        Check("ring", "light", _least(ring, "light"), CONTROL),
        Check("on-button", "dark", _ratio(bright, _seen(0.2, 0.02, hue)), TEXT),
        Check("control", "dark", _least(bright, "dark"), CONTROL),
        Check("link", "dark", min(_least(bright, "dark"), _ratio(bright, dark_tint)), TEXT),
        Check("ring", "dark", _least(dark_ring, "dark"), CONTROL),
    ]


def _least(colour: coloraide.Color, theme: str) -> float:
    return min(_ratio(colour, coloraide.Color(paper)) for paper in PAPERS[theme].values())
