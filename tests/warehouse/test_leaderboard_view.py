"""leaderboard, with rows worked out by hand, and its interval against SciPy's."""

from math import sqrt

import pytest
from scipy.stats import binomtest

from tests.warehouse.given import Given, day

_COUNTS = (
    "select docs, unscored_docs, errors, mean, stderr, passed_docs, pass_rate from leaderboard"
)

_FIGURES = "select aggregation, mean, value, stderr from leaderboard"


def test_leaderboard_row_of_a_cell_with_a_null_and_a_doc_never_asked(given: Given) -> None:
    cell = given.run().docs("a", "b", "c", "d").cell(docs=5)
    given.scored(cell, {"a": [1.0], "b": [0.5], "c": [0.0], "d": [None]}).threshold(0.5)
    assert given.warehouse().read(_COUNTS).rows == [
        (3, 2, 1, 0.5, pytest.approx(0.5 / sqrt(3), abs=1e-15), 2.0, 0.4)
    ]


def test_repeats_count_by_doc_for_mean_stderr_and_pass_rate(given: Given) -> None:
    cell = given.run().docs("a", "b", "c").cell(docs=4, repeats=2)
    given.scored(cell, {"a": [1.0, 0.0], "b": [1.0, None], "c": [None, None]}).threshold(1.0)
    # Docs' means are 0.5 and 1; passing shares 1/2, 1/2, 0 and, never asked, 0.
    assert given.warehouse().read(_COUNTS).rows == [(2, 2, 3, 0.75, 0.25, 1.0, 0.25)]


def test_repeats_never_asked_for_are_not_passing(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1, repeats=4)
    given.scored(cell, {"a": [1.0]}).threshold(1.0)
    assert given.warehouse().read("select pass_rate from leaderboard").rows == [(0.25,)]


def test_single_responses_and_repeats_stand_side_by_side(given: Given) -> None:
    given.run().docs("a")
    for model, repeats in (("one", [1.0]), ("two", [1.0, 0.0])):
        cell = given.cell(docs=1, model=model, repeats=len(repeats))
        given.scored(cell, {"a": repeats})
    rows = given.warehouse().read("select model, mean from leaderboard order by model").rows
    assert rows == [("one", 1.0), ("two", 0.5)]


def test_mean_is_null_when_no_doc_is_scored(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1)
    given.scored(cell, {"a": [None]}).threshold(1.0)
    assert given.warehouse().read(_COUNTS).rows == [(0, 1, 1, None, None, None, None)]


def test_measure_that_has_scored_nothing_yet_has_a_row(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=3)
    given.scored(cell, {}).threshold(1.0)
    assert given.warehouse().read(_COUNTS).rows == [(0, 3, 0, None, None, None, None)]


def test_stderr_is_null_for_one_doc_and_zero_for_a_tie(given: Given) -> None:
    given.run().docs("a", "b")
    given.scored(given.cell(docs=1, model="one"), {"a": [0.5]})
    given.scored(given.cell(docs=2, model="tie"), {"a": [0.5], "b": [0.5]})
    rows = given.warehouse().read("select model, stderr from leaderboard order by model").rows
    assert rows == [("one", None), ("tie", 0.0)]


def test_pass_rate_is_null_without_a_threshold(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1)
    given.scored(cell, {"a": [1.0]})
    rows = given.warehouse().read(
        "select threshold, passed_docs, pass_rate, ci_low, ci_high from leaderboard"
    )
    assert rows.rows == [(None, None, None, None, None)]


def test_pass_rate_flips_where_lower_is_better(given: Given) -> None:
    cell = given.run().docs("a", "b", "c").cell(docs=3)
    given.scored(cell, {"a": [1.0], "b": [2.0], "c": [3.0]}, metric="ppl", higher_is_better=False)
    given.threshold(1.5, metric="ppl")
    assert given.warehouse().read("select passed_docs from leaderboard").rows == [(1.0,)]


def test_each_measure_says_whether_higher_is_better_even_before_its_first_score(
    given: Given,
) -> None:
    cell = given.run().docs("a").cell(docs=1)
    given.scored(cell, {"a": [0.5]}, metric="em")
    given.scored(cell, {}, metric="ppl", higher_is_better=False)
    sql = "select metric, higher_is_better, docs from leaderboard order by metric"
    assert given.warehouse().read(sql).rows == [("em", True, 1), ("ppl", False, 0)]


def test_pass_rate_is_that_of_the_threshold_as_of_a_day(given: Given) -> None:
    cell = given.run().docs("a", "b").cell(docs=2)
    given.scored(cell, {"a": [0.4], "b": [0.8]}).threshold(0.3, day=1).threshold(0.9, day=2)
    warehouse = given.warehouse()
    rates = [
        warehouse.read("select pass_rate from leaderboard", as_of=day(number)).rows[0][0]
        for number in (0, 1, 2)
    ]
    assert rates == [None, 1.0, 0.0]


@pytest.mark.parametrize(("passed", "docs"), [(0, 1), (1, 1), (0, 7), (7, 10), (10, 10), (33, 40)])
def test_interval_is_wilsons(given: Given, passed: int, docs: int) -> None:
    doc_ids = [str(number) for number in range(docs)]
    cell = given.run().docs(*doc_ids).cell(docs=docs)
    given.scored(cell, {d: [float(int(d) < passed)] for d in doc_ids}).threshold(1.0)
    interval = binomtest(passed, docs).proportion_ci(0.95, method="wilson")
    rows = given.warehouse().read("select ci_low, ci_high from leaderboard").rows
    assert rows == [pytest.approx((interval.low, interval.high), abs=1e-9)]


def test_cells_fields_and_metrics_have_rows_of_their_own(given: Given) -> None:
    given.run().docs("a")
    for prompt_id in ("p1", "p2"):
        cell = given.cell(docs=1, prompt_id=prompt_id)
        for field, metric in (("f", "em"), ("f", "rougeL"), ("g", "em")):
            given.scored(cell, {"a": [1.0]}, field=field, metric=metric)
    assert given.warehouse().read("select count(*) from leaderboard").rows == [(6,)]


def test_mean_of_the_leaderboard_is_the_mean_of_the_scores(given: Given) -> None:
    scores = {str(number): [((number * 37) % 101) / 100] for number in range(50)}
    cell = given.run().docs(*scores).cell(docs=50)
    given.scored(cell, scores)
    warehouse = given.warehouse()
    by_view = warehouse.read("select mean, docs from leaderboard").rows
    by_rows = warehouse.read("select avg(score), count(*) from scores").rows
    assert by_view == [pytest.approx(by_rows[0], abs=1e-12)]


def test_a_field_that_no_response_gave_passes_nothing_and_one_nobody_scored_is_unknown(
    given: Given,
) -> None:
    cell = given.run().docs("a", "b").cell(docs=2)
    gone = {"field": "gone", "value": None, "target": "t", "error": "no JSON"}
    said = {"field": "said", "value": "x", "target": "t", "error": None}
    for doc in ("a", "b"):
        given.case(cell, doc, fields=[gone, said])
    given.scored(cell, {"a": [None], "b": [None]}, field="gone").threshold(1.0, field="gone")
    given.scored(cell, {"a": [None], "b": [None]}, field="said").threshold(1.0, field="said")

    found = given.warehouse().read(
        "select field, docs, unscored_docs, passed_docs, pass_rate, ci_low, ci_high is null "
        "from leaderboard order by field"
    )
    assert found.rows == [
        ("gone", 0, 2, 0.0, 0.0, 0.0, False),
        ("said", 0, 2, None, None, None, True),
    ]


def test_the_figure_of_a_task_folder_is_the_mean(given: Given) -> None:
    cell = given.run().docs("a", "b").cell(docs=2)
    given.scored(cell, {"a": [1.0], "b": [0.0]}, scorer={"aggregation": "max"})
    assert given.warehouse().read(_FIGURES).rows == [("mean", 0.5, 0.5, 0.5)]


def test_the_figure_that_is_no_mean_is_lm_evals_and_leaves_the_mean_null(given: Given) -> None:
    cell = given.run().docs("a", "b").cell(docs=2)
    scores = {"a": [10.0], "b": [90.0]}
    given.itemed(cell, {}, scores=scores, aggregation="bleu", docs=2, value=30.0, stderr=1.5)
    assert given.warehouse().read(_FIGURES).rows == [("bleu", None, 30.0, 1.5)]


def test_an_aggregation_that_failed_or_was_never_made_has_no_figure(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1)
    failed = {"aggregation": "own", "docs": 1, "error": "own: ValueError", "stderr": 0.5}
    given.itemed(cell, {}, scores={"a": [1.0]}, metric="failed", **failed)
    scorer = {"lm_eval": "0", "aggregation": "bleu"}
    given.scored(cell, {"a": [12.0]}, metric="unmade", scorer=scorer)
    rows = given.warehouse().read(f"{_FIGURES} order by metric").rows
    assert rows == [("own", None, None, None), ("bleu", None, None, None)]
