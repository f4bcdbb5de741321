"""The part of lm-eval's own tasks and groups in a results file: keys and figures as lm-eval has."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from evalwh.export.lm_eval_about import given_gen_kwargs
from evalwh.warehouse import Warehouse

Row = Mapping[str, Any]
_CONFIG = "select config from runs where run_id = $run"
_CELLS = """
select model, dataset, split, docs, repeats from cells
where run_id = $run order by model, dataset, split
"""
_AGGREGATES = """
select columns(* exclude (run_id))
from aggregates
where run_id = $run and scored_by = 'lm-eval'
order by model, dataset, field, metric
"""
_GROUPS = """
select columns(* exclude (run_id)) from group_results where run_id = $run
order by model, group_name, field, metric
"""
_UNKNOWN = "N/A"


@dataclass(frozen=True, slots=True)
class HarnessResults:
    """What a run has of lm-eval's tasks; `origins` are how each is stored with it, by dataset.

    `config` is the run's.
    """

    origins: Mapping[str, Row]
    cells: Sequence[Row]
    aggregates: Sequence[Row]
    groups: Sequence[Row]
    config: Row

    def name(self, task: str, row: Row) -> str:
        """A task's or group's name; in a run of several models with the model."""
        train = ":train" if row.get("split") == "train" else ""
        several = len({cell["model"] for cell in self.cells}) > 1
        return f"{task}{train}:{row['model']}" if several else f"{task}{train}"


def read_harness(warehouse: Warehouse, run_id: str) -> HarnessResults:
    """What a run has of lm-eval's tasks; nothing where it has none."""
    config = orjson.loads(warehouse.read(_CONFIG, {"run": run_id}).rows[0][0])
    origins = {
        each["dataset"]: each["origin"]
        for each in config.get("datasets", ())
        if each.get("kind") == "harness"
    }
    if not origins:
        return HarnessResults({}, (), (), (), config)
    cells = warehouse.read(_CELLS, {"run": run_id}).dicts()
    return HarnessResults(
        origins,
        [cell for cell in cells if cell["dataset"] in origins],
        warehouse.read(_AGGREGATES, {"run": run_id}).dicts(),
        warehouse.read(_GROUPS, {"run": run_id}).dicts(),
        config,
    )


def original_docs(config: Row, cell: Row) -> int | None:
    """Docs of the split that a cell asks, with those that a limit left out; None if unknown."""
    for each in config.get("datasets", ()):
        if each["dataset"] == cell["dataset"] and cell["split"] in each.get("split_docs", ()):
            docs: int | None = each["split_docs"][cell["split"]]
            return docs
    return cell["docs"] if config.get("limit") is None else None


def with_harness(
    others: Mapping[str, Mapping[str, Any]], harness: HarnessResults
) -> dict[str, dict[str, Any]]:
    """What lm-eval keeps by the task's name: that of `others`, its own tasks' and groups'."""
    merged: dict[str, dict[str, Any]] = {key: dict(each) for key, each in others.items()}
    for cell in harness.cells:
        for key, value in _of_task(harness, cell).items():
            merged.setdefault(key, {})[harness.name(cell["dataset"], cell)] = value
    for group, model in _groups_of(harness):
        for key, value in _of_group(harness, group, model, merged).items():
            merged.setdefault(key, {})[harness.name(group["group"], {"model": model})] = value
    return merged


def _of_task(harness: HarnessResults, cell: Row) -> dict[str, Any]:
    origin = harness.origins[cell["dataset"]]
    config = origin.get("config") or {}
    rows = [
        row
        for row in harness.aggregates
        if all(row[name] == cell[name] for name in ("model", "dataset", "split"))
    ]
    docs = max((row["docs"] for row in rows), default=0)
    return {
        "results": {
            "name": cell["dataset"],
            "alias": config.get("task_alias", cell["dataset"]),
            "sample_len": docs,
            **_figures(rows),
        },
        "configs": _as_asked(config, cell, harness.config),
        "versions": _version(config),
        "n-shot": config.get("num_fewshot") or 0,
        "higher_is_better": {row["metric"]: row["higher_is_better"] for row in rows},
        "n-samples": {
            "original": original_docs(harness.config, cell),
            "effective": docs,
        },
    }


def _as_asked(config: Row, cell: Row, run: Row) -> dict[str, Any]:
    """A task's config with what the run said instead of it, as lm-eval writes it down."""
    asked = {**config, "repeats": cell["repeats"]}
    given = given_gen_kwargs(run)
    if given and config.get("output_type") == "generate_until":
        asked["generation_kwargs"] = {**(config.get("generation_kwargs") or {}), **given}
    return asked


def _of_group(
    harness: HarnessResults, group: Row, model: str, merged: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """What is kept of a group; its members are in `merged` already."""
    rows = [
        row
        for row in harness.groups
        if row["group_name"] == group["group"] and row["model"] == model
    ]
    members = [harness.name(member, {"model": model}) for member in group["members"]]
    figures: dict[str, Any] = {"alias": group["alias"], "name": group["group"]}
    if group["aggregate_metric_list"]:
        figures["sample_len"] = sum(
            merged["results"][name]["sample_len"]
            for task in group["tasks"]
            if (name := harness.name(task, {"model": model})) in merged.get("results", {})
        )
        figures.update(_figures(rows))
        counts = {f"{row['metric']},{row['field']}": row["docs"] for row in rows}
        figures.update({"sample_count": counts} if counts else {})
    shots = {merged["n-shot"][name] for name in members if name in merged.get("n-shot", {})}
    return {
        "results": figures,
        **({"groups": figures} if group["aggregate_metric_list"] else {}),
        "group_subtasks": members,
        "versions": group["version"],
        **({"n-shot": shots.pop()} if len(shots) == 1 else {}),
        "higher_is_better": _agreed(merged.get("higher_is_better", {}), members),
    }


def _figures(rows: Sequence[Row]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for row in rows:
        figures[f"{row['metric']},{row['field']}"] = row["value"]
        stderr = _UNKNOWN if row["stderr"] is None else row["stderr"]
        figures[f"{row['metric']}_stderr,{row['field']}"] = stderr
    return figures


def _groups_of(harness: HarnessResults) -> list[tuple[Row, str]]:
    """Every group for every model, those within another before it."""
    groups: dict[str, Row] = {}
    for origin in harness.origins.values():
        for group in reversed(origin.get("groups") or ()):
            groups.setdefault(group["group"], group)
    models = dict.fromkeys(cell["model"] for cell in harness.cells)
    inner_first = sorted(groups.values(), key=lambda group: _depth(group, groups))
    return [(group, model) for model in models for group in inner_first]


def _depth(group: Row, groups: Mapping[str, Row]) -> int:
    """How many groups lie within each other below `group`."""
    below = [_depth(groups[name], groups) for name in group["members"] if name in groups]
    return 1 + max(below, default=0)


def _agreed(known: Mapping[str, Mapping[str, Any]], members: Sequence[str]) -> dict[str, Any]:
    """Whether higher is better by metric; None where the members don't agree."""
    said: dict[str, set[Any]] = defaultdict(set)
    for name in members:
        for metric, higher_is_better in known.get(name, {}).items():
            said[metric].add(higher_is_better)
    return {metric: each.pop() if len(each) == 1 else None for metric, each in said.items()}


def _version(config: Row) -> Any:
    metadata = config.get("metadata")
    version = metadata.get("version") if isinstance(metadata, Mapping) else None
    return "Yaml" if version is None else version
