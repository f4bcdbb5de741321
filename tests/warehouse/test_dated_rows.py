"""The row written last is in force, even where the clock has gone back since."""

from datetime import datetime, timedelta
from pathlib import Path

from evalwh.warehouse import Warehouse
from evalwh.warehouse.dated_rows import (
    Aggregation,
    Price,
    Threshold,
    set_aggregation,
    set_price,
    set_threshold,
)
from tests.warehouse.given import given_two_thresholds

_LATER = "2999-01-01T00:00:00"
_MOMENT = timedelta(microseconds=1)


def _dated(warehouse: Warehouse, kind: str, **columns: object) -> None:
    with warehouse.journal(kind) as journal:
        journal.write(kind, {**columns, "set_at": _LATER, "set_by": "a clock ahead"})
    warehouse.fold()


def test_a_threshold_goes_over_one_that_a_clock_ahead_has_dated(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    key = {"dataset": "d", "field": "f", "metric": "em"}
    _dated(warehouse, "threshold", **key, threshold=0.1)

    set_threshold(warehouse, Threshold(**key, threshold=0.9), force=True)
    set_threshold(warehouse, Threshold("d", "f", "meteor", 0.5), force=True)

    in_force = "select metric, threshold, set_at > now()::timestamp from thresholds_in_force"
    assert warehouse.read(f"{in_force} order by metric").rows == [
        ("em", 0.9, True),
        ("meteor", 0.5, False),
    ]
    then = datetime.fromisoformat(_LATER)
    assert warehouse.read(f"{in_force} order by metric", as_of=then).rows[0][:2] == ("em", 0.1)


def test_a_file_made_anew_has_the_same_dates(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    _dated(warehouse, "price", model="m", prompt_usd_per_mtok=1, completion_usd_per_mtok=1)
    for usd in range(2, 8):
        set_price(warehouse, Price("m", usd, usd))
    prices = "select prompt_usd_per_mtok, set_at from facts.prices order by set_at"
    before = warehouse.read(prices).rows
    warehouse.path.unlink()

    assert warehouse.read(prices).rows == before
    assert before == [
        (number + 1, datetime.fromisoformat(_LATER) + number * _MOMENT) for number in range(7)
    ]


def test_a_rule_for_a_doc_goes_over_an_older_one(tmp_path: Path) -> None:
    warehouse = Warehouse(given_two_thresholds(tmp_path))
    dataset = warehouse.read("select dataset from measured_cells limit 1").rows[0][0]
    _dated(warehouse, "aggregation", dataset=dataset, field=None, rule="all")

    set_aggregation(warehouse, Aggregation(dataset, None, "any"))

    in_force = "select rule from aggregations_in_force where field is null"
    assert warehouse.read(in_force).rows == [("any",)]
