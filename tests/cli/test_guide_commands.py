"""Command lines of guides to lm-eval and Evalchemy, with the program's name and address replaced.

Each runs in a shell as it is written. Addresses that a line doesn't name come from the
environment, and so does where copies of the benchmarks' data are. Where Curator isn't installed,
LiteLLM is asked as it would ask it.
"""

import asyncio
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from evalwh.warehouse import Warehouse
from tests.benchmarks.conftest import (
    FUNCTION_PROBLEM,
    STDIN_PROBLEM,
    write_gpqa,
    write_jsonl,
    write_mt_bench,
)
from tests.models.test_provider_shapes import GEMINI, provider
from tests.program import clean_environment, write_program
from tests.servers import ChatServer

pytestmark = pytest.mark.slow


_HAS_CURATOR = importlib.util.find_spec("bespokelabs") is not None
_JQ = f"""#!{sys.executable}
import json, sys
print(json.dumps(json.load(open(sys.argv[2]))[sys.argv[1].strip(".")]))
"""
"""As much of jq as the lines need, where it isn't installed."""


class Guide(NamedTuple):
    """A folder with the benchmarks' data, and a shell in it that has `evalwh`."""

    folder: Path
    environment: dict[str, str]

    async def shell(self, script: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return await asyncio.to_thread(
            subprocess.run,
            ["bash", "-ec", script if _HAS_CURATOR else script.replace("curator", "litellm")],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )

    def answered(self) -> list[tuple[Any, ...]]:
        sql = (
            "select model, dataset, count(*), count(response) from generations "
            "where role = 'model' group by all order by all"
        )
        return Warehouse(self.folder / "evalwh.duckdb").read(sql).rows

    def results(self, name: str) -> dict[str, Any]:
        written: dict[str, Any] = json.loads((self.folder / name).read_text())
        return written


@pytest.fixture
def guide(tmp_path: Path) -> Guide:
    data, programs = tmp_path / "data", tmp_path / "bin"
    aime = [{"id": "p0", "problem": "What is 1 + 1?", "answer": "2"}]
    write_jsonl(data / "aime24.jsonl", aime)
    math = [{"unique_id": f"m{at}", "problem": f"{at}?", "answer": str(at)} for at in (1, 2)]
    write_jsonl(data / "math500.jsonl", math)
    write_jsonl(data / "LiveCodeBench" / "test.jsonl", [STDIN_PROBLEM, FUNCTION_PROBLEM])
    write_gpqa(data, 2)
    write_mt_bench(data / "MTBench")
    write_program(programs, "litellm")
    if shutil.which("jq") is None:
        (programs / "jq").write_text(_JQ)
        (programs / "jq").chmod(0o755)
    environment = clean_environment("PYTHONPATH") | {
        "EVALWH_DATA_DIR": str(data),
        "OPENAI_API_KEY": "sk-of-the-guide-0123456789",
        "GEMINI_API_KEY": "key-of-the-guide",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_CACHE": str(tmp_path / "datasets"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
    return Guide(tmp_path, environment)


def _answer(body: dict[str, Any]) -> str:
    return "It is $\\boxed{2}$."


async def test_openai_by_benchmarks_and_the_results_of_it(guide: Guide) -> None:
    async with ChatServer(answer=_answer) as server:
        done = await guide.shell(
            f"""
evalwh run \\
  --model curator \\
  --tasks MTBench,LiveCodeBench \\
  --model_name "openai/gpt-4o-mini" \\
  --model_args "api_base={server.base_url}" \\
  --batch_size 8 \\
  --output_path logs/gpt4o.json

echo ---
jq '.results' logs/gpt4o.json
echo ---
jq '.config'  logs/gpt4o.json
"""
        )
    assert (done.returncode, done.stderr if done.returncode else "") == (0, "")
    results, config = map(json.loads, done.stdout.split("---\n")[-2:])
    assert guide.answered() == [
        ("openai/gpt-4o-mini", "LiveCodeBench", 12, 12),
        ("openai/gpt-4o-mini", "MTBench", 4, 4),
    ]
    assert (set(results), config["model"]) == (
        {"MTBench", "LiveCodeBench"},
        "curator" if _HAS_CURATOR else "litellm",
    )


async def test_a_server_of_ones_own_with_a_chat_template(guide: Guide) -> None:
    async with ChatServer(answer=_answer) as server:
        done = await guide.shell(
            f"""
evalwh run \\
  --model curator \\
  --tasks AIME24,MATH500 \\
  --model_name "openai/hf-mistral-7b-instruct" \\
  --model_args "api_base={server.base_url},api_key=dummy" \\
  --apply_chat_template True \\
  --output_path logs/mistral_vllm.json
"""
        )
    scores = Warehouse(guide.folder / "evalwh.duckdb").read(
        "select dataset, mean from leaderboard order by dataset"
    )
    assert (done.returncode, scores.rows) == (0, [("AIME24", 1.0), ("MATH500", 0.5)])
    assert guide.results("logs/mistral_vllm.json")["results"]


async def test_gemini_without_a_chat_template(guide: Guide) -> None:
    async with provider(GEMINI) as (url, asked):
        done = await guide.shell(
            """
evalwh run \\
  --model curator \\
  --tasks AIME24,GPQADiamond \\
  --model_name "gemini/gemini-2.0-flash-thinking-exp-01-21" \\
  --model_args "project_id=my-gcp-project" \\
  --apply_chat_template False \\
  --output_path logs/gemini.json
""",
            GEMINI_API_BASE=url,
        )
    name = "gemini/gemini-2.0-flash-thinking-exp-01-21"
    assert (done.returncode, done.stderr if done.returncode else "") == (0, "")
    assert guide.answered() == [(name, "AIME24", 10, 10), (name, "GPQADiamond", 6, 6)]
    assert asked.headers["x-goog-api-key"] == "key-of-the-guide"


async def test_gemini_with_tokenized_requests_off(guide: Guide) -> None:
    async with provider(GEMINI) as (url, _asked):
        done = await guide.shell(
            "evalwh run --model curator --model_name gemini/gemini-1.5-flash --tasks MATH500 "
            "--model_args 'tokenized_requests=False'",
            GEMINI_API_BASE=url,
        )
    assert (done.returncode, guide.answered()) == (
        0,
        [("gemini/gemini-1.5-flash", "MATH500", 2, 2)],
    )


async def test_a_config_file_of_evalchemy(guide: Guide) -> None:
    (guide.folder / "configs").mkdir()
    (guide.folder / "configs" / "light_gpt4omini0718.yaml").write_text(
        "annotator_model: openai/gpt-4o-mini-2024-07-18\n"
        "tasks:\n"
        "  - task_name: MTBench\n    batch_size: 32\n"
        "  - task_name: MATH500\n    batch_size: 32\n"
    )
    async with ChatServer(answer=_rated) as server:
        done = await guide.shell(
            """
evalwh run \\
  --model curator \\
  --model_name openai/gpt-4o-mini \\
  --config configs/light_gpt4omini0718.yaml
""",
            OPENAI_BASE_URL=server.base_url,
        )
    scores = Warehouse(guide.folder / "evalwh.duckdb").read(
        "select dataset, max(docs), max(mean) from leaderboard group by all order by all"
    )
    assert (done.returncode, done.stderr if done.returncode else "") == (0, "")
    assert [row[:2] for row in scores.rows] == [("MATH500", 2), ("MTBench", 2)]


def _rated(body: dict[str, Any]) -> str:
    return "Rating: [[7]]" if "2024" in body["model"] else _answer(body)


async def test_batch_size_and_parallelism_together(guide: Guide) -> None:
    async with ChatServer(answer=_answer, latency_s=0.05) as server:
        done = await guide.shell(
            """
evalwh run \\
  --model curator \\
  --model_name "openai/gpt-4o-mini" \\
  --batch_size 16 \\
  --tasks AIME24 \\
  --parallelism 4
""",
            OPENAI_BASE_URL=server.base_url,
        )
        most = server.most_in_flight
    assert (done.returncode, most) == (0, 4)


async def test_log_level_debug(guide: Guide) -> None:
    async with ChatServer(answer=_answer) as server:
        done = await guide.shell(
            """
export LOGLEVEL=DEBUG
evalwh run --model curator --model_name "openai/gpt-4o-mini" --tasks MTBench
""",
            OPENAI_BASE_URL=server.base_url,
        )
    assert (done.returncode, "DEBUG" in done.stdout) == (0, False)
    assert "DEBUG evalwh.generation: openai/gpt-4o-mini, doc 81, " in done.stderr
    assert "sk-of-the-guide" not in done.stderr


async def test_models_in_the_background(guide: Guide) -> None:
    script = """
models=(
  "openai/gpt-4o-mini"
  "openai/gpt-4o"
  "gemini/gemini-1.5-flash"
)

for model in "${models[@]}"; do
  echo "Evaluating $model..."
  evalwh run \\
    --model curator \\
    --model_name "$model" \\
    --tasks MTBench,MATH500 \\
    --batch_size 8 \\
    --output_path "logs/$(echo $model | tr '/' '_').json" &
done

wait
echo "All evaluations completed!"
"""
    async with ChatServer(answer=_answer) as server, provider(GEMINI) as (url, _asked):
        done = await guide.shell(script, OPENAI_BASE_URL=server.base_url, GEMINI_API_BASE=url)
    files = sorted(path.name for path in (guide.folder / "logs").iterdir())
    answered = {(model, asked == got) for model, _dataset, asked, got in guide.answered()}
    assert done.stdout.splitlines()[-1] == "All evaluations completed!"
    assert files == [
        *("gemini_gemini-1.5-flash.json", "openai_gpt-4o-mini.json", "openai_gpt-4o.json")
    ]
    assert answered == {
        ("gemini/gemini-1.5-flash", True),
        ("openai/gpt-4o", True),
        ("openai/gpt-4o-mini", True),
    }


async def test_the_step_of_a_workflow(guide: Guide) -> None:
    async with ChatServer(answer=_answer) as server:
        done = await guide.shell(
            """
evalwh run \\
  --model curator \\
  --model_name "openai/gpt-4o-mini" \\
  --tasks MTBench \\
  --output_path results.json
""",
            OPENAI_BASE_URL=server.base_url,
        )
    assert (done.returncode, "results" in guide.results("results.json")) == (0, True)


async def test_a_loop_over_batch_sizes(guide: Guide) -> None:
    async with ChatServer(answer=_answer) as server:
        done = await guide.shell(
            """
for batch_size in 1 16; do
  echo "Testing batch_size=$batch_size"
  time evalwh run \\
    --model curator \\
    --model_name "openai/gpt-4o-mini" \\
    --tasks MATH500 \\
    --batch_size $batch_size \\
    --output_path "logs/batch_${batch_size}.json"
done
""",
            OPENAI_BASE_URL=server.base_url,
        )
    assert (done.returncode, guide.answered()) == (0, [("openai/gpt-4o-mini", "MATH500", 4, 4)])


@pytest.fixture
def tiny_model(tmp_path: Path) -> Iterator[Path]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tests.tiny_models import write_tiny_gpt2

        yield write_tiny_gpt2(tmp_path / "tiny")


async def test_a_model_of_hugging_face(guide: Guide, tiny_model: Path) -> None:
    row = {
        "ind": 1,
        "activity_label": "Baking",
        "ctx_a": "A man bakes.",
        "ctx_b": "he",
        "endings": ["eats.", "sings.", "runs.", "sleeps."],
        "label": "0",
    }
    for split in ("train", "validation", "test"):
        write_jsonl(
            guide.folder / "Rowan" / "hellaswag" / f"{split}.jsonl", [row, {**row, "ind": 2}]
        )
    done = await guide.shell(
        f"""
evalwh run --model hf \\
    --model_args pretrained={tiny_model} \\
    --tasks hellaswag \\
    --device cpu \\
    --batch_size 8 \\
    --skip_train
"""
    )
    scores = Warehouse(guide.folder / "evalwh.duckdb").read(
        "select metric, docs from leaderboard order by metric"
    )
    assert (done.returncode, done.stderr if done.returncode else "") == (0, "")
    assert scores.rows == [("acc", 2), ("acc_norm", 2)]
