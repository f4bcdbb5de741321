"""`evalwh runs`: what is there."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from evalwh.cli.options import DEFAULT_DB, Db
from evalwh.cli.printing import RowsFormat, print_rows

_RUNS = """
with parts as (
    select
        run_id,
        string_agg(distinct model, ', ' order by model) as models,
        string_agg(distinct prompt_id, ', ' order by prompt_id) as prompts,
        string_agg(distinct dataset, ', ' order by dataset) as datasets,
        sum(docs)::bigint as docs
    from cells
    group by run_id
),

spent as (
    select run_id, sum(errors)::bigint as errors, sum(billed_usd) as billed_usd
    from costs
    group by run_id
)

select
    runs.run_id,
    runs.status,
    date_trunc('second', runs.started_at) as started_at,
    date_diff('second', runs.started_at, runs.finished_at) as duration_s,
    parts.models,
    parts.prompts,
    parts.datasets,
    parts.docs,
    spent.errors,
    spent.billed_usd,
    runs.tags
from runs
left join parts using (run_id)
left join spent using (run_id)
order by runs.started_at desc, runs.run_id desc
limit $1
"""
_SHOWN = ("run_id", "status", "started_at", "docs", "errors", "billed_usd")


def register(app: typer.Typer) -> None:
    app.command()(runs)


def runs(
    limit: Annotated[int, typer.Option(min=1, help="Newest runs to list.")] = 20,
    format_name: RowsFormat = "table",
    db: Db = DEFAULT_DB,
) -> None:
    """List the runs, newest first."""
    from evalwh.cli.listing import Layout

    print_rows(db, _RUNS, [limit], format_name=format_name, layout=Layout(_SHOWN, _heading))


def _heading(run: Mapping[str, Any]) -> str:
    """What was asked of whom, which runs made again have in common."""
    if run["datasets"] is None:
        return "nothing asked yet"
    return f"{run['datasets']} · {run['models']}"
