"""`--use_cache`: what has a response in the warehouse is not asked again, by whatever run."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from evalwh.pipeline.reuse import ReplyCache
from evalwh.records import Request
from evalwh.warehouse import Warehouse
from tests.servers import ChatServer, status
from tests.warehouse.given import Given

Evalwh = Callable[..., "subprocess.CompletedProcess[str]"]
WriteTask = Callable[..., Path]


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "evalwh.duckdb")


@pytest.fixture
def served(evalwh: Evalwh) -> Callable[..., object]:
    async def run(server: ChatServer, *arguments: object) -> "subprocess.CompletedProcess[str]":
        model = ("--model", "openai", "--model_name", "gpt-4o-mini")
        place = ("--model_args", f"api_base={server.base_url}", "--max_retries", "0")
        return await asyncio.to_thread(evalwh, "run", *model, *place, *arguments)

    return run


async def test_identical_requests_are_answered_by_the_warehouse_for_nothing(
    served: Callable[..., object], write_task: WriteTask, warehouse: Warehouse
) -> None:
    task = write_task(4)
    async with ChatServer() as server:
        await served(server, "--tasks", task, "--limit", 3, "--run_id", "r1")
        server.reset()
        done = await served(server, "--tasks", task, "--run_id", "r2", "--use_cache")
        asked = server.requests
    counts = warehouse.read(
        "select cached, count(*), sum(billed_usd) = 0, count(latency_ms), count(prompt_tokens) "
        "from generations where run_id = 'r2' group by cached order by cached"
    ).rows
    same = warehouse.read(
        "select count(distinct response) from generations where doc_id = 'd0'"
    ).rows

    assert "generating gpt-4o-mini: 4/4" in done.stderr
    assert (asked, counts, same) == (1, [(False, 1, False, 1, 1), (True, 3, True, 0, 3)], [(1,)])


async def test_what_a_cached_reply_would_have_cost_is_saved(
    served: Callable[..., object], write_task: WriteTask, warehouse: Warehouse
) -> None:
    task = write_task(3)
    async with ChatServer() as server:
        await served(server, "--tasks", task, "--run_id", "r1")
        again = await served(server, "--tasks", task, "--run_id", "r2", "--use_cache")
    (first, second) = warehouse.read(
        "select billed_usd, saved_usd, cached from costs order by run_id"
    ).rows
    assert (second[0], second[1], second[2], first[1]) == (0.0, pytest.approx(first[0]), 3, None)
    assert "model: 3 requests, 3 from the warehouse, 0 errors, " in again.stdout


async def test_without_the_flag_everything_is_asked_anew(
    served: Callable[..., object], write_task: WriteTask
) -> None:
    task = write_task(3)
    async with ChatServer() as server:
        await served(server, "--tasks", task)
        await served(server, "--tasks", task)
        assert server.requests == 6


async def test_another_request_is_asked(
    served: Callable[..., object], write_task: WriteTask
) -> None:
    task = write_task(2)
    changes = [("--model_name", "other"), ("--gen_kwargs", "temperature=1"), ("--seed", "7")]
    async with ChatServer() as server:
        await served(server, "--tasks", task)
        for change in changes:
            await served(server, "--tasks", task, "--use_cache", *change)
        assert server.requests == 2 + 2 * len(changes)


async def test_what_another_header_chooses_is_asked(evalwh: Evalwh, write_task: WriteTask) -> None:
    task = write_task(2)
    model = ("--model", "openai", "--model_name", "m", "--tasks", task, "--use_cache")
    asked = []
    async with ChatServer() as server:
        for headers in ({"X-Adapter": "a"}, {"X-Adapter": "b"}, {"X-Adapter": "a", "X-Key": "k"}):
            place = f"api_base={server.base_url},headers={json.dumps(headers)}"
            await asyncio.to_thread(evalwh, "run", *model, "--model_args", place)
            asked.append(server.requests)

    assert asked == [2, 4, 4]


def test_an_engines_settings_are_part_of_its_requests() -> None:
    plain, half = Request("m", []), Request("m", [], settings={"dtype": "float16"})
    assert plain.request_hash != half.request_hash
    assert half.identity() == {**plain.identity(), "settings": {"dtype": "float16"}}


async def test_repeats_are_requests_of_their_own(
    served: Callable[..., object], write_task: WriteTask
) -> None:
    task = write_task(2)
    async with ChatServer() as server:
        await served(server, "--tasks", task)
        await served(server, "--tasks", task, "--use_cache", "--repeats", 3)
        assert server.requests == 2 + 4


async def test_errors_and_empty_answers_are_never_reused(
    served: Callable[..., object], write_task: WriteTask, warehouse: Warehouse
) -> None:
    task = write_task(2)
    async with ChatServer(faults=[None, status(500)]) as server:
        await served(server, "--tasks", task, "--run_id", "r1")
        await served(server, "--tasks", task, "--run_id", "r2", "--use_cache")
        asked = server.requests
    rows = warehouse.read(
        "select cached, count(response) from generations where run_id = 'r2' group by all "
        "order by all"
    ).rows
    assert (asked, rows) == (3, [(False, 1), (True, 1)])


async def test_a_judge_is_not_asked_twice_either(
    served: Callable[..., object], write_task: WriteTask, warehouse: Warehouse
) -> None:
    task = write_task(3, metrics={"default": ["gpt_correctness"]})

    def answer(body: dict[str, object]) -> str:
        verdict = json.dumps({"reason": "same", "score": 1})
        return verdict if body["model"] == "judge" else "hello"

    async with ChatServer(answer=answer) as server:
        judge = ("--judge", "judge", "--judge_args", f"model=openai,api_base={server.base_url}")
        first = await served(server, "--tasks", task, "--run_id", "r1", *judge)
        server.reset()
        await served(server, "--tasks", task, "--run_id", "r2", "--use_cache", *judge)
        asked = server.requests
    rows = warehouse.read(
        "select role, count(*), bool_and(cached) from generations where run_id = 'r2' "
        "group by role order by role"
    ).rows
    assert (first.returncode, asked, rows) == (0, 0, [("judge", 3, True), ("model", 3, True)])


async def test_identical_requests_of_one_run_are_asked_once(
    served: Callable[..., object], write_task: WriteTask, warehouse: Warehouse
) -> None:
    task = write_task(5)
    (task / "prompts" / "plain.j2").write_text("Say hello.\n")
    async with ChatServer() as server:
        done = await served(server, "--tasks", task, "--use_cache")
        asked = server.requests
    rows = warehouse.read(
        "select count(*), count_if(cached), count(distinct response) from generations"
    ).rows
    assert (done.returncode, asked, rows) == (0, 1, [(5, 4, 1)])


async def test_a_request_that_failed_takes_none_with_it(
    served: Callable[..., object], write_task: WriteTask, warehouse: Warehouse
) -> None:
    task = write_task(3)
    (task / "prompts" / "plain.j2").write_text("Say hello.\n")
    async with ChatServer(faults=[status(500)]) as server:
        await served(server, "--tasks", task, "--use_cache")
        asked = server.requests
    rows = warehouse.read("select count(response), count(error) from generations").rows
    assert (asked, rows) == (3, [(2, 1)])


async def test_a_refused_key_still_ends_a_run_at_once(
    served: Callable[..., object], write_task: WriteTask
) -> None:
    task = write_task(30)
    async with ChatServer() as server:
        await served(server, "--tasks", task, "--limit", 20)
        server.reset()
        server._api_key = "another"
        done = await served(server, "--tasks", task, "--use_cache", "--num_concurrent", 1)
        assert (done.returncode, server.requests) == (1, 1)


async def test_a_folder_for_the_cache_is_taken_and_noted(
    served: Callable[..., object], write_task: WriteTask
) -> None:
    async with ChatServer() as server:
        done = await served(server, "--tasks", write_task(1), "--use_cache", "cache/dir")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        0,
        "evalwh: note: --use_cache cache/dir: the warehouse is the cache; no folder is needed",
    )


def test_what_was_replayed_is_no_models_answer(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run().docs("a", "b")
    cell = given.cell(docs=2)
    given.generation(cell, "a", request_hash="sha256:1", cached=True)
    given.generation(cell, "b", request_hash="sha256:2", response="asked")
    replies = ReplyCache(given.warehouse()).read(["sha256:1", "sha256:2"])
    assert {name: reply.response for name, reply in replies.items()} == {"sha256:2": "asked"}
