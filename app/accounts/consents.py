"""What people agree to, in versions: which stands now, who agreed to which, who is asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.accounts.events import ConsentGiven, LegalTextPublished
from app.accounts.models import LEGAL_KINDS, Consent, LegalText
from app.core import clock, signing
from app.core.db import add_once, session
from app.core.events import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from app.accounts.models import Person


def current() -> list[LegalText]:
    """The versions in force, one of a kind at most; none when the bank has published none."""
    last = select(func.max(LegalText.id)).group_by(LegalText.kind)
    found = {t.kind: t for t in session.scalars(select(LegalText).where(LegalText.id.in_(last)))}
    return [found[kind] for kind in LEGAL_KINDS if kind in found]


def versions(kind: str) -> Sequence[LegalText]:
    """All versions of a kind, the last first."""
    query = select(LegalText).where(LegalText.kind == kind)
    return session.scalars(query.order_by(LegalText.version.desc())).all()


def version(kind: str, number: int) -> LegalText | None:
    """One of them."""
    query = select(LegalText).where(LegalText.kind == kind, LegalText.version == number)
    return session.scalar(query)


def in_words(text: LegalText, locale: str, otherwise: str) -> tuple[str, str]:
    """The text in the reader's language, else in the bank's, else in any; and which that is."""
    spoken = [code for code in (locale, otherwise, *text.texts) if text.texts.get(code)]
    return (str(text.texts[spoken[0]]), spoken[0]) if spoken else ("", otherwise)


def missing(person: Person) -> list[LegalText]:
    """What this person has still to agree to: no version since the last that asks is theirs."""
    standing = current()
    if not standing or person.is_staff:
        return []
    agreed = dict(
        session.execute(
            select(LegalText.kind, func.max(LegalText.version))
            .join(Consent, Consent.text_id == LegalText.id)
            .where(Consent.person_id == person.id)
            .group_by(LegalText.kind)
        )
        .tuples()
        .all()
    )
    return [text for text in standing if agreed.get(text.kind, 0) < _asked_for(text)]


def _asked_for(text: LegalText) -> int:
    """The last version up to this one that everybody is asked about; the first is always."""
    query = select(func.max(LegalText.version)).where(LegalText.kind == text.kind, LegalText.asks)
    return session.scalar(query) or 1


def agree(
    person: Person,
    texts: Sequence[LegalText],
    how: str,
    address: str | None,
    *,
    at: datetime | None = None,
) -> None:
    """Write down that they agreed to these versions, now, from there. Once each."""
    at = at or clock.now()
    hashed = signing.sign("consent", address) if address else ""
    for text in texts:
        given = Consent(person_id=person.id, text_id=text.id, how=how, address_hash=hashed, at=at)
        if add_once(given):
            record(ConsentGiven(person.id, text.id), by=person.id, at=at)


def publish(
    administrator: Person,
    kind: str,
    texts: Mapping[str, str],
    *,
    asks: bool = True,
    at: datetime | None = None,
) -> LegalText:
    """A new version takes the place of the one before; the same words again change nothing."""
    before = versions(kind)
    said = {code: words.strip() for code, words in texts.items() if words.strip()}
    if before and dict(before[0].texts) == said:
        return before[0]
    made = LegalText(
        kind=kind,
        version=before[0].version + 1 if before else 1,
        texts=said,
        asks=asks or not before,
        published_by_id=administrator.id,
        published_at=at or clock.now(),
    )
    session.add(made)
    session.flush()
    published = LegalTextPublished(made.id, kind, made.version)
    record(published, by=administrator.id, at=made.published_at)
    return made
