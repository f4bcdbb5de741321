"""Rows of datasets as JSON columns: what JSON has no word for becomes a short text or null."""

import contextlib
import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from evalwh.records import Json
from evalwh.tasks.values import MAX_LEVELS

_LONGEST = 200


def columns_of(row: Any) -> dict[str, Json]:
    """A dataset's row as a doc's columns; a row that is no object has the one column `doc`."""
    if isinstance(row, Mapping):
        return {_text(str(name)): json_of(value) for name, value in row.items()}
    return {"doc": json_of(row)}


def json_of(value: Any, levels: int = MAX_LEVELS - 2) -> Json:
    """`value` as JSON: NaN is null, dates are ISO 8601 text, tuples and arrays are lists.

    Bytes, images and other objects are a short text that tells what they are.
    """
    match value:
        case None | bool():
            return value
        case str():
            return _text(value)
        case int():
            return int(value) if -(2**63) <= value < 2**64 else str(value)
        case float() | Decimal():
            return float(value) if math.isfinite(value) else None
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case bytes() | bytearray():
            return f"<{len(value)} bytes>"
    return _nested(value, levels)


def _nested(value: Any, levels: int) -> Json:
    if levels <= 0:
        return _short(value)
    if isinstance(value, Mapping):
        return {_text(str(key)): json_of(item, levels - 1) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return [json_of(item, levels - 1) for item in sorted(value, key=repr)]
    if isinstance(value, list | tuple):
        return [json_of(item, levels - 1) for item in value]
    # NumPy's scalars and arrays, without importing NumPy.
    if hasattr(value, "tolist"):
        return json_of(value.tolist(), levels - 1)
    return _short(value)


def _text(value: str) -> str:
    """Text that UTF-8 can hold: a lone surrogate is shown as `?`."""
    return value if value.isascii() else value.encode(errors="replace").decode()


def _short(value: Any) -> str:
    """A text without an address in it, so that it is the same in every process."""
    size = getattr(value, "size", None)
    if isinstance(size, tuple) and len(size) == 2:
        return f"<{type(value).__name__} {size[0]}x{size[1]}>"
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        # What is nested too deep for Python to write, or has something in it that can't be.
        with contextlib.suppress(Exception):
            return _text(str(value))[:_LONGEST]
    return f"<{type(value).__name__}>"
