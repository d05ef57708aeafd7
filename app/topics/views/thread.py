"""What a topic's page shows of it, each asked for where it is shown, for most of it is kept."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from flask import current_app, url_for

from app.core import markup
from app.core.policy import is_staff
from app.topics import queries, timeline, turns
from app.topics.answering import answers_today
from app.topics.promise import standing, timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.accounts.models import Person
    from app.core.policy import Actor
    from app.topics.answering import ActingPerson
    from app.topics.models import Post, Topic
    from app.topics.promise import Standing, Timing
    from app.topics.timeline import Told

# About what a search engine or a messenger shows of a page.
SUMMARY = 200


class Thread:
    """A topic, and the page of its comments that begins with the number `start`."""

    def __init__(self, topic: Topic, actor: Actor, start: int = 0) -> None:
        self.topic, self._actor, self.start = topic, actor, start

    @property
    def is_first_page(self) -> bool:
        """Whether the topic itself stands on it."""
        return self.start == 0

    @property
    def stands(self) -> Standing:
        """How its promise stands now."""
        return standing(self.topic)

    @cached_property
    def answers(self) -> Sequence[Post]:
        """The official answers, the newest first."""
        if self._replies is not None:
            return self._replies[0]
        return queries.official_answers(self.topic, self._actor)

    @cached_property
    def comments(self) -> queries.Comments:
        """What else was said."""
        if self._replies is not None:
            return self._replies[1]
        return queries.comments(self.topic, self._actor, self.start)

    @cached_property
    def _replies(self) -> tuple[Sequence[Post], queries.Comments] | None:
        """Both, of most topics; None of a long one, of which a page is shown."""
        if self.start or self.topic.last_seq > queries.COMMENTS:
            return None
        return queries.all_replies(self.topic, self._actor)

    @cached_property
    def authors(self) -> Sequence[Person]:
        """Who wrote the replies: to be asked for before any of them is."""
        return queries.authors([*self.answers, *self.comments.items]) if self._replies else ()

    @cached_property
    def happened(self) -> list[Told]:
        """Its timeline."""
        return timeline.timeline(self.topic, self._actor)

    @property
    def is_for_staff(self) -> bool:
        """Whether its timeline tells what only those who work here are told."""
        return is_staff(self._actor, None)

    @cached_property
    def today(self) -> ActingPerson:
        """Who answers in its category today."""
        return answers_today(self.topic.category)

    @cached_property
    def only_news(self) -> bool:
        """Whether all that is owed is news."""
        return turns.awaits_only_news(self.topic)

    @property
    def address(self) -> str:
        """Where it is answered, for those who are not here."""
        return _address_of(self.topic.merged_into or self.topic)

    @property
    def summary(self) -> str:
        """Its first words."""
        return markup.first_line(self.topic.body_html, SUMMARY)

    def timing(self, answer: Post) -> Timing:
        """How an official answer stands to the promise."""
        return timing(self.topic, answer, self.stands)

    @property
    def structured(self) -> dict[str, object] | None:
        """The question and its answers as search engines read them; None when none is in public."""
        _ = self.authors
        public = [a for a in self.answers if a.hidden_at is None]
        may = self.topic.kind in {"question", "problem"} and self.topic.is_counted
        return _structured(self.topic, public) if may and public else None


def _address_of(topic: Topic) -> str:
    return str(current_app.config["PUBLIC_URL"] + url_for("topics.topic", topic_id=topic.id))


def _structured(topic: Topic, answers: list[Post]) -> dict[str, object]:
    """The question and its official answers as search engines read them (schema.org QAPage)."""
    said = [_answer_for_engines(topic, a) for a in answers]
    solution = next((s for s, a in zip(said, answers, strict=True) if a.accepted_at), said[0])
    return {
        "@context": "https://schema.org",
        "@type": "QAPage",
        "mainEntity": {
            "@type": "Question",
            "name": topic.title,
            "text": markup.plain(topic.body_html),
            "answerCount": len(said),
            "upvoteCount": topic.votes_count,
            "datePublished": topic.opened_at.isoformat(),
            "inLanguage": topic.language,
            "author": {"@type": "Person", "name": topic.asker.name},
            "acceptedAnswer": solution,
            "suggestedAnswer": [s for s in said if s is not solution],
        },
    }


def _answer_for_engines(topic: Topic, answer: Post) -> dict[str, object]:
    author = {"@type": "Person", "name": answer.author.name, "jobTitle": answer.signed_as}
    return {
        "@type": "Answer",
        "text": markup.plain(answer.body_html),
        "datePublished": answer.published_at.isoformat(),
        "inLanguage": answer.language,
        "url": f"{_address_of(topic)}#post-{answer.seq}",
        "upvoteCount": max(answer.score, 0),
        "author": author,
    }
