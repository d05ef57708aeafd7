"""The only door to Pillow: uploaded pictures are judged by their bytes and always drawn anew.

Nothing of the uploaded file survives but its pixels: a picture that is also an archive, a script
or a map of where its owner lives comes out as a picture only.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from app.core.lazily import lazily
from app.media.drawing import card_png, ring_png

if TYPE_CHECKING:
    import pi_heif
    import PIL
    from PIL import Image, ImageCms, ImageOps
else:
    pi_heif, PIL, Image = lazily("pi_heif"), lazily("PIL"), lazily("PIL.Image")
    ImageCms, ImageOps = lazily("PIL.ImageCms"), lazily("PIL.ImageOps")

__all__ = [
    "LIMIT",
    "MEDIA_TYPE",
    "PIXELS",
    "PORTRAIT",
    "SIDE",
    "Broken",
    "NotAPicture",
    "PictureError",
    "Processed",
    "TooLarge",
    "TooManyPixels",
    "alike",
    "card_png",
    "perceptual_hash",
    "process",
    "ring_png",
    "square",
]

LIMIT = 10 * 1024 * 1024
PIXELS = 40_000_000
SIDE = 2000
PORTRAIT = 512
MEDIA_TYPE = "image/webp"

_QUALITY = 82
# Of 64 bits; copies were measured to differ in 0 to 2, portraits of one painter in 7 and more.
_SAME = 4
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

# What the decoders of four formats raise on broken input; for us it all means the same.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    ArithmeticError,
    LookupError,
    RuntimeError,
    TypeError,
    AttributeError,
    MemoryError,
    struct.error,
    zlib.error,
)


class PictureError(ValueError):
    """The upload cannot become a picture here."""


class TooLarge(PictureError):
    """More bytes than LIMIT."""


class TooManyPixels(PictureError):
    """The header promises more than PIXELS; nothing was decoded."""


class NotAPicture(PictureError):
    """Not PNG, JPEG, WebP or HEIC by its first bytes, or its inside is not what they say."""


class Broken(PictureError):
    """A picture that ends too early or cannot be decoded."""


@dataclass(frozen=True)
class Processed:
    """A picture as it is stored: re-encoded, upright, without metadata."""

    bytes: bytes
    media_type: str
    width: int
    height: int
    average_hash: int


def process(data: bytes, *, max_side: int = SIDE) -> Processed:
    """`data` re-encoded as WebP, at most `max_side` high and wide. Raises a PictureError."""
    picture = _opened(data, max_side)
    picture.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return _processed(picture)


def square(data: bytes, side: int = PORTRAIT) -> Processed:
    """The middle of a picture as a portrait; of a tall one the upper part, where faces are."""
    picture = _opened(data, 2 * side)
    side = min(side, max(1, min(picture.size)))
    return _processed(
        ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS, centering=(0.5, 0.3))
    )


def perceptual_hash(picture: Image.Image) -> int:
    """64 bits of what the eye sees (whether each spot is brighter than its right neighbour)."""
    small = _on_white(picture).convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    spots = small.tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            at = row * 9 + column
            bits = bits << 1 | (spots[at] > spots[at + 1])
    return bits


def alike(a: int, b: int) -> bool:
    """Whether two hashes are of one picture, perhaps scaled, re-encoded or slightly retouched."""
    return (a ^ b).bit_count() <= _SAME


def _format(data: bytes) -> str:
    """The format by its magic bytes; the name and the declared type of an upload mean nothing."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIF"
    raise NotAPicture("not a PNG, JPEG, WebP or HEIC picture")


@lru_cache(maxsize=1)
def _prepare() -> None:
    """Once a process, before the first picture is opened."""
    pi_heif.register_heif_opener(thumbnails=False)
    # Pillow only warns between its limit and twice that; ours is exact and looked at first.
    Image.MAX_IMAGE_PIXELS = None


def _opened(data: bytes, max_side: int) -> Image.Image:
    """The first frame, upright, in sRGB, decoded only when the header keeps the limits."""
    if len(data) > LIMIT:
        raise TooLarge(f"{len(data)} bytes, at most {LIMIT} are allowed")
    kind = _format(data)
    _prepare()
    try:
        picture = Image.open(io.BytesIO(data), formats=[kind])
    except PIL.UnidentifiedImageError as error:
        raise NotAPicture("the file only begins like a picture") from error
    except _DAMAGE as error:
        raise Broken(f"the picture is damaged ({error})") from error
    if picture.width * picture.height > PIXELS:
        raise TooManyPixels(f"{picture.width} × {picture.height}, at most {PIXELS} are allowed")
    try:
        if picture.mode == "RGB":
            picture.draft("RGB", (2 * max_side, 2 * max_side))  # JPEG: decodes no more than needed
        picture.load()
        return _in_srgb(_upright(picture))
    except _DAMAGE as error:
        raise Broken(f"the picture is cut off or damaged ({error})") from error


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except _DAMAGE:  # an unreadable EXIF block does not spoil the pixels
        return picture


def _in_srgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    transparent = picture.has_transparency_data
    if profile and picture.mode in {"RGB", "RGBA", "CMYK", "L"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = "RGBA" if picture.mode == "RGBA" else "RGB"
            converted = ImageCms.profileToProfile(
                picture, source, ImageCms.createProfile("sRGB"), outputMode=mode
            )
            picture = converted or picture
        except ImageCms.PyCMSError:  # a profile nobody can read is dropped with the rest
            pass
    elif picture.mode.startswith("I;16") or picture.mode == "I":
        picture = picture.point(lambda value: value / 256).convert("L")
    return picture.convert("RGBA" if transparent else "RGB")


def _processed(picture: Image.Image) -> Processed:
    bare = Image.new(picture.mode, picture.size)  # takes the pixels, leaves EXIF, XMP and the rest
    bare.paste(picture)
    target = io.BytesIO()
    bare.save(target, "WEBP", quality=_QUALITY, method=4, exif=b"", xmp=b"", icc_profile=b"")
    return Processed(
        bytes=target.getvalue(),
        media_type=MEDIA_TYPE,
        width=bare.width,
        height=bare.height,
        average_hash=perceptual_hash(bare),
    )


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    flat = Image.new("RGBA", picture.size, "white")
    flat.alpha_composite(picture.convert("RGBA"))
    return flat.convert("RGB")
