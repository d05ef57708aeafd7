"""Whether a topic is near enough to what somebody writes to be put before their eyes.

The index always has a best topic, be it far-fetched; here it must share words that tell something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.search import analysis

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.search.wording import Keys, Wording

# Words that say nothing about the matter, in any of their forms.
_EMPTY: Final = """
а бы был быть в вам вас ваш весь во вот все вы где да даже для до его ее если есть еще же за здесь и
из или им их к как какой какая какие каком ко когда который кто куда ли мне мной мой моя мои может
можно мы на над надо нам нас наш не нет нету ни но нужно о об один он она они оно от очень по под
почему при про с сам свой себя сделать сейчас сколько со так также такой там то того тоже только тут
ты у уже хочу хотел хотите чего чем что чтобы эта это этот я день сегодня вчера завтра просто вообще
здравствуйте привет добрый вечер утро подскажите скажите пожалуйста спасибо вопрос проблема помогите
банк банке получить получил стоит стоят делать работает работать могу можете
або але без би був бути вам ваш від він вона вони все всі де для до його її їх з за зі і й із як яка
який які коли котрий ми мене мені мій моя на над наш не немає ні о об під по при про се свій та так
також там те той тільки то треба ти у хто це цей ці чи чого чому що щоб я дуже скільки можна можу
добрий день вітаю підкажіть скажіть будь ласка дякую питання допоможіть сьогодні вчора просто
a about after all an and any are as at be been but by can could did do does for from get had has
have hello help hi how i if in is it its just me my need no not of on or our please question
should so some thanks than that the their them then there they this to too up us want was we
what when where which who why will with would you your bank today yesterday
"""
_SAYS_NOTHING: Final = frozenset(
    key for word in _EMPTY.split() for key in (*analysis.keys(word), *analysis.keys(word, "uk"))
)
# A word in the title or a tag counts whole, one in the text by half.
_IN_THE_TEXT: Final = 0.5
_ENOUGH: Final = 2.0


def is_close(wording: Wording, headings: Iterable[str], texts: Iterable[str]) -> bool:
    """Whether `headings` and `texts` share enough of what tells something in `wording`."""
    asked = [*wording.words, *(word for phrase in wording.phrases for word in phrase)]
    telling = [keys for keys in asked if _SAYS_NOTHING.isdisjoint(keys)]
    if not telling:
        return False
    in_headings, in_texts = _keys(headings), _keys(texts)
    worth = sum(_worth(keys, in_headings, in_texts) for keys in telling)
    return worth >= min(_ENOUGH, max(1.0, len(telling) / 2))


def says_all(wording: Wording, texts: Iterable[str]) -> bool:
    """Whether every word asked for stands somewhere in `texts`."""
    said = _keys(texts)
    asked = [*wording.words, *(word for phrase in wording.phrases for word in phrase)]
    return all(not said.isdisjoint(keys) for keys in asked)


def _worth(keys: Keys, in_headings: set[str], in_texts: set[str]) -> float:
    if not in_headings.isdisjoint(keys):
        return 1.0
    return 0.0 if in_texts.isdisjoint(keys) else _IN_THE_TEXT


def _keys(texts: Iterable[str] | Sequence[str]) -> set[str]:
    return {key for text in texts for word in analysis.words(text) for key in word.keys}
