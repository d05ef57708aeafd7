"""Words that mean the same, as they are written: a group a line, commas between."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wtforms import TextAreaField, ValidationError
from wtforms.validators import InputRequired

from app.core.forms import REQUIRED, Form, strip
from app.core.i18n import _, _l
from app.search import analysis, empty_words, synonyms

if TYPE_CHECKING:
    from wtforms import Field

    from app.search.models import Synonyms

MOST_GROUPS, MOST_WORDS, LONGEST = 50, 20, 60
# "банкомат = ATM; терминал" is meant, too.
_BETWEEN = re.compile(r"[,;=]")


class WordsForm(Form):
    """Groups to add: one a line."""

    words = TextAreaField(
        _l("Words that mean the same"),
        [InputRequired(REQUIRED)],
        description=_l(
            "One group a line, commas between. Phrases may be in it, and words of each language."
            " For example: ATM, cash machine, cashpoint"
        ),
        filters=[strip],
    )

    def __init__(self, group: Synonyms | None = None) -> None:
        super().__init__(words=", ".join(group.words) if group else None)
        self.group = group
        if group is not None:
            self.words.description = _("Commas between.")

    @property
    def groups(self) -> list[list[str]]:
        """What was written, each word once."""
        lines = [parse(line) for line in (self.words.data or "").splitlines()]
        return [line for line in lines if line]

    def validate_words(self, field: Field) -> None:
        """Every line a group of its own."""
        groups = self.groups
        if not groups:
            raise ValidationError(REQUIRED)
        if self.group is not None and len(groups) > 1:
            raise ValidationError(_("This is one group: write it in one line."))
        if len(groups) > MOST_GROUPS:
            raise ValidationError(_("Up to %(max)d lines at once, please.", max=MOST_GROUPS))
        for number, group in enumerate(groups):
            self._check(group, groups[:number])
        field.data = "\n".join(", ".join(group) for group in groups)

    def _check(self, group: list[str], before: list[list[str]]) -> None:
        line = ", ".join(group)
        for word in group:
            _check_word(word)
        if len(group) < 2:  # noqa: PLR2004 (two make a pair)
            raise ValidationError(
                _("Write at least two words, with a comma between them: %(words)s", words=line)
            )
        if len(group) > MOST_WORDS:
            raise ValidationError(
                _("Up to %(max)d words in a group, please: %(words)s", max=MOST_WORDS, words=line)
            )
        first = synonyms.keys(group[0])
        if all(synonyms.is_same(first, synonyms.keys(word)) for word in group[1:]):
            raise ValidationError(
                _("These are forms of one word, which the search knows: %(words)s", words=line)
            )
        for word in group:
            self._check_elsewhere(word, before)

    def _check_elsewhere(self, word: str, before: list[list[str]]) -> None:
        asked = synonyms.keys(word)
        standing = synonyms.holder(word, self.group.id if self.group else None)
        holders = [standing.words] if standing else []
        holders += [g for g in before if any(synonyms.is_same(asked, synonyms.keys(w)) for w in g)]
        if holders:
            raise ValidationError(
                _(
                    "“%(word)s” stands in another group already: %(words)s",
                    word=word,
                    words=", ".join(holders[0]),
                )
            )


def parse(line: str) -> list[str]:
    """The words of one line, each once however it is written."""
    once: dict[str, str] = {}
    for written in _BETWEEN.split(line):
        if word := " ".join(written.split()):
            once.setdefault(analysis.fold(word), word)
    return list(once.values())


def _check_word(word: str) -> None:
    if len(word) > LONGEST:
        raise ValidationError(
            _("A word or phrase may have %(max)d characters: %(word)s", max=LONGEST, word=word)
        )
    found = synonyms.keys(word)
    if not found or all(not empty_words.grammar().isdisjoint(keys) for keys in found):
        raise ValidationError(_("Nobody would search for this alone: %(word)s", word=word))
