"""Carries out what `run` and `score` ask for: the event loop, and what is printed after."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from evalwh.cli.exit_codes import ExitCode
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
from evalwh.models import parse_model_args
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
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def carry_out(options: RunOptions, *, summarize: bool = True) -> None:
    """Start or resume a run; to `summarize` is to print its leaderboard and its id."""
    warehouse = Warehouse(options.db)
    if options.resume is not None:
        _resume(warehouse, options, resolve_run(warehouse, options.resume))
        return
    run_id, tags = checked_id(options.run_id), tags_of(options.tag or [])
    invocation, config = run_invocation(warehouse, options), run_config(options)
    _load_plugins(config.include_path)
    for complaint in unheard_params(config.gen_kwargs):
        typer.echo(f"evalwh: note: --gen_kwargs: {complaint}", err=True)
    work = start_run(invocation, config, run_id, tags)
    with results_written(options, warehouse, run_id):
        _finish_run(work, warehouse, run_id, summarize=summarize)


def _resume(warehouse: Warehouse, options: RunOptions, run_id: str) -> None:
    config = resumed_config(warehouse, run_id, options)
    options = replace(options, model=config.model)
    invocation = run_invocation(warehouse, options, config.model_args)
    _load_plugins(config.include_path)
    with results_written(options, warehouse, run_id):
        _finish_run(resume_run(invocation, config, run_id), warehouse, run_id)


def carry_out_scoring(options: ScoreOptions) -> None:
    """Score a stored run, and print its leaderboard and its id."""
    check_values(options)
    warehouse = Warehouse(options.db)
    run_id = resolve_run(warehouse, options.run)
    stored = RunConfig.from_json(run_id, stored_config(warehouse, run_id))
    _load_plugins(stored.include_path)
    _load_plugins(options.include_path or [])
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
    work = score_stored(invocation, config, run_id, added_metrics(options.metrics))
    _finish(work, warehouse, run_id, score_command(run_id, options))


def _load_plugins(include_path: Sequence[str | Path]) -> None:
    with stdout_kept():
        for path in include_path:
            load_plugins(Path(path))


def _finish_run(
    work: Coroutine[Any, Any, None], warehouse: Warehouse, run_id: str, *, summarize: bool = True
) -> None:
    resume = f"evalwh run --resume {run_id}"
    try:
        _finish(work, warehouse, run_id, resume, summarize=summarize)
    except (BudgetReached, ModelsFailed, RunBusy):
        raise
    except EvalwhError as error:
        if _may_go_on(warehouse, run_id, error):
            _say_how_to_go_on(warehouse, resume)
        raise


def _finish(
    work: Coroutine[Any, Any, None],
    warehouse: Warehouse,
    run_id: str,
    command: str,
    *,
    summarize: bool = True,
) -> None:
    """Do the work and print what came of it; `command` goes on with it where it was stopped."""
    try:
        with stdout_kept():
            asyncio.run(_until_signalled(work, lambda: _leave_at_once(warehouse, command)))
    except (KeyboardInterrupt, BudgetReached, ModelsFailed):
        _summarize(warehouse, run_id)
        _say_how_to_go_on(warehouse, command)
        raise
    if summarize:
        _summarize(warehouse, run_id)
        typer.echo(run_id)


def _say_how_to_go_on(warehouse: Warehouse, command: str) -> None:
    typer.echo(f"evalwh: go on with: {command}{db_option(warehouse.path)}", err=True)


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


async def _until_signalled(
    work: Coroutine[Any, Any, None], leave_at_once: Callable[[], None]
) -> None:
    """Interrupted, terminated or hung up, a run stores what arrives; signalled again it leaves."""
    running = asyncio.create_task(work)

    def end() -> None:
        if running.cancelling():
            leave_at_once()
        running.cancel()

    for number in _ENDING:
        # nohup and a shell's & have some of them ignored.
        if signal.getsignal(number) != signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, end)
    try:
        await running
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _leave_at_once(warehouse: Warehouse, command: str) -> None:
    """End the process whatever it is busy with; what had arrived is in the journal."""
    if sys.stderr.isatty():
        typer.echo("\x1b[?25h", err=True, nl=False)  # the progress bar hides the cursor
    _say_how_to_go_on(warehouse, command)
    typer.echo("evalwh: error: interrupted", err=True)
    os._exit(ExitCode.INTERRUPTED)


def _summarize(warehouse: Warehouse, run_id: str) -> None:
    from evalwh.cli.summary import print_summary

    print_summary(warehouse, run_id)
