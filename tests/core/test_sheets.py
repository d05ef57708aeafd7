"""A table never runs anything in the program that opens it."""

from __future__ import annotations

import csv
import io

import pytest

from app.core.sheets import csv_of, inert


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
        "\x00=1",
        "＝1",
        "＋1",
        "－1",
        "＠A",
        "=cmd|' /C calc'!A0",
        '=HYPERLINK("http://evil.example","ok")',
        "-2+3+cmd|' /C calc'!A0",
    ],
)
def test_what_a_spreadsheet_would_run_is_quoted(cell: str) -> None:
    assert inert(cell) == f"'{cell}"
    [row] = csv.reader(io.StringIO(csv_of([], [[cell, "next"]]).split("\r\n", 1)[1], newline=""))
    assert row == [f"'{cell}", "next"]


@pytest.mark.parametrize("cell", ["", "Почему = так?", "a-b", "'=1", 5, -5, 1.5, None, "1-2"])
def test_everything_else_stays(cell: object) -> None:
    assert inert(cell) == cell


def test_excel_is_told_how_to_read_it() -> None:
    assert csv_of(["имя"], [["Вера"]]) == "\ufeffимя\r\nВера\r\n"
