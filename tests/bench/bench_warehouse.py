"""Folding and memory: against DuckDB's own insert from the same bytes, and against a ceiling.

python -m tests.bench.bench_warehouse
"""

import os
import random
import statistics
import tempfile
import time
from pathlib import Path

import duckdb
import orjson

from evalwh.warehouse import Warehouse
from evalwh.warehouse.journal import journals_folder
from tests.bench.bench_generation import MODEL, evalwh_command, model_server
from tests.bench.row import Row
from tests.bench.spent import spent

CASES = 100_000
RUN_CASES = 20_000
ROUNDS = 3
CEILING_MB = 350.0
MB = 1e6


def measure() -> list[Row]:
    """The fold of 100 k generations with 600 k scores, and the memory of a 20 k-case run."""
    return [folding(), run_memory()]


def folding() -> Row:
    """MB/s of a fold against `insert … from read_json`, in turn on the same file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = folder / "lines.jsonl"
        write_journal(lines)
        rates = [(fold_rate(lines, folder), plain_rate(lines, folder)) for _ in range(ROUNDS)]
    ratio = statistics.median(ours / theirs for ours, theirs in rates)
    return Row(
        "fold of 100 k generations, 600 k scores, MB/s against read_json",
        statistics.median(ours for ours, _ in rates),
        statistics.median(theirs for _, theirs in rates),
        ratio,
        ">= 0.5",
        ratio >= 0.5,
    )


def write_journal(path: Path) -> None:
    """A journal as a run writes it: a generation and a scored case for each of `CASES`."""
    chance = random.Random(1)
    words = [f"word{number}" for number in range(5_000)]
    with path.open("wb") as lines:
        for _case in range(CASES):
            key = {"cell_key": 1, "doc_key": chance.getrandbits(62), "repeat": 0, "attempt": 1}
            text = " ".join(chance.choices(words, k=60))
            lines.write(_line("generation", {**key, **_generation(text)}))
            lines.write(_line("case", {**key, **_scored(text, chance)}))


def fold_rate(lines: Path, folder: Path) -> float:
    """MB/s from a left journal to a closed, up-to-date file."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        warehouse = Warehouse(Path(place) / "evalwh.duckdb")
        warehouse.fold()
        journals_folder(warehouse.path).mkdir()
        os.link(lines, journals_folder(warehouse.path) / "run-0.jsonl")
        started = time.perf_counter()
        warehouse.fold()
        took_s = time.perf_counter() - started
        stored = warehouse.read("select count(*) from facts.scores").rows
    assert stored == [(6 * CASES,)]
    return lines.stat().st_size / MB / took_s


def plain_rate(lines: Path, folder: Path) -> float:
    """MB/s of DuckDB's own `insert … from read_json` of the same bytes, types as it finds them."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        with duckdb.connect(Path(place) / "plain.duckdb") as connection:
            connection.execute(f"create table lines as from read_json('{lines}') limit 0")
            started = time.perf_counter()
            connection.execute(f"insert into lines from read_json('{lines}')")
        took_s = time.perf_counter() - started
    return lines.stat().st_size / MB / took_s


def run_memory() -> Row:
    """The peak memory of `evalwh run` over 20,000 cases, in MB, against 350."""
    with tempfile.TemporaryDirectory() as name, model_server(0) as url:
        command = evalwh_command("openai", MODEL, url, RUN_CASES, Path(name))
        peak_mb = spent(command).peak_mb
    ratio = peak_mb / CEILING_MB
    return Row("peak memory of 20 k cases, MB", peak_mb, CEILING_MB, ratio, "<= 1", ratio <= 1)


def _generation(text: str) -> dict[str, object]:
    return {
        "stage": "main",
        "role": "model",
        "asked_model": "m",
        "request_hash": "sha256:0",
        "request": {"messages": [{"role": "user", "content": text}]},
        "response": text,
        "finish_reason": "stop",
        "prompt_tokens": 80,
        "completion_tokens": 60,
        "latency_ms": 50.1,
        "billed_usd": 0.01,
        "cached": False,
        "created_at": "2026-01-01T00:00:00.123456",
        "error": None,
    }


def _scored(text: str, chance: random.Random) -> dict[str, object]:
    part = text[:40]
    return {
        "replaces": False,
        "fields": [
            {"field": name, "value": part, "target": part, "error": None} for name in "abcd"
        ],
        "scores": [
            {"measure_key": key, "score": chance.random(), "error": None} for key in range(6)
        ],
    }


def _line(kind: str, record: dict[str, object]) -> bytes:
    return orjson.dumps({kind: record}) + b"\n"


if __name__ == "__main__":
    for row in measure():
        print(*row)
