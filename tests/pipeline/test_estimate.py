"""`--estimate`: requests, tokens and cost before anything is sent."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from evalwh.warehouse import Warehouse
from tests.servers import ChatServer

Evalwh = Callable[..., "subprocess.CompletedProcess[str]"]
WriteTask = Callable[..., Path]
_PRICED = ("--model", "openai", "--model_name", "gpt-4o-mini")


def test_an_estimate_sends_nothing_and_stores_nothing(
    evalwh: Evalwh, write_task: WriteTask, tmp_path: Path
) -> None:
    """The tokens are tiktoken's: 7 of `Say hello to person 0.`, and 7 around them."""
    place = ("--model_args", "api_base=http://127.0.0.1:9/v1", "--gen_kwargs", "max_tokens=100")
    done = evalwh("run", "--tasks", write_task(10), *_PRICED, *place, "--estimate")
    low, high = 140 * 0.15 / 1e6, (140 * 0.15 + 1_000 * 0.6) / 1e6
    assert done.stdout.splitlines() == [
        "model: gpt-4o-mini",
        "",
        "dataset  requests  prompt tokens  completion tokens  USD",
        "-------  --------  -------------  -----------------  ----------------",
        f"greeter  10        140            0 to 1,000         {low:.4f} to {high:.4f}",
        f"total: 10 requests, USD {low:.4f} to {high:.4f}",
    ]
    assert done.stderr == (
        "evalwh: note: gpt-4o-mini on greeter: no earlier reply is known; each is taken as at most "
        "100 tokens, its max_tokens or the model's longest\n"
    )
    assert not (tmp_path / "evalwh.duckdb").exists()


async def test_earlier_replies_and_what_is_stored_already_count(
    evalwh: Evalwh, write_task: WriteTask, tmp_path: Path
) -> None:
    task = write_task(4)
    async with ChatServer() as server:
        place = ("--model_args", f"api_base={server.base_url}", "--gen_kwargs", "max_tokens=100")
        words = ("run", "--tasks", task, *_PRICED, *place)
        await asyncio.to_thread(evalwh, *words, "--limit", 3, "--run_id", "r1")
        server.reset()
        again = await asyncio.to_thread(evalwh, *words, "--estimate")
        cached = await asyncio.to_thread(evalwh, *words, "--estimate", "--use_cache")
        resumed = await asyncio.to_thread(
            evalwh, "run", "--resume", "r1", "--estimate", "--model_args", place[1]
        )
        asked = server.requests
    runs = Warehouse(tmp_path / "evalwh.duckdb").read("select run_id from runs").rows
    rows = [done.stdout.splitlines()[4].split()[:6] for done in (again, cached, resumed)]
    assert rows == [
        ["greeter", "4", "56", "20", "to", "400"],
        ["greeter", "1", "14", "5", "to", "100"],
        ["greeter", "0", "0", "0", "to", "0"],
    ]
    mean = "gpt-4o-mini on greeter: the lower figures are by the mean of 3 replies before"
    assert mean in again.stderr
    assert (asked, runs) == (0, [("r1",)])


def test_a_judge_is_estimated_and_what_is_not_known_is_said(
    evalwh: Evalwh, write_task: WriteTask
) -> None:
    task = write_task(2, metrics={"default": ["em", "gpt_correctness"]})
    done = evalwh(
        *("run", "--tasks", task, "--model", "openai", "--model_name", "mine", "--repeats", 2),
        *("--judge", "gpt-4o-mini", "--judge_args", "model=openai", "--estimate"),
    )
    lines = done.stdout.splitlines()
    assert (done.returncode, lines[0], lines[4].split(), lines[6]) == (
        0,
        "model: mine",
        ["greeter", "4", "~24", "0", "to", "?", "unknown"],
        "judge: gpt-4o-mini",
    )
    assert lines[10].split()[:2] == ["greeter", "4"]
    assert lines[-1].startswith("total: 8 requests, USD 0.00")
    assert "mine: ~ is 4 characters a token, its own aren't known" in done.stderr


def test_an_estimate_fails_as_the_run_would(evalwh: Evalwh, write_task: WriteTask) -> None:
    done = evalwh("run", "--tasks", write_task(1), "--model", "opnai", "--estimate")
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "evalwh: error: --model: unknown model 'opnai'; did you mean 'openai'?\n",
    )


def test_every_run_of_a_file_is_estimated(
    evalwh: Evalwh, write_task: WriteTask, tmp_path: Path
) -> None:
    (tmp_path / "c.yaml").write_text(
        json.dumps(
            {
                "model": "openai",
                "tasks": str(write_task(2)),
                "gen_kwargs": {"max_tokens": 10},
                "runs": [{"model_name": "gpt-4o"}, {"model_name": "gpt-4o-mini", "limit": 1}],
            }
        )
    )
    done = evalwh("run", "--config", "c.yaml", "--estimate")
    rows = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("greeter")]
    assert (done.returncode, rows) == (0, ["2", "1"])


def test_many_repeats_are_counted_without_being_walked(
    evalwh: Evalwh, write_task: WriteTask
) -> None:
    """100,000 repeats of a doc of 14 tokens; walking them would take a minute."""
    place = ("--model_args", "api_base=http://127.0.0.1:9/v1", "--gen_kwargs", "max_tokens=10")
    task = write_task(20, metrics={"default": ["gpt_correctness"]})
    judge = ("--judge", "gpt-4o-mini", "--judge_args", "model=openai")
    done = evalwh(
        *("run", "--tasks", task, *_PRICED, *place, *judge), "--repeats", 100_000, "--estimate"
    )
    rows = [line.split()[:4] for line in done.stdout.splitlines() if line.startswith("greeter")]
    assert [row[1] for row in rows] == ["2,000,000", "2,000,000"]


def test_more_repeats_than_a_lifetime_has_are_refused(
    evalwh: Evalwh, write_task: WriteTask
) -> None:
    task = write_task(2)
    given = evalwh("run", "--tasks", task, *_PRICED, "--repeats", 1_000_000_000)
    (task / "task.yaml").write_text("repeats: 1000000000\n")
    written = evalwh("run", "--tasks", task, *_PRICED, "--estimate")
    assert [(done.returncode, done.stderr) for done in (given, written)] == [
        (
            2,
            "evalwh: error: --repeats: 1000000000 is more than each doc can be asked: 100000\n",
        ),
        (
            1,
            (
                "evalwh: error: task 'greeter': 'repeats' is 1000000000, and may be 100000 at "
                "most; mend it, or give --repeats\n"
            ),
        ),
    ]
