"""Where files lie makes no difference to who asks; a place that is away costs a sentence."""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import socket
import urllib.request
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Picture
from sqlalchemy import select

from app.accounts.models import Person
from app.commands import files as commands
from app.core import checkpoints, files
from app.core.db import session
from app.insight import health
from app.media import images
from app.media import service as media
from app.media.models import Image
from app.notify import letters
from app.privacy import archive, ledger
from app.privacy import service as privacy
from app.privacy.models import Erasure
from app.topics.models import Topic
from tests.services import bucket_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser

# The database makes no difference either.
pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
JSON = {"Accept": "application/json"}
PLACES = ["instance", "shared folder", "bucket"]


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """What speaks as S3 does, with an empty bucket."""
    pytest.importorskip("s3fs", reason="pip install -r requirements-dev.txt brings s3fs and moto")
    with bucket_server() as address:
        asked = urllib.request.Request(f"{address}/otklik", method="PUT")  # noqa: S310
        urllib.request.urlopen(asked).close()  # noqa: S310
        yield address


@pytest.fixture
def has_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def lies_in(
    app: Flask,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_key: None,
) -> Iterator[Callable[[str], None]]:
    """Have files lie there, in a corner of this test's own."""

    def choose(kind: str) -> None:
        given = {"FILES_URL": "", "INSTANCE_PATH": tmp_path / "home"}
        if kind == "shared folder":
            (tmp_path / "shared").mkdir()
            given["FILES_URL"] = f"file://{tmp_path}/shared"
        elif kind == "bucket":
            monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3"))
            given["FILES_URL"] = f"s3://otklik/{tmp_path.name}/here"
        elif kind == "away":
            with socket.socket() as nobody:
                nobody.bind(("127.0.0.1", 0))
                port = nobody.getsockname()[1]
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
            given["FILES_URL"] = "s3://otklik"
        files.init(given)

    yield choose
    files.init(app.config)


@pytest.fixture(params=PLACES)
def kind(request: pytest.FixtureRequest, lies_in: Callable[[str], None]) -> str:
    lies_in(request.param)
    return str(request.param)


@pytest.fixture(params=PLACES[1:])
def shared(request: pytest.FixtureRequest, lies_in: Callable[[str], None]) -> str:
    lies_in(request.param)
    return str(request.param)


def drawn(colour: str = "teal") -> bytes:
    target = io.BytesIO()
    Picture.new("RGB", (60, 40), colour).save(target, "PNG")
    return target.getvalue()


# --------------------------------------------------------------------------------------- one file


def test_what_is_written_is_read_until_it_is_deleted(kind: str, tmp_path: Path) -> None:
    file = files.file("media", "ab", "abc.webp")
    assert not file.exists()
    for missing in (file.read_bytes, file.pieces, file.size):
        with pytest.raises(FileNotFoundError):
            missing()
    with pytest.raises(FileNotFoundError):
        file.unlink(missing_ok=False)
    file.unlink()

    file.write(b"one")
    assert (file.read_bytes(), file.size(), file.exists()) == (b"one", 3, True)
    file.write(b"")
    assert (file.read_bytes(), file.exists()) == (b"", True)

    large = os.urandom(2 * files.PIECE + 7)
    (tmp_path / "large").write_bytes(large)
    file.write(tmp_path / "large")
    assert [len(piece) for piece in file.pieces()] == [files.PIECE, files.PIECE, 7]
    assert file.read_bytes() == large

    files.file("media", "cd", "cde.webp").write(b"two")
    files.file("exports", "e.zip").write(b"three")
    assert [f.name for f in files.below("media")] == ["media/ab/abc.webp", "media/cd/cde.webp"]
    assert files.below("nothing") == []

    file.unlink()
    assert not file.exists()


def test_a_write_that_fails_leaves_what_was_there(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = files.file("exports", "e.zip")
    file.write(b"before")

    with pytest.raises(files.OutOfReachError):
        file.write(tmp_path / "that-is-not-there")
    if kind != "bucket":

        def full(_number: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(files.OutOfReachError, match="No space"):
            file.write(b"after")
        assert [p.name for p in (files.place().path("exports") or tmp_path).iterdir()] == ["e.zip"]
    files.place().__dict__["_silent_until"] = 0.0
    assert file.read_bytes() == b"before"


def test_only_we_may_read_what_lies_in_a_folder(lies_in: Callable[[str], None]) -> None:
    lies_in("shared folder")
    file = files.file("exports", "e.zip")
    file.write(b"everything about somebody")
    assert file.path is not None
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("parts", [("..", "x"), ("media", ".x"), ("a/b",), ("",), ("media", "/x")])
def test_a_name_leads_nowhere_else(app: Flask, parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="nowhere else"):
        files.file(*parts)


@pytest.mark.parametrize(
    "address",
    [
        "otklik",
        "ftp://x/y",
        "file://host/x",
        "file:///",
        "s3:///prefix",
        "s3://otklik?anon=yes",
        "s3:",
    ],
)
def test_an_address_that_is_none_is_refused_at_the_start(app: Flask, address: str) -> None:
    with pytest.raises(files.UnusableAddressError, match="FILES_URL"):
        files.at(address)


def test_a_bucket_without_its_packages_is_refused_at_the_start(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(files.UnusableAddressError, match=r"requirements-s3\.txt"):
        files.at("s3://otklik")


# ------------------------------------------------------------------------------------------- away


def test_a_folder_that_is_not_mounted_is_not_made(app: Flask, tmp_path: Path) -> None:
    files.init({"FILES_URL": f"file://{tmp_path}/shared", "INSTANCE_PATH": tmp_path})
    try:
        file = files.file("media", "ab", "abc.webp")
        for asked in (lambda: file.write(b"x"), file.read_bytes, file.exists, file.unlink,
                      files.look, lambda: files.below("media")):  # fmt: skip
            with pytest.raises(files.OutOfReachError, match="no folder"):
                asked()
        assert not (tmp_path / "shared").exists()
    finally:
        files.init(app.config)


def test_a_bucket_that_does_not_answer_is_left_alone_for_a_moment(
    lies_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    lies_in("away")
    file = files.file("media", "ab", "abc.webp")
    with pytest.raises(files.OutOfReachError) as first:
        file.read_bytes()
    assert "a moment ago" not in str(first.value)
    for asked in (file.read_bytes, lambda: file.write(b"x"), file.unlink, files.look):
        with pytest.raises(files.OutOfReachError, match="a moment ago"):
            asked()
    # Then one tries, and whoever comes meanwhile goes away at once.
    place: Any = files.place()
    monkeypatch.setattr(place, "_silent_until", 0.0)

    class Back:
        loop = importlib.import_module("fsspec.asyn").get_loop()

        async def _info(self, _path: str) -> dict[str, int]:
            with pytest.raises(files.OutOfReachError, match="a moment ago"):
                file.read_bytes()
            return {"size": 3}

    place._known = Back()
    assert file.size() == 3
    # It has come back.
    assert not place._is_doubted
    assert place._silent_until == 0.0


def test_a_bucket_that_is_none_is_found_by_the_doctor(
    s3: str, has_key: None, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    files.init({"FILES_URL": "s3://nobodys", "INSTANCE_PATH": "."})
    try:
        with pytest.raises(files.OutOfReachError):
            files.look()
    finally:
        files.init(app.config)


def test_the_doctor_tries_it_out(kind: str, app: Flask) -> None:
    assert health._files(app.config).words.endswith("answers")
    assert health._kept(app.config).ok
    assert files.below("tried") == []


def test_the_doctor_says_what_to_do(
    lies_in: Callable[[str], None], app: Flask, house: Builders
) -> None:
    lies_in("away")
    found = {check.name: seen for check, seen in health.examine(app.config)}
    assert not found["files"].ok
    assert "FILES_URL" in found["files"].advice
    assert not found["files kept"].ok
    vital = {check.name for check in health.CHECKS if check.vital}
    assert "files" not in vital  # questions are asked and answered without


# --------------------------------------------------------------------------------------- pictures


def test_a_picture_is_seen_by_all(shared: str, house: Builders, browser: Browser) -> None:
    sent = browser.post("/media", {"file": (io.BytesIO(drawn()), "снимок.png")}, headers=JSON)
    assert sent.status_code == 201
    [stored] = session.scalars(select(Image))

    seen = browser.get(sent.json["url"])
    assert seen.status_code == 200
    assert seen.content_type == "image/webp"
    assert seen.content_length == stored.size == len(seen.data)
    assert seen.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "sandbox" in seen.headers["Content-Security-Policy"]
    assert Picture.open(io.BytesIO(seen.data)).size == (60, 40)
    again = browser.get(sent.json["url"], headers={"If-None-Match": seen.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    seen.close()
    again.close()

    media.file_of(stored.key).unlink()
    assert browser.get(sent.json["url"]).status_code == 404


def test_a_picture_known_to_the_browser_needs_no_storage(
    house: Builders, browser: Browser, lies_in: Callable[[str], None]
) -> None:
    lies_in("shared folder")
    image = media.store(images.process(drawn()))
    session.commit()
    url, tag = image.url, f'"{image.key}"'
    lies_in("away")
    assert browser.get(url, headers={"If-None-Match": tag}).status_code == 304

    missing = browser.get(url)
    assert missing.status_code == 503
    assert missing.headers["Retry-After"]
    assert "Traceback" not in missing.text


def test_who_sends_a_picture_is_told_and_loses_nothing(
    house: Builders, browser: Browser, lies_in: Callable[[str], None]
) -> None:
    house.brand()
    category = house.category()
    person = house.customer()
    browser.sign_in(person)
    lies_in("away")

    sent = browser.post("/media", {"file": (io.BytesIO(drawn()), "снимок.png")}, headers=JSON)
    assert sent.status_code == 503
    assert "Картинки сейчас не сохраняются" in sent.json["error"]

    said = {"kind": "question", "title": "Почему не приходит код из банка", "category": category.id,
            "body": "Жду с утра, а его всё нет и нет."}  # fmt: skip
    form = browser.post("/ask", {**said, "picture": (io.BytesIO(drawn()), "снимок.png")})
    assert form.status_code == 422
    assert "Картинки сейчас не сохраняются" in form.text
    assert said["title"] in form.text
    assert said["body"] in form.text
    about = "Пеку хлеб по субботам."
    profile = browser.post(
        "/profile",
        {"name": "Анна", "locale": "ru", "timezone": "Europe/Moscow", "about": about,
         "picture": (io.BytesIO(drawn()), "я.png")},
    )  # fmt: skip
    assert profile.status_code == 422
    assert "Картинки сейчас не сохраняются" in profile.text
    assert about in profile.text

    assert session.scalars(select(Image)).all() == []
    assert session.scalars(select(Topic)).all() == []


def test_a_letter_goes_out_without_a_face_rather_than_late(
    house: Builders, lies_in: Callable[[str], None]
) -> None:
    lies_in("away")
    letters._drawn.cache_clear()
    plain = letters._drawn(None, "АБ", 0.5, "waiting", "#234993")
    with pytest.raises(files.OutOfReachError):
        letters._drawn("key", "АБ", 0.5, "waiting", "#234993")
    assert plain.startswith(b"\x89PNG")


# ------------------------------------------------------------------- exports, erasures, the record


def test_an_export_made_on_one_machine_is_taken_on_another(
    shared: str, house: Builders, browser: Browser, work: Callable[[], None]
) -> None:
    house.brand()
    person = house.customer()
    person.portrait = media.store(images.process(drawn()), owner_id=person.id)
    browser.sign_in(person)
    where = browser.post("/profile/data/exports").location
    work()

    file = browser.post(f"{where}/file")
    assert file.mimetype == "application/zip"
    assert "attachment" in file.headers["Content-Disposition"]
    assert file.headers["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(file.data)) as archived:
        assert [n.split("/")[0] for n in archived.namelist()] == [
            "index.html",
            "data.json",
            "pictures",
        ]
    file.close()

    export = session.get_one(privacy.exporting.Export, int(where.rpartition("/")[2]))
    privacy.drop_file(export)
    assert not archive.file(export).exists()


@pytest.fixture
def two_ledgers(app: Flask, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Be one machine, or another."""
    yield lambda name: ledger.init({"INSTANCE_PATH": tmp_path / name})
    ledger.init(app.config)


def test_whoever_is_erased_by_one_machine_is_known_to_all(
    shared: str, house: Builders, two_ledgers: Callable[[str], None]
) -> None:
    two_ledgers("one")
    person = house.customer()
    picture = media.store(images.process(drawn()), owner_id=person.id)
    key = picture.key
    erase(person)
    assert not media.file_of(key).exists()
    [line] = ledger.read()

    two_ledgers("two")
    assert list(ledger.read()) == [line]
    assert list(ledger.read()) == [line]
    assert len(ledger.path().read_text().splitlines()) == 1


def test_nobody_is_erased_whom_the_ledger_could_not_take(
    house: Builders, two_ledgers: Callable[[str], None], lies_in: Callable[[str], None]
) -> None:
    two_ledgers("one")
    lies_in("away")
    person = house.customer()
    session.commit()
    with pytest.raises(files.OutOfReachError):
        erase(person)
    session.rollback()
    assert session.get_one(Person, person.id).erased_at is None
    assert list(ledger.read()) == []


def erase(person: Person) -> None:
    privacy.request_erasure(person, words=False)
    session.commit()
    privacy.erase(session.scalars(select(Erasure).where(Erasure.person_id == person.id)).one())
    session.commit()


def test_machines_with_one_key_know_what_the_others_signed(
    shared: str, app: Flask, tmp_path: Path, transaction: None
) -> None:
    def machine(name: str, key: str) -> None:
        given = {"ARCHIVE_COPY": "", "ARCHIVE_KEY": key}
        checkpoints.init({**given, "INSTANCE_PATH": tmp_path / name})

    try:
        key = str(tmp_path / "key.pem")
        machine("one", key)
        first = checkpoints.Checkpoint(
            1, "a" * 64, 1, "2026-11-23T10:00:00Z", checkpoints.key_name()
        )
        last = replace(first, seq=3, count=3, time="2026-11-23T12:00:00Z")
        checkpoints._keep(first)
        checkpoints._keep(last)
        machine("two", key)
        between = replace(first, seq=2, count=2, time="2026-11-23T11:00:00Z")
        checkpoints._keep(between)

        assert list(checkpoints.kept()) == [first, between, last]
        machine("one", key)
        assert list(checkpoints.kept()) == [first, between, last]
        assert checkpoints.latest() == last
        # A machine with a key of its own has a record of its own.
        machine("three", "")
        assert list(checkpoints.kept()) == []
    finally:
        checkpoints.init(app.config)


# ------------------------------------------------------------------------------------ the move


def test_files_are_brought_once(
    shared: str, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "before"
    monkeypatch.setitem(app.config, "INSTANCE_PATH", home)
    for name in ("media/ab/abc.webp", "media/cd/cde.webp", "exports/e.zip", "secret_key"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(name.encode())

    with app.app_context():
        assert commands.move(keep=True) == (3, 0)
        # As it is when somebody broke off in the middle of a file.
        files.file("media", "cd", "cde.webp").write(b"half")
        assert commands.move(keep=True) == (1, 2)
        assert commands.move(keep=False) == (0, 3)
        assert commands.move(keep=False) == (0, 0)

    assert files.file("media", "cd", "cde.webp").read_bytes() == b"media/cd/cde.webp"
    assert [f.name for f in files.below("exports")] == ["exports/e.zip"]
    assert [p.name for p in home.rglob("*") if p.is_file()] == ["secret_key"]


def test_there_must_be_somewhere_to_move_to(app: Flask, lies_in: Callable[[str], None]) -> None:
    run = app.test_cli_runner().invoke
    lies_in("instance")
    assert "FILES_URL is empty" in run(args=["files", "move"]).output
