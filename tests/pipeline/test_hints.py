"""The notes and hints that a run prints: true, and commands that work as they are printed."""

import asyncio
import re
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from evalwh.pipeline import rows
from evalwh.warehouse import Warehouse
from evalwh.warehouse.clock import utc_now
from tests.servers import NAMED_FAULTS, ChatServer

Evalwh = Callable[..., "subprocess.CompletedProcess[str]"]
WriteTask = Callable[..., Path]
RECORDED = ("--model", "recorded", "--model_name", "handwritten")


@pytest.fixture
def recorded_task(write_task: WriteTask) -> Callable[..., Path]:
    """Write a task whose replies are recorded: the first is missing, the others are right."""

    def write(docs: int = 3, *, metrics: object = None) -> Path:
        root = write_task(docs, metrics=metrics)
        (root / "recorded").mkdir()
        lines = [
            f'{{"doc_id": "d{at}", "prompt_id": "plain", "response": "hello"}}\n'
            for at in range(1, docs)
        ]
        (root / "recorded" / "handwritten.jsonl").write_text("".join(lines))
        return root

    return write


_UNHEARD = "is no sampling parameter that is known here and is sent as it is"
_LACKING = (
    "--model_args: run r1 has no responses of handwritten by prompt terse; it has plain, "
    "choose with --prompts"
)
JUDGED = {"default": ["em", "gpt_similarity"]}


@pytest.mark.parametrize(
    ("named", "variable", "option"),
    [
        (["--db", "my runs.duckdb"], "", " --db 'my runs.duckdb'"),
        (["--db", "evalwh.duckdb"], "other.duckdb", " --db evalwh.duckdb"),
        (["--db", "other.duckdb"], "other.duckdb", ""),
        ([], "", ""),
    ],
)
def test_a_hint_names_the_warehouse_that_the_command_would_not_find(
    evalwh: Evalwh,
    recorded_task: Callable[..., Path],
    named: list[str],
    variable: str,
    option: str,
) -> None:
    task = recorded_task(metrics=JUDGED)
    run = ("run", "--tasks", task, *RECORDED, "--run_id", "r1", *named)
    done, again = evalwh(*run, EVALWH_DB=variable), evalwh(*run, EVALWH_DB=variable)

    query = (
        'evalwh query "select doc_id, prompt_id, kind, field, response\n'
        f"    from failures where run_id = 'r1' and kind <> 'unjudged'\" --max-width 28{option}"
    )
    kinds = "request 1 (no response), unjudged 2 (no judge was named)"
    assert f"to look at, by kind: {kinds}\n{query}\nr1\n" in done.stdout
    assert f"evalwh: add one with: evalwh score r1 --judge MODEL{option}" in done.stderr
    assert f"or go on with: evalwh run --resume r1{option}\n" in again.stderr
    shown = evalwh("show", "r1", "d1", *named, EVALWH_DB=variable).stdout
    assert "gpt_similarity: no judge was named; score it again with --judge MODEL\n" in shown
    listed = evalwh(*shlex.split(query)[1:], EVALWH_DB=variable).stdout.splitlines()
    assert [line.split() for line in listed[2:]] == [["d0", "plain", "request", "null", "null"]]


def test_a_run_that_another_process_works_on_is_not_to_be_gone_on_with(
    evalwh: Evalwh, recorded_task: Callable[..., Path], tmp_path: Path
) -> None:
    evalwh("run", "--tasks", recorded_task(), *RECORDED, "--run_id", "r1")
    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    with warehouse.journal("r1") as journal:
        journal.write("run_event", rows.event_row("r1", "running", utc_now()))
    warehouse.fold()
    with warehouse.claim("r1"):
        refused = evalwh("run", "--resume", "r1")

    assert (refused.returncode, refused.stderr) == (
        1,
        "evalwh: error: run r1: another process works on it; wait for it\n",
    )


async def test_a_run_that_its_budget_lets_ask_nothing_says_why_and_no_more(
    evalwh: Evalwh, recorded_task: Callable[..., Path]
) -> None:
    model = ("--model", "openai", "--model_name", "gpt-4o-mini", "--run_id", "r1")
    kept = ("--budget_usd", "0.00001", "--gen_kwargs", "max_tokens=100")
    stopped = await asyncio.to_thread(evalwh, "run", "--tasks", recorded_task(), *model, *kept)

    why = (
        "the next request alone may cost up to $0.000066, with a reply of 100 tokens; "
        "go on with a higher --budget_usd, or ask anew with max_tokens=N in --gen_kwargs"
    )
    assert (stopped.stdout, stopped.stderr.splitlines()[-2:]) == (
        "responses: 0 of 3\n",
        [
            "evalwh: go on with: evalwh run --resume r1",
            f"evalwh: error: budget of $1e-05 reached: {why}",
        ],
    )


@pytest.mark.parametrize(("is_served", "goes_on"), [(True, False), (False, True)])
async def test_a_run_that_got_nothing_is_gone_on_with_where_another_try_may_help(
    evalwh: Evalwh, recorded_task: Callable[..., Path], is_served: bool, goes_on: bool
) -> None:
    async with ChatServer(faults=[NAMED_FAULTS["404"]] * 9) as server:
        url = server.base_url if is_served else "http://127.0.0.1:1/v1"
        model = ("--model", "openai", "--model_name", "m", "--max_retries", "0")
        place = ("--model_args", f"api_base={url}", "--run_id", "r1")
        task = recorded_task()
        failed = await asyncio.to_thread(evalwh, "run", "--tasks", task, *model, *place)

    assert ("go on with: evalwh run --resume r1" in failed.stderr) == goes_on


@pytest.mark.parametrize(
    ("options", "code", "error"),
    [
        (
            (),
            2,
            _LACKING,
        ),
        (("--prompts", "plain"), 0, None),
        (
            ("--model_name", "handwriten"),
            2,
            "--model_name: run r1 has no model 'handwriten'; did you mean 'handwritten'?",
        ),
    ],
)
def test_a_run_is_replayed_by_the_prompts_that_it_has(
    evalwh: Evalwh,
    recorded_task: Callable[..., Path],
    options: tuple[str, ...],
    code: int,
    error: str | None,
) -> None:
    task = recorded_task()
    evalwh("run", "--tasks", task, *RECORDED, "--run_id", "r1")
    (task / "prompts" / "terse.j2").write_text("{{ who }}")
    replayed = evalwh(
        "run", "--tasks", task, "--model", "recorded", "--model_args", "run=r1", *options
    )

    told = [line for line in replayed.stderr.splitlines() if line.startswith("evalwh: error: ")]
    assert (replayed.returncode, told) == (code, [f"evalwh: error: {error}"] if error else [])


@pytest.mark.parametrize(
    ("given", "notes"),
    [
        (
            "temprature=1,do_sample=false",
            [f"'temprature' {_UNHEARD}; did you mean 'temperature'?"],
        ),
        (
            "zzz=1",
            [f"'zzz' {_UNHEARD}"],
        ),
        ("temperature=0,max_gen_toks=5", []),
    ],
)
def test_a_sampling_parameter_that_nobody_knows_is_noted(
    evalwh: Evalwh, recorded_task: Callable[..., Path], given: str, notes: list[str]
) -> None:
    done = evalwh("run", "--tasks", recorded_task(), *RECORDED, "--gen_kwargs", given)
    prefix = "evalwh: note: --gen_kwargs: "
    lines = [line for line in done.stderr.splitlines() if line.startswith(prefix)]
    told = [line.removeprefix(prefix) for line in lines]
    assert (done.returncode, told) == (0, notes)


async def test_leave_to_run_a_models_code_is_noted_where_none_is_run(
    evalwh: Evalwh, write_task: WriteTask
) -> None:
    async with ChatServer() as server:
        place = ("--model_args", f"api_base={server.base_url}")
        model = ("--model", "openai", "--model_name", "m", *place, "--trust_remote_code")
        done = await asyncio.to_thread(evalwh, "run", *model, "--tasks", write_task(1))

    note = "evalwh: note: trust_remote_code has no meaning for --model openai, and is left out"
    assert (done.returncode, done.stderr.splitlines()[0]) == (0, note)


def test_a_misspelt_metric_to_add_is_a_wrong_command_line(
    evalwh: Evalwh, recorded_task: Callable[..., Path]
) -> None:
    evalwh("run", "--tasks", recorded_task(), *RECORDED, "--run_id", "r1")
    refused = evalwh("score", "r1", "--metrics", "rogueL")
    assert (refused.returncode, refused.stderr) == (
        2,
        "evalwh: error: --metrics: unknown metric 'rogueL'; did you mean 'rougeL'?\n",
    )


async def test_a_missing_judge_is_noted_where_a_score_is_missing_for_it(
    evalwh: Evalwh, recorded_task: Callable[..., Path]
) -> None:
    def answer(_body: dict[str, object]) -> str:
        return '{"reason": "close", "score": 7}'

    note = "evalwh: note: no judge, so gpt_similarity is unscored"
    async with ChatServer(answer=answer) as server:
        judge = ("--judge", "j", "--judge_args", f"model=openai,api_base={server.base_url}")
        task = recorded_task(metrics=JUDGED)
        begun = await asyncio.to_thread(evalwh, "run", "--tasks", task, *RECORDED, "--run_id", "r1")
        rescored = await asyncio.to_thread(evalwh, "score", "r1", "--metrics", "rougeL")
        await asyncio.to_thread(evalwh, "score", "r1", *judge)
        judged = await asyncio.to_thread(evalwh, "score", "r1", "--metrics", "meteor")

    noted = [note in done.stderr.splitlines() for done in (begun, rescored, judged)]
    assert noted == [True, True, False], judged.stderr


async def test_scoring_tells_how_far_it_is_and_a_judge_that_gives_no_score(
    evalwh: Evalwh, recorded_task: Callable[..., Path]
) -> None:
    async with ChatServer(answer=lambda _body: "Good.") as server:
        judge = ("--judge", "j", "--judge_args", f"model=openai,api_base={server.base_url}")
        run = ("run", "--tasks", recorded_task(metrics=JUDGED), *RECORDED, *judge)
        done = await asyncio.to_thread(evalwh, *run)

    shown = done.stderr[done.stderr.index("scoring: ") :].splitlines()
    assert re.fullmatch(
        r"scoring: 3/3, 6 of the judge's replies, 0 errors, \d+ tokens, [\d.]+ s", shown[0]
    )
    assert shown[1] == (
        "evalwh: note: judge j gave no usable score for 2 of 2: "
        "gpt_similarity: no JSON object in the judge's reply"
    )


@pytest.mark.parametrize(("secret", "shown"), [("", True), (",api_key=sk-secret-12345", False)])
async def test_scoring_that_is_interrupted_goes_on_with_the_same_command(
    evalwh: Evalwh,
    start_evalwh: Callable[..., "subprocess.Popen[str]"],
    recorded_task: Callable[..., Path],
    secret: str,
    shown: bool,
) -> None:
    task = recorded_task(40, metrics=JUDGED)
    await asyncio.to_thread(evalwh, "run", "--tasks", task, *RECORDED, "--run_id", "r1")
    async with ChatServer(answer=lambda _body: '{"score": 7}', latency_s=0.2) as server:
        judge_args = f"model=openai,api_base={server.base_url}{secret}"
        given = ("--judge", "a judge", "--num_concurrent", "2", "--metrics", "rougeL")
        process = start_evalwh("score", "latest", *given, "--judge_args", judge_args)
        while server.answered < 4:
            assert process.poll() is None
            await asyncio.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _output, errors = await asyncio.to_thread(process.communicate)

    arguments = judge_args if shown else "ARGS"
    again = (
        "evalwh score r1 --metrics rougeL --judge 'a judge' "
        f"--judge_args {arguments} --num_concurrent 2"
    )
    assert (process.returncode, errors.splitlines()[-2:]) == (
        130,
        [f"evalwh: go on with: {again}", "evalwh: error: interrupted"],
    )
