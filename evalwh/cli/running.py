"""Carries out what `run` and `score` ask for: the event loop, and what is printed after."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import typer

from evalwh.cli.ending import Ending
from evalwh.cli.results_file import results_written
from evalwh.cli.run_options import (
    RunOptions,
    ScoreOptions,
    added_metrics,
    check_values,
    checked_id,
    resumed_config,
    run_config,
    run_invocation,
    score_command,
    split_judge_args,
    tags_of,
)
from evalwh.cli.streams import stdout_kept
from evalwh.errors import BudgetReached, EvalwhError, ModelsFailed, RequestFailed, RunBusy
from evalwh.generation import Limits
from evalwh.hints import db_option
from evalwh.metrics import load_plugins
from evalwh.models import parse_model_args, unheard_args
from evalwh.models.arguments import unheard_params
from evalwh.pipeline.config import RunConfig
from evalwh.pipeline.invocation import Invocation
from evalwh.pipeline.reads import stored_config
from evalwh.pipeline.run import resume_run, score_stored, start_run
from evalwh.warehouse import Warehouse
from evalwh.warehouse.runs import resolve_run

_STANDING = """
select
    coalesce((select status = 'finished' from runs where run_id = $1), false),
    exists (select 1 from generations where run_id = $1 and response is not null)
"""
Begin = Callable[[], Coroutine[Any, Any, None]]
"""Plans the work, and gives what is to be waited for."""


def carry_out(options: RunOptions, *, summarize: bool = True) -> None:
    """Start or resume a run; to `summarize` is to print its leaderboard and its id."""
    warehouse = Warehouse(options.db)
    if options.resume is not None:
        _resume(warehouse, options, resolve_run(warehouse, options.resume))
        return
    run_id, tags = checked_id(options.run_id), tags_of(options.tag or [])
    invocation, config = run_invocation(warehouse, options), run_config(options)
    load_included(config.include_path)
    for complaint in unheard_params(config.gen_kwargs):
        typer.echo(f"evalwh: note: --gen_kwargs: {complaint}", err=True)
    for complaint in unheard_args(config.model, config.model_args):
        typer.echo(f"evalwh: note: {complaint}", err=True)
    begin = partial(start_run, invocation, config, run_id, tags)
    with results_written(options, warehouse, run_id):
        _finish_run(begin, warehouse, run_id, summarize=summarize)


def _resume(warehouse: Warehouse, options: RunOptions, run_id: str) -> None:
    config = resumed_config(warehouse, run_id, options)
    options = replace(options, model=config.model)
    invocation = run_invocation(warehouse, options, config.model_args)
    load_included(config.include_path)
    with results_written(options, warehouse, run_id):
        _finish_run(partial(resume_run, invocation, config, run_id), warehouse, run_id)


def carry_out_scoring(options: ScoreOptions) -> None:
    """Score a stored run, and print its leaderboard and its id."""
    with Ending():
        _score(options)


def _score(options: ScoreOptions) -> None:
    check_values(options)
    warehouse = Warehouse(options.db)
    run_id = resolve_run(warehouse, options.run)
    stored = RunConfig.from_json(run_id, stored_config(warehouse, run_id))
    load_included(stored.include_path)
    load_included(options.include_path or [])
    kind, judge_args = split_judge_args(parse_model_args(options.judge_args, option="--judge_args"))
    invocation = Invocation(
        warehouse,
        Limits(num_concurrent=options.num_concurrent, budget_usd=options.budget_usd),
        judge_args=judge_args,
    )
    config = replace(
        stored,
        judge=options.judge,
        judge_model=kind,
        judge_args={},
        confirm_run_unsafe_code=options.confirm_run_unsafe_code,
    )
    begin = partial(score_stored, invocation, config, run_id, added_metrics(options.metrics))
    _finish(begin, warehouse, run_id, score_command(run_id, options))


def load_included(include_path: Sequence[str | Path]) -> None:
    """Load the metrics under `--include_path`; what their code prints is no data."""
    with stdout_kept():
        for path in include_path:
            load_plugins(Path(path))


def _finish_run(begin: Begin, warehouse: Warehouse, run_id: str, *, summarize: bool = True) -> None:
    resume = f"evalwh run --resume {run_id}"
    try:
        _finish(begin, warehouse, run_id, resume, summarize=summarize)
    except (BudgetReached, ModelsFailed, RunBusy):
        raise
    except EvalwhError as error:
        if _may_go_on(warehouse, run_id, error):
            _say_how_to_go_on(warehouse, resume)
        raise


def _finish(
    begin: Begin, warehouse: Warehouse, run_id: str, command: str, *, summarize: bool = True
) -> None:
    """Do the work and print what came of it; `command` goes on with it where it was stopped."""
    with stdout_kept():
        work = begin()
    with Ending(_way_on(warehouse, command)) as ending:
        try:
            with stdout_kept():
                asyncio.run(ending.carry_out(work))
        except (KeyboardInterrupt, BudgetReached, ModelsFailed):
            _summarize(warehouse, run_id)
            _say_how_to_go_on(warehouse, command)
            raise
        if summarize:
            _summarize(warehouse, run_id)
            typer.echo(run_id)


def _way_on(warehouse: Warehouse, command: str) -> str:
    return f"evalwh: go on with: {command}{db_option(warehouse.path)}"


def _say_how_to_go_on(warehouse: Warehouse, command: str) -> None:
    typer.echo(_way_on(warehouse, command), err=True)


def _may_go_on(warehouse: Warehouse, run_id: str, error: EvalwhError) -> bool:
    """Whether there is something to go on with; a warehouse that can't be read may have it.

    A run that got nothing for a key, an address or a name that is wrong is better begun anew.
    """
    if not warehouse.has_journal(run_id):
        return False
    is_hopeless = isinstance(error, RequestFailed) and error.fatal and not error.retry
    try:
        ((is_finished, has_responses),) = warehouse.read(_STANDING, [run_id]).rows
    except EvalwhError:
        return True
    return not is_finished and (has_responses or not is_hopeless)


def _summarize(warehouse: Warehouse, run_id: str) -> None:
    from evalwh.cli.summary import print_summary

    print_summary(warehouse, run_id)
