"""Whatever colour a bank has, its pages can be read and its buttons be seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from coloraide import Color
from hypothesis import given, settings
from hypothesis import strategies as st

from app.brand import colours

TOKENS = Path(__file__).parents[2] / "static/css/tokens.css"
HEX = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


@pytest.mark.parametrize(
    "colour",
    [
        "#ffff00", "#ffffff", "#000000", "#767676", "#808080", "#949494", "#0000ff", "#ff00ff",
        "#00ffff", "#21a038", "#ef3124", "#ffdd2d", "#1f5f5b",
    ],
)  # fmt: skip
def test_every_pair_differs_enough(colour: str) -> None:
    found = colours.palette(colour)
    assert len(found.checks) == 8
    assert all(check.ratio >= check.least for check in found.checks), found


@settings(max_examples=60, deadline=None)
@given(HEX)
def test_any_colour_can_be_read_after_correction(colour: str) -> None:
    found = colours.palette(colour)
    seen = Color("oklch", [found.lightness, found.chroma, found.hue]).convert("srgb").clip()
    assert seen.contrast(Color(found.on), method="wcag21") >= 4.5
    for paper in colours.PAPERS["light"].values():
        assert seen.contrast(Color(paper), method="wcag21") >= 3
    assert all(check.holds for check in found.checks)
    # The colour that is kept needs no second correction.
    assert colours.palette(found.colour).colour == found.colour


@settings(max_examples=40, deadline=None)
@given(HEX)
def test_a_correction_only_darkens_and_keeps_the_hue(colour: str) -> None:
    found = colours.palette(colour)
    asked, used = (Color(c).convert("oklch").coords(nans=False) for c in (colour, found.colour))
    assert used[0] <= asked[0] + 0.002
    if found.chroma > 0.03:
        turned = abs(asked[2] - used[2]) % 360
        assert min(turned, 360 - turned) < 5


def test_a_colour_that_passes_stays_as_it_is() -> None:
    found = colours.palette("#1F5F5B")
    assert found.colour == "#1f5f5b"
    assert not found.is_corrected
    assert found.on == colours.WHITE


def test_yellow_and_white_are_darkened() -> None:
    for colour in ("#ffff00", "#ffffff"):
        assert colours.palette(colour).is_corrected


def test_the_stylesheet_sets_the_four_properties_and_nothing_else() -> None:
    css = colours.palette("#0000ff").css
    names = re.findall(r"(--[a-z-]+):", css)
    assert names == ["--brand-l", "--brand-c", "--brand-h", "--on-brand"]


@pytest.mark.parametrize("text", ["", "#12345", "red", "#12345g", "url(x)", "#1234567", "};a{"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text) or "^$"):
        colours.hexed(text)


def test_short_and_bare_forms_are_understood() -> None:
    assert [colours.hexed(t) for t in ("#ABC", " 1F5F5B ")] == ["#aabbcc", "#1f5f5b"]


def test_the_papers_are_those_of_the_pages() -> None:
    css = TOKENS.read_text(encoding="utf-8").replace("var(--paper-h)", "83")
    assert "--paper-h: 83;" in css
    for name, light in colours.PAPERS["light"].items():
        dark = colours.PAPERS["dark"][name]
        assert f"--{name}: light-dark({light}, {dark});" in css


def test_the_formulas_are_those_of_the_pages() -> None:
    css = " ".join(TOKENS.read_text(encoding="utf-8").split())
    for formula in (
        "oklch(min(var(--brand-l), 0.44) var(--brand-c) var(--brand-h))",
        "oklch(min(var(--brand-l), 0.56) var(--brand-c) var(--brand-h))",
        "oklch(0.8 min(var(--brand-c), 0.11) var(--brand-h))",
        "oklch(0.74 min(var(--brand-c), 0.13) var(--brand-h))",
        "light-dark(var(--on-brand), oklch(0.2 0.02 var(--brand-h)))",
        "oklch(0.945 min(var(--brand-c), 0.017) var(--brand-h))",
        "oklch(0.28 min(var(--brand-c), 0.035) var(--brand-h))",
    ):
        assert formula in css
