"""A task's code that never returns: a signal ends the run all the same."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.conftest import Function, TaskFiles
from tests.program import clean_environment, starting
from tests.servers import ChatServer

OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HOME", "HF_DATASETS_CACHE")
HANGING = """
import pathlib, time

def text(doc):
    if doc["question"].startswith("{first}"):
        (pathlib.Path(__file__).parent / "hangs").touch()
        {hang}
    return doc["question"]
"""
LINE = "evalwh: error: interrupted"

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the program, and kill it at the test's end if it still runs."""
    environment = clean_environment(*OFFLINE) | {
        "EVALWH_DB": str(tmp_path / "evalwh.duckdb"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    with starting(tmp_path, environment) as start:
        yield start


async def _until_there(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("number", "hang", "also"),
    [
        (signal.SIGINT, "time.sleep(1000)", ()),
        (signal.SIGTERM, "while True: pass", ()),
        (signal.SIGTERM, "time.sleep(1000)", ("--estimate",)),
    ],
)
async def test_before_anything_is_asked_one_signal_ends_a_run_whose_task_hangs(
    files: TaskFiles, start: Start, number: int, hang: str, also: tuple[str, ...]
) -> None:
    files.functions(HANGING.format(first="0", hang=hang))
    path = files.task("hanging", doc_to_text=Function("functions.text"))
    process = start("run", "--model", "recorded", "--model_name", "m", "--tasks", path, *also)
    await _until_there(files.folder / "hangs")
    process.send_signal(number)
    output, errors = await asyncio.to_thread(process.communicate, timeout=30)

    assert (process.returncode, output, errors.splitlines()) == (130, "", [LINE])


async def test_a_second_signal_ends_a_run_that_a_doc_of_its_task_holds_up(
    files: TaskFiles, start: Start
) -> None:
    files.functions(HANGING.format(first="1", hang="time.sleep(1000)"))
    path = files.task("hanging", doc_to_text=Function("functions.text"))
    async with ChatServer() as server:
        model = ("--model", "openai", "--model_name", "m", "--run_id", "r1")
        place = ("--model_args", f"api_base={server.base_url}")
        process = start("run", *model, *place, "--tasks", path)
        await _until_there(files.folder / "hangs")
        for _ in range(2):
            process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
        _output, errors = await asyncio.to_thread(process.communicate, timeout=30)

    assert (process.returncode, errors.splitlines()[-2:]) == (
        130,
        ["evalwh: go on with: evalwh run --resume r1", LINE],
    )
