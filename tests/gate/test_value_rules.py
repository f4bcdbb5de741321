"""Rules on figures: means, what lm-eval makes of a task's docs, and groups of its tasks."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from evalwh.gate.markdown import as_markdown
from evalwh.warehouse import Warehouse
from tests.gate.conftest import Gate, Judge
from tests.warehouse.given import Given

Scores = Mapping[str, Sequence[float | None]]
_OWN: Scores = {"a": [90.0], "b": [70.0]}
"""Docs' own BLEU: their mean is nobody's figure."""


def _run(given: Given, run_id: str = "new", groups: Sequence[Mapping[str, Any]] = ()) -> None:
    datasets = [{"dataset": name, "origin": {"groups": groups}} for name in "dst"]
    given.run(run_id, config={"datasets": datasets}).event("finished", run_id=run_id)


def _aggregated(given: Given, run_id: str = "new", **made: Any) -> Warehouse:
    """A run of two docs with BLEU, unless `made` says otherwise."""
    _run(given, run_id)
    cell = given.docs("a", "b").cell(run_id=run_id, docs=2)
    options = {"aggregation": "bleu", "metric": "bleu", "scores": _OWN, "docs": 2, **made}
    given.itemed(cell, {}, **options)
    return given.warehouse()


def _grouped(
    given: Given, run_id: str, scores: Mapping[str, list[float | None]], **scored: Any
) -> None:
    """A run of the tasks s and t, the group g with the accuracies of both."""
    rule = {"metric": "acc", "filter_list": None, "weight_by_size": True}
    group = {"group": "g", "alias": "G", "tasks": ["s", "t"], "aggregate_metric_list": [rule]}
    _run(given, run_id, [group, {"group": "listed", "tasks": ["s"]}])
    for dataset, values in scores.items():
        docs = [f"d{at:02}" for at, _ in enumerate(values)]
        cell = given.docs(*docs, dataset=dataset).cell(
            docs=len(docs), dataset=dataset, run_id=run_id
        )
        by_doc = {doc: [value] for doc, value in zip(docs, values, strict=True)}
        options = {"field": "none", "metric": "acc", "dataset": dataset, **scored}
        given.scored(cell, by_doc, **options)


def test_a_mean_must_reach_the_demand_and_its_docs_have_scores(given: Given, judge: Judge) -> None:
    _run(given)
    cell = given.docs("a", "b", "c").cell(run_id="new", docs=3)
    given.scored(cell, {"a": [0.5], "b": [0.75], "c": [None]})
    warehouse = given.warehouse()
    found = "response em: 0.625, 2 of 3 docs scored"
    missing = f"{found}; docs have no score: max_missing allows some"
    assert [
        judge(warehouse, "value: 0.625, max_missing: 1"),
        judge(warehouse, "value: 0.7, max_missing: 1"),
        judge(warehouse, "value: 0.6"),
    ] == [
        (True, "0.625, 2 of 3 docs scored", []),
        (False, found, [found]),
        (False, missing, [missing]),
    ]


def test_a_figure_must_stay_below_the_demand_where_lower_is_better(
    given: Given, judge: Judge
) -> None:
    made = {"aggregation": "weighted_perplexity", "value": 12.0, "higher_is_better": False}
    warehouse = _aggregated(given, **made)
    found = "none bleu: 12.000, 2 of 2 docs scored; lower is better"
    assert [judge(warehouse, "value: 12"), judge(warehouse, "value: 11.9")] == [
        (True, "12.000, 2 of 2 docs scored; lower is better", []),
        (False, found, [found]),
    ]


def test_a_figure_that_is_no_mean_is_lm_evals(given: Given, judge: Judge) -> None:
    warehouse = _aggregated(given, value=30.0)
    found = "none bleu: 30.000, 2 of 2 docs scored"
    assert [
        judge(warehouse, "value: 30, dataset: d, field: none, metric: bleu"),
        judge(warehouse, "value: 31"),
    ] == [(True, "30.000, 2 of 2 docs scored", []), (False, found, [found])]


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ({"error": "own: ValueError: no"}, "2 of 2 docs scored; no figure: own: ValueError: no"),
        ({"docs": 0, "scores": {}}, "0 of 2 docs scored; no doc has a score"),
    ],
)
def test_a_figure_that_was_not_made_fails_whatever_is_demanded(
    given: Given, judge: Judge, made: dict[str, Any], found: str
) -> None:
    assert judge(_aggregated(given, **made), "value: -1")[:2] == (False, f"none bleu: {found}")


def test_an_aggregation_that_failed_is_missing(given: Given, judge: Judge) -> None:
    warehouse = _aggregated(given, error="own: ValueError")
    assert judge(warehouse, "nothing_missing: true")[:2] == (
        False,
        "none bleu: no figure: bleu failed",
    )


def test_a_group_must_reach_the_demand(given: Given, judge: Judge) -> None:
    _grouped(given, "new", {"s": [1.0, 1.0, 0.0, 0.0], "t": [1.0, 0.0]})
    warehouse = given.warehouse()
    found = "0.500, 2 of 2 tasks, 6 of 6 docs scored"
    assert [
        judge(warehouse, "value: 0.5, group: g"),
        judge(warehouse, "value: 0.6, group: g, metric: acc, field: none, model: m"),
    ] == [(True, found, []), (False, f"g · none acc: {found}", [f"g · none acc: {found}"])]


def test_a_group_that_lacks_a_task_or_a_doc_fails_unless_allowed(
    given: Given, judge: Judge
) -> None:
    _grouped(given, "new", {"s": [1.0, None], "t": [None, None]})
    warehouse = given.warehouse()
    found = "g · none acc: 1.000, 1 of 2 tasks, 1 of 2 docs scored"
    assert [
        judge(warehouse, "value: 0.5, group: g")[:2],
        judge(warehouse, "value: 0.5, group: g, max_missing_tasks: 1")[:2],
        judge(warehouse, "value: 0.5, group: g, max_missing_tasks: 1, max_missing: 1")[0],
    ] == [
        (False, f"{found}; tasks have no figure: max_missing_tasks allows some"),
        (False, f"{found}; docs have no score: max_missing allows some"),
        True,
    ]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("value: 0, group: G", "the run has no group 'G'; there is g"),
        ("value: 0, group: listed", "the run has no group 'listed'; there is g"),
        ("value: 0, group: g, metric: f1", "the run has no metric 'f1'; there is acc"),
    ],
)
def test_a_group_that_there_is_not_fails(given: Given, judge: Judge, rule: str, found: str) -> None:
    _grouped(given, "new", {"s": [1.0], "t": [1.0]})
    assert judge(given.warehouse(), rule) == (False, found, [])


def test_a_run_without_groups_fails_a_rule_for_one(given: Given, judge: Judge) -> None:
    assert judge(_aggregated(given, value=1.0), "value: 0, group: g") == (
        False,
        "the run has no group 'g'",
        [],
    )


def test_tasks_that_disagree_which_way_is_better_have_no_verdict(
    given: Given, judge: Judge
) -> None:
    _grouped(given, "new", {"s": [1.0]})
    cell = given.docs("d00", dataset="t").cell(run_id="new", docs=1, dataset="t")
    downward = {"scorer": {"up": False}, "higher_is_better": False}
    given.scored(cell, {"d00": [1.0]}, dataset="t", field="none", metric="acc", **downward)
    found = judge(given.warehouse(), "value: 0, group: g")[1]
    assert found.partition("; ")[2] == "its tasks don't agree whether higher is better"


def _two(given: Given, old: Mapping[str, Any], new: Mapping[str, Any]) -> Warehouse:
    """Two runs whose docs have the same scores of their own."""
    _aggregated(given, "old", **old)
    return _aggregated(given, "new", **new)


def test_a_drop_is_that_of_lm_evals_figure(given: Given, judge: Judge) -> None:
    warehouse = _two(given, {"value": 30.0}, {"value": 29.5})
    found = "30.000 → 29.500, 2 docs compared"
    assert [
        judge(warehouse, "max_drop: 0.5, metric: bleu", "old"),
        judge(warehouse, "max_drop: 0.4", "old")[:2],
    ] == [(True, found, []), (False, f"none bleu: {found}; dropped too far")]


def test_a_rise_is_a_drop_where_lower_is_better(given: Given, judge: Judge) -> None:
    downward = {"aggregation": "weighted_perplexity", "higher_is_better": False}
    warehouse = _two(given, {**downward, "value": 12.0}, {**downward, "value": 12.3})
    assert [judge(warehouse, f"max_drop: {most}", "old")[0] for most in (0.2, 0.3)] == [
        False,
        True,
    ]


def test_a_figure_with_a_standard_error_is_tested_unpaired(
    given: Given, judge: Judge, gate: Gate
) -> None:
    _aggregated(given, "old", value=30.0, stderr=1.0)
    _aggregated(given, "worse", value=20.0, stderr=1.0)
    warehouse = _aggregated(given, "new", value=29.0, stderr=1.0)
    assert [
        judge(warehouse, "no_regression: true", "old")[:2],
        judge(warehouse, "no_regression: true", "worse")[0],
        gate(warehouse, "  - no_regression: true\n", "worse", baseline="old").outcomes[0].found,
    ] == [
        (True, "30.000 → 29.000, 2 docs compared, unpaired, p 0.48"),
        True,
        "none bleu: 30.000 → 20.000, 2 docs compared, unpaired, p 1.5e-12; worse",
    ]


def test_a_figure_that_cannot_be_tested_may_not_drop_unless_a_drop_is_allowed(
    given: Given, judge: Judge
) -> None:
    warehouse = _two(given, {"value": 30.0}, {"value": 29.9})
    said = "worse, and can't be tested: allow a drop with max_drop"
    assert [
        judge(warehouse, "no_regression: true", "old")[:2],
        judge(warehouse, "no_regression: true, max_drop: 1", "old")[0],
    ] == [(False, f"none bleu: 30.000 → 29.900, 2 docs compared; {said}"), True]


def test_a_figure_that_is_gone_is_a_regression_and_one_that_never_was_is_not_known(
    given: Given, judge: Judge
) -> None:
    _two(given, {"value": 30.0}, {"error": "bleu: E"})
    given.path = given.path.with_name("other.duckdb")
    other = _two(given, {"error": "bleu: E"}, {"value": 30.0})
    first = Warehouse(given.path.with_name("evalwh.duckdb"))
    assert [judge(db, "max_drop: 99", "old")[1] for db in (first, other)] == [
        "none bleu: 2 docs compared; has no figure any more",
        "none bleu: 2 docs compared; the baseline has no figure",
    ]


def test_a_group_is_held_against_the_baselines(given: Given, judge: Judge) -> None:
    _grouped(given, "old", {"s": [1.0] * 9 + [0.0], "t": [1.0] * 9 + [0.0]})
    _grouped(given, "new", {"s": [0.0] * 9 + [1.0], "t": [0.0] * 9 + [1.0]})
    warehouse = given.warehouse()
    found = "0.900 → 0.100, 20 docs compared, unpaired"
    assert [
        judge(warehouse, "max_drop: 0.8, group: g", "old")[:2],
        judge(warehouse, "max_drop: 0.7, group: g", "old")[:2],
        judge(warehouse, "no_regression: true, group: g", "old")[0],
        judge(warehouse, "no_regression: true, group: g", "new")[:2],
    ] == [
        (True, f"{found}, p 1.2e-15"),
        (False, f"g · none acc: {found}, p 1.2e-15; dropped too far"),
        False,
        (True, "0.100 → 0.100, 20 docs compared"),
    ]


def test_a_group_that_lost_a_task_fails_unless_allowed(given: Given, judge: Judge) -> None:
    _grouped(given, "old", {"s": [1.0, 0.0], "t": [1.0, 0.0]})
    _grouped(given, "new", {"s": [1.0, 0.0], "t": [None, None]})
    warehouse = given.warehouse()
    allowed = "max_missing_tasks: 1, max_missing: 2"
    assert [
        judge(warehouse, "no_regression: true, group: g", "old")[1].partition("; ")[2],
        judge(warehouse, f"no_regression: true, group: g, {allowed}", "old")[0],
    ] == ["tasks have lost their figure", True]


def test_a_group_that_the_run_has_no_more_fails(given: Given, judge: Judge) -> None:
    _grouped(given, "old", {"s": [1.0, 0.0], "t": [1.0, 0.0]})
    _grouped(given, "new", {"s": [1.0, 0.0], "t": [1.0, 0.0]}, metric="f1")
    given.scored(given.cell(run_id="new", docs=2, dataset="d"), {}, field="none", metric="acc")
    assert judge(given.warehouse(), "max_drop: 1, group: g", "old")[1] == (
        "g · none acc: 4 scored docs; the baseline has it, the run has not"
    )


def test_a_report_has_the_figures_and_groups(given: Given, gate: Gate) -> None:
    _grouped(given, "old", {"s": [1.0, 0.0], "t": [1.0, 0.0]})
    _grouped(given, "new", {"s": [1.0, 1.0], "t": [1.0, 0.0]})
    asked = {"baseline": "old", "with_changes": True}
    page = as_markdown(gate(given.warehouse(), "  - {value: 0.7, group: g}\n", **asked))
    assert (
        "| ✅ | <code>value at least as good as 0&#46;700 (group g)</code> |" in page,
        "| <code>g · none acc</code> | 0.500 | 0.750 |  |  |  | no difference shown |" in page,
    ) == (True, True)
