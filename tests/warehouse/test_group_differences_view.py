"""group_differences: groups of lm-eval tasks in two runs, with figures worked out by hand."""

from math import sqrt

import pytest
from scipy.stats import norm

from tests.warehouse.given import Given

_PAIR = "from group_differences where run_a = 'old' and run_b = 'new'"
_FIGURES = (
    "tasks_a, tasks_b, missing_tasks_b, docs_a, docs_b, value_a, value_b, difference, ci_low, "
    "ci_high, p_value, paired, conclusion"
)


def _run(
    given: Given, run_id: str, scores: dict[str, list[float | None]], model: str = "m"
) -> Given:
    """A run of the tasks s and t, which are a group."""
    rule = {"metric": "acc", "filter_list": None, "weight_by_size": True}
    group = {
        "group": "g",
        "alias": "G",
        "tasks": ["s", "t"],
        "aggregate_metric_list": [rule],
    }
    datasets = [{"dataset": name, "origin": {"groups": [group]}} for name in "st"]
    given.run(run_id, config={"datasets": datasets})
    for dataset, values in scores.items():
        docs = [str(number) for number, _ in enumerate(values)]
        cell = given.docs(*docs, dataset=dataset).cell(
            docs=len(docs), dataset=dataset, run_id=run_id, model=model
        )
        by_doc = {doc: [value] for doc, value in zip(docs, values, strict=True)}
        given.scored(cell, by_doc, dataset=dataset, field="none", metric="acc")
    return given


def test_a_group_differs_by_its_figures_unpaired(given: Given) -> None:
    _run(given, "old", {"s": [1.0, 1.0, 0.0, 0.0], "t": [1.0, 1.0]})
    _run(given, "new", {"s": [0.0, 0.0, 0.0, 0.0], "t": [1.0, 0.0]})

    (row,) = given.warehouse().read(f"select {_FIGURES} {_PAIR}").rows

    # Variances of the tasks' means are 1/12 and 0, and 0 and 1/4.
    stderr = sqrt((3 / 12 * 4) / 4 / 6 + (1 / 4 * 2) / 4 / 6)
    low, high = (-0.5 + sign * norm.ppf(0.975) * stderr for sign in (-1, 1))
    p_value = 2 * norm.sf(0.5 / stderr)
    assert row == (
        *(2, 2, 0, 6, 6, pytest.approx(4 / 6), pytest.approx(1 / 6), -0.5),
        *(pytest.approx(low), pytest.approx(high), pytest.approx(p_value, abs=1e-6)),
        *(True, "worse"),
    )


def test_a_group_that_lost_a_task_says_so_and_a_tie_differs_in_nothing(given: Given) -> None:
    _run(given, "old", {"s": [1.0, 0.0], "t": [1.0, 0.0]})
    _run(given, "new", {"s": [1.0, 0.0], "t": [None, None]})

    columns = "tasks_a, tasks_b, missing_tasks_b, docs_a, docs_b, difference, p_value, conclusion"
    rows = given.warehouse().read(f"select {columns} {_PAIR}").rows

    assert rows == [(2, 1, 1, 4, 2, 0.0, 1.0, "no difference shown")]


def test_a_group_without_a_figure_or_an_error_has_no_interval(given: Given) -> None:
    _run(given, "old", {"s": [1.0], "t": [1.0, 0.0]})
    _run(given, "new", {"s": [None], "t": [None]})

    columns = "value_a, value_b, difference, ci_low, p_value, conclusion"
    rows = given.warehouse().read(f"select {columns} {_PAIR}").rows

    assert rows == [(pytest.approx(2 / 3), None, None, None, None, None)]


def test_only_models_of_one_name_are_partners_where_a_run_has_several(given: Given) -> None:
    for run_id in ("old", "new"):
        for model in ("m", "n"):
            _run(given, run_id, {"s": [1.0, 0.0]}, model)

    rows = given.warehouse().read(f"select model_a, model_b {_PAIR} and paired order by all").rows

    assert rows == [("m", "m"), ("n", "n")]


def test_group_differences_are_empty_for_runs_without_groups(given: Given) -> None:
    given.scored(given.run().docs("a").cell(docs=1), {"a": [1.0]})

    assert given.warehouse().read("select * from group_differences").rows == []
