"""aggregates: lm-eval's aggregations over scores and items, with figures worked out by hand."""

from math import exp, log, sqrt

import pytest

from tests.warehouse.given import Given

_FIGURES = "select aggregation, docs, unscored_docs, value, stderr, error from aggregates"


def test_metric_of_a_task_folder_has_the_leaderboards_mean_and_stderr(given: Given) -> None:
    cell = given.run().docs("a", "b", "c").cell(docs=4)
    given.scored(cell, {"a": [1.0], "b": [0.0], "c": [None]})
    rows = given.warehouse().read(_FIGURES).rows
    assert rows == [("mean", 2, 2, 0.5, pytest.approx(0.5), None)]


def test_scores_of_docs_with_all_their_repeats_count_each_doc_once(given: Given) -> None:
    cell = given.run().docs("a", "b").cell(docs=2, repeats=3)
    given.scored(cell, {"a": [1.0], "b": [0.0]}, scorer={"per": "doc"}).threshold(1.0)
    rows = given.warehouse().read("select pass_rate from leaderboard").rows
    assert (rows, given.warehouse().read("select pass_rate from doc_pass_rates").rows) == (
        [(0.5,)],
        [(0.5,)],
    )


def test_perplexities_are_made_of_the_items(given: Given) -> None:
    given.run().docs("a", "b")
    for metric, aggregation, items in (
        ("ppl", "perplexity", {"a": -1.0, "b": -2.0}),
        ("word_ppl", "weighted_perplexity", {"a": [-4.0, 2], "b": [-2.0, 4]}),
        ("bits", "bits_per_byte", {"a": [-4.0, 2], "b": [-2.0, 4]}),
    ):
        cell = given.cell(docs=2, dataset=metric)
        given.docs("a", "b", dataset=metric)
        given.itemed(
            cell, items, aggregation=aggregation, docs=2, metric=metric, dataset=metric, stderr=0.25
        )
    rows = given.warehouse().read("select metric, value, stderr from aggregates").rows
    assert sorted(rows) == [
        ("bits", pytest.approx(1 / log(2), abs=1e-15), 0.25),
        ("ppl", pytest.approx(exp(1.5), abs=1e-15), 0.25),
        ("word_ppl", pytest.approx(exp(1.0), abs=1e-15), 0.25),
    ]


def test_brier_score_is_made_of_classes_and_probabilities(given: Given) -> None:
    cell = given.run().docs("a", "b").cell(docs=2)
    items = {"a": [0, [0.5, 0.5]], "b": [1, [0.25, 0.75]]}
    given.itemed(cell, items, aggregation="brier_score", docs=2)
    # (0.25 + 0.25 + 0.0625 + 0.0625) / 2
    assert given.warehouse().read("select value from aggregates").rows == [(0.3125,)]


def test_median_is_the_upper_of_two_middle_scores(given: Given) -> None:
    given.run().docs("a", "b", "c", "d")
    for dataset, scores in (("even", [1.0, 4.0, 2.0, 3.0]), ("tie", [1.0, 2.0, 2.0, None])):
        given.docs("a", "b", "c", "d", dataset=dataset)
        cell = given.cell(docs=4, dataset=dataset)
        given.itemed(cell, {}, aggregation="median", docs=4, dataset=dataset, stderr=0.5)
        by_doc = {doc: [score] for doc, score in zip("abcd", scores, strict=True)}
        scorer = {"lm_eval": "0", "aggregation": "median", "per": "doc"}
        given.scored(cell, by_doc, field="none", scorer=scorer, dataset=dataset)
    rows = given.warehouse().read("select dataset, docs, value, stderr from aggregates").rows
    assert sorted(rows) == [("even", 4, 3.0, 0.5), ("tie", 3, 2.0, 0.5)]


def test_what_sql_cannot_say_is_the_newest_figure_that_was_made(given: Given) -> None:
    cell = given.run().docs("a", "b").cell(docs=3)
    given.itemed(cell, {"a": ["x", "y"]}, aggregation="bleu", docs=1, value=10.0, day=0)
    given.itemed(cell, {"b": ["x", "y"]}, aggregation="bleu", docs=2, value=20.0, stderr=1.5, day=1)
    assert given.warehouse().read(_FIGURES).rows == [("bleu", 2, 1, 20.0, 1.5, None)]


def test_an_aggregation_that_failed_has_its_error_and_no_figure(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1)
    given.itemed(cell, {"a": [1, 2]}, aggregation="own", docs=1, error="own: ValueError")
    assert given.warehouse().read(_FIGURES).rows == [("own", 1, 0, None, None, "own: ValueError")]


def test_a_measure_that_has_scored_nothing_has_no_figure(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=2)
    given.scored(cell, {})
    assert given.warehouse().read(_FIGURES).rows == [("mean", 0, 2, None, None, None)]


def test_aggregates_are_empty_without_a_run(given: Given) -> None:
    assert given.warehouse().read(_FIGURES).rows == []


def test_an_item_of_a_case_scored_anew_replaces_the_one_before(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1)
    given.itemed(cell, {"a": -1.0}, aggregation="perplexity", docs=1)
    measure_key = given.records[-1][1]["measure_key"]
    given.warehouse()
    score = {"measure_key": measure_key, "score": None, "error": "no score"}
    item = {"measure_key": measure_key, "item": -3.0}
    given.case(cell, "a", scores=[score], items=[item], replaces=True)
    rows = given.warehouse().read("select value from aggregates").rows
    assert rows == [(pytest.approx(exp(3.0)),)]


def test_stderr_of_a_mean_is_that_of_its_docs(given: Given) -> None:
    cell = given.run().docs("a", "b", "c").cell(docs=3)
    given.scored(cell, {"a": [0.0], "b": [1.0], "c": [2.0]}, scorer={"per": "doc"})
    rows = given.warehouse().read("select stderr from aggregates").rows
    assert rows == [(pytest.approx(1 / sqrt(3)),)]
