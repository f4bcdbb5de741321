"""The results file in lm-eval's layout: its keys, the views' figures, and what is missing."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from evalwh.export import export_run
from evalwh.warehouse import Warehouse
from tests.app.given_runs import JSON_TASK, NEWER, fill, write_run_start
from tests.warehouse.given import Given

LM_EVAL_KEYS = {
    *("results", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better"),
    *("n-samples", "config", "git_hash", "date", "transformers_version", "lm_eval_version"),
    *("task_hashes", "model_source", "model_name", "model_name_sanitized", "system_instruction"),
    *("system_instruction_sha", "fewshot_as_multiturn", "chat_template", "chat_template_sha"),
    *("start_time", "end_time", "total_evaluation_time_seconds"),
}
"""Those of a file of lm-eval 0.4.9, but for the ones about a machine and a tokenizer."""


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return fill(tmp_path_factory.mktemp("export") / "evalwh.duckdb", docs=24)


@pytest.fixture(scope="module")
def results(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return _exported(warehouse, NEWER, tmp_path_factory.mktemp("json"))


def _refuse(constant: str) -> float:
    raise AssertionError(f"{constant} is no JSON")


def _exported(warehouse: Warehouse, run: str, folder: Path) -> dict[str, Any]:
    """The file of a run, read as strict JSON."""
    path = folder / "run.json"
    export_run(warehouse.path, run, {"json": path})
    read: dict[str, Any] = json.loads(path.read_text(), parse_constant=_refuse)
    return read


def _one_cell(folder: Path, **cell: Any) -> tuple[Given, int]:
    given = Given(folder / "evalwh.duckdb").run().docs("a", "b", "c")
    return given, given.cell(docs=3, **cell)


def test_the_file_has_lm_evals_keys_and_one_of_its_own(results: dict[str, Any]) -> None:
    assert set(results) == LM_EVAL_KEYS | {"evalwh"}


def test_every_mean_and_error_is_the_leaderboards_to_the_last_bit(
    warehouse: Warehouse, results: dict[str, Any]
) -> None:
    rows = warehouse.read(
        "select model, prompt_id, dataset, field, metric, mean, stderr from leaderboard"
        " where run_id = $1",
        [NEWER],
    ).dicts()
    shown = {
        (task, name): value
        for task, metrics in results["results"].items()
        for name, value in metrics.items()
        if name != "alias"
    }
    expected = {}
    for row in rows:
        task = f"{row['dataset']}:{row['prompt_id']}:{row['model']}"
        expected[task, f"{row['metric']},{row['field']}"] = row["mean"]
        expected[task, f"{row['metric']}_stderr,{row['field']}"] = row["stderr"]
    assert shown == expected


def test_our_own_block_has_the_rows_of_the_views(
    warehouse: Warehouse, results: dict[str, Any]
) -> None:
    ours = results["evalwh"]
    rows = {
        view: warehouse.read(
            f"select columns(* exclude (run_id)) from {view} where run_id = $1", [NEWER]
        ).dicts()
        for view in ("leaderboard", "passed_doc_costs", "costs")
    }
    assert {view: sorted(ours[view], key=str) for view in rows} == {
        view: sorted(found, key=str) for view, found in rows.items()
    }


def test_our_own_block_says_which_run_it_was(results: dict[str, Any]) -> None:
    ours = results["evalwh"]
    assert (ours["run_id"], ours["status"], ours["started_at"], ours["finished_at"]) == (
        NEWER, "finished", "2024-11-21T14:30:00Z", "2024-11-21T14:37:00Z",
    )  # fmt: skip


def test_the_run_of_one_model_has_tasks_without_its_name(tmp_path: Path) -> None:
    given, cell = _one_cell(tmp_path, model="openai/gpt-5:mini")
    given.scored(cell, {"a": [1.0], "b": [0.0]}, field="path")
    read = _exported(given.warehouse(), "r1", tmp_path)
    assert (
        read["results"],
        read["model_name"],
        read["model_name_sanitized"],
        read["config"]["model_args"],
        read["n-samples"],
        read["higher_is_better"],
    ) == (
        {"d": {"alias": "d", "em,path": 0.5, "em_stderr,path": 0.5}},
        "openai/gpt-5:mini",
        "openai__gpt-5__mini",
        {"model": "openai/gpt-5:mini"},
        {"d": {"original": 3, "effective": 3}},
        {"d": {"em": True}},
    )


def test_a_colon_in_a_name_makes_no_two_tasks_one(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run()
    given.cell(docs=1, dataset="a:b", prompt_id="c")
    given.cell(docs=1, dataset="a:b", prompt_id="d")
    given.cell(docs=1, dataset="a", prompt_id="b:c")
    given.cell(docs=1, dataset="a", prompt_id="b:d")
    read = _exported(given.warehouse(), "r1", tmp_path)
    assert sorted(read["results"]) == ["a%3Ab:c", "a%3Ab:d", "a:b%3Ac", "a:b%3Ad"]


def test_a_missing_mean_is_null_and_its_error_lm_evals_word(tmp_path: Path) -> None:
    given, cell = _one_cell(tmp_path)
    given.scored(cell, {"a": [None]}).scored(cell, {"a": [1.0]}, metric="rougeL")
    read = _exported(given.warehouse(), "r1", tmp_path)
    assert (
        read["results"]["d"],
        [(row["mean"], row["stderr"], row["pass_rate"]) for row in read["evalwh"]["leaderboard"]],
    ) == (
        {
            "alias": "d",
            "em,response": None,
            "em_stderr,response": "N/A",
            "rougeL,response": 1.0,
            "rougeL_stderr,response": "N/A",
        },
        [(None, None, None), (1.0, None, None)],
    )


def test_a_run_with_nothing_scored_has_tasks_without_metrics(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    with warehouse.journal("given") as journal:
        write_run_start(journal, "fern")
    warehouse.fold()
    read = _exported(warehouse, "fern", tmp_path)
    task = "technical_support_bot"
    assert (read["results"], read["evalwh"]["leaderboard"], read["end_time"]) == (
        {task: {"alias": task}}, [], None,
    )  # fmt: skip


def test_a_run_that_planned_nothing_has_no_tasks(tmp_path: Path) -> None:
    warehouse = Given(tmp_path / "evalwh.duckdb").run().warehouse()
    read = _exported(warehouse, "r1", tmp_path)
    assert (read["results"], read["model_name"], read["evalwh"]["costs"]) == ({}, None, [])


def test_a_limit_leaves_the_original_number_of_docs_unknown(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run(
        config={"limit": 3, "num_fewshot": 2, "seed": 7, "system_instruction": "Be brief."}
    )
    given.cell(docs=3)
    read = _exported(given.warehouse(), "r1", tmp_path)
    assert (
        read["n-samples"],
        read["n-shot"],
        read["config"]["random_seed"],
        read["system_instruction_sha"][:8],
    ) == ({"d": {"original": None, "effective": 3}}, {"d": 2}, 7, "213c22ed")


def test_the_original_number_of_docs_is_what_the_run_says_of_the_split(tmp_path: Path) -> None:
    datasets = [{"dataset": "d", "kind": "folder", "split_docs": {"test": 9}}]
    given = Given(tmp_path / "evalwh.duckdb").run(config={"limit": 3, "datasets": datasets})
    given.cell(docs=3)
    read = _exported(given.warehouse(), "r1", tmp_path)
    assert read["n-samples"] == {"d": {"original": 9, "effective": 3}}


def test_batch_size_and_device_stand_beside_the_models_arguments(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run(
        config={
            "model": "hf",
            "model_names": [None],
            "seed": 4,
            "seeds": [1, None, 3, 4],
            "model_args": {"pretrained": "m", "batch_size": 8, "device": "cpu"},
            "apply_chat_template": True,
            "fewshot_as_multiturn": False,
        }
    )
    given.cell(docs=1)
    read = _exported(given.warehouse(), "r1", tmp_path)
    assert (read["config"], read["fewshot_as_multiturn"]) == (
        {
            "model": "hf",
            "model_args": {"pretrained": "m"},
            "batch_size": "8",
            "batch_sizes": [],
            "device": "cpu",
            "use_cache": None,
            "limit": None,
            "bootstrap_iters": None,
            "gen_kwargs": None,
            "random_seed": 1,
            "numpy_seed": None,
            "torch_seed": 3,
            "fewshot_seed": 4,
        },
        False,
    )


def test_a_task_has_its_prompt_and_the_prompts_version(results: dict[str, Any]) -> None:
    task = f"{JSON_TASK}:terse:openai/gpt-5-mini"
    config, version = results["configs"][task], results["versions"][task]
    assert (config["doc_to_text"], config["metadata"]["prompt_hash"].startswith(version)) == (
        "{{ question }}", True,
    )  # fmt: skip


@pytest.mark.skipif(find_spec("lm_eval") is None, reason="lm-eval is not installed")
def test_lm_evals_own_table_takes_it(results: dict[str, Any], tmp_path: Path) -> None:
    from lm_eval.utils import make_table

    given, cell = _one_cell(tmp_path)
    given.scored(cell, {"a": [None]})
    unscored = _exported(given.warehouse(), "r1", tmp_path)
    tables = make_table(results), make_table(unscored)
    assert ("gpt_correctness" in tables[0], "N/A" in tables[1]) == (True, True)


def test_of_several_turns_there_is_the_average_too(tmp_path: Path) -> None:
    given, cell = _one_cell(tmp_path)
    given.scored(cell, {"a": [8.0], "b": [6.0], "c": [4.0]}, field="turn_1", metric="rating")
    given.scored(cell, {"a": [5.0], "b": [3.0], "c": [1.0]}, field="turn_2", metric="rating")
    (results,) = _exported(given.warehouse(), "r1", tmp_path)["results"].values()
    values = {name: value for name, value in results.items() if "stderr" not in name}
    assert values == {
        "alias": "d",
        "rating,turn_1": 6.0,
        "rating,turn_2": 3.0,
        "rating,average": 4.5,
    }
