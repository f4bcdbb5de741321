"""Plain aligned text, the default on a terminal; the same wherever it runs."""

import itertools
import math
from collections.abc import Sequence
from typing import BinaryIO

from evalwh.query.formats.display_width import cut_to_width, display_width
from evalwh.query.formats.result import Cut, Result
from evalwh.value_text import text_of, visible

_GAP = "  "
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
_EXPLAIN = ["explain_key", "explain_value"]


def write(result: Result, out: BinaryIO, cut: Cut) -> list[str]:
    """Write up to `max_rows` rows; doubles have six digits, null is `null`."""
    rows = list(itertools.islice(result.rows, cut.max_rows + 1 if cut.max_rows else None))
    if list(result.columns) == _EXPLAIN:
        out.write("".join(f"{text}\n" for _, text in rows).encode())
        return []
    kept = rows[: cut.max_rows] if cut.max_rows else rows
    texts = [[shown(value) for value in row] for row in kept]
    lines = [[visible(column) for column in result.columns], *texts]
    fitted = [[_fitted(text, cut.max_width) for text in line] for line in lines]
    out.write(_aligned(fitted, [_is_number(kind) for kind in result.types]).encode())
    return _notices(lines, fitted, len(rows) > len(kept), cut)


def _aligned(lines: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    widths = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
    header, *rows = (_GAP.join(map(_padded, line, widths, right)).rstrip() for line in lines)
    rule = _GAP.join("-" * width for width in widths)
    return "\n".join([header, rule, *rows]) + "\n"


def _padded(text: str, width: int, right: bool) -> str:
    padding = " " * (width - display_width(text))
    return padding + text if right else text + padding


def shown(value: object) -> str:
    """A value as a table shows it: doubles with six digits."""
    if value is None:
        return "null"
    if isinstance(value, float) and math.isfinite(value) and abs(value) < 1e6:
        return format(value, ".6g")
    return visible(text_of(value))


def _fitted(text: str, max_width: int) -> str:
    if not max_width or display_width(text) <= max_width:
        return text
    return cut_to_width(text, max_width)


def _is_number(kind: str) -> bool:
    return kind.removeprefix("U").startswith(_NUMBERS) and not kind.endswith("]")


def _notices(
    lines: Sequence[Sequence[str]], fitted: Sequence[Sequence[str]], more: bool, cut: Cut
) -> list[str]:
    notices = []
    if more:
        notices.append(f"only the first {cut.max_rows} rows; --max-rows 0 shows all")
    if lines != fitted:
        notices.append(f"cells are cut at {cut.max_width} columns; --max-width 0 shows all")
    return notices
