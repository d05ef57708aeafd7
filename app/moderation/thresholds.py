"""Every number that decides by itself, in one place: when a text waits, when one is hidden.

Nothing here is secret and nothing is final. Whatever is held, refused or hidden by these numbers is
told to its author in words, and a person looks at it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

# ------------------------------------------------------------------------------ signals of spam
# Each signal weighs something; their sum decides. Staff and trusted people are not measured; known
# people only by what they repeat and how fast; newcomers by everything.
FLAG_FROM: Final = 4  # published, and put on the review list
CHALLENGE_FROM: Final = 4  # a challenge first, when nothing else stands in the way
HOLD_FROM: Final = 6  # waits until somebody has read it
REFUSE_FROM: Final = 14  # several of the gravest together

# Links to other sites: the first, each further one, each further site.
A_LINK, ANOTHER_LINK, ANOTHER_SITE, MOST_FOR_LINKS = 2, 1, 1, 6
# An address whose owner nobody can see (short links), or where talk goes on out of sight.
A_DENIED_SITE: Final = 5
# The same text, nearly word for word, was sent before: by others, or again and again by themselves.
BY_ANOTHER, BY_OTHERS, BY_THEMSELVES = 4, 8, 3
FEWEST_BY_THEMSELVES: Final = 2
REMEMBERED_FOR: Final = timedelta(days=14)
SHORTEST_REPEATED: Final = 8  # words; "спасибо, помогло" may be said by everybody
# Nobody writes forty characters in three seconds.
TYPED_WITHIN, FEWEST_TYPED, TOO_FAST = 3.0, 40, 2
# So many texts within a minute.
MOST_A_MINUTE, TOO_MANY = 3, 3
# The account is younger than a day: tells nothing by itself, something beside the rest.
YOUNG, JUST_CAME = timedelta(days=1), 1
# Words that mix look-alike letters of two alphabets, or hide invisible ones.
A_MIXED_WORD, MOST_FOR_MIXED = 2, 4
# So many letters, and so many of them capital.
FEWEST_LETTERS, MOST_CAPITALS, SHOUTING = 20, 0.7, 2
# "Write to me on Telegram", a phone number.
A_LURE, A_PHONE = 4, 2

# --------------------------------------------------------------------------- reports of readers
# Weights are those of `moderation.trust`: a newcomer's report weighs 1, a known person's 2, a
# trusted one's 4, a colleague's 8. What weighs so much together is hidden until somebody looks …
HIDE_FROM: Final = 6
# … but never by one person alone, and however many newcomers report it, together they weigh this.
FEWEST_REPORTERS: Final = 2
NEWCOMERS_TOGETHER: Final = 2
# Somebody whose report was called groundless weighs nothing for so long.
IGNORED_FOR: Final = timedelta(days=90)
