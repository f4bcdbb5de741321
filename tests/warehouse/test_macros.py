"""The macros that views share, against their reference libraries, in a real warehouse."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from evalwh.warehouse import Warehouse
from tests.warehouse.given import Given


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Given(tmp_path / "w.duckdb").run().warehouse()


def test_wilson_equals_scipys_interval(warehouse: Warehouse) -> None:
    pairs = [(0, 1), (1, 1), (0, 30), (17, 30), (999, 1000)]

    ends = [
        warehouse.read("select wilson_low($1, $2), wilson_high($1, $2)", pair).rows[0]
        for pair in pairs
    ]

    expected = [tuple(binomtest(k, n).proportion_ci(method="wilson")) for k, n in pairs]
    assert ends == [pytest.approx(pair, abs=1e-12) for pair in expected]


def test_wilson_of_nothing_is_null(warehouse: Warehouse) -> None:
    sql = "select wilson_low(null, 3), wilson_high(0, 0), wilson_low(0, 0), wilson_high(null, 3)"

    assert warehouse.read(sql).rows == [(None, None, None, None)]


def test_the_sign_test_equals_scipys_binomial_test(warehouse: Warehouse) -> None:
    pairs = [*itertools.product(range(12), range(12)), (490, 0), (5000, 5200), (49900, 50100)]
    values = ", ".join(f"({wins}, {losses})" for wins, losses in pairs)

    rows = warehouse.read(f"select sign_test_p(w, l) from (values {values}) as t(w, l)").rows

    expected = [
        binomtest(wins, wins + losses).pvalue if wins + losses else 1.0 for wins, losses in pairs
    ]
    assert [p for (p,) in rows] == pytest.approx(expected, rel=1e-9)


def test_the_sign_test_of_null_is_null(warehouse: Warehouse) -> None:
    assert warehouse.read("select sign_test_p(null, 1), sign_test_p(1, null)").rows == [
        (None, None)
    ]


def test_the_normal_test_equals_scipys_tails(warehouse: Warehouse) -> None:
    values = [0.0, 1e-9, 0.3, 1.0, 1.96, 2.0, 2.9999, 3.0, 5.0, 9.0]

    found = [warehouse.read("select two_sided_p($1)", [z]).rows[0][0] for z in values]

    expected = [2 * norm.sf(z) for z in values]
    assert (found[0], found) == (1.0, pytest.approx(expected, rel=1e-5, abs=1e-6))


def test_the_normal_test_of_null_is_null(warehouse: Warehouse) -> None:
    assert warehouse.read("select two_sided_p(null::double)").rows == [(None,)]


def test_random_bits_are_lowbias32s(warehouse: Warehouse) -> None:
    rows = warehouse.read("select random_bits(n) from range(1000) as numbers(n) order by n").rows

    assert [bits for (bits,) in rows] == list(map(int, _lowbias32(np.arange(1000))))


def _lowbias32(numbers: np.ndarray) -> np.ndarray:
    x = numbers.astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return x


def test_a_name_is_chosen_where_it_is_listed_or_nothing_is(warehouse: Warehouse) -> None:
    sql = """select is_chosen('["a","b"]', 'b'), is_chosen('["a"]', 'b'), is_chosen(null, 'b')"""

    assert warehouse.read(sql).rows == [(True, False, True)]
