"""What `run --estimate` prints: requests, tokens and cost before anything is sent."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from evalwh.cli.listing import Layout, Row, headed_tables
from evalwh.cli.printing import say
from evalwh.cli.run_options import (
    RunOptions,
    check_values,
    resumed_config,
    run_config,
    run_invocation,
)
from evalwh.cli.running import load_included
from evalwh.cli.streams import stdout_kept
from evalwh.counted import counted
from evalwh.models.token_counts import CHARS_PER_TOKEN
from evalwh.pipeline.estimate import estimate_run
from evalwh.warehouse import Warehouse
from evalwh.warehouse.runs import resolve_run

if TYPE_CHECKING:
    from evalwh.pipeline.estimate import Estimate

_COLUMNS = ("dataset", "requests", "prompt tokens", "completion tokens", "USD")


def print_estimates(runs: Sequence[RunOptions]) -> None:
    """Print what the runs would take; nothing is sent or stored."""
    every: list[Estimate] = []
    for options in runs:
        check_values(options)
        with stdout_kept():
            every += _estimates(options)
    layout = Layout(_COLUMNS, heading=lambda row: f"{row['role']}: {row['model']}")
    typer.echo(headed_tables([_row(each) for each in every], layout), nl=False)
    for note in dict.fromkeys(note for each in every for note in _notes(each)):
        say(f"note: {note}")
    typer.echo(_total(every))


def _estimates(options: RunOptions) -> "list[Estimate]":
    warehouse = Warehouse(options.db)
    if options.resume is None:
        run_id, config, begun_with = None, run_config(options), {}
    else:
        run_id = resolve_run(warehouse, options.resume)
        config = resumed_config(warehouse, run_id, options)
        begun_with = dict(config.model_args)
    load_included(config.include_path)
    return estimate_run(run_invocation(warehouse, options, begun_with), config, run_id)


def _row(estimate: "Estimate") -> Row:
    most = estimate.most_completion_tokens
    tokens = f"{estimate.least_completion_tokens:,} to {'?' if most is None else f'{most:,}'}"
    return {
        "role": estimate.role,
        "model": estimate.model,
        "dataset": estimate.dataset,
        "requests": f"{estimate.requests:,}",
        "prompt tokens": f"{'' if estimate.counted else '~'}{estimate.prompt_tokens:,}",
        "completion tokens": tokens,
        "USD": _usd(estimate.low_usd, estimate.high_usd),
    }


def _usd(low: float | None, high: float | None) -> str:
    if low is None:
        return "unknown"
    return f"{low:.4f} to {'?' if high is None else f'{high:.4f}'}"


def _total(estimates: "Sequence[Estimate]") -> str:
    requests = counted(sum(each.requests for each in estimates), "request")
    unknown = sum(each.low_usd is None for each in estimates)
    if unknown == len(estimates):
        return f"total: {requests}, cost unknown"
    low = sum(each.low_usd or 0.0 for each in estimates)
    highs = [each.high_usd for each in estimates if each.low_usd is not None]
    high = None if None in highs else sum(each or 0.0 for each in highs)
    more = f", and {unknown} without a price" if unknown else ""
    return f"total: {requests}, USD {_usd(low, high)}{more}"


def _notes(estimate: "Estimate") -> list[str]:
    model, dataset = estimate.model, estimate.dataset
    notes = []
    if not estimate.counted:
        notes.append(f"{model}: ~ is {CHARS_PER_TOKEN} characters a token, its own aren't known")
    if estimate.earlier_replies:
        replies = counted(estimate.earlier_replies, "reply", "replies")
        notes.append(f"{model} on {dataset}: the lower figures are by the mean of {replies} before")
    elif estimate.most_a_reply:
        most = f"at most {estimate.most_a_reply:,} tokens, its max_tokens or the model's longest"
        notes.append(f"{model} on {dataset}: no earlier reply is known; each is taken as {most}")
    if estimate.most_completion_tokens is None:
        notes.append(f"{model}: no longest reply is known; give --gen_kwargs max_tokens=N")
    if estimate.role == "judge":
        notes.append(f"{model} as a judge: of replies like the targets, none judged before")
    return notes
