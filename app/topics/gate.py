"""The publish gate: every word of a customer's passes here on its way to the public.

Who reads it first, and what is refused, is the knowledge of an upper slice, which says so once:

    gate.keep(look, note)

`look(sending)` gives the sending back as it is to be published, or `Held` when it waits to be read;
it raises RefusedError with words for the author. `note(sending, thing)` hears what was published.
Nothing held is a topic or a post, so no list, count, search or feed can show it.

The bank's own people pass unread; so do articles, and what is brought in from elsewhere, which its
doors declare (tests/architecture/test_gate.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from app.core import clock
from app.core.db import session
from app.topics import queries, service
from app.topics.models import Post, Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from app.accounts.models import Person
    from app.topics.models import Category

# An edit that leaves less than this of the text is a text of its own.
MUCH = 0.8
# Comparing two long texts letter by letter would take seconds.
LETTERS = 2_000


@dataclass(frozen=True)
class Sending:
    """What somebody wants everybody to read, before anybody has.

    `act`: topic, comment, or edit (of `post` when there is one, else of `topic`). `changes_much`:
    of an edit, whether it says something else than what was read before.
    """

    act: str
    author: Person
    category: Category
    body: str
    title: str = ""
    kind: str = ""
    tags: tuple[str, ...] = ()
    language: str | None = None
    topic: Topic | None = None
    post: Post | None = None
    wants_answer: bool = True
    reason: str = ""
    changes_much: bool = True
    # In how many seconds it was written, where the form has measured it.
    typed_in: float | None = None
    # What the keeper found, for its own use when this is published.
    found: object = None
    at: datetime = field(default_factory=clock.now)

    @property
    def texts(self) -> dict[str, str]:
        """Everything in it that others would read, by name."""
        said = {"title": self.title, "body": self.body, "tags": ", ".join(self.tags)}
        said["reason"] = self.reason
        return {name: text for name, text in said.items() if text}

    def saying(self, texts: dict[str, str]) -> Sending:
        """The same with these words instead."""
        tags = self.tags
        if "tags" in texts:
            tags = tuple(name.strip() for name in texts["tags"].split(","))
        named = {n: texts[n] for n in ("title", "body", "reason") if n in texts}
        return replace(self, tags=tags, **named)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Held:
    """It waits to be read under this number; nothing is published yet."""

    number: int


class RefusedError(ValueError):
    """It cannot be published as it is; `words` tell its author why, `fields` where."""

    def __init__(self, words: Sequence[str], fields: Sequence[str] = ()) -> None:
        super().__init__("; ".join(words))
        self.words, self.fields = list(words), tuple(fields)


if TYPE_CHECKING:
    Look = Callable[[Sending], "Sending | Held"]
    Note = Callable[[Sending, "Topic | Post"], None]


def _open(sending: Sending) -> Sending | Held:
    return sending


def _silent(_sending: Sending, _thing: Topic | Post) -> None:
    pass


_keepers: list[tuple[Look, Note]] = [(_open, _silent)]


def keep(look: Look, note: Note) -> None:
    """Let these two stand at the gate from now on."""
    _keepers.append((look, note))


def ask(asker: Person, words: service.Words, *, typed_in: float | None = None) -> Topic | Held:
    """A new topic."""
    sending = Sending(
        "topic",
        asker,
        words.category,
        words.body,
        title=words.title,
        kind=words.kind,
        tags=tuple(words.tags),
        language=words.language,
        typed_in=typed_in,
    )
    done = _pass(sending)
    return done if isinstance(done, Held) else _topic(done)


def comment(
    author: Person,
    topic: Topic,
    body: str,
    *,
    wants_answer: bool = True,
    typed_in: float | None = None,
) -> Post | Held:
    """A comment, the asker's replies among them."""
    sending = Sending(
        "comment",
        author,
        topic.category,
        body,
        topic=topic,
        wants_answer=wants_answer,
        typed_in=typed_in,
    )
    done = _pass(sending)
    return done if isinstance(done, Held) else _post(done)


def dispute(asker: Person, topic: Topic, body: str = "") -> Post | Held | None:
    """Not solved, and perhaps why: both or, when the words are refused, neither."""
    with session.begin_nested():
        service.dispute(asker, topic)
        return comment(asker, topic, body) if body else None


def edit(editor: Person, topic: Topic, words: service.Words, reason: str = "") -> Topic | Held:
    """A topic's words changed."""
    read = queries.first_words(topic, None)
    before = f"{read.title}\n{read.body}" if read else f"{topic.title}\n{topic.body}"
    sending = Sending(
        "edit",
        editor,
        topic.category,
        words.body,
        title=words.title,
        kind=topic.kind,
        tags=tuple(words.tags),
        language=words.language,
        topic=topic,
        reason=reason,
        changes_much=differs_much(before, f"{words.title}\n{words.body}"),
    )
    done = _pass(sending)
    return done if isinstance(done, Held) else _topic(done)


def edit_post(editor: Person, post: Post, body: str, reason: str = "") -> Post | Held:
    """A reply's words changed."""
    topic = queries.topic(post.topic_id)
    read = queries.first_words(topic, post)
    sending = Sending(
        "edit",
        editor,
        topic.category,
        body,
        topic=topic,
        post=post,
        reason=reason,
        changes_much=differs_much(read.body if read else post.body, body),
    )
    done = _pass(sending)
    return done if isinstance(done, Held) else _post(done)


def differs_much(before: str, after: str) -> bool:
    """Whether an edited text says something else than it did, or holds a link it had not."""
    if after.count("://") > before.count("://"):
        return True
    if len(before) > LETTERS or len(after) > LETTERS:
        return SequenceMatcher(None, before.split(), after.split(), autojunk=False).ratio() < MUCH
    return SequenceMatcher(None, before, after, autojunk=False).ratio() < MUCH


def _pass(sending: Sending) -> Topic | Post | Held:
    if sending.author.is_staff:
        return publish(sending)
    look, _note = _keepers[-1]
    seen = look(sending)
    return seen if isinstance(seen, Held) else publish(seen)


def publish(sending: Sending) -> Topic | Post:
    """Let it appear, as sent at `sending.at`: the promise runs from there, however long it lay.

    Called by the gate itself, and by whoever read what was held.
    """
    done = _published(sending)
    _look, note = _keepers[-1]
    note(sending, done)
    return done


def _published(sending: Sending) -> Topic | Post:
    author, topic = sending.author, sending.topic
    if sending.act == "topic":
        return service.ask(author, _words(sending), at=sending.at)
    if topic is None:
        raise ValueError(sending.act)
    if sending.act == "comment":
        return service.comment(
            author, topic, sending.body, wants_answer=sending.wants_answer, at=sending.at
        )
    if sending.post is not None:
        service.edit_post(author, sending.post, sending.body, sending.reason)
        return sending.post
    service.edit(author, topic, _words(sending), sending.reason)
    return topic


def _words(sending: Sending) -> service.Words:
    return service.Words(
        sending.kind,
        sending.title,
        sending.body,
        sending.category,
        list(sending.tags),
        sending.language,
    )


def _topic(done: Topic | Post) -> Topic:
    if not isinstance(done, Topic):
        raise TypeError(done)
    return done


def _post(done: Topic | Post) -> Post:
    if not isinstance(done, Post):
        raise TypeError(done)
    return done
