"""Values as a spreadsheet can hold them: text stays text, whatever a model wrote.

A text that a spreadsheet would run as a formula is marked as text, characters that no sheet can
hold become visible ones, and what is too long is cut with a mark.
"""

import re
from datetime import datetime
from typing import Any, TypeAlias

import orjson
from openpyxl.cell import Cell, WriteOnlyCell

CellValue: TypeAlias = str | int | float | bool | datetime | Cell | None
Sheet: TypeAlias = Any
"""A write-only worksheet, of which openpyxl's type stubs know next to nothing."""
MOST_CHARACTERS = 32_767
CUT_MARK = " … [cut: a cell holds no more]"
_GREATEST_EXACT = 10**15 - 1
_TEXT_ONLY = tuple("=+-@\t#")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NO_CHARACTER = re.compile("[\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


class CellWriter:
    """Makes the cells of one sheet and counts what it had to cut."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.cut_cells = 0

    def cell(self, value: Any) -> CellValue:
        """`value` for a row of the sheet; JSON objects and lists become JSON text."""
        if value is None or isinstance(value, bool | float | datetime):
            return value
        if isinstance(value, int) and abs(value) <= _GREATEST_EXACT:
            return value
        return self.text(value if isinstance(value, str) else _as_json(value))

    def text(self, text: str) -> str | Cell:
        """A text that is never a formula, an error value or a date."""
        text = self._cut(clean(text))
        return self._marked(text) if text.startswith(_TEXT_ONLY) else text

    def text_cell(self, text: str) -> Cell:
        """The same as a cell that can be given a style."""
        return self._marked(self._cut(clean(text)))

    def _marked(self, text: str) -> Cell:
        cell = WriteOnlyCell(self.sheet, text)
        cell.data_type = "s"
        cell.quotePrefix = text.startswith(_TEXT_ONLY)
        return cell

    def _cut(self, text: str) -> str:
        if len(text) <= MOST_CHARACTERS // 2 or _utf16_length(text) <= MOST_CHARACTERS:
            return text
        self.cut_cells += 1
        kept = text.encode("utf-16-le")[: 2 * (MOST_CHARACTERS - len(CUT_MARK))]
        return kept.decode("utf-16-le", "ignore") + CUT_MARK


def clean(text: str) -> str:
    """`text` in characters that a sheet can hold: control characters become pictures of them."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub(lambda match: chr(0x2400 + ord(match[0])), text)
    text = _NO_CHARACTER.sub("\ufffd", text)
    return _ESCAPE.sub("_x005F_", text)


def _as_json(value: Any) -> str:
    return str(value) if isinstance(value, int) else orjson.dumps(value).decode()


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
