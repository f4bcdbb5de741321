"""JSON Lines: one object a row. Columns of type JSON are nested, not quoted."""

import json
from collections.abc import Iterator
from typing import BinaryIO

from evalwh.query.formats.result import Cut, Result
from evalwh.value_text import json_text


def write(result: Result, out: BinaryIO, _cut: Cut) -> list[str]:
    """Write all rows; NaN and infinities are null, JSON has none."""
    for line in object_lines(result):
        out.write(line.encode() + b"\n")
    return []


def object_lines(result: Result) -> Iterator[str]:
    """Each row as a JSON object in one line."""
    keys = [json.dumps(name, ensure_ascii=False) for name in result.unique_columns()]
    for row in result.rows:
        pairs = zip(keys, row, result.types, strict=True)
        yield "{" + ", ".join(f"{key}: {json_text(v, kind)}" for key, v, kind in pairs) + "}"
