"""Metrics of one's own: of a run, and of a run that is stored already."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from evalwh.warehouse import Warehouse

SHOUT = """\
from evalwh.metrics import register_metric


@register_metric("shout")
def shout(value, target, **options):
    return float(value.endswith("!"))
"""


def test_a_stored_run_is_scored_by_a_metric_of_ones_own(
    evalwh: Callable[..., "subprocess.CompletedProcess[str]"],
    write_task: Callable[..., Path],
    tmp_path: Path,
) -> None:
    task = write_task(2)
    (tmp_path / "shout.py").write_text(SHOUT)
    replies = tmp_path / "replies.jsonl"
    line = '{"doc_id": "d%d", "prompt_id": "plain", "response": "hello%s"}\n'
    replies.write_text(line % (0, "!") + line % (1, ""))
    recorded = ("--model", "recorded", "--model_args", f"path={replies}")
    evalwh("run", "--tasks", task, *recorded, "--run_id", "r1")
    unknown = evalwh("score", "r1", "--metrics", "shout")
    done = evalwh("score", "r1", "--metrics", "shout", "--include_path", "shout.py")

    sql = "select doc_id, score from scores where metric = 'shout' order by doc_id"
    assert (unknown.returncode, done.returncode) == (2, 0)
    assert Warehouse(tmp_path / "evalwh.duckdb").read(sql).rows == [("d0", 1.0), ("d1", 0.0)]


NOISY = """\
import os
import subprocess

from evalwh.metrics import register_metric

print("noise at import")


@register_metric("noisy")
def noisy(value, target, **options):
    print("noise of Python")
    os.write(1, b"noise of C\\n")
    subprocess.run(["echo", "noise of a child"], check=True)
    return 1.0
"""


def test_what_code_of_a_metric_prints_is_no_data(
    evalwh: Callable[..., "subprocess.CompletedProcess[str]"],
    write_task: Callable[..., Path],
    tmp_path: Path,
) -> None:
    task = write_task(1, metrics={"default": ["noisy"]})
    (tmp_path / "noisy.py").write_text(NOISY)
    (tmp_path / "replies.jsonl").write_text(
        '{"doc_id": "d0", "prompt_id": "plain", "response": "hello"}\n'
    )
    run = ("run", "--tasks", task, "--model", "recorded", "--model_args", "path=replies.jsonl")
    done = evalwh(*run, "--include_path", "noisy.py", "--run_id", "r1")
    noise = {line for line in done.stderr.splitlines() if line.startswith("noise")}
    assert ("noise" in done.stdout, done.stdout.splitlines()[-1], noise) == (
        False,
        "r1",
        {"noise at import", "noise of Python", "noise of C", "noise of a child"},
    )
