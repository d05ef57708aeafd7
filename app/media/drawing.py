"""Pictures we draw ourselves: the promise ring for letters, the card for links shared elsewhere.

Same geometry as templates/ui/ring.html: a field of 100 units, the band at 46.5, the face 80 wide.
Drawn four times too large and scaled down, which is what makes the edges smooth.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.lazily import lazily

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont, ImageOps
else:
    Image, ImageDraw = lazily("PIL.Image"), lazily("PIL.ImageDraw")
    ImageFont, ImageOps = lazily("PIL.ImageFont"), lazily("PIL.ImageOps")

BRAND = "#234993"
CARD = (1200, 630)

# The light theme of static/css/tokens.css, for places where style sheets do not reach.
_RING = {
    "at_risk": "#d07b00",
    "paused": "#777068",
    "answered": "#368e5b",
    "met_late": "#368e5b",
    "overdue": "#d4302e",
}
_TRACK, _WASH, _INK, _INK_2, _PAPER = "#e2ddd5", "#f2eee7", "#221d18", "#58514b", "#fbf8f2"

_FONT = Path(__file__).with_name("golos-text.ttf")
_FINE = 4
_BAND = 6
_RADIUS = 46.5
_DASHES = 16
_MARGIN = 72
_Strokes = list[list[tuple[float, float]]]
_CHECK: _Strokes = [[(-6.5, 0.5), (-2, 5), (7, -5)]]
_SIGNS: dict[str, _Strokes] = {
    "overdue": [[(0, -7), (0, 2)], [(0, 7), (0, 7.2)]],
    "paused": [[(-3.5, -6), (-3.5, 6)], [(3.5, -6), (3.5, 6)]],
}
# Emoji, marks that turn text, scripts the font lacks: they would be drawn as empty boxes.
_UNDRAWN = re.compile(
    "[^\u0020-\u007e\u00a0-\u024f\u0400-\u052f\u2010-\u2027\u2030-\u203a\u20a0-\u20bf№™−\n]"
)


def ring_png(
    portrait: bytes | None,
    *,
    initials: str,
    share_left: float | None,
    state: str,
    size: int = 144,
    brand: str = BRAND,
) -> bytes:
    """The promise ring on its own white disc, so that it stands on light and dark letters alike.

    `share_left` is the part of the promised time still to run, 0 to 1; only waiting and at_risk
    run down, the other states have a shape of their own.
    """
    return _png(_ring(portrait, initials, share_left, state, size, brand))


def card_png(  # noqa: PLR0913 -- a card is what it shows
    title: str,
    name: str,
    post: str,
    portrait: bytes | None,
    *,
    initials: str,
    share_left: float | None,
    state: str,
    brand_name: str,
    words: str = "",
    brand: str = BRAND,
) -> bytes:
    """The card other sites show for a link: the question, who answers, the ring and its `words`."""
    card = Image.new("RGB", CARD, _PAPER)
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, CARD[0], 12), fill=brand)
    width = CARD[0] - 2 * _MARGIN
    draw.text((_MARGIN, 56), _fitted(brand_name, _font(30), width), font=_font(30), fill=brand)

    font, lines = _title(title, width)
    for number, line in enumerate(lines):
        draw.text((_MARGIN, 122 + number * font.size * 1.22), line, font=font, fill=_INK)

    side = 172
    top = CARD[1] - 56 - side
    ring = _ring(portrait, initials, share_left, state, side, brand)
    card.paste(ring, (_MARGIN, top), ring)
    left = _MARGIN + side + 32
    room = CARD[0] - _MARGIN - left
    said = [(name, 40, _INK), (post, 28, _INK_2), (words, 28, _RING.get(state, brand))]
    said = [each for each in said if each[0]]
    y = top + (side - sum(step * 1.45 for _, step, _ in said)) / 2
    for text, step, colour in said:
        draw.text((left, y), _fitted(text, _font(step), room), font=_font(step), fill=colour)
        y += step * 1.45
    return _png(card)


def _ring(
    portrait: bytes | None,
    initials: str,
    share_left: float | None,
    state: str,
    size: int,
    brand: str,
) -> Image.Image:
    unit = size * _FINE / 100
    whole = round(100 * unit)
    picture = Image.new("RGBA", (whole, whole), (255, 255, 255, 0))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((0, 0, whole - 1, whole - 1), fill="white")
    _face(picture, portrait, initials, unit)
    colour = _RING.get(state, brand)
    if state not in {"overdue", "paused"}:
        _arc(draw, unit, (0, 1), _TRACK, ends=False)
    for arc in _arcs(state, share_left):
        _arc(draw, unit, arc, colour, ends=state != "paused")
    if state in {"answered", "met_late", "overdue", "paused"}:
        _sign(draw, unit, state, colour)
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def _arcs(state: str, share_left: float | None) -> list[tuple[float, float]]:
    """Which parts of the circle are drawn, clockwise from twelve."""
    if state == "overdue":
        return [(0.15, 0.85)]
    if state == "met_late":
        return [(0.05, 0.95)]
    if state == "paused":
        return [(part / _DASHES, (part + 0.42) / _DASHES) for part in range(_DASHES)]
    if state in {"waiting", "at_risk"} and share_left is not None:
        left = min(max(share_left, 0.0), 1.0)
        return [(1 - left, 1)] if left else []
    return [(0, 1)]


def _arc(
    draw: ImageDraw.ImageDraw, unit: float, arc: tuple[float, float], colour: str, *, ends: bool
) -> None:
    outer = _RADIUS + _BAND / 2
    box = [(50 - outer) * unit, (50 - outer) * unit, (50 + outer) * unit, (50 + outer) * unit]
    start, end = (360 * part - 90 for part in arc)
    draw.arc(box, start, end, fill=colour, width=round(_BAND * unit))
    if ends and end - start < 360:  # noqa: PLR2004 -- a full turn has no ends
        for angle in (start, end):
            _dot(draw, unit, angle, colour)


def _dot(draw: ImageDraw.ImageDraw, unit: float, angle: float, colour: str) -> None:
    """A round end of the band."""
    turned = complex(0, 1) ** (angle / 90)
    x, y, r = 50 + _RADIUS * turned.real, 50 + _RADIUS * turned.imag, _BAND / 2
    draw.ellipse([(x - r) * unit, (y - r) * unit, (x + r) * unit, (y + r) * unit], fill=colour)


def _face(picture: Image.Image, portrait: bytes | None, initials: str, unit: float) -> None:
    side = round(80 * unit)
    at = (round(10 * unit), round(10 * unit))
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).ellipse((0, 0, side - 1, side - 1), fill=255)
    if portrait:
        with Image.open(io.BytesIO(portrait), formats=["WEBP", "PNG", "JPEG"]) as stored:
            face = ImageOps.fit(stored.convert("RGBA"), (side, side), Image.Resampling.LANCZOS)
        ground = Image.new("RGBA", (side, side), _WASH)
        ground.alpha_composite(face)
        picture.paste(ground, at, mask)
        return
    ground = Image.new("RGBA", (side, side), _WASH)
    ImageDraw.Draw(ground).text(
        (side / 2, side / 2),
        _drawable(initials)[:3].upper(),
        font=_font(28 * unit),
        fill=_INK_2,
        anchor="mm",
    )
    picture.paste(ground, at, mask)


def _sign(draw: ImageDraw.ImageDraw, unit: float, state: str, colour: str) -> None:
    def at(x: float, y: float) -> tuple[float, float]:
        return (83 + 0.9 * x) * unit, (83 + 0.9 * y) * unit

    draw.ellipse([*at(-18, -18), *at(18, 18)], fill="white")
    draw.ellipse([*at(-14.5, -14.5), *at(14.5, 14.5)], fill=colour)
    strokes = _SIGNS.get(state, _CHECK)
    for stroke in strokes:
        draw.line([at(*point) for point in stroke], "white", round(3.4 * unit), joint="curve")
        for x, y in (stroke[0], stroke[-1]):
            draw.ellipse([*at(x - 1.9, y - 1.9), *at(x + 1.9, y + 1.9)], fill="white")


def _title(title: str, width: int) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """The largest type in which the title fits; the last line of a very long one ends in `…`."""
    for step, most in ((64, 3), (54, 3)):
        font = _font(step)
        lines = _wrapped(title, font, width)
        if len(lines) <= most:
            return font, lines
    font = _font(46)
    lines = _wrapped(title, font, width)
    if len(lines) > 4:  # noqa: PLR2004 -- what the card has room for
        lines = [*lines[:3], _fitted(" ".join(lines[3:]), font, width)]
    return font, lines


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    for word in _drawable(text).split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
            continue
        rest = word
        if lines[-1]:
            lines.append("")
        while font.getlength(rest) > width:  # one word wider than the card
            cut = next(n for n in range(len(rest), 0, -1) if font.getlength(rest[:n]) <= width)
            lines[-1:] = [rest[:cut], ""]
            rest = rest[cut:]
        lines[-1] = rest
    return lines


def _fitted(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """One line of `text`, cut with an ellipsis where it would leave the card."""
    text = " ".join(_drawable(text)[:300].split())
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1].rstrip()
    return f"{text}…"


def _drawable(text: str) -> str:
    return _UNDRAWN.sub("", text[:1000])


def _font(size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONT, max(1, round(size)))


def _png(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "PNG", optimize=True)
    return target.getvalue()
