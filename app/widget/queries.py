"""Reading what stands about the sites that carry the widget, and what is shown through it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.db import session
from app.topics.models import BANK_KINDS, Post, Topic
from app.topics.policy import visible_posts, visible_topics
from app.widget.models import Enquiry, Seen, SigningKey, Site, Use

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Row

    from app.core.policy import Actor
    from app.topics.models import Category

# What somebody else may have wanted to know too.
ASKED: Final = ("question", "problem")
_USES: Final = tuple(
    func.sum(getattr(Use, name)).label(name) for name in ("opened", "searched", "helped", "asked")
)
# What lies longer is no news: it was read in a letter, or on the pages of Otklik.
NEWS_FOR: Final = timedelta(days=30)
MOST_UNREAD: Final = 100
# What is longer is read on the topic's own page.
TALK: Final = 12


def site_by_key(_actor: Actor, key: str) -> Site | None:
    """The open site whose pages carry this key, which is no secret."""
    return session.scalar(select(Site).where(Site.key == key, Site.disabled_at.is_(None)))


def site(_actor: Actor, site_id: int) -> Site | None:
    """A registered site, shut ones too: for those who manage them."""
    return session.get(Site, site_id)


def sites() -> list[Site]:
    """All that are registered, by name."""
    return list(session.scalars(select(Site).order_by(Site.name, Site.id)))


def keys_of(site: Site) -> Sequence[SigningKey]:
    """What its tokens are, and were, signed with; live ones first, then the last to retire."""
    query = select(SigningKey).where(SigningKey.site_id == site.id)
    first = (SigningKey.retired_at.is_not(None), SigningKey.id.desc())
    return session.scalars(query.order_by(*first)).all()


def key_of_site(_actor: Actor, site_id: int, key_id: int) -> SigningKey | None:
    """One of its keys."""
    key = session.get(SigningKey, key_id)
    return key if key is not None and key.site_id == site_id else None


def still_vouches(site_key: str, key_id: int, issuer: str) -> bool:
    """Whether what this key of this site said is believed still: neither is shut, retired, new."""
    query = (
        select(SigningKey.id)
        .join(Site, Site.id == SigningKey.site_id)
        .where(SigningKey.id == key_id, SigningKey.retired_at.is_(None))
        .where(Site.key == site_key, Site.issuer == issuer, Site.disabled_at.is_(None))
    )
    return session.scalar(query) is not None


def uses_by_site(since: date) -> Sequence[Row[Any]]:
    """(site's id, opened, searched, helped, asked) since that day, by those that were used."""
    query = select(Use.site_id, *_USES).where(Use.day >= since)
    return session.execute(query.group_by(Use.site_id)).all()


def uses_by_page(
    since: date, site_id: int | None = None, limit: int | None = None
) -> Sequence[Row[Any]]:
    """(site's id, page, opened, searched, helped, asked), the most opened first."""
    query = select(Use.site_id, Use.page, *_USES).where(Use.day >= since)
    if site_id is not None:
        query = query.where(Use.site_id == site_id)
    most = (func.sum(Use.opened).desc(), Use.page, Use.site_id)
    return session.execute(query.group_by(Use.site_id, Use.page).order_by(*most).limit(limit)).all()


def most_wanted_answers(actor: Actor, category: Category | None, limit: int) -> Sequence[Topic]:
    """The answered topics of a category, or of all, in which most people have joined."""
    query = select(Topic).where(
        visible_topics(actor),
        Topic.merged_into_id.is_(None),
        Topic.answer_id.is_not(None),
        Topic.kind.in_(ASKED),
    )
    if category is not None:
        query = query.where(Topic.category_id == category.id)
    query = query.order_by(Topic.votes_count.desc(), Topic.id.desc()).limit(limit)
    return session.scalars(query).unique().all()


def talk(topic: Topic, actor: Actor) -> list[Post]:
    """What the bank and the asker said beside the official answers, the last of it, in order."""
    query = select(Post).where(
        Post.topic_id == topic.id,
        Post.kind != "answer",
        or_(Post.kind.in_(BANK_KINDS), Post.author_id == topic.asker_id),
        visible_posts(actor),
    )
    last = session.scalars(query.order_by(Post.seq.desc()).limit(TALK)).unique().all()
    return list(reversed(last))


def unread_topics(person_id: int) -> set[int]:
    """Those of somebody's topics, by id, in which the bank said what they have not read.

    Whoever wrote after it has read it. What was merged is answered where it went.
    """
    later = aliased(Post)
    wrote_since = exists().where(
        later.topic_id == Post.topic_id, later.author_id == person_id, later.seq > Post.seq
    )
    said = exists().where(
        Post.topic_id == _answered_in(),
        Post.kind.in_(BANK_KINDS),
        Post.author_id != person_id,
        Post.hidden_at.is_(None),
        Post.published_at >= clock.now() - NEWS_FOR,
        or_(Seen.at.is_(None), Post.published_at > Seen.at),
        ~wrote_since,
    )
    query = (
        select(Topic.id)
        .outerjoin(Seen, (Seen.topic_id == _answered_in()) & (Seen.person_id == person_id))
        .where(Topic.asker_id == person_id, Topic.hidden_at.is_(None), Topic.state != "solved")
        .where(said)
    )
    return set(session.scalars(query.limit(MOST_UNREAD)))


def is_theirs(person_id: int, topic_id: int) -> bool:
    """Whether somebody asked it, or asked what was merged into it."""
    asked = exists().where(Topic.asker_id == person_id, _answered_in() == topic_id)
    return bool(session.scalar(select(asked)))


def _answered_in() -> ColumnElement[int]:
    return func.coalesce(Topic.merged_into_id, Topic.id)


def enquiry_of(topic_id: int) -> Enquiry | None:
    """From which page a topic was asked; None when it was not asked through the widget."""
    return session.scalar(_OF_TOPIC, {"topic_id": topic_id})


_OF_TOPIC = select(Enquiry).where(Enquiry.topic_id == bindparam("topic_id"))


def enquiry_of_text(submission_id: int) -> Enquiry | None:
    """Likewise of a text that waits to be read, or waited."""
    return session.scalar(select(Enquiry).where(Enquiry.submission_id == submission_id))


def enquiry_of_guest(guest: str | None) -> Enquiry | None:
    """What belongs to the draft of somebody who has yet to prove their address."""
    return session.scalar(select(Enquiry).where(Enquiry.guest == guest)) if guest else None


def enquiry_begun(person_id: int, since: datetime) -> Enquiry | None:
    """What somebody has taken over to our own pages and not published yet; the last of it."""
    query = select(Enquiry).where(
        Enquiry.person_id == person_id,
        Enquiry.topic_id.is_(None),
        Enquiry.submission_id.is_(None),
        Enquiry.at >= since,
    )
    return session.scalars(query.order_by(Enquiry.id.desc()).limit(1)).unique().first()
