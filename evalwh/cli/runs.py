"""`evalwh runs`: what is there."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from evalwh.cli.options import DEFAULT_DB, Db
from evalwh.cli.printing import RowsFormat, print_rows

if TYPE_CHECKING:
    from evalwh.cli.listing import Row

_RUNS = """
with parts as (
    select
        run_id,
        string_agg(distinct model, ', ' order by model) as models,
        string_agg(distinct prompt_id, ', ' order by prompt_id) as prompts,
        string_agg(distinct dataset, ', ' order by dataset) as datasets,
        sum(coalesce(questions, docs) * repeats)::bigint as planned
    from cells
    group by run_id
),

spent as (
    select
        run_id,
        (sum(requests - errors) filter (role = 'model'))::bigint as responses,
        sum(errors)::bigint as errors,
        sum(billed_usd) as billed_usd
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
    case when parts.planned is not null then coalesce(spent.responses, 0) end as responses,
    parts.planned,
    spent.errors,
    spent.billed_usd,
    runs.tags
from runs
left join parts using (run_id)
left join spent using (run_id)
order by runs.started_at desc, runs.run_id desc
limit $1
"""
_SHOWN = ("run_id", "status", "started_at", "responses", "errors", "billed")


def register(app: typer.Typer) -> None:
    app.command()(runs)


def runs(
    limit: Annotated[int, typer.Option(min=1, help="Newest runs to list.")] = 20,
    format_name: RowsFormat = "table",
    db: Db = DEFAULT_DB,
) -> None:
    """List the runs, newest first."""
    print_rows(db, _RUNS, [limit], format_name=format_name, drawn=_drawn)


def _drawn(rows: "Sequence[Row]") -> str:
    """A table of the runs; below each what it asked of whom, and its tags."""
    from evalwh.cli.listing import aligned

    names, rule, *lines = aligned(_SHOWN, [{**row, **_amounts(row)} for row in rows]).splitlines()
    runs = (f"{line}\n{_asked(row)}" for line, row in zip(lines, rows, strict=True))
    return f"{names}\n{rule}\n{''.join(runs)}"


def _amounts(run: "Row") -> "Row":
    """What has arrived of what is planned, and what was paid for it."""
    is_planned, billed_usd = run["planned"] is not None, run["billed_usd"]
    return {
        "responses": f"{run['responses']}/{run['planned']}" if is_planned else "-",
        "errors": run["errors"] or 0,
        "billed": "-" if billed_usd is None else f"${billed_usd:.4f}",
    }


def _asked(run: "Row") -> str:
    """Lines of the datasets, models, prompts and tags."""
    import textwrap

    from evalwh.cli.listing import WIDTH
    from evalwh.value_text import visible

    tags = json.loads(run["tags"] or "{}")
    matrix = [run["datasets"], run["models"], run["prompts"]] if run["datasets"] else []
    told = ", ".join(f"{name}={value}" for name, value in tags.items())
    text = " · ".join(filter(None, (*(matrix or ["nothing asked yet"]), told)))
    lines = textwrap.wrap(visible(text), WIDTH - 8, break_on_hyphens=False)
    return textwrap.indent("".join(f"{line}\n" for line in lines), "    ")
