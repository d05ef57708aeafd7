"""Tables for spreadsheets: the only place that writes comma-separated values."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# What a spreadsheet takes for a formula, full-width letters and leading blanks included: some
# programs fold and strip what they read.
_FORMULA: Final = re.compile(r"[\s\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff]*[=+\-@\t\r\n＝＋－＠]")


def csv_of(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table in CSV that no spreadsheet runs anything of; Excel reads its letters as UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow(map(inert, row))
    return f"\ufeff{text.getvalue()}"


def inert(value: object) -> object:
    """A cell that is shown and never run: anybody may have written a title. Numbers stay so."""
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value
