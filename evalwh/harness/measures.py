"""What scores the fields of an lm-eval task: its metrics, with their aggregations and versions."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from lm_eval.api.metrics import mean
from lm_eval.api.registry import AGGREGATION_REGISTRY
from lm_eval.api.task import ConfigurableTask, Task

from evalwh.hashing import content_hash
from evalwh.records import Json

_ZERO_OR_ONE = frozenset({"acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match"})
"""lm-eval's own metrics that score 0 or 1, where no function of the task's gives them."""
_SCORING_KEYS = (
    *("output_type", "process_results", "metric_list", "filter_list"),
    *("doc_to_target", "doc_to_choice", "process_docs", "custom_dataset"),
)
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class HarnessMeasure:
    """A field's metric: a filter and a key of what the task's `process_results` gives.

    `aggregation` is lm-eval's name of what makes one figure of the docs, or the name of the
    task's own function. `is_binary`: a score is 0 or 1 by definition.
    """

    field: str
    metric: str
    aggregation: str
    scorer: dict[str, Json]
    higher_is_better: bool
    is_binary: bool


def measure_of(task: Task, field: str, metric: str, values: Sequence[Any]) -> HarnessMeasure:
    """The measure of a filter and metric; `values` are what `process_results` gave for docs."""
    aggregation = aggregation_name(aggregation_of(task, metric))
    higher_is_better = (task.higher_is_better() or {}).get(metric)
    return HarnessMeasure(
        field,
        metric,
        aggregation,
        {**_scorer(task), "aggregation": aggregation},
        higher_is_better is not False,
        higher_is_better is not False and _is_binary(task, metric, aggregation, values),
    )


def aggregation_of(task: Task, metric: str) -> Callable[[Any], Any]:
    """What makes one figure of a metric's docs; the mean where the task doesn't say."""
    aggregations: dict[str, Callable[[Any], Any]] = task.aggregation() or {}
    return aggregations.get(metric) or mean


def aggregation_name(aggregation: Callable[[Any], Any]) -> str:
    """lm-eval's name of an aggregation, else the function's own; never another's of lm-eval."""
    for name, known in AGGREGATION_REGISTRY.items():
        if known is aggregation:
            return str(name)
    own = str(getattr(aggregation, "__name__", type(aggregation).__name__))
    return f"own {own}" if own in AGGREGATION_REGISTRY else own


def _scorer(task: Task) -> dict[str, Json]:
    """What made the scores; `per` says that a score is of a doc with all of its repeats."""
    return {
        "lm_eval": version("lm-eval"),
        "task": task.task_name,
        "task_version": None if task.VERSION is None else str(task.VERSION),
        "config": scoring_hash(task),
        "per": "doc",
    }


def scoring_hash(task: Task) -> str:
    """The hash of what decides the scores in a task's config; of functions, their source."""
    config = task.dump_config()
    deciding = {key: config[key] for key in _SCORING_KEYS if key in config}
    return content_hash(_ADDRESS.sub("", repr(_described(sorted(deciding.items())))))


def _described(value: Any) -> Any:
    """`value` with the source of every function within it."""
    if isinstance(value, Mapping):
        return {key: _described(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_described(each) for each in value]
    if callable(value):
        try:
            return inspect.getsource(value)
        except (OSError, TypeError):
            return repr(value)
    return value


def _is_binary(task: Task, metric: str, aggregation: str, values: Sequence[Any]) -> bool:
    if aggregation != "mean":
        return False
    own_function = (
        callable(task.config.process_results)
        or type(task).process_results is not ConfigurableTask.process_results
    )
    if metric in _ZERO_OR_ONE and not own_function:
        return True
    return bool(values) and all(_is_flag(value) for value in values)


def _is_flag(value: Any) -> bool:
    """Whether a value is true or false, or an integer that stands for it; 1.0 is a measurement."""
    kind = type(value).__name__
    return kind in ("bool", "bool_") or (kind in ("int", "int64") and value in (0, 1))
