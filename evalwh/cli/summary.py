"""What is printed after a run: its leaderboard and what needs a look; reads views only."""

import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from evalwh.warehouse import Rows, Warehouse

_WIDTH = 80
_KINDS = {
    "request": "failed requests",
    "truncated": "truncated replies",
    "unparsable": "unparsable replies",
    "field": "missing fields",
    "judge": "unusable judgements",
    "score": "missing scores",
}
_LEADERBOARD = """
select
    dataset || case split when 'test' then '' else ' (' || split || ')' end as dataset,
    model, prompt_id, field, metric, docs, unscored_docs, mean, threshold, pass_rate,
    ci_low, ci_high
from leaderboard
where run_id = $1
order by dataset, model, prompt_id, field, metric
"""
_COMPLETENESS = """
select
    coalesce((select sum(requests - errors) from costs where run_id = $1 and role = 'model'), 0),
    (select sum(docs * repeats) from cells where run_id = $1)
"""
_COSTS = """
select role, sum(requests), sum(errors), sum(prompt_tokens) + sum(completion_tokens),
    sum(billed_usd), count(*) - count(billed_usd)
from costs
where run_id = $1
group by role
order by role desc
"""


def print_summary(warehouse: Warehouse, run_id: str) -> None:
    """Print the leaderboard of a run on stdout, its costs and failures below."""
    console = Console(file=sys.stdout, width=_WIDTH, highlight=False, emoji=False, markup=False)
    board = warehouse.read(_LEADERBOARD, [run_id])
    for dataset, model, prompt_id in dict.fromkeys(row[:3] for row in board.rows):
        chosen = [row for row in board.rows if row[:3] == (dataset, model, prompt_id)]
        console.print(_table(f"{dataset} · {model} · {prompt_id}", chosen))
    for answered, planned in warehouse.read(_COMPLETENESS, [run_id]).rows:
        if answered < planned:
            console.print(f"responses: {answered} of {planned}")
    for line in _costs(warehouse.read(_COSTS, [run_id])):
        console.print(line)
    for line in _failures(warehouse, run_id):
        console.print(line)


def _table(title: str, board: list[tuple[Any, ...]]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, title_style="bold")
    for name in ("field", "metric"):
        table.add_column(name, overflow="fold")
    for name in ("docs", "mean", "≥", "passed", "95 % CI"):
        table.add_column(name, justify="right", no_wrap=True)
    shown = None
    for _dataset, _model, _prompt, field, metric, docs, missing, mean, least, rate, *ci in board:
        table.add_row(
            "" if field == shown else field,
            metric,
            f"{docs}/{docs + missing}" if missing else str(docs),
            "-" if mean is None else f"{mean:.3f}",
            "-" if least is None else f"{least:g}",
            "-" if rate is None else f"{100 * rate:.1f} %",
            _interval(rate, *ci),
        )
        shown = field
    return table


def _costs(costs: Rows) -> list[str]:
    return [
        f"{role}: {requests} requests, {errors} errors, {tokens or 0:,} tokens, "
        + (f"${billed:.4f}" if billed is not None else "cost unknown")
        + (f" (and {unpriced} without a price)" if unpriced and billed is not None else "")
        for role, requests, errors, tokens, billed, unpriced in costs.rows
    ]


def _failures(warehouse: Warehouse, run_id: str) -> list[str]:
    found = warehouse.read(
        "select kind, count(*) from failures where run_id = $1 group by kind order by kind",
        [run_id],
    ).rows
    if not found:
        return ["nothing failed"]
    counts = ", ".join(f"{count} {_KINDS.get(kind, kind)}" for kind, count in found)
    return [
        f"to look at: {counts}",
        f"evalwh query \"from failures where run_id = '{run_id}'\"",
    ]


def _interval(rate: float | None, low: float, high: float) -> str:
    return "-" if rate is None else f"{100 * low:.0f}–{100 * high:.0f} %"
