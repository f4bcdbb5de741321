"""What is printed after a run: its leaderboard and what needs a look; reads views only."""

import textwrap

import typer

from evalwh.cli.harness_leaderboard import harness_text
from evalwh.cli.leaderboard import leaderboard_text
from evalwh.cli.listing import WIDTH
from evalwh.counted import counted
from evalwh.hints import db_option
from evalwh.warehouse import Rows, Warehouse

_LEADERBOARD = """
select
    dataset, split, model, prompt_id, field, metric, docs, unscored_docs, mean, higher_is_better,
    threshold, pass_rate, ci_low, ci_high
from leaderboard
anti join (from aggregates where run_id = $1 and scored_by = 'lm-eval') using (
    run_id, model, prompt_id, dataset, split, field, metric
)
where run_id = $1
union all
select
    dataset, split, model, prompt_id, 'turns' as field, metric, scores, unscored, value,
    higher_is_better, null, null, null, null
from turn_averages
where run_id = $1
order by dataset, split, model, prompt_id, field, metric
"""
_HARNESS_TASKS = """
select
    model, dataset as name, field, metric, docs, unscored_docs as missing, value, stderr,
    higher_is_better, error
from aggregates
where run_id = $1 and scored_by = 'lm-eval'
order by model, dataset, field, metric
"""
_GROUPS = """
select
    model, alias as name, field, metric, docs, 0 as missing, value, stderr, higher_is_better,
    tasks, missing_tasks
from group_results
where run_id = $1
order by model, group_name, field, metric
"""
_LACKING = "select 1 from aggregates where run_id = $1 and error is not null limit 1"
"""Whether some figure could not be made; its reason stands below the table."""
_COMPLETENESS = """
select
    coalesce((select sum(requests - errors) from costs where run_id = $1 and role = 'model'), 0),
    (select sum(coalesce(questions, docs) * repeats) from cells where run_id = $1)
"""
_COSTS = """
select role, sum(requests),
    case
        when role = 'model' and (runs.config ->> 'model') = 'recorded' then 0
        else sum(cached)
    end,
    sum(errors), sum(prompt_tokens) + sum(completion_tokens),
    sum(billed_usd), sum(unbilled_requests)::bigint, sum(saved_usd)
from costs
inner join runs using (run_id)
where run_id = $1
group by role, runs.config
order by role desc
"""

_MEANINGS = {
    "request": "no response",
    "truncated": "cut off",
    "unparsable": "no field read",
    "field": "a field not read from the reply",
    "judge": "no usable judgement",
    "score": "no score",
    "unjudged": "no judge was named",
}
"""The kinds of the view `failures`, in a few words each."""


def print_summary(warehouse: Warehouse, run_id: str) -> None:
    """Print the leaderboard of a run on stdout, its costs and failures below."""
    for text in _leaderboards(warehouse, run_id):
        typer.echo(text, nl=False)
    ((answered, planned),) = warehouse.read(_COMPLETENESS, [run_id]).rows
    is_complete = answered >= (planned or 0)
    if not is_complete:
        typer.echo(f"responses: {answered} of {planned}")
    for line in _costs(warehouse.read(_COSTS, [run_id])):
        typer.echo(line)
    for line in _failures(warehouse, run_id, is_complete):
        typer.echo(line)


def _leaderboards(warehouse: Warehouse, run_id: str) -> list[str]:
    folders = warehouse.read(_LEADERBOARD, [run_id]).dicts()
    tasks = warehouse.read(_HARNESS_TASKS, [run_id]).dicts()
    if not tasks:
        return [leaderboard_text(folders)]
    groups = warehouse.read(_GROUPS, [run_id]).dicts()
    return [*([leaderboard_text(folders), "\n"] if folders else []), harness_text(tasks, groups)]


def _costs(costs: Rows) -> list[str]:
    return [
        f"{role}: {counted(requests, 'request')}, "
        + (f"{cached} from the warehouse, " if cached else "")
        + f"{counted(errors, 'error')}, "
        + f"{tokens or 0:,} {'token' if tokens == 1 else 'tokens'}, "
        + (f"${billed:.4f}" if billed is not None else "cost unknown")
        + (
            f" + {counted(unbilled, 'request')} not billed"
            if unbilled and billed is not None
            else ""
        )
        + (f", ${saved:.4f} saved by what was stored" if saved else "")
        for role, requests, cached, errors, tokens, billed, unbilled, saved in costs.rows
    ]


def _failures(warehouse: Warehouse, run_id: str, is_complete: bool) -> list[str]:
    """How many of each of the view's kinds there are, and the query that lists them."""
    found = warehouse.read(
        "select kind, count(*) from failures where run_id = $1 group by kind order by kind",
        [run_id],
    ).rows
    if not found:
        lacking = warehouse.read(_LACKING, [run_id]).rows
        return ["nothing failed"] if is_complete and not lacking else []
    counts = ", ".join(f"{kind} {count} ({_MEANINGS[kind]})" for kind, count in found)
    lines = textwrap.wrap(f"to look at, by kind: {counts}", WIDTH, break_on_hyphens=False)
    is_listed = any(kind != "unjudged" for kind, _count in found)
    return [*lines, *([_query(warehouse, run_id)] if is_listed else [])]


def _query(warehouse: Warehouse, run_id: str) -> str:
    """The query that lists failures; what no judge was named for is a note of its own."""
    sql = (
        "select doc_id, prompt_id, kind, field, response\n"
        f"    from failures where run_id = '{run_id}' and kind <> 'unjudged'"
    )
    return f'evalwh query "{sql}" --max-width 28{db_option(warehouse.path)}'
