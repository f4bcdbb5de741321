"""JSON: an array of one object a row, each on a line of its own."""

from typing import BinaryIO

from evalwh.query.formats.json_lines import object_lines
from evalwh.query.formats.result import Cut, Result


def write(result: Result, out: BinaryIO, _cut: Cut) -> list[str]:
    """Write all rows; NaN and infinities are null, JSON has none."""
    before = b"[\n"
    for line in object_lines(result):
        out.write(before + line.encode())
        before = b",\n"
    out.write(b"\n]\n" if before == b",\n" else b"[]\n")
    return []
