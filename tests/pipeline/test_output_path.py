"""`--output_path`: lm-eval's results file at the end of a run, refused before it begins."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import ChatServer, status

Evalwh = Callable[..., "subprocess.CompletedProcess[str]"]
WriteTask = Callable[..., Path]
_MODEL = ("--model", "openai", "--model_name", "m")


async def test_the_results_are_written_into_a_new_folder(
    evalwh: Evalwh, write_task: WriteTask, tmp_path: Path
) -> None:
    async with ChatServer(answer=lambda body: "hello") as server:
        place = ("--model_args", f"api_base={server.base_url}")
        done = await asyncio.to_thread(
            evalwh,
            *("run", "--tasks", write_task(2), *_MODEL, *place, "--run_id", "r"),
            *("--output_path", "logs/new/x.json"),
        )
    written = json.loads((tmp_path / "logs" / "new" / "x.json").read_text())
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "r")
    assert [row["em,response"] for row in written["results"].values()] == [1.0]
    assert "evalwh: wrote logs/new/x.json\n" in done.stderr


async def test_a_folder_gets_a_file_for_each_run(
    evalwh: Evalwh, write_task: WriteTask, tmp_path: Path
) -> None:
    async with ChatServer() as server:
        place = ("--model_args", f"api_base={server.base_url}")
        done = await asyncio.to_thread(
            evalwh,
            *("run", "--tasks", write_task(1), *_MODEL, *place, "--sweep", "batch_size=1,2"),
            *("--output_path", "logs"),
        )
    files = sorted((tmp_path / "logs" / "m").glob("results_*.json"))
    said = [line for line in done.stderr.splitlines() if line.startswith("evalwh: wrote")]
    assert said == [f"evalwh: wrote {file.relative_to(tmp_path)}" for file in files]
    assert len(files) == 2


async def test_samples_are_written_beside_the_results(
    evalwh: Evalwh, write_task: WriteTask, tmp_path: Path
) -> None:
    async with ChatServer() as server:
        place = ("--model_args", f"api_base={server.base_url}")
        await asyncio.to_thread(
            evalwh,
            *("run", "--tasks", write_task(3), *_MODEL, *place),
            *("--output_path", "x.json", "--log_samples"),
        )
    [samples] = tmp_path.glob("samples_greeter*.jsonl")
    assert len(samples.read_text().splitlines()) == 3


async def test_what_some_models_gave_is_written_where_others_failed(
    evalwh: Evalwh, write_task: WriteTask, tmp_path: Path
) -> None:
    async with ChatServer(
        fault_of=lambda body: status(401) if body["model"] == "locked" else None
    ) as server:
        place = ("--model_name", "locked,m", "--model_args", f"api_base={server.base_url}")
        done = await asyncio.to_thread(
            evalwh,
            *("run", "--tasks", write_task(1), "--model", "openai", *place),
            *("--output_path", "x.json"),
        )
    assert (done.returncode, (tmp_path / "x.json").exists()) == (1, True)


@pytest.mark.parametrize("other", ["logs/../logs/x.json", "link/x.json"])
def test_one_file_for_two_runs_is_refused_however_it_is_named(
    evalwh: Evalwh, write_task: WriteTask, tmp_path: Path, other: str
) -> None:
    task = write_task(1)
    (tmp_path / "logs").mkdir()
    (tmp_path / "link").symlink_to("logs")
    (tmp_path / "c.yaml").write_text(
        f"tasks: {task}\nmodel: openai\nmodel_name: m\n"
        "model_args: api_base=http://127.0.0.1:9/v1\n"
        f"runs: [{{output_path: logs/x.json}}, {{output_path: {other}}}]\n"
    )

    done = evalwh("run", "--config", "c.yaml")

    assert (done.returncode, done.stderr) == (
        2,
        f"evalwh: error: --output_path {other}: several runs would write it; name a folder\n",
    )


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--output_path", "/proc/x.json"), "--output_path /proc/x.json: "),
        (("--output_path", "greeter/task/x.json"), "--output_path greeter/task/x.json: "),
        (("--log_samples",), "--log_samples: needs --output_path FILE.json to write beside"),
        (
            ("--output_path", "x.json", "--sweep", "batch_size=1,2"),
            "--output_path x.json: several runs would write it; name a folder",
        ),
    ],
)
def test_what_can_not_be_written_is_refused_before_anything_is_asked(
    evalwh: Evalwh, write_task: WriteTask, tmp_path: Path, words: tuple[str, ...], error: str
) -> None:
    task = write_task(1)
    (task / "task").write_text("no folder")
    place = ("--model_args", "api_base=http://127.0.0.1:9/v1")
    done = evalwh("run", "--tasks", task, *_MODEL, *place, *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"evalwh: error: {error}")
    assert not (tmp_path / "evalwh.duckdb").exists()
