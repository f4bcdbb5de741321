"""What decisions are taken from, at a million scores: sweeps and comparisons."""

import statistics
import sys
import tempfile
from pathlib import Path

from evalwh.warehouse import Warehouse
from tests.bench.bench_query import _filled, _seconds
from tests.bench.many_cases import RUN, filled
from tests.bench.row import Row
from tests.bench.spent import Spent, spent

ROUNDS = 5
SCORES = 1_000_000
SWEEP_TARGET_S = 1.0
XLSX_TARGET_S = 15.0
XLSX_MEMORY_TARGET = 1.5
_ONE_MEASURE = "from threshold_sweeps where field = 'f' and metric = 'm1'"
_ALL = "from threshold_sweeps"


def measure() -> list[Row]:
    """The rows of decisions."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_sweep_rows(Path(folder)), *_xlsx_rows(Path(folder))]


def _sweep_rows(folder: Path) -> list[Row]:
    warehouse = _filled(folder / "sweep.duckdb", SCORES)
    return [
        _sweep_row("sweep of a field and metric, 1 M scores stored (s)", warehouse, _ONE_MEASURE),
        _sweep_row("sweep of all 1 M scores: 100 cells and metrics (s)", warehouse, _ALL),
    ]


def _sweep_row(name: str, warehouse: Warehouse, sql: str) -> Row:
    seconds = [_seconds(lambda: warehouse.read(sql)) for _ in range(ROUNDS + 1)][1:]
    median = statistics.median(seconds)
    ratio = median / SWEEP_TARGET_S
    return Row(name, median, SWEEP_TARGET_S, ratio, "<= 1 s", ratio <= 1)


def _xlsx_rows(folder: Path) -> list[Row]:
    """The Excel export of 4 fields of 6 metrics each: its time, and how its memory grows."""
    _, few_mb = _export_xlsx(filled(folder / "few.duckdb", 5_000))
    seconds, many_mb = _export_xlsx(filled(folder / "many.duckdb", 20_000))
    time_ratio, memory_ratio = seconds / XLSX_TARGET_S, many_mb / few_mb
    return [
        Row(
            "xlsx of 20 k cases of 24 scores (s)",
            seconds,
            XLSX_TARGET_S,
            time_ratio,
            "<= 15 s",
            time_ratio <= 1,
        ),
        Row(
            "its peak memory, against 5 k cases (MB)",
            many_mb,
            few_mb,
            memory_ratio,
            f"<= {XLSX_MEMORY_TARGET:g}",
            memory_ratio <= XLSX_MEMORY_TARGET,
        ),
    ]


def _export_xlsx(warehouse: Warehouse) -> Spent:
    """What the command takes in a process of its own."""
    file = warehouse.path.with_suffix(".xlsx")
    command = ("evalwh", "export", RUN, "--xlsx", file, "--db", warehouse.path)
    return spent([sys.executable, "-m", *map(str, command)])
