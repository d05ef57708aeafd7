"""What a text and its author tell before it is published: the judgement the gate acts on.

Watched words are looked for in what everybody but the bank's own people writes. Signals of spam are
measured by how far the author is trusted; the numbers stand in `thresholds`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from app.core import addresses, clock
from app.core.i18n import _
from app.moderation import reported, spam, tracing, trust, watchlist
from app.moderation import thresholds as t

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.accounts.models import Person
    from app.topics.gate import Sending
    from app.topics.models import Post, Topic

# In the order of gravity.
VERDICTS = ("publish", "hold", "refuse")
# Fields in which somebody speaks; a tag or a reason for an edit is no text to compare.
SPOKEN: Final = ("title", "body")


@dataclass(frozen=True)
class Reason:
    """Why a text is not simply published. `code` is one of an enumerated set; facts may carry it.

    `detail` is what exactly was found (a word, a number), for the moderator: facts never carry it.
    """

    code: str
    detail: str = ""


@dataclass(frozen=True)
class Judgement:
    """What becomes of a text, why, and its words as they would be published, by field.

    `texts` holds only the fields that change (masked, linked). Reasons may stand beside "publish",
    too: then the text is flagged to the moderators when it is out (`note`). `fields`: beside which
    fields a refusal is said.
    """

    verdict: str = "publish"
    reasons: tuple[Reason, ...] = ()
    texts: dict[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()


def judge(sending: Sending) -> Judgement:
    """Judge what somebody wants to publish: `sending.author`, `sending.texts`, where and when."""
    looked = watchlist.look(sending.texts)
    blocked = looked.found.get("block")
    if blocked:
        return Judgement("refuse", (_reason("blocked", words=blocked),), fields=looked.blocked_in)
    found = _signals(sending.author, sending.texts, sending.typed_in)
    weight = sum(signal.weight for signal in found)
    if weight >= t.REFUSE_FROM:
        return Judgement("refuse", (Reason("looks_like_spam"),), fields=("body",))
    holds = "approve" in looked.found or weight >= t.HOLD_FROM
    reasons = [
        _reason(code, words=looked.found[action])
        for action, code in (("approve", "watched_word"), ("flag", "flagged_word"))
        if action in looked.found
    ]
    if weight >= t.FLAG_FROM:
        reasons += [Reason(f"spam_{s.code}", urlencode({**s.seen, "w": s.weight})) for s in found]
    if holds:
        tracing.remember(sending.author, _spoken(sending.texts))
    return Judgement("hold" if holds else "publish", tuple(reasons), looked.texts)


def note(sending: Sending, judgement: Judgement, thing: Topic | Post) -> None:
    """It is published as `thing`: flag it, when the judgement has reasons to."""
    if trust.level(sending.author) != "trusted":
        tracing.remember(sending.author, _spoken(sending.texts))
    if judgement.reasons:
        reported.flag(thing, [(reason.code, reason.detail) for reason in judgement.reasons])


def asks_challenge(person: Person, texts: Mapping[str, str], typed_in: float | None = None) -> bool:
    """Whether the signals ask for a challenge before this is even judged."""
    found = _signals(person, texts, typed_in)
    return sum(signal.weight for signal in found) >= t.CHALLENGE_FROM


def words_for(reason: Reason) -> str:
    """The reason as it is explained to a moderator, or to the author when it is refused."""
    seen = dict(parse_qsl(reason.detail))
    words, weight = seen.get("words", reason.detail), seen.get("w", "")
    said = {
        "blocked": _("Please say it without these words: %(words)s", words=words),
        "looks_like_spam": _(
            "This looks like advertising, so it was not published. Your text is still here: leave"
            " out links, contacts and repetitions, and send it again."
        ),
        "watched_word": _("A word that is read first: %(words)s", words=words),
        "flagged_word": _("A word to look at: %(words)s", words=words),
        "spam_links": _(
            "Links to other sites: %(links)s, sites: %(sites)s",
            links=seen.get("links", ""),
            sites=seen.get("sites", ""),
        ),
        "spam_denied_site": _(
            "Sites that hide who is behind them: %(sites)s", sites=seen.get("sites", "")
        ),
        "spam_repeated": _(
            "Nearly the same text came from other people: %(number)s",
            number=seen.get("people", ""),
        ),
        "spam_said_again": _(
            "Nearly the same text, sent before so many times: %(number)s",
            number=seen.get("times", ""),
        ),
        "spam_fast": _(
            "Written in %(number)s seconds, faster than anybody types",
            number=seen.get("seconds", ""),
        ),
        "spam_many": _("Texts within one minute: %(number)s", number=seen.get("texts", "")),
        "spam_young": _("The account's age in hours: %(number)s", number=seen.get("hours", "")),
        "spam_mixed": _("Words that imitate other letters: %(words)s", words=words),
        "spam_shouting": _("Capital letters: %(number)s %%", number=seen.get("percent", "")),
        "spam_lure": _("Asks to write elsewhere: %(words)s", words=words),
        "spam_phone": _("Phone numbers: %(number)s", number=seen.get("numbers", "")),
    }.get(reason.code, reason.code)
    return f"{said} · {_('weight %(number)s', number=weight)}" if weight else str(said)


def _signals(person: Person, texts: Mapping[str, str], typed_in: float | None) -> list[spam.Signal]:
    level = trust.level(person)
    if person.is_staff or level == "trusted":
        return []
    text = _spoken(texts)
    copies = tracing.copies(person, text)
    seen = spam.Seen(
        text=text,
        age=clock.now() - person.created_at,
        own_hosts={addresses.host()},
        typed_in=typed_in,
        in_a_minute=tracing.in_a_minute(person),
        same_by_them=copies.by_them,
        same_by_others=copies.people,
    )
    return spam.signals(seen, is_known=level == "known")


def _reason(code: str, *, words: tuple[str, ...]) -> Reason:
    return Reason(code, urlencode({"words": ", ".join(words)[:200]}))


def _spoken(texts: Mapping[str, str]) -> str:
    return "\n".join(texts[name] for name in SPOKEN if texts.get(name))
