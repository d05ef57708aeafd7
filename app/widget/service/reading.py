"""What the widget shows to be read: the best answers for a page, and which of one's own are new."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from app.core import clock
from app.core.db import add_once, session
from app.search.service import finding
from app.widget import queries
from app.widget.models import Seen
from app.widget.service import sites

if TYPE_CHECKING:
    from app.accounts.models import Person
    from app.brand.models import Brand
    from app.core.policy import Actor
    from app.topics.models import Topic
    from app.widget.models import Site

# What one looks through without scrolling far.
BEST: Final = 5
# Of the topics like a page's title many have no answer yet.
LOOKED_AT: Final = 10
# Signs that stand between a page's own title and the name of its site.
_SIGN: Final = re.compile(r" [|·•—–-] ")
LONGEST: Final = 200


def best_for(actor: Actor, site: Site, page: str, title: str) -> list[Topic]:
    """Answered topics for somebody who reads this page of the site, the best first.

    First those like its title, of its category before others; then what most people in that
    category wanted to know.
    """
    category = sites.category_for(site, page, title)
    like = finding.similar(actor, title, limit=LOOKED_AT) if title else []
    answered = [t for t in like if t.kind in queries.ASKED and _is_answered(t)]
    if category is not None:
        answered.sort(key=lambda topic: topic.category_id != category.id)
    if len(answered) < BEST:
        answered += queries.most_wanted_answers(actor, category, BEST + len(answered))
    return list(dict.fromkeys(answered))[:BEST]


def _is_answered(topic: Topic) -> bool:
    return topic.answer is not None and topic.answer.hidden_at is None


def of_the_page(title: str, brand: Brand) -> str:
    """A page's title without the bank's name, which stands on every page of it."""
    parts = _SIGN.split(" ".join(title.split())[:LONGEST])
    return " ".join(part for part in parts if brand.name.casefold() not in part.casefold())


def unread(person: Person) -> int:
    """How many of somebody's topics have words of the bank's that they have not read."""
    return len(queries.unread_topics(person.id))


def see(person: Person, topic: Topic) -> None:
    """They have read what was said in a topic that they asked, or that answers theirs."""
    if not queries.is_theirs(person.id, topic.id):
        return
    seen = session.get(Seen, (person.id, topic.id))
    if seen is None:
        seen = Seen(person_id=person.id, topic_id=topic.id, at=clock.now())
        if add_once(seen):
            return
        seen = session.get_one(Seen, (person.id, topic.id))
    seen.at = clock.now()
