"""distributions: bins worked out by hand."""

from tests.warehouse.given import Given

_BINS = "select bin, bin_low, bin_high, scores from distributions order by bin"


def test_scores_from_0_to_1_fall_into_twenty_bins_with_1_in_the_last(given: Given) -> None:
    cell = given.run().docs("a", "b", "c", "d").cell(docs=4)
    given.scored(cell, {"a": [0.0], "b": [0.5], "c": [1.0], "d": [None]})
    assert given.warehouse().read(_BINS).rows == [
        (0, 0.0, 0.05, 1),
        (10, 0.5, 0.55, 1),
        (19, 0.95, 1.0, 1),
    ]


def test_a_negative_score_widens_the_bins_of_its_metric_in_every_cell(given: Given) -> None:
    given.run().docs("a")
    given.scored(given.cell(docs=1, model="one"), {"a": [-0.5]})
    given.scored(given.cell(docs=1, model="two"), {"a": [0.5]})
    assert given.warehouse().read(_BINS).rows == [(5, -0.5, -0.4, 1), (15, 0.5, 0.6, 1)]


def test_scores_past_1_are_binned_between_their_extremes(given: Given) -> None:
    cell = given.run().docs("a", "b").cell(docs=2)
    given.scored(cell, {"a": [0.0], "b": [200.0]})
    assert given.warehouse().read(_BINS).rows == [(0, 0.0, 10.0, 1), (19, 190.0, 200.0, 1)]


def test_a_tie_past_1_is_one_bin(given: Given) -> None:
    cell = given.run().docs("a", "b").cell(docs=2)
    given.scored(cell, {"a": [7.0], "b": [7.0]})
    assert given.warehouse().read(_BINS).rows == [(0, 7.0, 7.0, 2)]


def test_bins_have_the_threshold_beside_them(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1)
    given.scored(cell, {"a": [0.1]}).threshold(0.3)
    assert given.warehouse().read("select threshold from distributions").rows == [(0.3,)]
