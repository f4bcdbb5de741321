"""`--samples` on lm-eval tasks: the same docs, prompts and figures as lm-eval's `samples`."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from evalwh.errors import UsageError
from evalwh.export.lm_eval_files import write_results
from evalwh.harness import load_tasks
from evalwh.tasks.eval_task import Asking
from evalwh.warehouse import Warehouse
from tests.harness.agreement_tasks import write_tasks
from tests.harness.conftest import TaskFiles, arguments
from tests.harness.harness_runs import run_tasks, score_again
from tests.harness.hashed_model import HashedLM

SAMPLES = {
    "choose": [3, 1, 20],
    "choose_some": [7],
    "last_word": [0, 23],
    "numbers": [2, 9, 11, 4],
    "votes": [8, 1],
}
NAMED = ["everything", "last_word", "votes", "letters"]
"""Some tasks of the group are sampled, one and `letters` aren't."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TaskFiles:
    written = TaskFiles(tmp_path_factory.mktemp("tasks"))
    write_tasks(written)
    return written


@pytest.fixture(scope="module")
def theirs(files: TaskFiles) -> dict[str, Any]:
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    os.environ["DISABLE_MULTIPROC"] = "1"
    manager = TaskManager(include_defaults=False, include_path=str(files.folder))
    results: dict[str, Any] = simple_evaluate(
        HashedLM(), tasks=NAMED, task_manager=manager, samples=SAMPLES
    )
    return results


@pytest.fixture(scope="module")
def ours(files: TaskFiles, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = Warehouse(tmp_path_factory.mktemp("warehouse") / "evalwh.duckdb")
    run_tasks(warehouse, NAMED, files.folder, samples=SAMPLES)
    return warehouse


@pytest.fixture(scope="module")
def our_results(ours: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path, *_ = write_results(ours, "r1", tmp_path_factory.mktemp("ours") / "out.json")
    results: dict[str, Any] = json.loads(path.read_text())
    return results


def _numbers(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Of every task and group, what is a number to 1e-9, and else what is said."""
    return {
        name: {
            key: round(value, 9) if isinstance(value, float) else value
            for key, value in figures.items()
        }
        for name, figures in json.loads(json.dumps(results)).items()
    }


@pytest.mark.parametrize("key", ["results", "groups"])
def test_the_figures_of_sampled_docs_are_lm_evals(
    theirs: dict[str, Any], our_results: dict[str, Any], key: str
) -> None:
    assert _numbers(our_results[key]) == _numbers(theirs[key])


def test_the_docs_that_were_left_out_are_counted_as_lm_eval_counts_them(
    theirs: dict[str, Any], our_results: dict[str, Any]
) -> None:
    assert our_results["n-samples"] == theirs["n-samples"]


def test_the_results_say_which_docs_were_asked(our_results: dict[str, Any]) -> None:
    config = our_results["config"]
    assert (config["limit"], config["samples"]) == (None, SAMPLES)


def test_scoring_again_changes_no_figure(ours: Warehouse) -> None:
    figures = "from aggregates order by all"
    before = ours.read(figures).rows
    score_again(ours)
    assert ours.read(figures).rows == before


def test_examples_are_drawn_for_the_sampled_docs_alone(files: TaskFiles, lm_eval_asks: Any) -> None:
    path = files.folder / "numbers.yaml"
    (task,) = load_tasks(str(path))
    asked = arguments(task.with_samples([4, 2, 11]), Asking())
    assert asked == lm_eval_asks(path, samples={"numbers": [4, 2, 11]})


def test_a_doc_keeps_its_id_whatever_docs_are_left_out(files: TaskFiles) -> None:
    files.docs("twins", [{"question": "1?", "answer": "1"}] * 3)
    path = files.task("twins", dataset_kwargs=_data(files.folder / "twins.jsonl"))
    (task,) = load_tasks(str(path))
    every = [doc.doc_id for doc in task.docs("test")]
    assert [doc.doc_id for doc in task.with_samples([2]).docs("test")] == every[2:]


def test_a_doc_behind_the_last_is_refused(files: TaskFiles) -> None:
    (task,) = load_tasks(str(files.folder / "letters.yaml"))
    with pytest.raises(UsageError) as caught:
        task.with_samples([0, 24])
    assert str(caught.value) == (
        "--samples: there is no doc 24 in 'letters'; it has 24 docs, and the first is 0"
    )


def _data(path: Path) -> dict[str, Any]:
    return {"data_files": {"train": str(path), "test": str(path)}}
