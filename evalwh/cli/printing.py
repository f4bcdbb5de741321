"""Rows of our own statements on stdout, in the formats of `evalwh query`."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from evalwh.errors import UsageError, did_you_mean

_FORMATS = ("table", "csv", "json", "jsonl", "markdown")

RowsFormat = Annotated[
    str, typer.Option("--format", metavar="FORMAT", help="table, csv, json, jsonl or markdown.")
]


class Cut(NamedTuple):
    """Where a printed table is cut: nowhere unless said so."""

    max_rows: int = 0
    max_width: int = 60


def print_rows(
    db: Path,
    sql: str,
    values: Sequence[str | int] = (),
    *,
    format_name: str = "table",
    as_of: str | None = None,
) -> int:
    """Print what `sql` gives with its `values`; how many rows there were."""
    if format_name not in _FORMATS:
        raise UsageError(f"unknown format '{format_name}'{did_you_mean(format_name, _FORMATS)}")
    from evalwh.query.formats import writer
    from evalwh.query.formats.result import Result
    from evalwh.warehouse import Warehouse
    from evalwh.warehouse.binding import execute

    time = datetime.fromisoformat(as_of) if as_of else None
    with Warehouse(db).reading(time) as connection:
        cursor = execute(connection, sql, values)
        described = [(str(name), str(kind)) for name, kind, *_ in cursor.description]
        rows = cursor.fetchall()
    result = Result([name for name, _ in described], [kind for _, kind in described], iter(rows))
    for notice in writer(format_name)(result, sys.stdout.buffer, Cut()):
        typer.echo(f"evalwh: note: {notice}", err=True)
    sys.stdout.buffer.flush()
    return len(rows)
