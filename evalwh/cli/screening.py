"""Carries out the runs of one command, one after the other; one that fails stops no other."""

from collections.abc import Sequence
from dataclasses import replace

import typer

from evalwh.cli.ending import Ending
from evalwh.cli.results_file import check_outputs
from evalwh.cli.run_options import RunOptions, check_values, checked_id
from evalwh.cli.running import carry_out
from evalwh.errors import EvalwhError, RunsFailed
from evalwh.hints import db_option
from evalwh.value_text import visible
from evalwh.warehouse import Warehouse


def carry_out_all(runs: Sequence[RunOptions]) -> None:
    """Carry out every run, or estimate it. Raises RunsFailed where some of several failed."""
    with Ending():
        _carry_out_all(runs)


def _carry_out_all(runs: Sequence[RunOptions]) -> None:
    for options in runs:
        check_values(options)
    if any(options.estimate for options in runs):
        from evalwh.cli.estimating import print_estimates

        print_estimates(runs)
        return
    check_outputs(runs)
    if any(options.sweep for options in runs):
        _sweep(runs)
    elif len(runs) == 1:
        carry_out(runs[0])
    else:
        _carry_out_several(runs)


def _sweep(runs: Sequence[RunOptions]) -> None:
    from evalwh.cli.sweeping import print_speeds, swept_runs

    swept = [each for options in runs for each in swept_runs(options)]
    check_outputs([each.options for each in swept])
    try:
        _carry_out_several([each.options for each in swept], summarize=False)
    finally:
        print_speeds(swept)


def _carry_out_several(runs: Sequence[RunOptions], *, summarize: bool = True) -> None:
    failed = []
    for at, given in enumerate(runs, 1):
        options = replace(given, run_id=checked_id(given.run_id))
        name = f"run {at} of {len(runs)} ({_label(options)})"
        typer.echo(f"evalwh: {visible(name)}: {options.run_id}", err=True)
        try:
            carry_out(options, summarize=summarize)
        except EvalwhError as error:
            typer.echo(f"evalwh: {visible(f'{name} failed: {error}')}", err=True)
            failed.append(f"{name}{_way_on(options)}")
    if failed:
        raise RunsFailed(f"{len(failed)} of {len(runs)} runs failed: {'; '.join(failed)}")


def _label(options: RunOptions) -> str:
    return ", ".join([options.model_name or options.model, *(options.tag or [])[-1:]])


def _way_on(options: RunOptions) -> str:
    """How to go on with a run that has begun."""
    warehouse = Warehouse(options.db)
    if not warehouse.has_journal(str(options.run_id)):
        return ""
    return f", go on with: evalwh run --resume {options.run_id}{db_option(warehouse.path)}"
