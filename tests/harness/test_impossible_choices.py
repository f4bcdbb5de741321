"""A choice that a model gives a probability of 0: its log-likelihood is minus infinity."""

import asyncio
import json
import math
import os
import warnings
from pathlib import Path
from typing import Any

import pytest

from evalwh.export.lm_eval_files import write_results
from evalwh.models.harness_replies import Answered, Tokens, Usage, reply_of
from evalwh.warehouse import Warehouse
from tests.completions_server import CompletionsServer
from tests.harness.conftest import TaskFiles
from tests.harness.test_run_command import evalwh
from tests.tiny_models import write_tokenizer

_WORDS = ("fox", "two", "hello", "brown")


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_tokenizer(tmp_path / "tokenizer", chat_template=None)
    return tmp_path / "tokenizer"


def _metric(name: str, aggregation: str = "mean") -> dict[str, Any]:
    return {"metric": name, "aggregation": aggregation, "higher_is_better": True}


def _write(files: TaskFiles) -> list[Path]:
    """A multiple choice, in which every doc has the impossible answer, and the right ones alone."""
    docs = [{"question": f"{at} quick", "answer": at} for at in range(len(_WORDS))]
    files.docs("train", docs)
    files.docs("test", docs)
    choice = {"doc_to_choice": list(_WORDS), "doc_to_target": "answer", "generation_kwargs": None}
    return [
        files.task(
            "choose",
            output_type="multiple_choice",
            metric_list=[*map(_metric, ("acc", "acc_norm", "acc_bytes", "acc_mutual_info"))],
            **choice,
        ),
        files.task(
            "right",
            output_type="loglikelihood",
            doc_to_target=" {{['fox', 'two', 'hello', 'brown'][answer]}}",
            generation_kwargs=None,
            metric_list=[_metric("acc"), _metric("perplexity", "perplexity")],
        ),
    ]


def _last_token(tokenizer: Path, text: str) -> int:
    from transformers import AutoTokenizer

    return int(AutoTokenizer.from_pretrained(str(tokenizer)).encode(text)[-1])


def _lm_evals(paths: list[Path], arguments: dict[str, Any]) -> dict[str, Any]:
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    os.environ["DISABLE_MULTIPROC"] = "1"
    manager = TaskManager(include_defaults=False, include_path=str(paths[0].parent))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluated: dict[str, Any] = simple_evaluate(
            "local-completions",
            model_args=arguments,
            tasks=[path.stem for path in paths],
            task_manager=manager,
            bootstrap_iters=0,
        )
    return evaluated


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:::(torch|transformers|accelerate|lm_eval)")
async def test_the_figures_are_lm_evals_and_an_infinite_one_is_null_with_its_reason(
    files: TaskFiles, tokenizer: Path, tmp_path: Path
) -> None:
    paths = _write(files)
    async with CompletionsServer(impossible=_last_token(tokenizer, "0 quick two")) as server:
        arguments = {
            "base_url": server.base_url,
            "model": "tiny",
            "tokenizer": str(tokenizer),
            "tokenizer_backend": "huggingface",
        }
        theirs = await asyncio.to_thread(_lm_evals, paths, arguments)
        given = ",".join(f"{name}={value}" for name, value in arguments.items())
        model = ("--model", "local-completions", "--model_args", given, "--run_id", "r1")
        tasks = ",".join(map(str, paths))
        ran = await asyncio.to_thread(evalwh, tmp_path, "run", *model, "--tasks", tasks)
    assert ran.returncode == 0, ran.stderr

    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    found = warehouse.read("select dataset, metric, value, error from aggregates order by all").rows
    expected = {
        (task, key.removesuffix(",none")): value
        for task, figures in theirs["results"].items()
        for key, value in figures.items()
        if key.endswith(",none") and "stderr" not in key
    }
    assert expected.pop(("right", "perplexity")) == math.inf
    assert {(task, name): value for task, name, value, error in found if not error} == expected
    assert [each for each in found if each[3]] == [
        ("right", "perplexity", None, "perplexity: ValueError: it is inf")
    ]
    assert _samples(warehouse, tmp_path / "out") == {
        task: [line["filtered_resps"] for line in lines]
        for task, lines in _as_written(theirs["samples"]).items()
    }


def _samples(warehouse: Warehouse, folder: Path) -> dict[str, list[Any]]:
    _results, *paths = write_results(warehouse, "r1", folder, samples=True)
    return {
        path.name.split("_")[1]: [
            json.loads(line)["filtered_resps"] for line in path.read_text().splitlines()
        ]
        for path in paths
    }


def _as_written(samples: dict[str, Any]) -> dict[str, Any]:
    """lm-eval's samples with the texts that it writes for numbers and truth values."""
    from lm_eval.utils import sanitize_list

    written = {
        task: [{"filtered_resps": sanitize_list(line["filtered_resps"])} for line in lines]
        for task, lines in samples.items()
    }
    read: dict[str, Any] = json.loads(json.dumps(written))
    return read


@pytest.mark.parametrize(
    ("answer", "response", "error"),
    [
        ((-math.inf, False), '{"logprob":"-Infinity","is_greedy":false}', None),
        ((math.nan, True), None, "the model gave nan as a log-likelihood"),
        ((math.inf, True), None, "the model gave inf as a log-likelihood"),
    ],
)
def test_of_what_is_no_number_only_minus_infinity_is_a_reply(
    answer: tuple[float, bool], response: str | None, error: str | None
) -> None:
    answered = Answered("loglikelihood", ("a", "b"), answer, 1.0)
    reply = reply_of(answered, tokens=Tokens(object()), usage=Usage(), billed_usd=None)
    assert (reply.response, reply.error) == (response, error)
