"""Rule 1: nothing paid for is lost, shown by killing real processes."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from evalwh.warehouse import Warehouse
from tests.killing import (
    ids_of,
    log_lines,
    stored_requests,
    wait_for_answers,
    wait_until_journaled,
)
from tests.servers import server_process

KILLS = 30
DOCS = 1_200
IN_FLIGHT = 16
pytestmark = pytest.mark.slow


async def test_killed_runs_lose_nothing_count_nothing_twice_and_ask_for_nothing_stored(
    tmp_path: Path,
    write_task: Callable[..., Path],
    start_evalwh: Callable[..., "subprocess.Popen[str]"],
) -> None:
    """Kill a run at 30 random moments, from start-up to the fold, and let it finish then."""
    task, log = write_task(DOCS), tmp_path / "server.log"
    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    chance = random.Random(20_261_122)
    async with server_process("--latency-ms", "10", "--log", str(log)) as url:
        model = ("--model_args", f"api_base={url}/v1", "--num_concurrent", str(IN_FLIGHT))
        command: tuple[object, ...] = (
            *("run", "--tasks", task, "--model", "openai", "--model_name", "m", "--run_id", "r"),
            *model,
        )
        stored: set[str] = set()
        for kill in range(KILLS):
            seen = len(log_lines(log))
            process = start_evalwh(*command, new=True)
            await asyncio.to_thread(wait_for_answers, log, seen, process)
            await asyncio.sleep(chance.uniform(0, 0.08))
            early = set(ids_of(log_lines(log)[: -4 * IN_FLIGHT], "answered"))
            if kill % 2:
                await asyncio.to_thread(wait_until_journaled, early, warehouse, process)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            asked_again = stored & set(ids_of(log_lines(log)[seen:], "asked"))
            assert not asked_again
            stored = stored_requests(warehouse)
            if kill % 2:
                assert early <= stored
            command = ("run", "--resume", "r", *model)
        finished = await asyncio.to_thread(start_evalwh(*command).communicate)

    assert finished[0].splitlines()[-1] == "r"
    answered = warehouse.read(
        "select count(*), count(distinct doc_id), count_if(response is null) from generations"
    ).rows
    assert answered == [(DOCS, DOCS, 0)]
    assert warehouse.read("select docs, unscored_docs from leaderboard").rows == [(DOCS, 0)]
    unstored = Counter(ids_of(log_lines(log), "asked")).total() - DOCS
    assert unstored <= KILLS * 4 * IN_FLIGHT


def test_an_acknowledged_record_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    """What `append` has returned for is in the warehouse, whenever its process is killed."""
    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    chance = random.Random(7)
    ever_acknowledged: set[int] = set()
    for _round in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(warehouse.path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(chance.uniform(0, 0.05))
        writer.kill()
        acknowledged = {int(line) for line in writer.communicate()[0].split("\n")[:-1]}
        warehouse.fold()
        stored = warehouse.read("select doc_key, count(*) from facts.generations group by all").rows
        ever_acknowledged |= acknowledged
        assert ever_acknowledged <= {key for key, _count in stored}
        # The first kills of a busy machine may come before the first record.
        assert {count for _key, count in stored} <= {1}
    assert ever_acknowledged


_WRITER = """
import asyncio, os, random, sys
from pathlib import Path
from evalwh.warehouse import Warehouse

async def write(journal, key):
    await journal.append("generation", {"doc_key": key, "response": "x" * 2_000})
    os.write(1, b"%d\\n" % key)

async def main():
    with Warehouse(Path(sys.argv[1])).journal("r") as journal:
        os.write(1, b"0\\n")
        while True:
            await asyncio.gather(*(write(journal, random.getrandbits(62)) for _ in range(8)))

asyncio.run(main())
"""


def test_a_fold_killed_at_any_moment_loses_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    warehouse.fold()
    chance = random.Random(11)
    for kill in range(KILLS):
        with warehouse.journal("r") as journal:
            for key in range(200):
                record = {"doc_key": 1_000 * kill + key, "response": "x" * 5_000}
                journal.write("generation", record)
        folder = subprocess.Popen(
            [sys.executable, "-c", _FOLDER, str(warehouse.path)], stdout=subprocess.PIPE, text=True
        )
        assert folder.stdout is not None
        folder.stdout.readline()
        time.sleep(chance.uniform(0, 0.12))
        folder.kill()
        folder.communicate()
    warehouse.fold()

    stored = warehouse.read("select count(*), count(distinct doc_key) from facts.generations").rows
    assert stored == [(200 * KILLS, 200 * KILLS)]


_FOLDER = """
import sys
from pathlib import Path
from evalwh.warehouse.database import Warehouse
print("ready", flush=True)
Warehouse(Path(sys.argv[1])).fold()
"""
