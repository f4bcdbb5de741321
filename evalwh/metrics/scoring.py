"""Scores fields with the metrics that need no judge; never aggregates.

Whatever a metric does, the outcome is a `Score`: a finite number, or None and the reason.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from copy import deepcopy
from decimal import Decimal
from numbers import Real
from typing import NamedTuple

from evalwh.hashing import canonical_json
from evalwh.metrics.registry import Metric, get_metric, one_line
from evalwh.records import Field, FieldSpec, Json, MetricSpec, Score

NO_TARGET = "there is no target"
NO_VALUE = "there is no value"


class PlannedMetric(NamedTuple):
    """A metric that a field is scored with, and its complete options."""

    field: str
    metric: Metric
    options: dict[str, Json]


def plan_metrics(specs: Sequence[FieldSpec]) -> list[PlannedMetric]:
    """The metrics of every field, in the order of `specs`.

    An option of a field holds for each of its metrics that knows it, unless the metric's spec
    sets it. Raises `MetricError` for an unknown metric or option: call it before a run.
    """
    return [_plan(spec, metric) for spec in specs for metric in spec.metrics]


def _plan(field: FieldSpec, spec: MetricSpec) -> PlannedMetric:
    metric = get_metric(spec.name)
    known = metric.options or {}
    shared = {name: value for name, value in field.options.items() if name in known}
    options = metric.complete({**shared, **spec.options})
    if metric.kind == "judge":
        metric.function(**options)  # what a judge can't be told so is known before it is asked
    return PlannedMetric(field.name, metric, options)


def judge_metrics(specs: Sequence[FieldSpec]) -> list[PlannedMetric]:
    """Those of `plan_metrics` that a judge must be asked for."""
    return [planned for planned in plan_metrics(specs) if planned.metric.kind == "judge"]


def unscorable(field: Field, metric: Metric) -> str | None:
    """Why `field` can't be scored by `metric`, whatever is in it; None if it can."""
    if field.value is None:
        return field.error or NO_VALUE
    return NO_TARGET if field.target is None and metric.needs_target else None


def score_cases(cases: Sequence[Sequence[Field]], specs: Sequence[FieldSpec]) -> list[list[Score]]:
    """The scores of each case's fields, by the metrics of `specs` that need no judge.

    A case's scores follow its fields, then their metrics in `specs`; a field that `specs` lack
    has none. Batch metrics are called once with all of `cases`. Raises `MetricError` only as
    `plan_metrics` does.
    """
    planned = defaultdict(list)
    for plan in plan_metrics(specs):
        if plan.metric.kind != "judge":
            planned[plan.field].append(plan)
    work = [
        [_Work(field, plan) for field in case for plan in planned[field.name]] for case in cases
    ]
    scores = iter(_score_all([item for items in work for item in items]))
    return [[next(scores) for _ in items] for items in work]


def code_running(specs: Sequence[FieldSpec]) -> list[str]:
    """The metrics of `specs` that run what a model wrote, by name."""
    planned = plan_metrics(specs)
    return sorted({plan.metric.name for plan in planned if plan.metric.runs_code})


def check_available(specs: Sequence[FieldSpec]) -> list[str]:
    """What the metrics of `specs` lack on this machine, one line each; nothing is loaded.

    Their scores would be None with that line as the error. Raises as `plan_metrics` does.
    """
    lacking = (plan.metric.missing(plan.options) for plan in plan_metrics(specs))
    return list(dict.fromkeys(line for line in lacking if line))


def checked_score(field: str, metric: Metric, number: object) -> Score:
    """`number` as a `Score`; None and the reason unless it is a finite number."""
    plain = _plain(number)
    if not isinstance(plain, Real | Decimal):
        return Score(field, metric.name, None, f"{metric.name} gave {_shown(number)}, not a number")
    try:
        score = float(plain)
    except OverflowError:
        score = math.inf
    except ValueError:  # a signalling NaN of decimal's
        score = math.nan
    if not math.isfinite(score):
        return Score(field, metric.name, None, f"{metric.name} gave {score}")
    return Score(field, metric.name, score)


def _plain(number: object) -> object:
    """A NumPy scalar, or an array without dimensions, as the Python value that it holds."""
    item = getattr(number, "item", None)
    return item() if callable(item) and getattr(number, "shape", None) == () else number


def _shown(number: object) -> str:
    try:
        return f"{number!r:.80}"
    except Exception:  # noqa: BLE001  a metric's own class may not even show itself
        return f"a {type(number).__name__}"


class _Work(NamedTuple):
    field: Field
    plan: PlannedMetric


def _score_all(work: Sequence[_Work]) -> list[Score]:
    """One score for each of `work`, in its order."""
    scores: dict[int, Score] = {}
    batches = defaultdict(list)
    for index, item in enumerate(work):
        if reason := unscorable(item.field, item.plan.metric):
            scores[index] = Score(item.field.name, item.plan.metric.name, None, reason)
        elif item.plan.metric.kind == "batch":
            batches[item.plan.metric.name, canonical_json(item.plan.options)].append(index)
        else:
            scores[index] = _score_one(*item)
    for indexes in batches.values():
        scores |= zip(indexes, _score_batch([work[index] for index in indexes]), strict=True)
    return [scores[index] for index in range(len(work))]


def _score_one(field: Field, plan: PlannedMetric) -> Score:
    try:
        number = plan.metric.function(*_own(field), **deepcopy(plan.options))
    except BaseException as error:  # noqa: BLE001  a metric is anyone's code, and may call exit()
        return Score(field.name, plan.metric.name, None, _failure(plan.metric, error))
    return checked_score(field.name, plan.metric, number)


def _own(field: Field) -> tuple[Json, Json]:
    """Value and target for a metric to keep: what it does to them is nobody else's."""
    return deepcopy(field.value), deepcopy(field.target)


def _score_batch(work: Sequence[_Work]) -> list[Score]:
    """The scores of fields that share a metric and its options."""
    metric = work[0].plan.metric
    pairs = [_own(item.field) for item in work]
    try:
        numbers = list(metric.function(pairs, **deepcopy(work[0].plan.options)))
    except BaseException as error:  # noqa: BLE001  as above
        failure = _failure(metric, error)
        return [Score(item.field.name, metric.name, None, failure) for item in work]
    if len(numbers) != len(work):
        failure = f"{metric.name} gave {len(numbers)} scores for {len(work)} fields"
        return [Score(item.field.name, metric.name, None, failure) for item in work]
    return [
        checked_score(item.field.name, metric, number)
        for item, number in zip(work, numbers, strict=True)
    ]


def _failure(metric: Metric, error: BaseException) -> str:
    text = one_line(error)
    return text if text.startswith(metric.name) else f"{metric.name}: {text}"
