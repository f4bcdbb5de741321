"""The fields and metrics that a scoring goes by: the task's as they are now, and added ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from evalwh.errors import MetricError, TaskError, UsageError, did_you_mean
from evalwh.metrics import get_metric
from evalwh.pipeline.measures import measures_of
from evalwh.pipeline.reads import StoredDataset
from evalwh.records import FieldSpec, Json, MetricSpec


def current_specs(dataset: StoredDataset) -> Sequence[FieldSpec]:
    """The fields as the task's folder has them now; as stored where the folder is gone.

    What options had from files in --data_dir they keep.
    """
    from evalwh.tasks import load_task

    root = str(dataset.origin["root"])
    if not Path(root).is_dir():
        return dataset.specs
    try:
        task = load_task(root)
    except TaskError as error:
        raise TaskError(f"{error}; mend it, or move the folder to score as stored") from error
    stored = {spec.name: spec.options for spec in dataset.specs}
    return [_with_kept(field, stored, task.settings.option_files) for field in task.fields]


def _with_kept(
    field: FieldSpec, stored: Mapping[str, Mapping[str, Json]], names: Iterable[str]
) -> FieldSpec:
    """`field` with its stored options of the `names`."""
    before = stored.get(field.name, {})
    kept = {name: before[name] for name in names if name in before}
    return replace(field, options={**kept, **field.options})


def with_added(
    specs: Sequence[FieldSpec], added: Sequence[tuple[str | None, str]]
) -> list[FieldSpec]:
    """`specs` with the metrics of `--metrics`, each by its field or for every field.

    Raises UsageError for an unknown field or metric.
    """
    names = [spec.name for spec in specs]
    for field, metric in added:
        _require_metric(metric)
        if field is not None and field not in names:
            raise UsageError(f"--metrics: unknown field '{field}'{did_you_mean(field, names)}")
    return [replace(spec, metrics=[*spec.metrics, *_new_metrics(spec, added)]) for spec in specs]


def _require_metric(name: str) -> None:
    try:
        get_metric(name)
    except MetricError as error:
        raise UsageError(f"--metrics: {error}") from None


def _new_metrics(spec: FieldSpec, added: Sequence[tuple[str | None, str]]) -> list[MetricSpec]:
    known = {metric.name for metric in spec.metrics}
    names = [metric for field, metric in added if field in (None, spec.name)]
    return [MetricSpec(name) for name in dict.fromkeys(names) if name not in known]


def check_metrics(specs: Sequence[FieldSpec]) -> None:
    """Look every metric up, so that a wrong name shows before anything is sent."""
    for spec in specs:
        try:
            measures_of([spec], None)
        except MetricError as error:
            raise MetricError(f"field '{spec.name}': {error}") from error
