"""An Excel sheet, row by row: a text stays a text, whatever it begins with."""

import math
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from evalwh.query.formats.result import Cut, Result
from evalwh.query.formats.values import text_of

MAX_ROWS = 1_048_575
MAX_TEXT = 32_767
_EXACT_DIGITS = 16
_FIRST_DAY = date(1900, 3, 1)
_UNHOLDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ESCAPE_LIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def write(result: Result, out: BinaryIO, _cut: Cut) -> list[str]:
    """Write up to Excel's rows and Excel's text; what is cut is in the notices."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("rows")
    sheet.freeze_panes = "A2"
    sheet.append([cell(sheet, column) for column in result.columns])
    cut_texts, cut_rows = 0, False
    for number, row in enumerate(result.rows):
        if cut_rows := number >= MAX_ROWS:
            break
        sheet.append([cell(sheet, value) for value in row])
        cut_texts += sum(isinstance(value, str) and len(value) > MAX_TEXT for value in row)
    book.save(out)
    return list(_notices(cut_texts, cut_rows))


def cell(sheet: Any, value: Any) -> Any:
    """A cell that Excel shows as `value`: never a formula, never a rounded number."""
    held = _held(value)
    made = WriteOnlyCell(sheet, value=held)
    if isinstance(held, str):
        made.data_type = "s"
        made.quotePrefix = held.startswith(("=", "+", "-", "@"))
    return made


def _held(value: Any) -> Any:
    match value:
        case None | bool() | time():
            return value
        case int() if abs(value) < 10 ** (_EXACT_DIGITS - 1):
            return value
        case float() if math.isfinite(value):
            return value
        case Decimal() if (
            Decimal(repr(float(value))) == value and len(value.as_tuple().digits) < 16
        ):
            return float(value)
        case datetime() if value.date() >= _FIRST_DAY:
            return value
        case date() if not isinstance(value, datetime) and value >= _FIRST_DAY:
            return value
        case _:
            return _text(text_of(value))


def _text(text: str) -> str:
    """What a cell can hold of `text`: control characters and Excel's own escapes made visible."""
    safe = _ESCAPE_LIKE.sub("_x005F_", text)
    return _UNHOLDABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", safe)[:MAX_TEXT]


def _notices(cut_texts: int, cut_rows: bool) -> Iterator[str]:
    if cut_texts:
        yield f"{cut_texts} texts are cut at Excel's {MAX_TEXT:,} characters; csv has them in full"
    if cut_rows:
        yield f"only Excel's {MAX_ROWS:,} rows are written; csv or parquet has them all"
