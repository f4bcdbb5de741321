"""Whole commands, start-up included: `evalwh run` against `lm_eval` on one server and one task.

Both are given the same YAML task by its path, the same model and as many requests in flight.
Each reply of ours is durable, scored and stored besides.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import orjson

from tests.bench.bench_generation import IN_FLIGHT, MODEL, model_server
from tests.bench.row import Row
from tests.bench.spent import Spent, spent

COUNT = 2000
ROUNDS = 3
TARGET = 0.8
_TASK = """\
task: sums
dataset_path: json
dataset_kwargs:
  data_files:
    test: FOLDER/test.jsonl
test_split: test
output_type: generate_until
doc_to_text: "Question {{number}}: what is {{number}} + {{number}}? Answer in one word."
doc_to_target: "{{target}}"
generation_kwargs:
  until: ["\\n\\n"]
  max_gen_toks: 64
  do_sample: false
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
"""


def measure() -> list[Row]:
    """Both sides in turn, `ROUNDS` times with `COUNT` docs; medians of the rounds."""
    with tempfile.TemporaryDirectory() as name, model_server() as url:
        folder = Path(name)
        task = write_task(folder)
        caches = {"HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1"}
        ours, theirs = [], []
        for number in range(ROUNDS):
            database = folder / f"{number}.duckdb"
            ours.append(spent(evalwh_command(task, url, database), caches))
            theirs.append(spent(lm_eval_command(task, url), caches))
    return [_throughput(ours, theirs), _memory(ours, theirs)]


def write_task(folder: Path) -> Path:
    """A `generate_until` task of lm-eval's over `COUNT` docs on this machine."""
    docs = ({"number": number, "target": str(2 * number)} for number in range(COUNT))
    (folder / "test.jsonl").write_bytes(b"".join(orjson.dumps(doc) + b"\n" for doc in docs))
    path = folder / "sums.yaml"
    path.write_text(_TASK.replace("FOLDER", str(folder)))
    return path


def evalwh_command(task: Path, url: str, database: Path) -> list[str]:
    return [sys.executable, "-m", "evalwh", "run", *_flags(task, url), "--db", str(database)]


def lm_eval_command(task: Path, url: str) -> list[str]:
    return [sys.executable, "-m", "lm_eval", "run", *_flags(task, url)]


def _flags(task: Path, url: str) -> list[str]:
    address = f"{url}/v1/chat/completions"
    return [
        *("--model", "local-chat-completions", "--tasks", str(task), "--apply_chat_template"),
        *("--model_args", f"model={MODEL},base_url={address},num_concurrent={IN_FLIGHT}"),
    ]


def _throughput(ours: Sequence[Spent], theirs: Sequence[Spent]) -> Row:
    our_rate, their_rate = (
        statistics.median(COUNT / each.seconds for each in side) for side in (ours, theirs)
    )
    ratio = our_rate / their_rate
    return Row(
        "evalwh run --model local-chat-completions, docs/s against lm_eval",
        our_rate,
        their_rate,
        ratio,
        f">= {TARGET}",
        ratio >= TARGET,
    )


def _memory(ours: Sequence[Spent], theirs: Sequence[Spent]) -> Row:
    our_mb, their_mb = (statistics.median(each.peak_mb for each in side) for side in (ours, theirs))
    ratio = our_mb / their_mb
    return Row("its peak memory, MB", our_mb, their_mb, ratio, "<= 1", ratio <= 1)
