"""The view `differences`: means, intervals and tests against their reference libraries."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from scipy.stats import bootstrap, norm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from evalwh.hashing import row_key
from evalwh.warehouse import Warehouse
from tests.warehouse.given import Given

Scores = Mapping[str, Sequence[float | None]]
_PAIR = "from differences where run_a = 'old' and run_b = 'new' and paired order by field, metric"


def _runs(given: Given, old: Scores, new: Scores, **columns: object) -> Given:
    """Scores of one field and metric in two runs of one cell each."""
    for run_id, scores in (("old", old), ("new", new)):
        repeats = max((len(by_repeat) for by_repeat in scores.values()), default=1)
        cell = given.run(run_id).cell(run_id=run_id, docs=len(scores), repeats=repeats)
        given.docs(*scores).scored(cell, scores, **columns)
    return given


def _by_doc(values: Sequence[float]) -> Scores:
    return {f"doc {at}": [float(value)] for at, value in enumerate(values)}


def _one(warehouse: Warehouse, columns: str) -> tuple[object, ...]:
    rows = warehouse.read(f"select {columns} {_PAIR}").rows
    assert len(rows) == 1
    return rows[0]


def test_a_difference_is_between_means_over_docs_that_both_sides_have(given: Given) -> None:
    old = {"a": [0.2], "b": [0.9], "tie": [0.5], "gone": [1.0], "null": [1.0], "never": [None]}
    new = {"a": [0.8], "b": [0.7], "tie": [0.5], "null": [None], "never": [None], "e#2": [1.0]}
    given = _runs(given, {**old, "e": [0.0]}, new).threshold(0.6)

    columns = "docs, mean_a, mean_b, difference, pass_rate_a, pass_rate_b, fixed, broken"
    counts = "missing, missing_a, missing_b, unscored, edited"
    row = _one(given.warehouse(), f"{columns}, {counts}, conclusion")

    means = (3, pytest.approx(1.6 / 3), pytest.approx(2 / 3), pytest.approx(0.4 / 3))
    rates = (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert row == (*means, *rates, 1, 0, 2, 0, 2, 1, 1, "no difference shown")


def test_without_a_doc_in_common_there_is_nothing_but_the_counts(given: Given) -> None:
    warehouse = _runs(given, {"a": [1.0]}, {"b": [1.0]}).threshold(0.5).warehouse()

    columns = "docs, mean_a, difference, ci_low, p_value, p_adjusted, fixed, missing, conclusion"
    assert _one(warehouse, columns) == (0, None, None, None, None, None, None, 2, None)


def test_one_doc_has_no_interval_and_shows_nothing(given: Given) -> None:
    warehouse = _runs(given, {"a": [0.0]}, {"a": [1.0]}).warehouse()

    columns = "difference, ci_low, ci_high, p_value, conclusion"
    assert _one(warehouse, columns) == (1.0, None, None, 1.0, "no difference shown")


def test_identical_runs_show_no_difference_and_have_p_1(given: Given) -> None:
    scores = _by_doc([0.1, 0.7, 1.0, 0.3] * 20)
    given = _runs(given, scores, scores)

    without = _one(given.warehouse(), "difference, ci_low, ci_high, p_value, conclusion")
    judged = _one(given.threshold(0.5).warehouse(), "fixed, broken, p_value, conclusion")

    assert (without, judged) == (
        (0.0, 0.0, 0.0, 1.0, "no difference shown"),
        (0, 0, 1.0, "no difference shown"),
    )


def test_where_lower_is_better_a_rise_is_worse(given: Given) -> None:
    old, new = _by_doc([1.0] * 30), _by_doc([9.0] * 30)
    given = _runs(given, old, new, higher_is_better=False)

    without = _one(given.warehouse(), "difference, p_value < 0.001, conclusion")
    judged = _one(given.threshold(5.0).warehouse(), "fixed, broken, conclusion")

    assert (without, judged) == ((8.0, True, "worse"), (0, 30, "worse"))


def test_mcnemars_test_equals_statsmodels(given: Given) -> None:
    tables = {
        "m1": (3, 9, 20),
        "m2": (1, 0, 5),
        "m3": (0, 12, 1),
        "m4": (40, 41, 0),
        "m5": (0, 0, 4),
    }
    for run_id in ("old", "new"):
        cell = given.run(run_id).cell(run_id=run_id, docs=81)
        for metric, (fixed, broken, same) in tables.items():
            before = [0.0] * fixed + [1.0] * (broken + same)
            after = [1.0] * fixed + [0.0] * broken + [1.0] * same
            scores = _by_doc(before if run_id == "old" else after)
            given.docs(*scores).scored(cell, scores, metric=metric).threshold(1, metric=metric)

    rows = given.warehouse().read(f"select p_value, p_adjusted, conclusion {_PAIR}").rows

    expected = [
        mcnemar([[same, broken], [fixed, 0]], exact=True).pvalue
        for fixed, broken, same in tables.values()
    ]
    adjusted = multipletests(expected, method="holm")[1]
    assert [row[:2] for row in rows] == [
        pytest.approx(pair, abs=1e-9) for pair in zip(expected, adjusted, strict=True)
    ]
    assert [row[2] for row in rows].count("worse") == 1


def test_holm_equals_statsmodels(given: Given) -> None:
    warehouse = given.run().warehouse()
    p_values = [0.01, 0.04, 0.03, 0.005, 0.03, 1.0, 0.2]
    listed = ", ".join(map(str, p_values))

    rows = warehouse.read(f"select holm(p, [{listed}]) from (select unnest([{listed}]) as p)").rows

    expected = multipletests(p_values, method="holm")[1]
    assert [p for (p,) in rows] == pytest.approx(list(expected), abs=1e-9)
    assert warehouse.read("select holm(null, [0.1])").rows == [(None,)]


def test_a_pair_that_is_none_of_the_runs_partners_is_corrected_for_itself(given: Given) -> None:
    given.run().docs(*_by_doc([0] * 6)).threshold(1)
    for prompt_id, score in (("p", 0.0), ("q", 1.0), ("r", 1.0)):
        cell = given.cell(docs=6, prompt_id=prompt_id)
        given.scored(cell, _by_doc([score] * 6))

    rows = given.warehouse().read(
        "select prompt_id_b, p_value, p_adjusted from differences "
        "where prompt_id_a = 'p' order by all"
    )

    assert rows.rows == [
        (prompt_id, pytest.approx(1 / 32), pytest.approx(1 / 32)) for prompt_id in "qr"
    ]


def test_the_interval_is_numpys_percentiles_of_the_same_draws(given: Given) -> None:
    random = np.random.default_rng(1)
    old, new = random.random(40), random.random(40)
    warehouse = _runs(given, _by_doc(old), _by_doc(new)).warehouse()

    with warehouse.reading() as connection:
        connection.execute("set variable seed = 7")
        ends = connection.execute(f"select ci_low, ci_high {_PAIR}").fetchall()

    order = np.argsort([row_key("d", doc) for doc in _by_doc(old)])
    means = _resampled_means((new - old)[order], np.ones(40), seed=7)
    assert ends == [pytest.approx(tuple(np.percentile(means, [2.5, 97.5])), abs=1e-9)]


def test_above_1000_docs_the_clusters_are_groups_of_docs(given: Given) -> None:
    random = np.random.default_rng(2)
    old, new = random.random(3000), random.random(3000)
    warehouse = _runs(given, _by_doc(old), _by_doc(new)).warehouse()

    ends = _one(warehouse, "ci_low, ci_high")

    keys = np.array([row_key("d", doc) for doc in _by_doc(old)])
    groups = _random_bits(keys & 0xFFFFFFFF).astype(np.uint64) * np.uint64(1000) >> np.uint64(32)
    sizes = np.bincount(groups.astype(int), minlength=1000)
    sums = np.bincount(groups.astype(int), weights=new - old, minlength=1000)
    means = _resampled_means(sums[sizes > 0], sizes[sizes > 0].astype(float), seed=0)
    assert ends == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])), abs=1e-9)


def test_the_interval_is_near_scipys_bootstrap(given: Given) -> None:
    random = np.random.default_rng(3)
    old, new = random.random(60), random.random(60) + 0.1
    warehouse = _runs(given, _by_doc(old), _by_doc(new)).warehouse()

    low, high = _one(warehouse, "ci_low, ci_high")

    theirs = bootstrap((new - old,), np.mean, method="percentile", rng=0).confidence_interval
    assert (low, high) == pytest.approx(tuple(theirs), abs=0.1 * (theirs.high - theirs.low))


def test_another_seed_gives_another_interval_and_the_same_one_the_same(given: Given) -> None:
    warehouse = _runs(given, _by_doc([0.1] * 9 + [0.7]), _by_doc([0.2, 0.9] * 5)).warehouse()

    ends = []
    for seed in (0, 1, 0):
        with warehouse.reading() as connection:
            connection.execute(f"set variable seed = {seed}")
            ends.append(connection.execute(f"select ci_low, ci_high {_PAIR}").fetchall())

    assert (ends[0] == ends[2], ends[0] == ends[1]) == (True, False)


def test_repeats_are_one_doc_in_means_and_intervals(given: Given) -> None:
    old = {"a": [0.0, 1.0], "b": [0.5, 0.5], "c": [1.0, None]}
    new = {"a": [1.0, 1.0], "b": [0.0, 0.0], "c": [1.0, 1.0]}
    by_repeat = _one(_runs(given, old, new).warehouse(), "docs, mean_a, mean_b, ci_low, ci_high")

    alone = Given(given.path.parent / "alone.duckdb")
    means = {"a": [0.5], "b": [0.5], "c": [1.0]}, {"a": [1.0], "b": [0.0], "c": [1.0]}
    as_one = _one(_runs(alone, *means).warehouse(), "docs, mean_a, mean_b, ci_low, ci_high")

    assert by_repeat == as_one


def test_without_a_threshold_p_is_twice_the_resamples_beyond_0(given: Given) -> None:
    random = np.random.default_rng(4)
    old, new = random.random(40), random.random(40) + 0.1
    warehouse = _runs(given, _by_doc(old), _by_doc(new)).warehouse()

    (p_value,) = _one(warehouse, "p_value")

    order = np.argsort([row_key("d", doc) for doc in _by_doc(old)])
    means = _resampled_means((new - old)[order], np.ones(40), seed=0)
    assert p_value == pytest.approx(2 * (1 + (means <= 0).sum()) / 1001, abs=1e-9)


def test_the_normal_tail_is_scipys_to_three_digits(given: Given) -> None:
    warehouse = given.run().warehouse()

    rows = warehouse.read("select normal_tail(z) from (values (2.0), (3.0), (6.0)) as t(z)").rows

    assert [p for (p,) in rows] == pytest.approx(list(norm.sf([2, 3, 6])), rel=1e-3)


def _resampled_means(sums: np.ndarray, sizes: np.ndarray, *, seed: int) -> np.ndarray:
    """The means of 1,000 Poisson resamples, with the draws of the view."""
    resamples, places = np.mgrid[:1000, : len(sums)]
    bits = _random_bits(_random_bits(np.array([seed]))[0] ^ (resamples * 1024 + places))
    draws = np.searchsorted(_POISSON, bits, side="right")
    return (draws @ sums) / (draws @ sizes)


_POISSON = np.ceil(
    np.cumsum([np.exp(-1) / np.prod(range(1, k + 1), dtype=float) for k in range(10)]) * 2**32
)


def _random_bits(numbers: np.ndarray) -> np.ndarray:
    x = numbers.astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return x


_UNPAIRED = (
    "aggregation, value_a, value_b, mean_a, mean_b, difference, interval, ci_low, ci_high, p_value"
)


def _aggregated(given: Given, old: Mapping[str, object], new: Mapping[str, object]) -> Given:
    """BLEU of two docs in two runs; each doc's own BLEU says the opposite of the whole."""
    for run_id, scores, made in (("old", [0.0, 10.0], old), ("new", [90.0, 95.0], new)):
        cell = given.run(run_id).docs("a", "b").cell(run_id=run_id, docs=2)
        by_doc = {doc: [score] for doc, score in zip("ab", scores, strict=True)}
        given.itemed(cell, {}, scores=by_doc, aggregation="bleu", docs=2, **made)
    return given


def test_what_is_no_mean_differs_by_lm_evals_figures_unpaired(given: Given) -> None:
    given = _aggregated(given, {"value": 40.0, "stderr": 3.0}, {"value": 30.0, "stderr": 4.0})

    row = _one(given.warehouse(), f"{_UNPAIRED}, conclusion")

    low, high = (-10 + sign * norm.ppf(0.975) * 5 for sign in (-1, 1))
    test = (pytest.approx(low), pytest.approx(high), pytest.approx(2 * norm.sf(2), abs=1e-6))
    assert row == ("bleu", 40.0, 30.0, None, None, -10.0, "unpaired", *test, "worse")


@pytest.mark.parametrize(
    ("old", "new", "figures"),
    [
        ({"value": 40.0, "stderr": 3.0}, {"value": 30.0}, (40.0, 30.0, None, None, -10.0)),
        (
            {"value": 40.0, "stderr": 0.0},
            {"value": 30.0, "stderr": 0.0},
            (40.0, 30.0, None, None, -10.0),
        ),
        ({"value": 40.0, "stderr": 3.0}, {"error": "bleu: E"}, (40.0, None, None, None, None)),
    ],
)
def test_a_figure_without_a_standard_error_has_no_interval_and_no_test(
    given: Given, old: dict[str, object], new: dict[str, object], figures: tuple[object, ...]
) -> None:
    row = _one(_aggregated(given, old, new).warehouse(), f"{_UNPAIRED}, conclusion")

    assert row == ("bleu", *figures, None, None, None, None, None)


def test_equal_figures_that_are_no_means_have_p_1(given: Given) -> None:
    same = {"value": 40.0, "stderr": 3.0}

    row = _one(_aggregated(given, same, same).warehouse(), "difference, p_value, conclusion")

    assert row == (0.0, 1.0, "no difference shown")


def test_with_a_threshold_the_docs_are_tested_and_the_figures_still_differ(given: Given) -> None:
    given = _aggregated(given, {"value": 40.0}, {"value": 30.0}).threshold(50, field="none")

    row = _one(given.warehouse(), "difference, fixed, broken, p_value")

    assert row == (-10.0, 2, 0, 0.5)


def test_sides_that_aggregate_otherwise_are_not_compared(given: Given) -> None:
    for run_id, aggregation in (("old", "median"), ("new", "bleu")):
        cell = given.run(run_id).docs("a").cell(run_id=run_id, docs=1)
        given.itemed(cell, {}, scores={"a": [1.0]}, aggregation=aggregation, docs=1, value=2.0)

    assert _one(given.warehouse(), _UNPAIRED) == (None,) * 10
