"""What every page asks the warehouse, and how it is asked.

Opens the file read-only, asks and closes. Answers are kept until the file changes.
"""

import json
import math
import os
import shlex
from pathlib import Path
from typing import Any

import streamlit as st

from evalwh.warehouse import Warehouse
from evalwh.warehouse.binding import Value

Row = dict[str, Any]
_TIMEOUT_S = 20.0
_LOCK_TIMEOUT_S = 15.0


def warehouse() -> Warehouse:
    """The warehouse of `EVALWH_DB`, as `evalwh app` sets it."""
    path = Path(os.environ.get("EVALWH_DB", "evalwh.duckdb"))
    return Warehouse(path, timeout_s=_LOCK_TIMEOUT_S)


def db_option() -> str:
    """` --db PATH`, always: a page doesn't know in which folder and shell its hints are tried."""
    return f" --db {shlex.quote(str(warehouse().path.absolute()))}"


def ask(sql: str, **values: Value) -> list[Row]:
    """The rows of one statement, with `values` bound to its `$name`s."""
    asked = warehouse()
    return _ask(str(asked.path), _version(asked), sql, values)


def _version(asked: Warehouse) -> tuple[int, int, bool]:
    """Changes when an answer may: with the file, and when there is something left to fold."""
    try:
        state = asked.path.stat()
    except FileNotFoundError:
        return (0, 0, asked.has_left_journals())
    return (state.st_mtime_ns, state.st_size, asked.has_left_journals())


@st.cache_data(max_entries=200, ttl=300, show_spinner=False)
def _ask(
    path: str, version: tuple[int, int, bool], sql: str, values: dict[str, Value]
) -> list[Row]:
    del version
    asked = Warehouse(Path(path), timeout_s=_LOCK_TIMEOUT_S)
    return asked.read(sql, values, timeout_s=_TIMEOUT_S).dicts()


def runs() -> list[Row]:
    """Every run, newest first."""
    return ask(
        "select run_id, status, started_at, finished_at, tags, message from runs"
        " order by started_at desc, run_id desc"
    )


def datasets(run_id: str) -> list[str]:
    rows = ask("select distinct dataset from cells where run_id = $run order by all", run=run_id)
    return [row["dataset"] for row in rows]


def cells(run_id: str, dataset: str) -> list[Row]:
    """The models and prompts of a run's dataset."""
    return ask(
        "select distinct model, prompt_id from cells where run_id = $run and dataset = $dataset"
        " order by all",
        run=run_id,
        dataset=dataset,
    )


def measures(run_id: str, dataset: str) -> list[Row]:
    """The scored fields and metrics of a run's dataset."""
    return ask(
        "select distinct field, metric, higher_is_better from leaderboard"
        " where run_id = $run and dataset = $dataset order by all",
        run=run_id,
        dataset=dataset,
    )


def progress(run_id: str) -> Row:
    """Responses planned and received, and when the last one came."""
    return ask(
        """
        with answers as (
            select
                count(distinct (model, prompt_id, dataset, split, doc_id, repeat, stage))
                    as answered,
                max(created_at) as last_at
            from generations where run_id = $run and role = 'model'
        ),
        plan as (
            select coalesce(sum(coalesce(questions, docs) * repeats), 0)::bigint as planned
            from cells where run_id = $run
        )
        select planned, answered, last_at from plan, answers
        """,
        run=run_id,
    )[0]


def leaderboard(run_ids: list[str], dataset: str) -> list[Row]:
    """The leaderboard of several runs' dataset, by field and metric, best pass rate first."""
    rows = [row for run_id in run_ids for row in _leaderboard(run_id, dataset)]
    return sorted(rows, key=_rank)


def _leaderboard(run_id: str, dataset: str) -> list[Row]:
    return ask(
        "select run_id, model, prompt_id, split, field, metric, docs, unscored_docs, errors, value,"
        " is_mean(aggregation) as is_mean, stderr, higher_is_better, threshold, pass_rate, ci_low,"
        " ci_high from leaderboard"
        " where run_id = $run and dataset = $dataset",
        run=run_id,
        dataset=dataset,
    )


def _rank(row: Row) -> tuple[Any, ...]:
    pass_rate, value = row["pass_rate"], row["value"]
    upward = 1 if row["higher_is_better"] else -1
    return (
        row["field"],
        row["metric"],
        -(pass_rate if pass_rate is not None else -1.0),
        -upward * value if value is not None else math.inf,
        row["model"],
        row["prompt_id"],
        row["run_id"],
    )


def figures(run_ids: list[str]) -> list[Row]:
    """What lm-eval reports of the groups and tasks of several runs; the best of each is marked."""
    return ask(
        """
        select *,
            count(value) over figure > 1
            and value = case
                when higher_is_better then max(value) over figure
                when not higher_is_better then min(value) over figure
            end as is_best
        from figures
        where run_id in (select unnest($runs::json::varchar[])) and scored_by = 'lm-eval'
        window figure as (partition by group_name, dataset, split, field, metric)
        order by group_name, dataset, split, field, metric, model
        """,
        runs=json.dumps(run_ids),
    )


def whole_cases(run_id: str, dataset: str) -> list[Row]:
    """How many cases passed, failed or have no verdict as a whole, by model and prompt."""
    return ask(
        """
        select run_id, model, prompt_id, split,
            count(*) filter (passed) as passed_cases,
            count(*) filter (not passed) as failed_cases,
            count(*) filter (passed is null) as missing_cases
        from doc_verdicts
        where run_id = $run and dataset = $dataset
        group by all order by all
        """,
        run=run_id,
        dataset=dataset,
    )


def costs(run_id: str, dataset: str) -> list[Row]:
    return ask(
        "select run_id, model, prompt_id, role, requests, errors, cached, prompt_tokens,"
        " completion_tokens, billed_usd, unbilled_requests, repriced_usd, latency_ms_p50,"
        " latency_ms_p95 from costs where run_id = $run and dataset = $dataset"
        " order by model, prompt_id, role desc",
        run=run_id,
        dataset=dataset,
    )


def failures(run_id: str, dataset: str) -> list[Row]:
    """What needs a look, counted by its kind and message."""
    return ask(
        "select kind, field, metric, if(kind = 'truncated', null, message) as message,"
        " count(*) as cases from failures"
        " where run_id = $run and dataset = $dataset"
        " group by all order by cases desc, kind, message limit 20",
        run=run_id,
        dataset=dataset,
    )
