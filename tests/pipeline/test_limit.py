"""`--limit`: a number of docs, or a share of them as lm-eval takes it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evalwh.warehouse import Warehouse


def record(task: Path) -> None:
    (task / "recorded").mkdir()
    lines = [f'{{"doc_id": "d{at}", "prompt_id": "plain", "response": "hi"}}' for at in range(5)]
    (task / "recorded" / "kept.jsonl").write_text("\n".join(lines))


@pytest.mark.parametrize(("limit", "docs"), [("2", 2), ("0.5", 3), ("9", 5), ("1e30", 5)])
def test_a_limit_below_1_is_a_share_of_the_docs(
    limit: str,
    docs: int,
    tmp_path: Path,
    evalwh: Callable[..., object],
    write_task: Callable[..., Path],
) -> None:
    task = write_task(5)
    record(task)
    model, out = ("--model", "recorded", "--model_name", "kept"), tmp_path / "out.json"
    evalwh("run", "--tasks", task, *model, "--limit", limit, "--output_path", out)
    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    assert warehouse.read("select docs, (select count(*) from generations) from cells").rows == [
        (docs, docs)
    ]
    counts = json.loads(out.read_text())["n-samples"]
    assert counts == {"greeter": {"original": 5, "effective": docs}}


@pytest.mark.parametrize("limit", ["0", "1.5", "-1", "nan"])
def test_what_is_neither_a_number_nor_a_share_is_refused(
    limit: str, evalwh: Callable[..., object], write_task: Callable[..., Path]
) -> None:
    done = evalwh(*("run", "--tasks", write_task(1), "--model", "recorded"), f"--limit={limit}")
    assert (done.returncode, "limit" in done.stderr) == (2, True)  # type: ignore[attr-defined]
