"""Pictures are judged by their bytes, drawn anew, and carry nothing but pixels out."""

import contextlib
import io
import struct
import zipfile
import zlib

import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageDraw
from PIL.PngImagePlugin import PngInfo

from app.media import images
from app.media.drawing import CARD

KINDS = ["PNG", "JPEG", "WEBP", "HEIF"]
RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 60), (30, 60, 200), (255, 255, 255)


def scene(width: int = 320, height: int = 200, mode: str = "RGB") -> Image.Image:
    """Four quarters of different colour, so that turning and cropping can be seen."""
    picture = Image.new(mode, (width, height), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill=RED)
    draw.rectangle((width // 2, 0, width, height // 2 - 1), fill=GREEN)
    draw.rectangle((0, height // 2, width // 2 - 1, height), fill=BLUE)
    return picture


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(picture).save(target, **options)
    else:
        picture.save(target, kind, **options)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def close(picture: Image.Image, at: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    pixel = picture.convert("RGB").getpixel(at)
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 30 for a, b in zip(pixel, colour, strict=True))


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "SecretCamera"
    tags.get_ifd(0x8825).update({1: "N", 2: (55.0, 45.0, 21.0), 3: "E", 4: (37.0, 37.0, 2.0)})
    return tags


@pytest.mark.parametrize("kind", KINDS)
def test_each_accepted_kind_comes_out_as_webp(kind: str) -> None:
    made = images.process(saved(scene(), kind))
    out = opened(made.bytes)
    assert (out.format, made.media_type) == ("WEBP", "image/webp")
    assert out.size == (made.width, made.height) == (320, 200)
    assert close(out, (40, 40), RED)
    assert close(out, (280, 40), GREEN)
    assert close(out, (40, 160), BLUE)


@pytest.mark.parametrize("kind", KINDS)
def test_no_metadata_survives(kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = saved(
        scene(), kind, exif=exif(), icc_profile=profile, xmp=b"<x:xmpmeta>Home</x:xmpmeta>"
    )
    assert b"SecretCamera" in data
    out = images.process(data).bytes
    assert not {"exif", "xmp", "icc_profile"} & opened(out).info.keys()
    assert not opened(out).getexif()
    assert not any(word in out for word in (b"SecretCamera", b"Home", b"EXIF", b"ICCP", b"XMP "))


def test_text_in_a_png_does_not_survive() -> None:
    notes = PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>", zip=False)
    data = saved(scene(), "PNG", pnginfo=notes)
    assert b"<script>" in data
    assert b"script" not in images.process(data).bytes


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [
        (1, (320, 200), (40, 40)),
        (3, (320, 200), (280, 160)),
        (6, (200, 320), (160, 40)),
        (8, (200, 320), (40, 280)),
    ],
)
def test_pictures_are_turned_upright(
    orientation: int, size: tuple[int, int], red_at: tuple[int, int]
) -> None:
    made = images.process(saved(scene(), "JPEG", exif=exif(orientation), quality=95))
    assert (made.width, made.height) == size
    assert close(opened(made.bytes), red_at, RED)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_damaged_exif_block_does_not_spoil_the_picture() -> None:
    data = saved(scene(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff" + b"\xfe" * 30)
    assert images.process(data).width == 320


def test_transparency_stays() -> None:
    out = opened(images.process(saved(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "PNG")).bytes)
    assert out.mode == "RGBA"
    pixel = out.getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert pixel[3] == 0


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_every_mode_becomes_colours_for_the_web(mode: str) -> None:
    picture = Image.new("I;16", (40, 30), 65535) if mode == "I;16" else scene(40, 30).convert(mode)
    out = opened(images.process(saved(picture, "JPEG" if mode == "CMYK" else "PNG")).bytes)
    assert out.mode in {"RGB", "RGBA"}
    assert close(out, (35, 25), WHITE)


def test_large_pictures_are_scaled_and_small_ones_are_not() -> None:
    made = images.process(saved(scene(3000, 1500), "JPEG"))
    assert (made.width, made.height) == (2000, 1000)
    made = images.process(saved(scene(3000, 1500), "PNG"), max_side=300)
    assert (made.width, made.height) == (300, 150)
    assert images.process(saved(scene(30, 20), "PNG")).width == 30


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_frame_stays(kind: str) -> None:
    frames = [Image.new("RGB", (40, 40), RED), Image.new("RGB", (40, 40), BLUE)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    assert getattr(opened(data), "n_frames", 1) == 2
    out = opened(images.process(data).bytes)
    assert getattr(out, "n_frames", 1) == 1
    assert close(out, (20, 20), RED)


# ------------------------------------------------------------------------------------ refusals


def archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        made.writestr("Evil.class", "\xca\xfe")
    return target.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='a()'/>",
        b"<?xml version='1.0'?><svg/>",
        b"BM" + b"\x00" * 60,
        b"\x89PN",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"%PDF-1.4",
        b"\x00\x00\x00\x20ftypisom" + b"\x00" * 40,
        b"\x00\x00\x00\x20ftypavif" + b"\x00" * 40,
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
    ],
)
def test_other_files_are_no_pictures(data: bytes) -> None:
    with pytest.raises(images.NotAPicture):
        images.process(data)


def test_gif_tiff_zip_and_gifar_are_refused() -> None:
    gif = saved(scene().convert("P"), "GIF")
    for data in (gif, gif + archive(), saved(scene(), "TIFF"), archive()):
        with pytest.raises(images.NotAPicture):
            images.process(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_of_a_polyglot_only_the_picture_comes_out(kind: str) -> None:
    page = b"<html><script>alert(document.domain)</script></html>"
    for tail in (page, archive(), b"\n%PDF-1.4\n"):
        out = images.process(saved(scene(), kind) + tail).bytes
        assert tail not in out
        assert b"script" not in out
        assert not zipfile.is_zipfile(io.BytesIO(out))
        assert struct.unpack("<I", out[4:8])[0] + 8 == len(out)  # nothing after the picture's end


def test_a_page_behind_a_picture_s_first_bytes_is_refused() -> None:
    for magic in (
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"RIFF\x00\x00\x00\x00WEBP",
        b"\x00\x00\x00\x18ftypheic",
    ):
        with pytest.raises(images.PictureError):
            images.process(magic + b"<html><script>alert(1)</script></html>" * 10)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def test_a_pixel_bomb_is_refused_from_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[object] = []
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded.append)
    for width, height in ((50_000, 50_000), (8_000, 5_001), (2**31 - 1, 1), (1, 40_000_001)):
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        bomb = (
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(b"\x00" * 100))
            + chunk(b"IEND", b"")
        )
        with pytest.raises(images.TooManyPixels):
            images.process(bomb)
    assert decoded == []


def test_a_jpeg_that_lies_about_its_size_is_refused() -> None:
    data = bytearray(saved(scene(), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 65_000)
    with pytest.raises(images.TooManyPixels):
        images.process(bytes(data))


def test_too_many_bytes_are_refused_before_anything_else() -> None:
    with pytest.raises(images.TooLarge):
        images.process(b"\x00" * (images.LIMIT + 1))


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_cut_off_picture_says_so(kind: str, share: float) -> None:
    noise = Image.effect_noise((200, 200), 90).convert("RGB")
    data = saved(noise, kind)
    with pytest.raises((images.Broken, images.NotAPicture)) as refused:
        images.process(data[: int(len(data) * share)])
    assert str(refused.value)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bytes_raise_only_our_own_errors(kind: str) -> None:
    data = saved(scene(), kind)
    for at in range(12, len(data), max(1, len(data) // 60)):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        with contextlib.suppress(images.PictureError):
            images.process(bytes(broken))


# ------------------------------------------------------------------------------------ likeness


def face(seed: int, side: int = 400) -> Image.Image:
    picture = Image.effect_noise((6, 6), 200 + seed).resize((side, side), Image.Resampling.BICUBIC)
    return picture.convert("RGB")


def test_a_copied_portrait_is_recognised_and_another_is_not() -> None:
    portrait = face(1)
    original = images.square(saved(portrait, "PNG")).average_hash
    copies = [
        saved(portrait.resize((150, 150)), "JPEG", quality=40),
        saved(portrait, "WEBP", quality=30),
        saved(portrait.point(lambda value: min(255, value + 20)), "PNG"),
        saved(portrait, "HEIF", quality=50),
    ]
    for copy in copies:
        assert images.alike(original, images.square(copy).average_hash)
    others = [images.square(saved(face(seed), "PNG")).average_hash for seed in range(2, 12)]
    assert not any(images.alike(original, other) for other in others)


def test_the_hash_has_64_bits() -> None:
    steps = Image.linear_gradient("L").rotate(90)  # brighter to the left or to the right throughout
    hashes = {images.perceptual_hash(steps), images.perceptual_hash(steps.rotate(180))}
    assert hashes == {0, 2**64 - 1}


def test_a_portrait_is_square() -> None:
    made = images.square(saved(scene(900, 700), "JPEG"))
    assert (made.width, made.height) == (512, 512)
    tiny = images.square(saved(scene(100, 60), "PNG"))
    assert (tiny.width, tiny.height) == (60, 60)


# ------------------------------------------------------------------------------------- drawing

STATES = ["waiting", "at_risk", "paused", "answered", "overdue", "met_late"]


def band(ring: bytes, part: float) -> tuple[int, ...]:
    """The colour of the ring at a part of the circle, clockwise from twelve."""
    picture = opened(ring).convert("RGBA")
    turned = complex(0, 1) ** (4 * part - 1)
    half = picture.width / 2
    at = (int(half + 0.93 * half * turned.real), int(half + 0.93 * half * turned.imag))
    pixel = picture.getpixel(at)
    assert isinstance(pixel, tuple)
    return pixel[:3]


def reddish(pixel: tuple[int, ...]) -> bool:
    return pixel[0] > 180 and pixel[1] < 80


def test_the_ring_runs_down_clockwise() -> None:
    ring = images.ring_png(None, initials="АК", share_left=0.25, state="waiting", brand="#d4302e")
    assert [reddish(band(ring, part)) for part in (0.1, 0.4, 0.6, 0.85, 0.95)] == [
        False,
        False,
        False,
        True,
        True,
    ]
    whole = images.ring_png(None, initials="АК", share_left=1, state="waiting", brand="#d4302e")
    assert all(reddish(band(whole, part / 10)) for part in range(10))
    over = images.ring_png(None, initials="АК", share_left=0, state="waiting", brand="#d4302e")
    assert not any(reddish(band(over, part / 10)) for part in range(10))


def test_an_overdue_ring_is_red_and_open() -> None:
    ring = images.ring_png(None, initials="АК", share_left=None, state="overdue")
    assert reddish(band(ring, 0.25))
    assert not reddish(band(ring, 0.0))


def test_the_states_can_be_told_apart_without_colour() -> None:
    drawn = {
        opened(images.ring_png(None, initials="А", share_left=0.5, state=state, brand="#368e5b"))
        .convert("L")
        .tobytes()
        for state in STATES
    }
    assert len(drawn) == len(STATES)


def test_a_ring_shows_its_portrait_and_leaves_the_corners_clear() -> None:
    portrait = images.square(saved(Image.new("RGB", (300, 300), RED), "PNG")).bytes
    picture = opened(images.ring_png(portrait, initials="АК", share_left=0.5, state="waiting"))
    assert picture.size == (144, 144)
    assert close(picture, (72, 72), RED)
    corner = picture.getpixel((0, 0))
    assert isinstance(corner, tuple)
    assert corner[3] == 0


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Почему выросла комиссия?", "Марина Зорина"),
        ("ы" * 300, "Й" * 200),
        ("", ""),
        ("🏠 \u202eabc\x00 中文\n\nҐанок", "O'Neil"),
        ("слово " * 100, "a b"),
    ],
)
def test_a_card_holds_any_text(title: str, name: str) -> None:
    card = opened(
        images.card_png(
            title,
            name,
            "Директор",
            None,
            initials="МЗ",
            share_left=0.4,
            state="waiting",
            brand_name="Банк",
            words="Ответит до завтра",
        )
    ).convert("RGB")
    assert card.size == CARD == (1200, 630)
    margin = card.crop((1135, 20, 1200, 630))  # nothing is written over the edge
    assert len(margin.getcolors() or []) == 1
    between = card.crop((0, 372, 1200, 398))  # nor title into the ring
    assert len(between.getcolors() or []) == 1
