"""`python -m tests.bench`: every benchmark, one table; fails when a target is missed.

A benchmark is a module `bench_*.py` of this folder whose `measure()` gives its rows.
"""

import argparse
import importlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.row import Row

_HEADINGS = ("what", "ours", "theirs", "ratio", "target", "met")


def main() -> int:
    """Measure what `-k` selects, and print one table of it."""
    rows = [row for name in _selected(_arguments().k) for row in _measured(name)]
    Console().print(_table(rows))
    return 0 if rows and all(row.met for row in rows) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("-k", default="", help="only modules whose name holds this")
    return parser.parse_args()


def _selected(part: str) -> Iterator[str]:
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        if part in path.stem:
            yield path.stem


def _measured(name: str) -> list[Row]:
    print(f"measuring {name.removeprefix('bench_')}", file=sys.stderr)
    rows: list[Row] = importlib.import_module(f"tests.bench.{name}").measure()
    return rows


def _table(rows: Iterable[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in _HEADINGS:
        table.add_column(heading, justify="left" if heading in ("what", "met") else "right")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.ours:.4g}",
            f"{row.theirs:.4g}",
            f"{row.ratio:.3g}",
            row.target,
            "yes" if row.met else "NO",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
