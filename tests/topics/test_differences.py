"""What an edit changed, word by word."""

from __future__ import annotations

import pytest

from app.topics.differences import Piece, differences


def told(before: str, after: str) -> str:
    signs = {"both": "{}", "before": "[-{}-]", "after": "[+{}+]"}
    return "".join(signs[p.where].format(p.text) for p in differences(before, after))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", "", ""),
        ("Где карта?", "Где карта?", "Где карта?"),
        ("Где карта?", "Где моя карта?", "Где[+ моя+] карта?"),
        ("Где моя карта?", "Где карта?", "Где[- моя-] карта?"),
        ("Курьер не приехал", "Курьер приехал", "Курьер [-не -]приехал"),
        ("Перевёл 100 рублей", "Перевёл 200 рублей", "Перевёл [-100-][+200+] рублей"),
        # One change, not three with crumbs between.
        ("a b c", "x b y", "[-a b c-][+x b y+]"),
        ("раз два три", "один два четыре", "[-раз-][+один+] два [-три-][+четыре+]"),
        ("строка\nещё", "строка\n\nещё", "строка[-\n-][+\n\n+]ещё"),
        ("", "новое", "[+новое+]"),
        ("старое", "", "[-старое-]"),
    ],
)
def test_words_that_went_and_came_are_told(before: str, after: str, said: str) -> None:
    assert told(before, after) == said


@pytest.mark.parametrize("size", [10, 500, 4_000])
def test_both_texts_can_be_read_out_of_it(size: int) -> None:
    before = " ".join(f"слово{n % 97}\n" for n in range(size))
    after = " ".join(f"слово{n % 89}\n" for n in range(size) if n % 7)
    pieces = differences(before, after)
    assert "".join(p.text for p in pieces if p.where != "after") == before
    assert "".join(p.text for p in pieces if p.where != "before") == after
    assert Piece("", "both") not in pieces


def test_a_text_as_long_as_may_be_costs_no_more_than_its_lines() -> None:
    lines = [f"строка {n} с десятком слов, которые повторяются раз за разом\n" for n in range(900)]
    changed = [*lines[:450], "новая\n", *lines[451:]]
    pieces = differences("".join(lines), "".join(changed))
    assert [p.where for p in pieces] == ["both", "before", "after", "both"]
    assert pieces[1].text == lines[450]
