"""Values bound to SQL come back as they were."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalwh.warehouse import Warehouse
from evalwh.warehouse.binding import Value, execute
from tests.warehouse.given import Given

_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.binary(max_size=20),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),
)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return Given(tmp_path_factory.mktemp("binding") / "w.duckdb").run().warehouse()


@settings(deadline=None)
@given(st.lists(_VALUES, min_size=1, max_size=5))
def test_values_come_back_as_they_were(warehouse: Warehouse, values: list[Value]) -> None:
    columns = ", ".join(f"${number}" for number in range(1, len(values) + 1))

    with warehouse.reading() as connection:
        row = execute(connection, f"select {columns}", values).fetchone()

    assert row == tuple(values)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), 0.1, -0.0, 5e-324, 1.8e307])
def test_a_number_may_be_infinite(warehouse: Warehouse, number: float) -> None:
    assert warehouse.read("select $1, typeof($1)", [number]).rows == [(number, "DOUBLE")]


@pytest.mark.parametrize("text", ["a\0b", "\0", "it's\0\0'"])
def test_a_text_may_hold_nul(warehouse: Warehouse, text: str) -> None:
    assert warehouse.read("select $1, $1 = $1 || ''", [text]).rows == [(text, True)]
