"""`evalwh run` on lm-eval tasks, in a process: asked as lm-eval asks, resumed, refused early."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from evalwh.harness import load_tasks
from evalwh.tasks.eval_task import Asking
from evalwh.warehouse import Warehouse
from tests.harness.conftest import Function, TaskFiles, arguments
from tests.program import clean_environment, program, run
from tests.servers import ChatServer, status

OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HOME", "HF_DATASETS_CACHE")


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "evalwh.duckdb")


def evalwh(folder: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    environment = clean_environment(*OFFLINE) | {
        "EVALWH_DB": str(folder / "evalwh.duckdb"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    return run(*program(*arguments, kind="harness"), cwd=folder, **environment)


@pytest.mark.slow
async def test_a_run_asks_lm_evals_prompts_and_goes_on_with_the_same_examples(
    files: TaskFiles, tmp_path: Path, warehouse: Warehouse
) -> None:
    path = files.task("add", num_fewshot=2)
    broken = True

    def fault_of(body: dict[str, Any]) -> Any:
        text = body["messages"][-1]["content"]
        return status(400, "no") if broken and text.endswith("1 + 2?\nA:") else None

    async with ChatServer(answer=lambda body: "3", fault_of=fault_of) as server:
        model = ("--model", "openai", "--model_name", "m")
        place = ("--model_args", f"api_base={server.base_url}", "--run_id", "r1")
        given = ("--max_retries", "0", "--gen_kwargs", "do_sample=True,temperature=0.5")
        first = await asyncio.to_thread(
            evalwh, tmp_path, "run", *model, *place, "--tasks", path, *given
        )
        broken = False
        resumed = await asyncio.to_thread(evalwh, tmp_path, "run", "--resume", "r1")
        asked = {body["messages"][0]["content"] for body in server.asked}

    (task,) = load_tasks(str(path))
    prompts = {args[0] for _kind, args in arguments(task, Asking())}
    params = {"temperature": 0.5, "max_tokens": 8, "stop": ["\n"]}
    sent = [{name: body.get(name) for name in (*params, "do_sample")} for body in server.asked]
    scores = warehouse.read("select doc, score from scores join docs using (doc_id) order by all")
    assert sent == [{**params, "do_sample": None}] * 4
    assert [first.returncode, resumed.returncode, server.requests, asked] == [0, 0, 4, prompts]
    assert [(json.loads(doc)["answer"], score) for doc, score in scores.rows] == [
        ("2", 0.0),
        ("3", 1.0),
        ("4", 0.0),
    ]


@pytest.mark.slow
def test_a_recorded_run_of_a_group_has_a_figure_for_every_task_and_the_group(
    files: TaskFiles, tmp_path: Path, warehouse: Warehouse
) -> None:
    for name in ("a", "b"):
        files.task(name)
    metrics = [{"metric": "exact_match", "weight_by_size": True}]
    group = {"group": "sums", "task": ["a", "b"], "aggregate_metric_list": metrics}
    path = files.config("sums", group)
    (task, _other) = load_tasks(str(path))
    replies = [
        {"doc_id": doc.doc_id, "prompt_id": "default", "response": "3"} for doc in task.docs("test")
    ]
    (files.folder / "recorded").mkdir()
    lines = "".join(json.dumps(reply) + "\n" for reply in replies)
    (files.folder / "recorded" / "threes.jsonl").write_text(lines)

    done = evalwh(tmp_path, "run", "--model", "recorded", "--model_name", "threes", "--tasks", path)

    assert (done.returncode, done.stderr.count("error:")) == (0, 0)
    assert warehouse.read(
        "select 'task', dataset, value from aggregates "
        "union all select 'group', group_name, value from group_results order by all"
    ).rows == [("group", "sums", 1 / 3), ("task", "a", 1 / 3), ("task", "b", 1 / 3)]


def test_a_figure_that_could_not_be_made_is_told_by_the_run_and_by_show_with_its_reason(
    files: TaskFiles, tmp_path: Path
) -> None:
    files.functions("def fails(items): raise RuntimeError('no figure')\n")
    metric = {"metric": "exact_match", "aggregation": Function("functions.fails")}
    path = files.task("add", metric_list=[{**metric, "higher_is_better": True}])
    (task,) = load_tasks(str(path))
    (files.folder / "recorded").mkdir()
    lines = [
        json.dumps({"doc_id": doc.doc_id, "prompt_id": "default", "response": "3"}) + "\n"
        for doc in task.docs("test")
    ]
    (files.folder / "recorded" / "threes.jsonl").write_text("".join(lines))

    ran = evalwh(tmp_path, "run", "--model", "recorded", "--model_name", "threes", "--tasks", path)
    shown = evalwh(tmp_path, "show", "latest")

    line = "add: exact_match has no figure: fails: RuntimeError: no figure (functions.py:1)"
    told = [line in " ".join(text.split()) for text in (ran.stdout, shown.stdout)]
    assert (told, "nothing failed" in ran.stdout) == ([True, True], False)


def test_a_task_that_cant_be_loaded_stops_a_run_before_it_begins_with_one_line(
    files: TaskFiles, tmp_path: Path
) -> None:
    path = files.task("add", doc_to_text="{{quetsion}}")

    done = evalwh(tmp_path, "run", "--model", "recorded", "--model_name", "m", "--tasks", path)

    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        f"evalwh: error: task 'add' ({path}): 'quetsion' is undefined\n",
    )
