"""What was given to `run`, on the command line and in files, as the options of each run.

The command line wins, pair by pair where an option holds pairs; then the environment, then the
file, then what is so by default.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from evalwh.cli.config_file import Setting, Settings, every_run
from evalwh.cli.logs import hide
from evalwh.cli.option_values import read_value
from evalwh.cli.run_options import RunOptions
from evalwh.cli.run_words import LISTS, MAPPINGS
from evalwh.cli.usage import TyperUsageError
from evalwh.errors import UsageError
from evalwh.location import located
from evalwh.models import parse_model_args
from evalwh.records import Json
from evalwh.secrets import secret_values
from evalwh.tasks.values import checked_text, to_json

_PATHS = frozenset({"data_dir", "output_path"})
_OF_ONE_RUN = ("resume", "run_id")
_NUMBERS = ("int", "int range", "float", "float range")
_SEEDS = 4


def given_runs(ctx: typer.Context, given: Mapping[str, Any]) -> list[RunOptions]:
    """The runs that are asked for, one unless a file or several say more. Raises UsageError."""
    given = {name: read_value(name, value, f"--{name}") for name, value in given.items()}
    command = {name: given[name] for name in given if _is_said(ctx, name)}
    files = given["config"] or []
    runs = every_run(files, _names(ctx)) if files else [{}]
    if len(runs) > 1 and (lone := next((name for name in _OF_ONE_RUN if name in command), None)):
        raise UsageError(f"--{lone}: is of one run, and --config has {len(runs)}")
    given_each = [_options(ctx, given, command, run) for run in runs]
    _refuse_same_ids(given_each, runs)
    hide(
        secret
        for options in given_each
        for arguments in (options.model_args, options.metadata, options.judge_args)
        for secret in secret_values(arguments)
    )
    return given_each


def _refuse_same_ids(given_each: Sequence[RunOptions], runs: Sequence[Settings]) -> None:
    """Two runs of one id in one warehouse: the second would be refused once the first was paid."""
    seen: set[tuple[Path, str]] = set()
    for options, settings in zip(given_each, runs, strict=True):
        if options.run_id is None:
            continue
        if (run := (options.db.resolve(), options.run_id)) in seen:
            place = settings["run_id"].place
            raise UsageError(f"{place}: 'run_id': another run is '{run[1]}' too; choose another")
        seen.add(run)


def _is_said(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name in ("COMMANDLINE", "ENVIRONMENT")


def _names(ctx: typer.Context) -> dict[str, str]:
    """Each option's name in Python by any of its names, as files write them."""
    options = [option for option in ctx.command.params if option.name]
    return {
        spelling.lstrip("-").replace("-", "_"): str(option.name)
        for option in options
        for spelling in (*option.opts, f"--{option.name}")
    }


def _options(
    ctx: typer.Context, given: Mapping[str, Any], command: Mapping[str, Any], settings: Settings
) -> RunOptions:
    if command.get("resume"):
        # What the run is, it knows itself; the file says how to go on.
        settings = {name: settings[name] for name in settings if name not in ("tasks", "tag")}
    settings = _with_batch_size(settings)
    from_file = {name: _value(ctx, name, settings[name]) for name in settings}
    values = {**given, **from_file, **command}
    for name in MAPPINGS:
        values[name] = {
            **_pairs(name, from_file.get(name, {})),
            **_pairs(name, given[name]),
        }
    seeds = values["seed"] or [None]
    return RunOptions(
        **{
            **{name: value for name, value in values.items() if name != "config"},
            # Of lm-eval's four it is the one of examples.
            "seed": seeds[-1],
            "seeds": seeds if len(seeds) == _SEEDS else [],
            "samples": values["samples"] or {},
            "use_cache": bool(values["use_cache"]),
        }
    )


def _pairs(name: str, value: Any) -> Mapping[str, Json]:
    if isinstance(value, str):
        return _as_json(parse_model_args(value, option=f"--{name}"), f"--{name}")
    pairs: Mapping[str, Json] = value
    return pairs


def _value(ctx: typer.Context, name: str, setting: Setting) -> Any:
    """A setting as the command line would give it. Raises UsageError with file and line."""
    if name in MAPPINGS:
        return _mapping(name, setting)
    where = f"{setting.place}: '{name}'"
    if name == "samples":
        return read_value(name, setting.value, where)
    option = next(each for each in ctx.command.params if each.name == name)
    if isinstance(setting.value, bool) and option.type.name in _NUMBERS:
        raise UsageError(f"{where} must be a number, not {str(setting.value).lower()}")
    is_multiple = getattr(option, "multiple", False)
    text = _several(setting) if is_multiple else _text(name, setting)
    value = _cast(ctx, option, text, where)
    if name == "db":
        return _located(value, setting.place)
    if is_multiple:
        return [Path(each) for each in value] if name == "include_path" else list(value)
    return Path(value) if name in _PATHS else read_value(name, value, where)


def _cast(ctx: typer.Context, option: Any, text: str | bool | list[str], where: str) -> Any:
    """Text as the option's type has it. Raises UsageError, beginning with `where`."""
    try:
        value = option.type_cast_value(ctx, text)
    except TyperUsageError as error:
        said = str(getattr(error, "message", error)).rstrip(".")
        raise UsageError(f"{where}: {said}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{where}: {value} is no number to count with; leave it out")
    return value


def _located(db: str, place: str) -> Path:
    try:
        return located(Path(db))
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from None


def _mapping(name: str, setting: Setting) -> Mapping[str, Json]:
    where = f"{setting.place}: '{name}'"
    if isinstance(setting.value, str):
        return _as_json(parse_model_args(setting.value, option=where), where)
    if not isinstance(setting.value, dict):
        raise UsageError(f"{where} must be a mapping, or text such as key=value")
    return _as_json({str(key): value for key, value in setting.value.items()}, where)


def _as_json(pairs: Mapping[str, Any], where: str) -> dict[str, Json]:
    """The pairs as a request and a row can hold them. Raises UsageError, beginning with `where`."""
    checked: dict[str, Json] = {}
    for name, value in pairs.items():
        try:
            checked[checked_text(name)] = to_json(value)
        except ValueError as error:
            raise UsageError(f"{where}: '{name}': {error}") from None
    return checked


def _several(setting: Setting) -> list[str]:
    value = setting.value
    if isinstance(value, dict):
        return [f"{key}={_plain(inner)}" for key, inner in value.items()]
    return [_plain(each) for each in (value if isinstance(value, list) else [value])]


def _text(name: str, setting: Setting) -> str | bool:
    """The one word that an option takes; lists of names have commas between them."""
    value = setting.value
    is_list = isinstance(value, list) and all(not isinstance(each, dict | list) for each in value)
    if is_list and name in {*LISTS, "seed"}:
        return ",".join(map(_plain, value))
    if isinstance(value, dict | list):
        raise UsageError(f"{setting.place}: '{name}' must be one value, not {_kind(value)}")
    return value if isinstance(value, bool) and name not in LISTS else _plain(value)


def _plain(value: Any) -> str:
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value)


def _kind(value: object) -> str:
    return "a mapping" if isinstance(value, dict) else "a list"


def _with_batch_size(settings: Settings) -> Settings:
    """Evalchemy lists `{task_name, batch_size}`: the smallest size is one that fits all."""
    tasks = settings.get("tasks")
    if tasks is None or not isinstance(tasks.value, list):
        return settings
    if not any(isinstance(each, dict) for each in tasks.value):
        return settings
    names = [_task_name(each, tasks.place) for each in tasks.value]
    sizes = [
        each["batch_size"]
        for each in tasks.value
        if isinstance(each, dict) and "batch_size" in each
    ]
    own = {"batch_size": Setting(_smallest(sizes), tasks.place)} if sizes else {}
    if len({str(size) for size in sizes}) > 1 and "batch_size" not in settings:
        typer.echo(
            f"evalwh: note: {tasks.place}: one batch size is for all tasks, "
            f"the smallest: {_smallest(sizes)}",
            err=True,
        )
    return {**own, **settings, "tasks": Setting(names, tasks.place)}


def _task_name(task: Any, place: str) -> str:
    name = task.get("task_name", task.get("task")) if isinstance(task, dict) else task
    if not isinstance(name, str):
        raise UsageError(f"{place}: a task must be a name, or a mapping with 'task_name'")
    return name


def _smallest(sizes: Sequence[Any]) -> Any:
    numbers = [size for size in sizes if isinstance(size, int)]
    return min(numbers) if numbers else sizes[0]
