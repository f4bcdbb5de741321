"""A run as one page: a leaderboard, rates and scores as charts, costs, failures and thresholds.

The page holds all it needs, asks nobody for anything and runs no script.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import orjson

from evalwh.export.html_charts import Histogram, histograms
from evalwh.export.html_reads import MOST_CASES, MOST_KINDS, Reads, Row
from evalwh.export.html_text import render
from evalwh.warehouse import Warehouse


class _Figures(NamedTuple):
    """What lm-eval reports of a task or group by one filter and metric; its row for each model."""

    first: Row
    by_model: dict[str, Row]


class _Part(NamedTuple):
    """A dataset and split as the page shows them."""

    dataset: Row
    rates: list[Row]
    measures: list[tuple[str, str]]
    panels: list[list[Row]]
    histograms: list[Histogram]
    kinds: list[Row]
    cases: list[Row]


def write(warehouse: Warehouse, run_id: str, path: Path) -> list[str]:
    """Write the page at `path`; a run without scores says so on it."""
    page = _page(Reads(warehouse, run_id))
    path.write_text(page, encoding="utf-8")
    return [f"one page, {len(page.encode()) / 1e6:.1f} MB"]


def _page(reads: Reads) -> str:
    run = reads.run()
    rates, leaderboard, distributions = reads.rates(), reads.leaderboard(), reads.distributions()
    parts = [
        _Part(
            dataset,
            _of(dataset, rates),
            list(dict.fromkeys(map(_measure, _of(dataset, leaderboard)))),
            _panels(_of(dataset, leaderboard)),
            histograms(_of(dataset, distributions)),
            reads.kinds(dataset["dataset"], dataset["split"]),
            reads.cases(dataset["dataset"], dataset["split"]),
        )
        for dataset in reads.datasets()
    ]
    return render(
        "run.html",
        run=run,
        tags=orjson.loads(run["tags"]),
        models=list(dict.fromkeys(row["model"] for row in rates)),
        prompts=list(dict.fromkeys(row["prompt_id"] for row in rates)),
        parts=parts,
        scores=_by_variant(leaderboard),
        figures=_figures(reads.figures()),
        total=reads.total(),
        costs=reads.costs(),
        thresholds=reads.thresholds(),
        most_cases=MOST_CASES,
        most_kinds=MOST_KINDS,
    )


def _of(dataset: Row, rows: Sequence[Row]) -> list[Row]:
    return [
        row for row in rows
        if row["dataset"] == dataset["dataset"] and row["split"] == dataset["split"]
    ]  # fmt: skip


def _figures(rows: Sequence[Row]) -> list[_Figures]:
    """The rows of each task or group, filter and metric."""
    keys = ("group_name", "dataset", "split", "field", "metric")
    grouped = groupby(rows, lambda row: tuple(row[key] for key in keys))
    return [
        _Figures(of_one[0], {row["model"]: row for row in of_one})
        for of_one in (list(group) for _, group in grouped)
    ]


def _panels(leaderboard: Sequence[Row]) -> list[list[Row]]:
    """The rows of each field and metric."""
    return [list(rows) for _, rows in groupby(leaderboard, _measure)]


def _measure(row: Row) -> tuple[str, str]:
    return row["field"], row["metric"]


def _by_variant(leaderboard: Sequence[Row]) -> dict[tuple[str, ...], Row]:
    """The rows of the leaderboard by all that tells them apart."""
    keys = ("dataset", "split", "model", "prompt_id", "field", "metric")
    return {tuple(row[key] for key in keys): row for row in leaderboard}
