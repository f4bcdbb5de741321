"""Content hashes and the 63-bit keys of rows; the only place that decides identity.

Hashes are tagged with their algorithm. Keys are BIGINT in the warehouse, never negative.
"""

import hashlib
from pathlib import Path
from typing import Any

import orjson

from evalwh.valid_text import valid_json

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def canonical_json(value: Any) -> bytes:
    """`value` as JSON bytes: sorted keys, no white space, so that equal values give equal bytes.

    A lone surrogate is U+FFFD in them, as in what a journal stores of it.
    """
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        return orjson.dumps(valid_json(value), option=_OPTIONS)


def content_hash(value: Any) -> str:
    """`sha256:` and 32 hex digits (128 bits) of `value`'s canonical JSON."""
    return "sha256:" + hashlib.sha256(canonical_json(value)).hexdigest()[:32]


def file_hash(path: Path) -> str:
    """`sha256:` and 32 hex digits (128 bits) of a file's bytes. Raises OSError."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()[:32]


def row_key(*parts: str | int | None) -> int:
    """A 63-bit key of a natural key; equal parts give equal keys in every process."""
    digest = hashlib.sha256(canonical_json(parts)).digest()
    return int.from_bytes(digest[:8], "big") >> 1
