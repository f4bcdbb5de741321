"""Which metrics there are: ours, those of entry points and those of plugin files.

A metric is a function. What runs it is in `scoring`; what asks a judge is in `judge`.
"""

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, get_args, get_origin

from evalwh import __version__
from evalwh.errors import EvalwhError, MetricError, did_you_mean
from evalwh.hashing import content_hash
from evalwh.records import Json
from evalwh.secrets import redact, split_secrets

Kind = Literal["doc", "batch", "judge"]
Scorer: TypeAlias = Callable[[Mapping[str, Json]], dict[str, Json]]
AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])

ENTRY_POINTS = "evalwh.metrics"
BUILTIN_MODULES = (
    *("em", "rouge_l", "meteor", "cosine", "judge"),
    *("math_equal", "choice", "code_passes", "mt_bench"),
)


class Option(NamedTuple):
    """A metric's option: its default, and the values it can have, if they are few."""

    default: Json
    choices: Sequence[Json] = ()

    def problem(self, value: Json) -> str | None:
        """Why `value` can't be this option's; None if it can."""
        if self.choices and value not in self.choices:
            return f"is one of {', '.join(map(repr, self.choices))}, not {value!r}"
        if isinstance(self.default, bool) and not isinstance(value, bool):
            return f"is true or false, not {value!r}"
        if isinstance(self.default, str) and not isinstance(value, str):
            return f"is a string, not {value!r}"
        return None


@dataclass(frozen=True, slots=True)
class Metric:
    """A registered metric.

    `function` is, by `kind`: "doc": `(value, target, **options) -> float`; "batch":
    `(pairs, **options) -> list[float]`, one per `(value, target)`; "judge":
    `(**options) -> Judging`.
    `options` are the function's keyword parameters; None takes any.
    `made_by` gives what else made a score with given options (tokenizer, model, library);
    `missing` the line that says which package they need and lack. `runs_code`: it runs what a
    model wrote. `needs_target`: a field without a target can't be scored.
    """

    name: str
    higher_is_better: bool
    binary: bool
    kind: Kind
    function: Callable[..., Any]
    options: Mapping[str, Option] | None
    made_by: Scorer
    missing: Callable[[Mapping[str, Json]], str | None]
    runs_code: bool = False
    needs_target: bool = True

    def complete(self, options: Mapping[str, Json]) -> dict[str, Json]:
        """`options` with the defaults of those left out. Raises `MetricError`."""
        if self.options is None:
            return dict(options)
        for name, value in options.items():
            self._check_option(name, value)
        return {**{name: option.default for name, option in self.options.items()}, **options}

    def scorer(
        self, options: Mapping[str, Json] | None = None, *, judge: str | None = None
    ) -> dict[str, Json]:
        """What makes a score of this metric with `options`, and which model judges it.

        Holds no secret. Raises `MetricError` as `complete` does.
        """
        completed = self.complete(options or {})
        made_by = self.made_by(completed)
        judged = {"judge": judge} if self.kind == "judge" else {}
        return {
            "evalwh": __version__,
            "options": split_secrets(completed).public,
            **made_by,
            **judged,
        }

    def _check_option(self, name: str, value: Json) -> None:
        known = self.options or {}
        if name not in known:
            hint = did_you_mean(name, known) or "; it has none"
            raise MetricError(f"{self.name}: unknown option '{name}'{hint}")
        if problem := known[name].problem(value):
            raise MetricError(f"{self.name}: option '{name}' {problem}")


_registered: dict[str, Metric] = {}


def register_metric(
    name: str,
    *,
    higher_is_better: bool = True,
    binary: bool = False,
    kind: Kind = "doc",
    scorer: Scorer | None = None,
    missing: Callable[[Mapping[str, Json]], str | None] | None = None,
    runs_code: bool = False,
    needs_target: bool = True,
) -> Callable[[AnyFunction], AnyFunction]:
    """Registers the decorated function as the metric `name`; see `Metric` for its signature.

        @register_metric("length_ratio")
        def length_ratio(value: str, target: str) -> float:
            return min(len(value), len(target)) / max(len(value), len(target), 1)

    `binary` says that scores are 0 or 1. `scorer` takes the options and gives what made a
    score; by default that is the function's module and the hash of its source. `missing` takes
    the options and gives one line if a package isn't there. `runs_code` says that it runs what
    a model wrote, so that a user must confirm it; `needs_target=False` that a field without a
    target is scored too. Raises `MetricError` if another function has the name.
    """

    def register(function: AnyFunction) -> AnyFunction:
        known = _registered.get(name)
        if known and _origin(known.function) != _origin(function):
            raise MetricError(f"metric '{name}' is already registered by {_origin(known.function)}")
        _registered[name] = Metric(
            name,
            higher_is_better=higher_is_better,
            binary=binary,
            kind=kind,
            function=function,
            options=_options_of(function),
            made_by=scorer or _source_of(function),
            missing=missing or _nothing,
            runs_code=runs_code,
            needs_target=needs_target,
        )
        return function

    return register


def get_metric(name: str) -> Metric:
    """The metric `name`. Raises `MetricError`, with the nearest name, if there is none."""
    _load_builtins()
    if name not in _registered:
        _load_entry_points()
    if name not in _registered:
        raise MetricError(f"unknown metric '{name}'{did_you_mean(name, _registered)}")
    return _registered[name]


def known_metrics() -> list[Metric]:
    """Every metric, by name."""
    _load_builtins()
    _load_entry_points()
    return [_registered[name] for name in sorted(_registered)]


def load_plugins(path: Path) -> None:
    """Registers the metrics of a Python file, or of a folder's files that register any.

    A file is run once, however often it is named. Raises `MetricError` if it can't be.
    """
    try:
        files = _plugins_in(path) if path.is_dir() else [path] if path.is_file() else None
    except OSError as error:
        raise MetricError(f"{error.filename}: can't be read: {error.strerror}") from error
    if files is None:
        raise MetricError(f"{path}: no such file or folder to load metrics from")
    for file in files:
        _load_file(file)


def _plugins_in(folder: Path) -> list[Path]:
    files = (file for file in sorted(folder.iterdir()) if file.suffix == ".py")
    return [file for file in files if "register_metric" in file.read_text("utf-8", "replace")]


def _load_file(path: Path) -> None:
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    name = f"evalwh_plugin_{path.stem}_{digest}"
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise MetricError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise MetricError(f"{path}: {one_line(error)}") from error


@cache
def _load_builtins() -> None:
    for module in BUILTIN_MODULES:
        importlib.import_module(f"evalwh.metrics.{module}")


@cache
def _load_entry_points() -> None:
    from importlib.metadata import entry_points

    for entry_point in entry_points(group=ENTRY_POINTS):
        try:
            entry_point.load()
        except Exception as error:  # another package's code: whatever it raises is its own fault
            raise MetricError(f"entry point {entry_point.value}: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """`Type: message` of an exception, on one line of at most 300 characters, no secrets."""
    text = redact(" ".join(_said(error).split()))
    if isinstance(error, EvalwhError):
        return text[:300]
    return f"{type(error).__name__}: {text}"[:300].rstrip(": ")


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  a metric's own exception may not even show itself
        return ""


def _origin(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def _options_of(function: Callable[..., Any]) -> Mapping[str, Option] | None:
    """The keyword parameters that follow `value, target` (or `pairs`)."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return {
        parameter.name: Option(parameter.default, _choices(parameter.annotation))
        for parameter in parameters
        if parameter.default is not parameter.empty
    }


def _choices(annotation: object) -> Sequence[Json]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _source_of(function: Callable[..., Any]) -> Scorer:
    def scorer(_options: Mapping[str, Json]) -> dict[str, Json]:
        try:
            source = inspect.getsource(function)
        except (OSError, TypeError):
            return {"function": _origin(function)}
        return {"function": _origin(function), "source_hash": content_hash(source)}

    return scorer


def _nothing(_options: Mapping[str, Json]) -> None:
    """No package is missing."""
