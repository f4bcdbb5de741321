"""One module a format: `write(result, out, cut)` puts the rows on `out` and returns what to tell
the user beside them.
"""

from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO

from evalwh.query.formats.result import Cut, Result

Write = Callable[[Result, BinaryIO, Cut], list[str]]
_MODULES = {
    "table": "table",
    "csv": "delimited",
    "json": "json_rows",
    "jsonl": "json_lines",
    "markdown": "markdown",
    "parquet": "parquet",
    "xlsx": "excel",
}


def writer(format_name: str) -> Write:
    """The `write` of a format of `request.FORMATS`, imported when it is asked for."""
    module = import_module(f"evalwh.query.formats.{_MODULES[format_name]}")
    write: Write = module.write
    return write
