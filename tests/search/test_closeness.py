"""What is put before somebody's eyes while they write must have to do with it."""

from __future__ import annotations

import pytest

from app.search import wording
from app.search.closeness import is_close

TITLE = "Курьер с картой не приехал"
TAGS = ["карта", "доставка"]
BODY = "Ждал весь вечер, никто не предупредил. Заказывал в приложении."


@pytest.mark.parametrize(
    ("typed", "close"),
    [
        ("Когда приедет курьер с картой?", True),
        ("доставка карты", True),
        ("Карта", True),
        ("курьер не предупредил о карте", True),
        ("заказывал вечером ждал предупредили", True),
        ("Заказывал справку для визы", False),
        ("Здравствуйте, подскажите пожалуйста", False),
        ("Когда и где можно получить", False),
        ("Погода сегодня вечером хорошая", False),
        ("вечером", False),
        ("", False),
        ("«»!!! 🙂", False),
    ],
)
def test_shared_words_must_tell_something(typed: str, close: bool) -> None:
    assert is_close(wording.read(typed), [TITLE, *TAGS], [BODY]) is close


def test_small_words_are_not_looked_for_when_there_are_others() -> None:
    assert wording.read("как и когда не карта").telling == wording.read("карта")
    assert wording.read("как и когда").telling == wording.read("как и когда")
    assert wording.read('"как и когда" не').telling == wording.read('"как и когда"')


def test_a_word_still_being_typed_is_kept() -> None:
    assert wording.read("моя карт", typing=True).telling.typed
    assert not wording.read("карта моя", typing=True).telling.typed
