"""What notify holds of a person: what they follow, and letters, as rows and as kept files."""

from __future__ import annotations

from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from sqlalchemy import func, or_

from app.core import mail, retention
from app.core.i18n import _l
from app.core.personal import ERASED, Erasing, Section, Subject, holds, rows_of
from app.notify.models import Follow, Letter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OLD_LETTERS, OLD_FILES = 90, 30


def collect(of: Subject) -> Iterator[Section]:
    """What they follow, and which letters went to them."""
    yield Section(
        "follows",
        _l("What you follow"),
        {"topic": _l("Topic"), "since": _l("Since"), "until": _l("Until")},
        [
            {"topic": f.topic_id, "since": f.at, "until": f.ended_at}
            for f in rows_of(Follow, Follow.person_id == of.person_id)
        ],
    )
    yield Section(
        "letters",
        _l("Letters to you"),
        {"kind": _l("Kind"), "address": _l("Address"), "topic": _l("Topic"), "at": _l("When")},
        [
            {"kind": x.kind, "address": x.address, "topic": x.topic_id, "at": x.written_at}
            for x in rows_of(Letter, Letter.person_id == of.person_id)
        ],
    )


def forget(erasing: Erasing) -> None:
    """The rows, the files to their addresses, and others' letters about topics they wrote in."""
    of = erasing.subject
    erasing.delete(Follow, Follow.person_id == of.person_id)
    whose = [Letter.person_id == of.person_id]
    addresses = {address.lower() for address in of.addresses}
    if addresses:
        whose.append(func.lower(Letter.address).in_(addresses))
    erasing.delete(Letter, or_(*whose))
    topics = {f"<topic-{topic_id}@" for topic_id in erasing.topics}
    for file in mail.kept():
        headers = _headers(file)
        about = (headers.get("References") or "").partition("@")[0] + "@"
        if _is_to(headers.get("To") or "", addresses) or about in topics:
            erasing.files.append(file)


def _headers(file: Path) -> dict[str, str]:
    with file.open("rb") as letter:
        found = BytesHeaderParser(policy=policy.compat32).parse(letter)
    return {name: str(found[name] or "") for name in ("To", "References")}


def _is_to(field: str, addresses: set[str]) -> bool:
    return any(address in field.lower() for address in addresses)


def _old_files(until: datetime) -> Iterator[Path]:
    for file in mail.kept():
        if datetime.fromtimestamp(file.stat().st_mtime, UTC) < until:
            yield file


retention.keep(
    "letters",
    OLD_LETTERS,
    _l("The list of letters that went out"),
    retention.Rows(
        Letter,
        lambda until: (
            (Letter.written_at < until)
            & (Letter.posted_at.is_not(None) | Letter.skipped.is_not(None))
        ),
        Letter.person_id,
    ),
)
retention.keep(
    "mail_files", OLD_FILES, _l("Letters kept as files, without a mail server"), files=_old_files
)

holds(
    "notify",
    {
        "follows.person_id": ERASED,
        "letters.person_id": ERASED,
        "letters.address": ERASED,
    },
    collect=collect,
    forget=forget,
    # After `topics`, which knows where they wrote.
    order=60,
)
