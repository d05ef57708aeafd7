"""Keeping the record honest: it is signed every hour and looked over every night."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

from app.brand.queries import brand as the_brand
from app.core import addresses, checkpoints, clock, mail, verifying
from app.core.events import record
from app.core.i18n import _, speaking
from app.core.verifying import RecordFoundBroken, Verdict

if TYPE_CHECKING:
    from app.core.checkpoints import Checkpoint


def note(found: Verdict) -> None:
    """Keep what was found; when it is worse than the last time, administrators are written to."""
    before = verifying.last_check()
    kept = verifying.write_down(found)
    known = before.problems if before is not None else 0
    if found.count > known:
        record(RecordFoundBroken(kept.id, found.count, found.first_seq))


def post(signed: Checkpoint, to: str) -> None:
    """Mail a checkpoint to where nobody of those who run the server can take it back."""
    brand = the_brand()
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(brand.mail_name or brand.name, addr_spec=brand.mail_address)
    message["To"] = to
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<checkpoint.{signed.seq}.{signed.hash[:16]}@{addresses.host()}>"
    message["Auto-Submitted"] = "auto-generated"
    with speaking(brand.locale, brand.timezone):
        message["Subject"] = _(
            "%(bank)s: the record has %(count)s entries", bank=brand.name, count=signed.count
        )
        explained = _(
            "Keep this letter. Whoever changes the record afterwards cannot make it agree with"
            " what is signed here."
        )
    message.set_content(f"{explained}\n\n{signed}\n\n{checkpoints.public_key()}")
    mail.send(message)
