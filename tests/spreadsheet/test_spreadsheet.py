"""What one cell of a sheet holds, read back from a file."""

import datetime
import math
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from evalwh.spreadsheet import CUT_MARK, MOST_CHARACTERS, CellWriter, clean


class Written(NamedTuple):
    """A cell as a reader of the file finds it, and how many texts were cut for it."""

    value: Any
    kind: str
    cut_cells: int


def _written(value: Any, folder: Path) -> Written:
    book = Workbook(write_only=True)
    writer = CellWriter(book.create_sheet())
    writer.sheet.append([writer.cell(value)])
    book.save(folder / "one.xlsx")
    cell = load_workbook(folder / "one.xlsx").worksheets[0]["A1"]
    return Written(cell.value, cell.data_type, writer.cut_cells)


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "#N/A", "'a", "=cmd|' /C calc'!A0",
        "2026-11-21", "12", "مرحبا", "👍🏽 ก็",
    ],
)  # fmt: skip
def test_any_text_comes_back_as_the_same_text(text: str, tmp_path: Path) -> None:
    assert _written(text, tmp_path) == (text, "s", 0)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, "n"),
        (-(10**15 - 1), "n"),
        (0.5, "n"),
        (True, "b"),
        (None, "n"),
        (datetime.datetime(2026, 1, 31, 12), "d"),
        (datetime.time(23, 59, 1), "d"),
    ],
)
def test_what_excel_has_itself_comes_back_as_it_was(value: Any, kind: str, tmp_path: Path) -> None:
    assert _written(value, tmp_path) == (value, kind, 0)


def test_a_decimal_that_a_double_holds_is_a_number(tmp_path: Path) -> None:
    assert _written(Decimal("1.25"), tmp_path) == (1.25, "n", 0)


def test_a_day_is_a_date(tmp_path: Path) -> None:
    day = datetime.date(2026, 1, 31)
    assert _written(day, tmp_path) == (datetime.datetime(2026, 1, 31), "d", 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10**15, "1000000000000000"),
        (2**100, str(2**100)),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (Decimal("12345678901234567.8"), "12345678901234567.8"),
        (datetime.date(1600, 1, 1), "1600-01-01"),
        (datetime.datetime(1900, 2, 28, 1), "1900-02-28 01:00:00"),
        (datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), "2026-01-01 00:00:00+00:00"),
        ([1, None], "[1, null]"),
        ({"a": {"b": "é"}}, '{"a": {"b": "é"}}'),
        (b"\x00a", "\\x00a"),
    ],
)
def test_what_excel_would_change_or_lacks_is_text(value: Any, text: str, tmp_path: Path) -> None:
    assert _written(value, tmp_path) == (text, "s", 0)


def test_a_control_character_becomes_a_visible_one(tmp_path: Path) -> None:
    assert _written("a\x00b\x1bc\ud800\uffff", tmp_path) == ("a␀b␛c\ufffd\ufffd", "s", 0)


def test_line_ends_and_tabs_stay_and_become_one_kind(tmp_path: Path) -> None:
    assert _written("a\r\nb\rc\nd\te", tmp_path) == ("a\nb\nc\nd\te", "s", 0)


def test_a_text_that_looks_like_an_excel_escape_is_escaped() -> None:
    assert clean("_x000D_") == "_x005F_x000D_"


def test_a_text_longer_than_a_cell_is_cut_with_a_mark_and_counted(tmp_path: Path) -> None:
    kept = MOST_CHARACTERS - len(CUT_MARK)
    assert _written("한" * 40_000, tmp_path) == ("한" * kept + CUT_MARK, "s", 1)


def test_a_cut_counts_characters_as_excel_does(tmp_path: Path) -> None:
    written = _written("👍" * 20_000, tmp_path)

    characters = len(written.value.encode("utf-16-le")) // 2
    assert (characters <= MOST_CHARACTERS, written.cut_cells) == (True, 1)


@given(st.text(st.characters(codec=None), max_size=40))
def test_a_cleaned_text_is_clean_and_can_be_stored(text: str) -> None:
    cleaned = clean(text)

    assert not set(cleaned) & {chr(code) for code in (*range(9), 11, 12, *range(14, 32))}
    cleaned.encode("utf-8")
