"""CSV: UTF-8, comma, one line feed a row. Null is nothing, an empty text is `""`."""

import itertools
import re
from collections.abc import Iterable
from typing import BinaryIO

from evalwh.query.formats.result import Cut, Result
from evalwh.value_text import text_of

_NEEDS_QUOTES = re.compile(r'[",\r\n]')
_BATCH = 1000


def write(result: Result, out: BinaryIO, _cut: Cut) -> list[str]:
    """Write a header and all rows."""
    out.write(_line(result.columns))
    for rows in iter(lambda: list(itertools.islice(result.rows, _BATCH)), []):
        out.write(b"".join(map(_line, rows)))
    return []


def _line(row: Iterable[object]) -> bytes:
    return (",".join(map(_cell, row)) + "\n").encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = text_of(value)
    if text and text == text.strip() and not _NEEDS_QUOTES.search(text):
        return text
    return '"' + text.replace('"', '""') + '"'
