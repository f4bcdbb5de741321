"""A GitHub-flavoured Markdown table; null is nothing."""

from collections.abc import Iterable
from typing import BinaryIO

from evalwh.query.formats.result import Cut, Result
from evalwh.value_text import text_of

_ESCAPES = str.maketrans(
    {"|": "\\|", "\\": "\\\\", "<": "&lt;", "&": "&amp;", "\r": "", "\n": "<br>"}
)


def write(result: Result, out: BinaryIO, _cut: Cut) -> list[str]:
    """Write all rows."""
    out.write(_line(result.columns))
    out.write(b"|" + b" --- |" * len(result.columns) + b"\n")
    for row in result.rows:
        out.write(_line(row))
    return []


def _line(row: Iterable[object]) -> bytes:
    return ("| " + " | ".join(map(_cell, row)) + " |\n").encode()


def _cell(value: object) -> str:
    return "" if value is None else text_of(value).translate(_ESCAPES)
