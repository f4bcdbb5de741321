"""A run in the layout of lm-eval's results files, for what reads those; figures are the views'.

A task of lm-eval's has its own name, any other its dataset's. The prompt follows where the run asks
a dataset by several, `dataset:prompt_id`, then a split other than test, then the model where the
run asks several. A field is a filter: `"em,path"`. What lm-eval has no place for lies under
`evalwh`.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from evalwh.counted import counted
from evalwh.export.lm_eval_about import about, given_gen_kwargs
from evalwh.export.lm_eval_harness import HarnessResults, original_docs, read_harness, with_harness
from evalwh.warehouse import Warehouse

Row = Mapping[str, Any]
_RUN = (
    "select run_id, status, started_at, finished_at, message, tags, evalwh_version, config"
    " from runs where run_id = $run"
)
_CELLS = """
select cells.model, cells.prompt_id, cells.prompt_hash, cells.dataset, cells.split, cells.docs,
    cells.repeats, any_value(prompts.template) as template
from cells left join prompts using (prompt_id, prompt_hash)
where cells.run_id = $run
group by all order by all
"""
_LEADERBOARD = """
select columns(* exclude (run_id)) from leaderboard where run_id = $run
order by model, prompt_id, dataset, split, field, metric
"""
_FIGURES = """
select model, prompt_id, dataset, split, field, metric, mean, stderr, higher_is_better
from leaderboard where run_id = $run
union all
select model, prompt_id, dataset, split, 'average' as field, metric, value, stderr, higher_is_better
from turn_averages where run_id = $run
order by model, prompt_id, dataset, split, field, metric
"""
"""Of several turns the average too, as Evalchemy has it."""
_COSTS = """
select columns(* exclude (run_id)) from costs where run_id = $run
order by model, prompt_id, dataset, role
"""
_PASSED_DOC_COSTS = """
select columns(* exclude (run_id)) from passed_doc_costs where run_id = $run
order by model, prompt_id, dataset
"""
_UNKNOWN_STDERR = "N/A"
"""lm-eval's own word; its readers format what is no word as a number."""


def write(
    warehouse: Warehouse,
    run_id: str,
    path: Path,
    task_hashes: Mapping[str, str] | None = None,
) -> list[str]:
    """Write the file at `path`; a run without scores has tasks without metrics.

    `task_hashes` are of the tasks' samples, where those are written too.
    """
    (run,) = _rows(warehouse, _RUN, run_id)
    cells = _rows(warehouse, _CELLS, run_id)
    leaderboard = _rows(warehouse, _LEADERBOARD, run_id)
    harness = read_harness(warehouse, run_id)
    results = {
        **with_harness(_tasks(run, cells, _rows(warehouse, _FIGURES, run_id), harness), harness),
        **about(run, cells, harness.origins),
        "task_hashes": dict(task_hashes or {}),
        "evalwh": {
            **{name: run[name] for name in run if name not in ("config", "tags")},
            "tags": orjson.loads(run["tags"]),
            "leaderboard": leaderboard,
            "passed_doc_costs": _rows(warehouse, _PASSED_DOC_COSTS, run_id),
            "costs": _rows(warehouse, _COSTS, run_id),
        },
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
    path.write_bytes(orjson.dumps(results, option=options | orjson.OPT_APPEND_NEWLINE))
    return [f"{counted(len(cells), 'task')}, {counted(len(leaderboard), 'metric')}"]


def _rows(warehouse: Warehouse, sql: str, run_id: str) -> list[dict[str, Any]]:
    return warehouse.read(sql, {"run": run_id}).dicts()


def _tasks(
    run: Row,
    cells: list[dict[str, Any]],
    figures: list[dict[str, Any]],
    harness: HarnessResults,
) -> dict[str, dict[str, Any]]:
    """What lm-eval keeps by the task's name."""
    config = orjson.loads(run["config"])
    by_task = {
        task_name(cell, cells): (cell, [row for row in figures if _is_of(row, cell)])
        for cell in cells
        if cell["dataset"] not in harness.origins
    }
    shots = config.get("num_fewshot")
    return {
        "results": {task: _results(task, rows) for task, (_, rows) in by_task.items()},
        "group_subtasks": {task: [] for task in by_task},
        "configs": {task: _config(task, *of, config) for task, of in by_task.items()},
        "versions": {task: _version(cell) for task, (cell, _) in by_task.items()},
        "n-shot": {task: shots for task in by_task if shots is not None},
        "higher_is_better": {
            task: {row["metric"]: row["higher_is_better"] for row in rows}
            for task, (_, rows) in by_task.items()
        },
        "n-samples": {
            task: {"original": original_docs(config, cell), "effective": cell["docs"]}
            for task, (cell, _) in by_task.items()
        },
    }


def task_name(cell: Row, cells: Iterable[Row]) -> str:
    """The name of a task among the `cells` of its run.

    A colon within a dataset's or prompt's name is `%3A`, so that no two names meet.
    """
    models = {other["model"] for other in cells}
    prompts = {other["prompt_id"] for other in cells if other["dataset"] == cell["dataset"]}
    parts = [cell["dataset"], *([cell["prompt_id"]] if len(prompts) > 1 else [])]
    parts += [] if cell["split"] == "test" else [cell["split"]]
    quoted = [part.replace("%", "%25").replace(":", "%3A") for part in parts]
    return ":".join([*quoted, cell["model"]] if len(models) > 1 else quoted)


def _is_of(row: Row, cell: Row) -> bool:
    return all(row[name] == cell[name] for name in ("model", "prompt_id", "dataset", "split"))


def _results(task: str, rows: Iterable[Row]) -> dict[str, Any]:
    results: dict[str, Any] = {"alias": task}
    for row in rows:
        field, metric, stderr = row["field"], row["metric"], row["stderr"]
        results[f"{metric},{field}"] = row["mean"]
        results[f"{metric}_stderr,{field}"] = _UNKNOWN_STDERR if stderr is None else stderr
    return results


def _config(task: str, cell: Row, rows: Sequence[Row], config: Row) -> Row:
    metrics = {row["metric"]: row["higher_is_better"] for row in rows}
    return {
        "task": task,
        "dataset_path": cell["dataset"],
        "test_split": cell["split"],
        "doc_to_text": cell["template"],
        "num_fewshot": config.get("num_fewshot"),
        "metric_list": [
            {"metric": metric, "aggregation": "mean", "higher_is_better": higher_is_better}
            for metric, higher_is_better in metrics.items()
        ],
        "filter_list": [{"name": field} for field in dict.fromkeys(row["field"] for row in rows)],
        "output_type": "generate_until",
        "generation_kwargs": given_gen_kwargs(config),
        "repeats": cell["repeats"],
        "metadata": {
            "version": _version(cell),
            **{name: cell[name] for name in ("model", "prompt_id", "prompt_hash")},
        },
    }


def _version(cell: Row) -> str:
    """A task changes with its prompt: the beginning of the prompt's hash."""
    algorithm, colon, digest = str(cell["prompt_hash"]).partition(":")
    return f"{algorithm}{colon}{digest[:8]}"
