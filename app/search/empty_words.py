"""Words that say nothing about the matter, by their keys: in any of their forms, in each language.

A list, because rarity misleads here: in a bank's topics "карта" is frequent and tells a lot.
"""

from functools import lru_cache
from typing import Final

from app.search import analysis

_WAYS: Final[tuple[analysis.Language, ...]] = ("ru", "uk")

# Small words that hold a sentence together: a search goes on without them.
_GRAMMAR: Final = """
а бы был быть в вам вас ваш весь во вот все вы да даже для до его ее если есть еще же за здесь и
из или им их к как какой какая какие каком ко когда который кто ли мне мной мой моя мои мы на
надо нам нас наш не ни но о об он она они оно от по под при про с сам свой со так также такой
там то того тоже только тут ты у уже чем что чтобы эта это этот я
або але без б бути вам ваш від він вона вони все всі для до його її їх з за зі і й із як яка
який які коли котрий ми мене мені мій моя на наш не ні о об під по при про свій та так також там
те той то ти у хто це цей ці чи що щоб я
a about after all an and any are as at be been but by did do does for from had has have how i if
in is it its me my of on or our so than that the their them then there they this to us was we
what when which who will with would you your
"""

# Greetings, and what everybody says to a bank whatever they want of it.
_SMALL_TALK: Final = """
где нет нету куда может можно нужно один очень почему сделать сейчас сколько хочу хотел хотите
чего день сегодня вчера завтра просто вообще здравствуйте привет добрый вечер утро подскажите
скажите пожалуйста спасибо вопрос проблема помогите банк банке получить получил стоит стоят
делать работает работать могу можете
був де немає тільки треба чого чому дуже скільки можна можу добрий день вітаю підкажіть скажіть
будь ласка дякую питання допоможіть сьогодні вчора просто
can could get hello help hi just need no not please question should some thanks too up want
where why bank today yesterday
"""


@lru_cache(maxsize=1)
def grammar() -> frozenset[str]:
    """Small words that hold a sentence together."""
    return _keys(_GRAMMAR)


@lru_cache(maxsize=1)
def saying_nothing() -> frozenset[str]:
    """These, and what everybody says."""
    return grammar() | _keys(_SMALL_TALK)


def _keys(words: str) -> frozenset[str]:
    # Each language for itself: від means nothing, but вид, as it is in Russian letters, does.
    return frozenset(
        key for word in words.split() for way in _WAYS for key in analysis.keys(word, way)
    )
