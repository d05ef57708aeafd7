"""E-mail addresses, also where somebody hides theirs from machines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_AT: Final = re.compile(r"@|[ ]?(?:\(at\)|\[at\]|\((?:собака|собачка)\))[ ]?|[ ]собак[аи][ ]")
_LONGEST_NAME, _LONGEST_HOST = 64, 200
_NAME: Final = frozenset("!#$%&'*+/=?^_`{|}~.-")
_LABEL: Final = r"[^\W_](?:[^\W_]|-){0,62}"
_DOT: Final = r"(?:\.|[ ]?(?:\(dot\)|\[dot\]|\(точка\))[ ]?)"
_HOST: Final = re.compile(rf"[ ]?{_LABEL}(?:{_DOT}{_LABEL}){{0,8}}")
_TOP: Final = re.compile(r"[^\W\d_]{2,24}|xn--[a-z0-9\-]{2,59}")


def mails(text: str) -> Iterator[tuple[int, int]]:
    """Every address: a name, its sign, a host with a dot. Looks a bounded way to both sides."""
    past = 0
    for at in _AT.finditer(text):
        start = at.start()
        lowest = max(past, start - _LONGEST_NAME)
        if at[0] == "@" and start - 1 > lowest and text[start - 1] == " ":
            start -= 1  # "ivan @ mail.ru"
        name_end = start
        while start > lowest and (text[start - 1].isalnum() or text[start - 1] in _NAME):
            start -= 1
        while start < name_end and not text[start].isalnum() and text[start] != "_":
            start += 1
        end = _end_of_host(text, at)
        if end is not None and start < name_end:
            past = end
            yield start, end


def _end_of_host(text: str, at: re.Match[str]) -> int | None:
    host = _HOST.match(text, at.end(), at.end() + _LONGEST_HOST)
    if host is None or (at[0] == "@" and host[0][0] == " " and text[at.start() - 1] != " "):
        return None
    end = host.end()
    while True:
        name = text[host.start() : end]
        if "." not in name and "dot" not in name and "точка" not in name:
            return None
        top = re.split(_DOT, name)[-1].rstrip("-")
        if _TOP.fullmatch(top):
            return end - (len(name) - len(name.rstrip("-")))
        # "ivan@mail.ru.5": the last label is no domain's, what stands before may be.
        end = host.start() + name.rfind(".")
        if name.rfind(".") < 0:
            return None
