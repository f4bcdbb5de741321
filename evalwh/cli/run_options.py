"""The options of `run` and `score` as they are given, and what they mean for the pipeline.

Reads text and decides names; carries nothing out.
"""

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from evalwh.cli.asking_limits import limits_of, own_model_args
from evalwh.errors import UsageError
from evalwh.generation import Limits
from evalwh.models import parse_model_args
from evalwh.models.arguments import check_params
from evalwh.pipeline.config import RunConfig
from evalwh.pipeline.invocation import Invocation, new_run_id
from evalwh.pipeline.reads import stored_config
from evalwh.records import Json
from evalwh.secrets import split_secrets
from evalwh.tasks.files import is_folder
from evalwh.warehouse import Warehouse
from evalwh.warehouse.runs import LATEST

_LONGEST_ID_BYTES = 128
"""A run's id begins the names of its journals, and a file's name has 255 bytes at most."""
_GEN_KWARGS = {
    "max_gen_toks": "max_tokens",
    "max_new_tokens": "max_tokens",
    "until": "stop",
}
_FIXED = {
    "model": "model",
    "model_names": "model_name",
    "prompts": "prompts",
    "limit": "limit",
    "samples": "samples",
    "metadata": "metadata",
    "repeats": "repeats",
    "num_fewshot": "num_fewshot",
    "fewshot_as_multiturn": "fewshot_as_multiturn",
    "apply_chat_template": "apply_chat_template",
    "gen_kwargs": "gen_kwargs",
    "system_instruction": "system_instruction",
    "seed": "seed",
    "skip_train": "skip_train",
    "skip_eval": "skip_eval",
    "predict_only": "predict_only",
}
"""What of a config decides a run's rows, and the option that says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of `evalwh run`, as they were given on the command line and in a file.

    None stands for what was not given. `seed` is the last of `seeds`, lm-eval's four.
    `model_args`, `metadata` and `judge_args` may hold secrets.
    """

    tasks: str | None
    include_path: list[Path] | None
    data_dir: Path | None
    prompts: str | None
    limit: float | None
    samples: Mapping[str, Sequence[int]]
    repeats: int | None
    num_fewshot: int | None
    fewshot_as_multiturn: bool | None
    apply_chat_template: bool | str | None
    system_instruction: str | None
    seed: int | None
    seeds: Sequence[int | None]
    skip_train: bool
    skip_eval: bool
    predict_only: bool
    confirm_run_unsafe_code: bool
    metadata: Mapping[str, Json]
    model: str
    model_name: str | None
    model_args: Mapping[str, Json]
    gen_kwargs: Mapping[str, Json]
    batch_size: int | str | None
    device: str | None
    judge: str | None
    judge_args: Mapping[str, Json]
    num_concurrent: int | None
    rpm: float | None
    tpm: float | None
    max_retries: int | None
    timeout: float | None
    budget_usd: float | None
    use_cache: bool
    resume: str | None
    estimate: bool
    sweep: str | None
    run_id: str | None
    tag: list[str] | None
    output_path: Path | None
    log_samples: bool
    db: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """The options of `evalwh score`, as they were given."""

    run: str
    metrics: str
    include_path: list[Path] | None
    judge: str | None
    judge_args: str
    num_concurrent: int
    budget_usd: float | None
    confirm_run_unsafe_code: bool
    db: Path


def check_values(options: RunOptions | ScoreOptions) -> None:
    """Refuse what no comparison holds for and what no row can hold: NaN, infinity, bytes."""
    for each in fields(options):
        value = getattr(options, each.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"--{each.name}: {value} is no number to count with; leave it out")
        try:
            "".join(map(str, value if isinstance(value, list) else [value])).encode()
        except UnicodeEncodeError:
            raise UsageError(f"--{each.name}: the text is not UTF-8") from None


def checked_id(given: str | None) -> str:
    if given is None:
        return new_run_id()
    if not given.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise UsageError(f"--run_id: '{given}' may hold letters, digits, '.', '-' and '_'")
    if len(given.encode()) > _LONGEST_ID_BYTES:
        raise UsageError(f"--run_id: '{given[:20]}…' is longer than {_LONGEST_ID_BYTES} bytes")
    if given == LATEST:
        raise UsageError(f"--run_id: '{LATEST}' names the newest run; choose another id")
    return given


def tags_of(pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise UsageError(f"--tag: '{pair}' has no '='; write --tag name=value")
        if pair.startswith("="):
            raise UsageError(f"--tag: '{pair}' has no name; write --tag name=value")
    return {name: value for name, _equals, value in (pair.partition("=") for pair in pairs)}


def added_metrics(metrics: str) -> list[tuple[str | None, str]]:
    """`rougeL,path:em` as `(field or None, metric)`."""
    pairs = [name.rpartition(":") for name in _names(metrics)]
    return [(field or None, metric) for field, _colon, metric in pairs]


def run_config(options: RunOptions) -> RunConfig:
    tasks = _names(options.tasks)
    if not tasks:
        raise UsageError("--tasks: name a task or a task folder; see evalwh tasks")
    _check_samples(options)
    judge_model, judge_args = split_judge_args(options.judge_args)
    multiturn, template = options.fewshot_as_multiturn, options.apply_chat_template
    return RunConfig(
        model=options.model,
        model_names=_names(options.model_name) or [None],
        tasks=[_task_place(name) for name in tasks],
        model_args=split_secrets(own_model_args(options)).public,
        prompts=options.prompts,
        limit=options.limit,
        samples=options.samples,
        repeats=options.repeats,
        num_fewshot=options.num_fewshot,
        metadata=split_secrets(options.metadata).public,
        gen_kwargs=_gen_kwargs(options.gen_kwargs),
        given_gen_kwargs=options.gen_kwargs,
        system_instruction=options.system_instruction,
        seed=options.seed,
        seeds=options.seeds,
        include_path=[str(path.resolve()) for path in options.include_path or []],
        data_dir=str(options.data_dir.resolve()) if options.data_dir else None,
        batch_size=options.batch_size,
        device=options.device,
        apply_chat_template=template,
        # lm-eval's default: a chat has its examples as turns.
        fewshot_as_multiturn=bool(template) if multiturn is None else multiturn,
        confirm_run_unsafe_code=options.confirm_run_unsafe_code,
        skip_train=options.skip_train,
        skip_eval=options.skip_eval,
        judge=options.judge,
        judge_model=judge_model,
        judge_args=split_secrets(judge_args).public,
        predict_only=options.predict_only,
    )


def resumed_config(warehouse: Warehouse, run_id: str, options: RunOptions) -> RunConfig:
    """The stored config; a judge may join a run, and nothing else changes what it is."""
    if options.tasks:
        raise UsageError("--resume: the run has its tasks already; leave --tasks out")
    stored = RunConfig.from_json(run_id, stored_config(warehouse, run_id))
    _check_same(run_id, stored, options)
    if options.confirm_run_unsafe_code:
        stored = replace(stored, confirm_run_unsafe_code=True)
    if options.judge is None:
        return stored
    judge_model, judge_args = split_judge_args(options.judge_args)
    public = split_secrets(judge_args).public
    return replace(stored, judge=options.judge, judge_model=judge_model, judge_args=public)


def run_invocation(
    warehouse: Warehouse, options: RunOptions, stored: Mapping[str, Json] | None = None
) -> Invocation:
    """How the run is carried out this time; `stored` are the model's arguments it began with."""
    return Invocation(
        warehouse,
        limits_of(options, {**(stored or {}), **options.model_args}),
        model_args=own_model_args(options),
        judge_args=split_judge_args(options.judge_args)[1],
        use_cache=options.use_cache,
    )


def split_judge_args(given: Mapping[str, Json]) -> tuple[str, Mapping[str, Json]]:
    """The kind of model that judges, and its arguments."""
    arguments = dict(given)
    return str(arguments.pop("model", "litellm")), arguments


def score_command(run_id: str, options: ScoreOptions) -> str:
    """The command that goes on with a scoring; `ARGS` stands for arguments that hold a secret."""
    judge_args = parse_model_args(options.judge_args, option="--judge_args")
    is_secret = bool(split_secrets(judge_args).secret)
    is_default = options.num_concurrent == Limits().num_concurrent
    given = [
        ("metrics", options.metrics),
        *(("include_path", path) for path in options.include_path or []),
        ("judge", options.judge),
        ("judge_args", "ARGS" if is_secret else options.judge_args),
        ("num_concurrent", None if is_default else options.num_concurrent),
        ("budget_usd", options.budget_usd),
    ]
    named = [(name, str(value)) for name, value in given if value not in (None, "")]
    words = [word for name, text in named for word in (f"--{name}", text)]
    confirmed = ["--confirm_run_unsafe_code"] if options.confirm_run_unsafe_code else []
    return shlex.join(["evalwh", "score", run_id, *words, *confirmed])


def _check_same(run_id: str, stored: RunConfig, options: RunOptions) -> None:
    """Refuse an option that would make a resumed run another one."""
    given = run_config(replace(options, tasks="the run's own"))
    left_out = RunConfig(model="litellm", model_names=[None], tasks=given.tasks)
    for name in _FIXED:
        value, begun_with = getattr(given, name), getattr(stored, name)
        if value not in (getattr(left_out, name), begun_with):
            raise UsageError(
                f"--{_FIXED[name]}: run {run_id} was begun with {begun_with}, not {value}; "
                "leave it out, or start a new run"
            )


def _gen_kwargs(given: Mapping[str, Json]) -> dict[str, Json]:
    """Sampling parameters under OpenAI's names; lm-eval's own are understood."""
    params = {_GEN_KWARGS.get(name, name): value for name, value in given.items()}
    # To lm-eval it means greedy, whatever the temperature; the other way it says nothing more.
    if params.pop("do_sample", None) is False:
        params["temperature"] = 0.0
    check_params(params, where="--gen_kwargs")
    return params


def _check_samples(options: RunOptions) -> None:
    if options.samples and options.limit is not None:
        raise UsageError("--samples: it says which docs are asked; leave --limit out")
    if options.samples and options.skip_eval:
        raise UsageError("--samples: its docs are of the split that --skip_eval leaves out")


def _task_place(name: str) -> str:
    """A path as it is from anywhere, so that a run resumes from another folder."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return str(path.expanduser().absolute())
    return str(path.resolve()) if is_folder(path) and ("/" in name or name == ".") else name


def _names(text: str | None) -> list[str]:
    """The different names of `a,b`, in their order."""
    names = (name.strip() for name in (text or "").split(","))
    return list(dict.fromkeys(name for name in names if name))
