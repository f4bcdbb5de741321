"""Whole runs with `--model curator`, in processes of their own."""

import asyncio
import json
import random
import signal
import subprocess
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
from tests.program import new_program
from tests.servers import ChatServer, server_process

pytest.importorskip("bespokelabs", reason="needs bespokelabs-curator")

MODEL = "openai/gpt-4o-mini"
KEY = "sk-curator-0123456789abcdef"
KILLS = 2
DOCS = 300
IN_FLIGHT = 16


@pytest.mark.slow
async def test_a_killed_run_asks_again_only_for_what_had_not_arrived(
    tmp_path: Path,
    write_task: Callable[..., Path],
    start_evalwh: Callable[..., "subprocess.Popen[str]"],
) -> None:
    task, log = write_task(DOCS), tmp_path / "server.log"
    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    chance = random.Random(20_261_122)
    async with server_process("--latency-ms", "20", "--log", str(log)) as url:
        model = ("--model_args", f"api_base={url}/v1", "--num_concurrent", str(IN_FLIGHT))
        command: tuple[object, ...] = (
            *("run", "--tasks", task, "--model", "curator", "--model_name", MODEL),
            *("--run_id", "r", *model),
        )
        stored: set[str] = set()
        for _kill in range(KILLS):
            seen = len(log_lines(log))
            process = start_evalwh(*command)
            await asyncio.to_thread(wait_for_answers, log, seen, process)
            await asyncio.sleep(chance.uniform(0, 0.5))
            early = set(ids_of(log_lines(log)[: -4 * IN_FLIGHT], "answered"))
            await asyncio.to_thread(
                wait_until_journaled, early, warehouse, process, prefix="openai/"
            )
            process.send_signal(signal.SIGKILL)
            process.communicate()
            asked_again = stored & set(ids_of(log_lines(log)[seen:], "asked"))
            assert not asked_again
            stored = stored_requests(warehouse, prefix="openai/")
            assert early <= stored <= set(ids_of(log_lines(log), "answered"))
            command = ("run", "--resume", "r", *model)
        finished = await asyncio.to_thread(start_evalwh(*command).communicate)

    assert finished[0].splitlines()[-1:] == ["r"], finished[1]
    answered = warehouse.read(
        "select count(*), count(distinct doc_id), count_if(response is null) from generations"
    ).rows
    assert answered == [(DOCS, DOCS, 0)]
    assert len(ids_of(log_lines(log), "asked")) <= DOCS + KILLS * 4 * IN_FLIGHT


async def test_a_run_prints_its_rows_alone_and_leaves_no_files_and_no_key(
    tmp_path: Path, write_task: Callable[..., Path], environment: dict[str, str]
) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    async with ChatServer(answer=lambda body: "hello", api_key=KEY) as server:
        process = await asyncio.create_subprocess_exec(
            *new_program("run", "--tasks", write_task(3), "--model", "curator", "--run_id", "r"),
            *("--model_name", MODEL, "--model_args", f"api_base={server.base_url},api_key={KEY}"),
            cwd=tmp_path,
            env=environment | {"HOME": str(home), "TMPDIR": str(temporary), "CURATOR_VIEWER": "1"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = (text.decode() for text in await process.communicate())
    stored = Warehouse(tmp_path / "evalwh.duckdb").read("select response, error from generations")
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert (
        out.splitlines()[-1],
        "urator" in out + err,
        stored.rows,
        list(temporary.iterdir()),
        list(home.rglob("*.jsonl")),
        KEY.encode() in written,
    ) == ("r", False, [("hello", None)] * 3, [], [], False)


async def test_a_judge_is_asked_through_curator_too(
    tmp_path: Path,
    write_task: Callable[..., Path],
    start_evalwh: Callable[..., "subprocess.Popen[str]"],
) -> None:
    verdict = json.dumps({"reason": "same", "score": 1})
    task = write_task(2, metrics={"default": ["gpt_correctness"]})
    async with ChatServer(answer=lambda body: verdict) as server:
        arguments = f"api_base={server.base_url}"
        process = start_evalwh(
            *("run", "--tasks", task, "--model", "curator", "--model_name", MODEL),
            *("--model_args", arguments, "--judge", MODEL),
            *("--judge_args", f"model=curator,{arguments}"),
        )
        _out, err = await asyncio.to_thread(process.communicate)
    roles = "select role, count(response) from generations group by all order by all"
    assert (process.returncode, Warehouse(tmp_path / "evalwh.duckdb").read(roles).rows) == (
        0,
        [("judge", 2), ("model", 2)],
    ), err
