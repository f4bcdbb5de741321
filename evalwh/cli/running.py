"""What `run` and `score` share: options into a config, the event loop, what is printed after."""

import asyncio
import math
import signal
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import typer

from evalwh.errors import BudgetReached, EvalwhError, UsageError
from evalwh.generation import Limits
from evalwh.metrics import load_plugins
from evalwh.models import parse_model_args
from evalwh.models.arguments import check_params
from evalwh.pipeline.config import RunConfig
from evalwh.pipeline.reads import stored_config
from evalwh.pipeline.run import Invocation, new_run_id, resume_run, score_stored, start_run
from evalwh.records import Json
from evalwh.secrets import split_secrets
from evalwh.tasks.files import is_folder
from evalwh.warehouse import Warehouse
from evalwh.warehouse.runs import LATEST, resolve_run

_LONGEST_ID_BYTES = 128
"""A run's id begins the names of its journals, and a file's name has 255 bytes at most."""
_GEN_KWARGS = {
    "max_gen_toks": "max_tokens",
    "max_new_tokens": "max_tokens",
    "until": "stop",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of `evalwh run`, as they were given."""

    tasks: str | None
    model: str
    model_name: str | None
    model_args: str
    prompts: str | None
    include_path: list[Path] | None
    limit: int | None
    repeats: int
    num_fewshot: int | None
    gen_kwargs: str
    system_instruction: str | None
    seed: int | None
    predict_only: bool
    judge: str | None
    judge_args: str
    num_concurrent: int
    rpm: float | None
    tpm: float | None
    max_retries: int
    timeout: float
    budget_usd: float | None
    resume: str | None
    run_id: str | None
    tag: list[str] | None
    db: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """The options of `evalwh score`, as they were given."""

    run: str
    metrics: str
    judge: str | None
    judge_args: str
    num_concurrent: int
    budget_usd: float | None
    db: Path


def carry_out(options: RunOptions) -> None:
    """Start or resume a run, and print its leaderboard and its id."""
    _check_values(options)
    warehouse = Warehouse(options.db)
    invocation = _invocation(warehouse, options)
    if options.resume is None:
        run_id, config, tags = _new_id(options.run_id), _config(options), _tags(options.tag or [])
        _load_plugins(config)
        work = start_run(invocation, config, run_id, tags)
    else:
        run_id = resolve_run(warehouse, options.resume)
        config = _resumed_config(warehouse, run_id, options)
        _load_plugins(config)
        work = resume_run(invocation, config, run_id)
    _finish(work, warehouse, run_id)


def carry_out_scoring(options: ScoreOptions) -> None:
    """Score a stored run, and print its leaderboard and its id."""
    _check_values(options)
    warehouse = Warehouse(options.db)
    run_id = resolve_run(warehouse, options.run)
    stored = RunConfig.from_json(run_id, stored_config(warehouse, run_id))
    _load_plugins(stored)
    kind, judge_args = _judge_args(options.judge_args)
    invocation = Invocation(
        warehouse,
        Limits(num_concurrent=options.num_concurrent, budget_usd=options.budget_usd),
        judge_args=judge_args,
    )
    config = replace(stored, judge=options.judge, judge_model=kind, judge_args={})
    _finish(score_stored(invocation, config, run_id, _added(options.metrics)), warehouse, run_id)


def _check_values(options: RunOptions | ScoreOptions) -> None:
    """Refuse what no comparison holds for and what no row can hold: NaN, infinity, bytes."""
    for each in fields(options):
        value = getattr(options, each.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"--{each.name}: {value} is no number to count with; leave it out")
        try:
            "".join(map(str, value if isinstance(value, list) else [value])).encode()
        except UnicodeEncodeError:
            raise UsageError(f"--{each.name}: the text is not UTF-8") from None


def _load_plugins(config: RunConfig) -> None:
    for path in config.include_path:
        load_plugins(Path(path))


def _finish(work: Coroutine[Any, Any, None], warehouse: Warehouse, run_id: str) -> None:
    try:
        asyncio.run(_until_terminated(work))
    except (KeyboardInterrupt, BudgetReached):
        _summarize(warehouse, run_id)
        typer.echo(f"evalwh: go on with: evalwh run --resume {run_id}", err=True)
        raise
    except EvalwhError:
        if _is_unfinished(warehouse, run_id):
            typer.echo(f"evalwh: go on with: evalwh run --resume {run_id}", err=True)
        raise
    _summarize(warehouse, run_id)
    typer.echo(run_id)


def _is_unfinished(warehouse: Warehouse, run_id: str) -> bool:
    """Whether there is something to go on with; a warehouse that can't be read may have it."""
    if not warehouse.has_journal(run_id):
        return False
    try:
        found = warehouse.read("select status from runs where run_id = $1", [run_id]).rows
    except EvalwhError:
        return True
    return found != [("finished",)]


async def _until_terminated(work: Coroutine[Any, Any, None]) -> None:
    """A terminated run ends like an interrupted one: what arrived is stored."""
    running = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _summarize(warehouse: Warehouse, run_id: str) -> None:
    from evalwh.cli.summary import print_summary

    print_summary(warehouse, run_id)


def _config(options: RunOptions) -> RunConfig:
    tasks = _names(options.tasks)
    if not tasks:
        raise UsageError("--tasks: name a task or a task folder; see evalwh tasks")
    judge_model, judge_args = _judge_args(options.judge_args)
    return RunConfig(
        model=options.model,
        model_names=_names(options.model_name) or [None],
        tasks=[_task_place(name) for name in tasks],
        model_args=split_secrets(parse_model_args(options.model_args)).public,
        prompts=options.prompts,
        limit=options.limit,
        repeats=options.repeats,
        num_fewshot=options.num_fewshot,
        gen_kwargs=_gen_kwargs(options.gen_kwargs),
        system_instruction=options.system_instruction,
        seed=options.seed,
        include_path=[str(path.resolve()) for path in options.include_path or []],
        judge=options.judge,
        judge_model=judge_model,
        judge_args=split_secrets(judge_args).public,
        predict_only=options.predict_only,
    )


def _resumed_config(warehouse: Warehouse, run_id: str, options: RunOptions) -> RunConfig:
    """The stored config; a judge may join a run, and nothing else changes what it is."""
    if options.tasks:
        raise UsageError("--resume: the run has its tasks already; leave --tasks out")
    stored = RunConfig.from_json(run_id, stored_config(warehouse, run_id))
    if options.judge is None:
        return stored
    judge_model, judge_args = _judge_args(options.judge_args)
    public = split_secrets(judge_args).public
    return replace(stored, judge=options.judge, judge_model=judge_model, judge_args=public)


def _invocation(warehouse: Warehouse, options: RunOptions) -> Invocation:
    limits = Limits(
        num_concurrent=options.num_concurrent,
        rpm=options.rpm,
        tpm=options.tpm,
        max_retries=options.max_retries,
        timeout_s=options.timeout,
        budget_usd=options.budget_usd,
    )
    return Invocation(
        warehouse,
        limits,
        model_args=parse_model_args(options.model_args),
        judge_args=_judge_args(options.judge_args)[1],
    )


def _judge_args(text: str) -> tuple[str, Mapping[str, Json]]:
    """The kind of model that judges, and its arguments."""
    arguments = dict(parse_model_args(text, option="--judge_args"))
    return str(arguments.pop("model", "litellm")), arguments


def _gen_kwargs(text: str) -> dict[str, Json]:
    """Sampling parameters under OpenAI's names; lm-eval's own are understood."""
    given = parse_model_args(text, option="--gen_kwargs")
    params = {_GEN_KWARGS.get(name, name): value for name, value in given.items()}
    check_params(params, where="--gen_kwargs")
    return params


def _task_place(name: str) -> str:
    """A path as it is from anywhere, so that a run resumes from another folder."""
    path = Path(name)
    return str(path.resolve()) if is_folder(path) and ("/" in name or name == ".") else name


def _names(text: str | None) -> list[str]:
    """The different names of `a,b`, in their order."""
    names = (name.strip() for name in (text or "").split(","))
    return list(dict.fromkeys(name for name in names if name))


def _added(metrics: str) -> list[tuple[str | None, str]]:
    """`rougeL,path:em` as `(field or None, metric)`."""
    pairs = [name.rpartition(":") for name in _names(metrics)]
    return [(field or None, metric) for field, _colon, metric in pairs]


def _tags(pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise UsageError(f"--tag: '{pair}' has no '='; write --tag name=value")
        if pair.startswith("="):
            raise UsageError(f"--tag: '{pair}' has no name; write --tag name=value")
    return {name: value for name, _equals, value in (pair.partition("=") for pair in pairs)}


def _new_id(given: str | None) -> str:
    if given is None:
        return new_run_id()
    if not given.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise UsageError(f"--run_id: '{given}' may hold letters, digits, '.', '-' and '_'")
    if len(given.encode()) > _LONGEST_ID_BYTES:
        raise UsageError(f"--run_id: '{given[:20]}…' is longer than {_LONGEST_ID_BYTES} bytes")
    if given == LATEST:
        raise UsageError(f"--run_id: '{LATEST}' names the newest run; choose another id")
    return given
