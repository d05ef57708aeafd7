"""Atom feeds of what everybody may read. The only door to the feed library.

A feed is the same for all its readers, so it speaks the bank's language, whoever fetches it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.brand.queries import brand as the_brand
from app.core import addresses, leaving
from app.core.i18n import _, speaking
from app.core.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from feedgen import feed as feedgen

    from app.topics.models import Category, Post, Topic
else:
    feedgen = lazily("feedgen.feed")

# What XML 1.0 cannot carry.
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# The year in which we began to name things; ids in feeds must never change.
SINCE = "2026"


@dataclass(frozen=True)
class Feed:
    """A feed as it is served; `updated` is None when nothing is in it yet."""

    xml: bytes
    updated: datetime | None


@dataclass(frozen=True)
class _Entry:
    key: str
    title: str
    href: str
    author: str
    html: str
    published: datetime
    updated: datetime


def of_all(topics: Sequence[Topic]) -> Feed:
    """The newest topics of the whole house."""
    brand = the_brand()
    return _made("all", brand.name, "/feed.atom", addresses.front(), [_of_topic(t) for t in topics])


def of_category(category: Category, topics: Sequence[Topic]) -> Feed:
    """The newest topics of a category."""
    title = f"{category.name} · {the_brand().name}"
    page = addresses.category(category.slug)
    path = f"/categories/{category.slug}/feed.atom"
    return _made(f"category-{category.id}", title, path, page, [_of_topic(t) for t in topics])


def of_topic(topic: Topic, posts: Sequence[Post]) -> Feed:
    """What is said under a topic, the newest first, and at the end the topic itself."""
    title = f"{topic.title} · {the_brand().name}"
    path, page = f"/topics/{topic.id}/feed.atom", addresses.topic(topic.id)
    entries = [*(_of_post(topic, post) for post in posts), _of_topic(topic, alone=True)]
    return _made(f"topic-{topic.id}-posts", title, path, page, entries)


def _of_topic(topic: Topic, *, alone: bool = False) -> _Entry:
    html, updated = topic.body_html, topic.edited_at or topic.opened_at
    answer = topic.answer
    if answer is not None and answer.hidden_at is None and not alone:
        html += f"<hr>{answer.body_html}"
        updated = max(updated, answer.edited_at or answer.published_at)
    return _Entry(
        key=f"topic-{topic.id}",
        title=topic.title,
        href=addresses.topic(topic.id),
        author=topic.asker.name,
        html=html,
        published=topic.opened_at,
        updated=updated,
    )


def _of_post(topic: Topic, post: Post) -> _Entry:
    brand = the_brand()
    with speaking(brand.locale, brand.timezone):
        if post.is_official:
            title = _("Answer: %(name)s", name=post.author.name)
        else:
            title = _("Comment: %(name)s", name=post.author.name)
    return _Entry(
        key=f"post-{post.id}",
        title=title,
        href=addresses.post(topic.id, post.seq),
        author=post.author.name,
        html=post.body_html,
        published=post.published_at,
        updated=post.edited_at or post.published_at,
    )


def _made(key: str, title: str, path: str, page: str, entries: Sequence[_Entry]) -> Feed:
    brand = the_brand()
    feed = feedgen.FeedGenerator()
    feed.id(_id(key))
    feed.title(_speakable(title))
    feed.link(href=addresses.at(path), rel="self", type="application/atom+xml")
    feed.link(href=page, rel="alternate", type="text/html")
    feed.language(brand.locale)
    feed.author({"name": _speakable(brand.name)})
    feed.generator("Otklik")
    updated = max((e.updated for e in entries), default=None)
    # Atom demands an instant of an empty feed too.
    feed.updated(updated or f"{SINCE}-01-01T00:00:00Z")
    for entry in entries:
        item = feed.add_entry(order="append")
        item.id(_id(entry.key))
        item.title(_speakable(entry.title))
        item.link(href=entry.href, rel="alternate", type="text/html")
        item.author({"name": _speakable(entry.author)})
        item.content(_speakable(addresses.made_whole(leaving.guarded(entry.html))), type="html")
        item.published(entry.published)
        item.updated(entry.updated)
    return Feed(feed.atom_str(), updated)


def _id(key: str) -> str:
    return f"tag:{addresses.host()},{SINCE}:{key}"


def _speakable(text: str) -> str:
    return _UNSPEAKABLE.sub("", text)
