"""Making a letter: words in its reader's language and hour, as text and as HTML, with its headers.

Nothing of a letter is kept but its row, so the same row always makes the same Message-ID.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import current_app

from app.accounts import queries as accounts
from app.accounts.service import token
from app.brand.queries import brand as the_brand
from app.core import addresses, clock, leaving, markup
from app.core.files import OutOfReachError
from app.core.i18n import is_zone, speaking
from app.core.policy import PUBLIC
from app.ideas import queries as ideas
from app.ideas.events import IdeaStateChanged
from app.media import drawing
from app.media.service import file_of
from app.moderation import queries as moderation
from app.moderation import service as moderation_service
from app.moderation.events import (
    AppealDecided,
    AppealMade,
    HidingConfirmed,
    PersonReleased,
    PersonRestrained,
    PostHidden,
    ReportsDecided,
    TextApproved,
    TextReturned,
    TextsWaitLong,
    TopicHidden,
    TopicMarkedSpam,
)
from app.notify import policy, reminders, service
from app.sla.events import RemindersDue
from app.topics import answering
from app.topics import queries as topics
from app.topics.events import AnswerRetracted
from app.topics.promise import standing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.policy import Policy

    from app.accounts.models import Person
    from app.brand.models import Brand
    from app.moderation.models import Act
    from app.notify.models import Letter
    from app.sla.queries.reminders import Reminder
    from app.topics.models import Topic

# Twice the size it is shown at, for dense screens.
RING_PIXELS = 192
# Letters in which a person and their promise stand on top.
WITH_RING = {
    "receipt",
    "answer",
    "question",
    "handed_over",
    "reopened",
    "asked_again",
    "reminder",
    "overdue",
    "escalated",
    "asked_back",
    "news_promised",
    "retracted",
    "hour_moved",
    "idea",
}
# Below it sRGB is a straight line.
SRGB_KNEE = 0.04045
# Links for tickets: each leads to a page with a button, for mail programs open links unasked.
TICKET_PATHS = {
    "confirm": "/confirm/",
    "known": "/confirm/",
    "reset": "/reset/",
    "invite": "/reset/",
    "change": "/change-address/",
    "link": "/sign-in/link/",
    "publish": "/asked/",
}
# What mail programs make a link of, or a number to call.
_WAY = re.compile(r"://|@|\w\.\w{2}|\d(?:\D{0,3}\d){6}")
# Controls, lone surrogates, and whatever may end a line.
_BREAKS = {"Cc", "Cs", "Zl", "Zp"}


@dataclass(frozen=True)
class Ring:
    """The ring as a picture inside the letter."""

    png: bytes
    cid: str


class Unfolded(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc]
    """A header that must stand as it is: Python would break a long address into encoded words."""

    def fold(self, *, policy: Policy[Any]) -> str:
        """One line, however long."""
        return f"{self.name}: {self}{policy.linesep}"


_registry = HeaderRegistry()
for _name in ("Message-ID", "In-Reply-To", "References", "List-Id", "List-Unsubscribe"):
    _registry.map_to_type(_name.lower(), Unfolded)
POLICY = SMTP.clone(header_factory=_registry)


def compose(letter: Letter, due: Sequence[Reminder] = ()) -> EmailMessage:
    """The letter as it goes out; `due`: the reminders that it tells of."""
    brand = the_brand()
    with speaking(letter.locale, _zone(letter.person, brand)):
        about = _about(letter, brand, reminders.one_a_topic(due))
        template = f"notify/emails/{letter.kind}"
        subject = _one_line(_rendered(f"{template}.txt", only_subject=True, **about))
        text = _rendered(f"{template}.txt", **about)
        html = _rendered(f"{template}.html", **about)
    message = EmailMessage(policy=POLICY)
    message["From"] = _address(brand.mail_name or brand.name, brand.mail_address)
    # To an address not yet proved no stranger's chosen name is carried.
    known = letter.person if letter.ticket_id is None else None
    message["To"] = _address(known.name if known else "", letter.address)
    message["Subject"] = subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{_mail_name(letter)}@{addresses.host()}>"
    # Which letter it is, for filters in mail programs.
    message["X-Otklik-Letter"] = letter.kind
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    _add_list_headers(message, letter, about["unsubscribe_url"])
    message.set_content(_tidy(text))
    message.add_alternative(html, subtype="html")
    message["Content-Language"] = letter.locale
    ring: Ring | None = about["picture"]
    # Not every letter of its kind shows it: what is shown nowhere would be an odd attachment.
    if ring is not None and ring.cid in html:
        body: Any = message.get_payload(1)
        body.add_related(ring.png, "image", "png", cid=f"<{ring.cid}>", filename="ring.png")
    return message


def _mail_name(letter: Letter) -> str:
    """The same whenever the letter is made, so that mail programs fold a retry into one."""
    event = letter.fact.event
    if isinstance(event, RemindersDue):
        return reminders.mail_name(event)
    return f"{letter.kind}.{letter.fact_id}.{letter.id}"


def _add_list_headers(message: EmailMessage, letter: Letter, unsubscribe_url: str | None) -> None:
    host = addresses.host()
    if letter.topic_id is not None:
        # Letters about one topic stand together, though nobody was sent the first of them.
        message["In-Reply-To"] = message["References"] = f"<topic-{letter.topic_id}@{host}>"
    if unsubscribe_url is not None:
        message["List-Id"] = f"<{policy.LETTERS[letter.kind].choice}.{host}>"
        message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _about(letter: Letter, brand: Brand, due: Sequence[Reminder]) -> dict[str, Any]:
    """Everything the templates may speak of."""
    event, topic, person = letter.fact.event, letter.topic, letter.person
    act = _act(letter)
    asked_id = due[0].post_id if due else None
    change = ideas.change(event.change_id) if isinstance(event, IdeaStateChanged) else None
    stop = service.unsubscribe_token(person, letter.kind, letter.topic_id) if person else None
    ring = _ring(letter, topic, brand) if topic and letter.kind in WITH_RING else None
    return {
        "brand": brand,
        "base_url": addresses.front(),
        "person": person,
        "topic": topic,
        "post": letter.post,
        "event": event,
        "reason": _why_taken_back(event) if isinstance(event, AnswerRetracted) else "",
        "reminders": due[: reminders.LONGEST],
        "more": max(len(due) - reminders.LONGEST, 0),
        "asked": topics.post(asked_id) if asked_id is not None else None,
        "answers": answering.answers_today(topic.category) if topic else None,
        "promise": standing(topic) if topic else None,
        "act": act,
        "other": _merged_with(act) if act else None,
        "before": topics.category(act.before_id) if act and act.before_id else None,
        "change": change,
        "ticket": letter.ticket,
        "asked_title": _asked_title(letter),
        "happened": type(event).__name__,
        "happened_at": letter.fact.at,
        "doer": accounts.person(letter.fact.actor_id) if letter.fact.actor_id else None,
        "ticket_url": _ticket_url(letter),
        "address": addresses,
        **_of_moderation(event),
        "plain": _plain,
        "whole": _whole,
        "picture": ring,
        "unsubscribe_url": addresses.at(f"/unsubscribe/{stop}") if stop else None,
        "accent": brand.colour,
        "on_accent": _on(brand.colour),
    }


def _why_taken_back(event: AnswerRetracted) -> str:
    return topics.post(event.post_id).retraction or ""


def _of_moderation(event: object) -> dict[str, Any]:
    """The text, the appeal or the restraint a letter is about, and where its reader sees it."""
    found: dict[str, Any] = {"reasons": moderation_service.RETURNED_FOR}
    if isinstance(event, (TextReturned, TextApproved)):
        found["text"] = moderation.text(event.submission_id)
        found["page"] = addresses.at(f"/submissions/{event.submission_id}")
    if isinstance(event, (AppealMade, AppealDecided)):
        found["appeal"] = moderation.appeal_made(event.appeal_id)
        found["page"] = addresses.at(f"/manage/appeals/{event.appeal_id}")
    if isinstance(event, (PersonRestrained, PersonReleased)):
        restraint = moderation.restraint(event.restraint_id)
        if restraint is not None:
            found["restraint"] = restraint
            token = moderation_service.token_of(restraint)
            found["page"] = addresses.at(f"/restraints/{token}")
    if isinstance(event, TextsWaitLong):
        found["waiting"] = moderation.waiting_count()
        found["page"] = addresses.at("/manage/queue")
    if isinstance(event, ReportsDecided):
        found["verdict"] = event.verdict
        found["page"] = addresses.at("/reports")
    # What reports hid by themselves cannot be appealed against: somebody looks at it anyway.
    if (
        isinstance(event, (TopicHidden, TopicMarkedSpam, PostHidden, HidingConfirmed))
        and moderation.act(event.act_id).by_id is not None
    ):
        found["page"] = addresses.at(f"/removals/{event.act_id}")
    return found


def _act(letter: Letter) -> Act | None:
    """What moderation did: the fact itself, or what handed the topic to this letter's reader."""
    act_id = getattr(letter.fact.event, "act_id", None)
    if act_id is not None:
        return moderation.act(act_id)
    if letter.kind == "handed_over" and letter.topic is not None:
        return moderation.last_act(letter.topic, "move")
    return None


def _merged_with(act: Act) -> Topic | None:
    """The other topic of a merge, as long as everybody may read it."""
    if act.name not in {"merge", "unmerge"} or act.after_id is None:
        return None
    return topics.topic_in_sight(PUBLIC, act.after_id)


def _ticket_url(letter: Letter) -> str | None:
    path = TICKET_PATHS.get(letter.kind)
    if letter.ticket is None or path is None:
        return None
    return addresses.at(path + token(letter.ticket))


def _asked_title(letter: Letter) -> str:
    """What somebody asked on the bank's site, for them to know it again; "" where none is shown.

    Anybody can send it to anybody: nothing in it may be a way to somewhere.
    """
    if letter.kind != "publish" or letter.ticket is None:
        return ""
    draft = topics.draft("new", person_id=None, guest=letter.ticket.guest)
    said = _one_line(str(draft.fields.get("title") or "")) if draft is not None else ""
    return "" if _WAY.search(said) else said


def _ring(letter: Letter, topic: Topic, brand: Brand) -> Ring | None:
    who = letter.post.author if letter.post is not None else answering.face_of(topic)
    stands = standing(topic)
    key = who.portrait.key if who.portrait else None
    # An answer may go to a thousand followers: they all see the same ring.
    share = round(stands.left, 2)
    shown = who.initials, share, stands.state, brand.colour
    try:
        png = _drawn(key, *shown)
    except OutOfReachError:  # a letter on time is worth more than a face
        png = _drawn(None, *shown)
    return Ring(png, f"ring.{letter.id}@{addresses.host()}")


@lru_cache(maxsize=64)
def _drawn(key: str | None, initials: str, share: float, state: str, colour: str) -> bytes:
    try:
        face = file_of(key).read_bytes() if key else None
    except FileNotFoundError:
        face = None
    return drawing.ring_png(
        face,
        initials=initials,
        share_left=share,
        state=state,
        size=RING_PIXELS,
        brand=colour,
    )


def _zone(person: Person | None, brand: Brand) -> str:
    zone = person.timezone if person else None
    return zone if zone and is_zone(zone) else brand.timezone


def _rendered(template: str, **about: Any) -> str:
    """Without what every page is given: a letter is made far from any request."""
    return current_app.jinja_env.get_template(template).render(about)


def _address(name: str, address: str) -> Address:
    return Address(display_name=_one_line(name), addr_spec=_one_line(address))


def _one_line(text: str) -> str:
    """Nothing of a name or a title can begin another header."""
    spaced = (" " if unicodedata.category(c) in _BREAKS else c for c in text)
    return " ".join("".join(spaced).split())


def _plain(html: str) -> str:
    return markup.plain(_whole(html), addresses=True)


def _whole(html: str) -> str:
    """Links out pass the page that warns from a letter too."""
    return addresses.made_whole(leaving.guarded(html))


def _tidy(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _on(colour: str) -> str:
    """White or near-black, whichever is better read on a button of this colour."""
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#ffffff" if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.06 else "#1b1814"


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= SRGB_KNEE else ((channel + 0.055) / 1.055) ** 2.4
