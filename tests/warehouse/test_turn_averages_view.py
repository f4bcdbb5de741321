"""turn_averages, with rows worked out by hand."""

import math

from tests.warehouse.given import Given

_ROWS = (
    "select metric, turns, docs, scores, unscored, value, stderr from turn_averages order by metric"
)


def test_every_rating_counts_the_same_and_a_missing_one_not_at_all(given: Given) -> None:
    cell = given.run().docs("a", "b").cell(docs=2)
    given.scored(cell, {"a": [8.0], "b": [4.0]}, field="turn_1", metric="rating")
    given.scored(cell, {"a": [6.0], "b": [None]}, field="turn_2", metric="rating")
    # a: 14 of 2, b: 4 of 1, so 18 / 3; residuals 2 and -2, clustered by doc.
    assert given.warehouse().read(_ROWS).rows == [
        ("rating", 2, 2, 3, 1, 6.0, math.sqrt((4 + 4) * 2 / 1) / 3)
    ]


def test_a_doc_never_asked_is_missing_in_every_turn(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=3)
    for field in ("turn_1", "turn_2"):
        given.scored(cell, {"a": [5.0]}, field=field, metric="rating")
    assert given.warehouse().read(_ROWS).rows == [("rating", 2, 1, 2, 4, 5.0, None)]


def test_models_that_tie_have_rows_of_their_own(given: Given) -> None:
    given.run().docs("a", "b")
    for model in ("m", "n"):
        cell = given.cell(docs=2, model=model)
        for field in ("turn_1", "turn_2"):
            given.scored(cell, {"a": [5.0], "b": [5.0]}, field=field, metric="rating")
    sql = "select model, value, stderr from turn_averages order by model"
    assert given.warehouse().read(sql).rows == [("m", 5.0, 0.0), ("n", 5.0, 0.0)]


def test_there_is_no_value_where_nothing_is_scored(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1)
    for field in ("turn_1", "turn_2"):
        given.scored(cell, {"a": [None]}, field=field, metric="rating")
    assert given.warehouse().read(_ROWS).rows == [("rating", 2, 0, 0, 2, None, None)]


def test_there_is_no_row_for_a_single_turn_other_fields_and_an_empty_warehouse(
    given: Given,
) -> None:
    empty = given.warehouse().read(_ROWS).rows
    cell = given.run().docs("a").cell(docs=1)
    given.scored(cell, {"a": [1.0]}, field="turn_1", metric="em")
    given.scored(cell, {"a": [1.0]}, field="path", metric="em")
    assert (empty, given.warehouse().read(_ROWS).rows) == ([], [])
