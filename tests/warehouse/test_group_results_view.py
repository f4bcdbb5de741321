"""group_results: groups of lm-eval tasks, with figures worked out by hand."""

from math import sqrt
from typing import Any

import pytest

from tests.warehouse.given import Given

_FIGURES = (
    "select group_name, field, metric, tasks, missing_tasks, docs, value, stderr from group_results"
    " order by all"
)


def _group(*tasks: str, **changes: Any) -> dict[str, Any]:
    rule = {"metric": "acc", "filter_list": None, "aggregation": "mean", "weight_by_size": True}
    rules = changes.pop("rules", [{}])
    return {
        "group": "g",
        "alias": "G",
        "version": "N/A",
        "members": list(tasks),
        "tasks": list(tasks),
        "aggregate_metric_list": [{**rule, **each} for each in rules],
        **changes,
    }


def _run(given: Given, *groups: dict[str, Any], datasets: tuple[str, ...] = ("s", "t")) -> Given:
    """A run of tasks that are all in all of `groups`."""
    stored = [{"dataset": name, "origin": {"groups": list(groups)}} for name in datasets]
    return given.run(config={"datasets": stored})


def _scored(given: Given, dataset: str, scores: list[float | None], **options: Any) -> None:
    docs = [str(number) for number, _ in enumerate(scores)]
    given.docs(*docs, dataset=dataset)
    cell = given.cell(docs=len(docs), dataset=dataset)
    by_doc = {doc: [score] for doc, score in zip(docs, scores, strict=True)}
    field = options.pop("field", "none")
    given.scored(cell, by_doc, dataset=dataset, field=field, metric="acc", **options)


def test_group_weighs_its_tasks_by_their_docs(given: Given) -> None:
    _run(given, _group("s", "t"))
    _scored(given, "s", [1.0, 1.0, 0.0, 0.0])
    _scored(given, "t", [1.0, 1.0])
    # Variances of the means are 1/12 and 0: (3 * 1/12 * 4 + 0) / (6 - 2) / 6.
    stderr = pytest.approx(sqrt(1 / 24))
    assert given.warehouse().read(_FIGURES).rows == [
        ("g", "none", "acc", 2, 0, 6, pytest.approx(4 / 6), stderr)
    ]


def test_group_without_weights_takes_the_mean_of_its_tasks(given: Given) -> None:
    _run(given, _group("s", "t", rules=[{"weight_by_size": False}]))
    _scored(given, "s", [1.0, 1.0, 0.0, 0.0])
    _scored(given, "t", [1.0, 1.0])
    stderr = pytest.approx(sqrt(1 / 12) / 2)
    assert given.warehouse().read(_FIGURES).rows == [("g", "none", "acc", 2, 0, 6, 0.75, stderr)]


def test_group_says_which_tasks_have_no_figure(given: Given) -> None:
    _run(given, _group("s", "t", "u"))
    _scored(given, "s", [1.0, 0.0])
    _scored(given, "t", [None, None])
    assert given.warehouse().read(_FIGURES).rows == [
        ("g", "none", "acc", 1, 2, 2, 0.5, pytest.approx(0.5))
    ]


def test_group_counts_the_docs_that_its_tasks_left_out(given: Given) -> None:
    _run(given, _group("s", "t"))
    _scored(given, "s", [1.0, None, None])
    _scored(given, "t", [1.0, 0.0])
    rows = given.warehouse().read("select docs, unscored_docs from group_results").rows
    assert rows == [(3, 2)]


def test_group_has_no_figure_where_no_task_has_one(given: Given) -> None:
    _run(given, _group("s"))
    _scored(given, "s", [None])
    assert given.warehouse().read(_FIGURES).rows == [("g", "none", "acc", 0, 1, 0, None, None)]


def test_group_has_no_stderr_where_a_task_has_none(given: Given) -> None:
    _run(given, _group("s", "t"))
    _scored(given, "s", [1.0, 0.0])
    _scored(given, "t", [1.0])
    assert given.warehouse().read(_FIGURES).rows == [
        ("g", "none", "acc", 2, 0, 3, pytest.approx(2 / 3), None)
    ]


def test_group_aggregates_the_filters_it_names_and_the_last_rule_of_two(given: Given) -> None:
    rules = [{"filter_list": ["strict"]}, {"filter_list": ["strict"], "weight_by_size": False}]
    _run(given, _group("s", "t", rules=rules))
    for field in ("strict", "flexible"):
        _scored(given, "s", [1.0, 0.0, 0.0, 0.0], field=field)
        _scored(given, "t", [1.0, 1.0], field=field)
    rows = given.warehouse().read("select field, value, weight_by_size from group_results").rows
    assert rows == [("strict", 0.625, False)]


def test_nested_groups_each_take_all_tasks_below_them(given: Given) -> None:
    outer = _group("s", "t", group="outer", alias="Outer")
    inner = _group("t", group="inner", alias="Inner")
    _run(given, outer, inner)
    _scored(given, "s", [0.0, 0.0])
    _scored(given, "t", [1.0, 1.0])
    rows = given.warehouse().read(
        "select group_name, alias, docs, value, stderr from group_results order by all"
    )
    assert rows.rows == [("inner", "Inner", 2, 1.0, 0.0), ("outer", "Outer", 4, 0.5, 0.0)]


def test_group_that_only_lists_tasks_has_no_row(given: Given) -> None:
    _run(given, _group("s", aggregate_metric_list=None))
    _scored(given, "s", [1.0, 0.0])
    assert given.warehouse().read(_FIGURES).rows == []


def test_group_results_are_empty_for_runs_without_groups(given: Given) -> None:
    _scored(given.run(), "s", [1.0, 0.0])
    assert given.warehouse().read(_FIGURES).rows == []
