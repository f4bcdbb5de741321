"""A doc whose prompt holds what isn't valid Unicode: an error of its own, and nobody else's."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from evalwh.warehouse import Warehouse
from tests.servers import ChatServer

Evalwh = Callable[..., "subprocess.CompletedProcess[str]"]
CODE = """
def text(doc):
    return "x\\ud800y" if doc["id"] == 2 else f"ask {doc['id']}"
"""


def write_task(folder: Path) -> Path:
    """An lm-eval task of five docs, the third of which can't be asked."""
    (folder / "code.py").write_text(CODE)
    (folder / "docs.jsonl").write_text("".join(json.dumps({"id": at}) + "\n" for at in range(5)))
    task = folder / "surrogate.yaml"
    task.write_text(
        "task: surrogate\ndataset_path: json\n"
        f"dataset_kwargs: {{data_files: {{test: {folder / 'docs.jsonl'}}}}}\n"
        "test_split: test\noutput_type: generate_until\ndoc_to_text: !function code.text\n"
        "doc_to_target: yes\nmetric_list: [{metric: exact_match}]\n"
    )
    return task


async def test_a_prompt_with_a_lone_surrogate_costs_no_other_doc_its_reply(
    evalwh: Evalwh, tmp_path: Path
) -> None:
    task = write_task(tmp_path)
    async with ChatServer(latency_s=0.05) as server:
        place = f"base_url={server.base_url}"
        model = ("--model", "openai", "--model_name", "m", "--model_args", place)
        run = ("run", *model, "--tasks", task, "--run_id", "r1", "--num_concurrent", 4)
        began = await asyncio.to_thread(evalwh, *run)
        resumed = await asyncio.to_thread(evalwh, "run", "--resume", "r1")
        asked = server.requests

    rows = (
        Warehouse(tmp_path / "evalwh.duckdb")
        .read(
            "select count(response), count(error), any_value(error), count(distinct attempt) "
            "from generations"
        )
        .rows
    )
    error = "not sent: its text holds a lone surrogate, which isn't valid Unicode"
    assert ("Traceback" in began.stderr + resumed.stderr, asked, rows) == (
        False,
        4,
        [(4, 2, error, 2)],
    )
