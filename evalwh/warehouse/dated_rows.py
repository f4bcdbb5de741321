"""Dated rows that people set: thresholds and prices. Appended, never edited; the newest wins."""

import getpass
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from evalwh.errors import UsageError, did_you_mean
from evalwh.warehouse.database import Warehouse

_IN_FORCE = """
select threshold from thresholds_in_force
where dataset = $1 and field = $2 and metric = $3
"""
_PASSING = """
select
    count(score),
    count(*) filter (passed),
    min(score),
    max(score),
    bool_and(higher_is_better) filter (score is not null)
from verdicts
where dataset = $1 and field = $2 and metric = $3
"""


class Threshold(NamedTuple):
    """The least passing score of a field and metric of a dataset; None takes it away."""

    dataset: str
    field: str
    metric: str
    threshold: float | None


class Price(NamedTuple):
    """US dollars per million tokens; None says that the price is unknown."""

    model: str
    prompt_usd_per_mtok: float | None
    completion_usd_per_mtok: float | None


_KEYS = {
    "threshold": ("thresholds", ("dataset", "field", "metric")),
    "price": ("prices", ("model",)),
    "aggregation": ("aggregations", ("dataset", "field")),
}
RULES = ("all", "any", "mean")


class Aggregation(NamedTuple):
    """How a field's metrics are combined, or the fields of a doc where `field` is None."""

    dataset: str
    field: str | None
    rule: str


def set_threshold(
    warehouse: Warehouse,
    threshold: Threshold,
    *,
    set_by: str | None = None,
    reason: str | None = None,
    force: bool = False,
) -> float | None:
    """Append a threshold, and give the one before. `UsageError` when it's no number, or nothing
    is scored so.

    `force` sets it for scores that are still to come.
    """
    _require_number("a threshold", threshold.threshold)
    if not force:
        _require_scored(warehouse, threshold.dataset, threshold.field, threshold.metric)
    before = _threshold_in_force(warehouse, threshold)
    _append(warehouse, "threshold", threshold._asdict(), set_by, reason)
    return before


class Passing(NamedTuple):
    """What the threshold in force makes of all stored scores of its field and metric."""

    scores: int
    passed: int
    lowest: float | None
    highest: float | None
    higher_is_better: bool | None


def passing(warehouse: Warehouse, threshold: Threshold) -> Passing:
    """How many stored scores pass the threshold in force, and the range they lie in."""
    return Passing(*warehouse.read(_PASSING, threshold[:3]).rows[0])


def set_price(
    warehouse: Warehouse, price: Price, *, set_by: str | None = None, reason: str | None = None
) -> None:
    """Append a price. `UsageError` when it's negative or no number."""
    for usd in price[1:]:
        _require_number("a price", usd)
        if usd is not None and usd < 0:
            raise UsageError(f"a price of {usd:g} is below 0")
    _append(warehouse, "price", price._asdict(), set_by, reason)


def set_aggregation(
    warehouse: Warehouse,
    aggregation: Aggregation,
    *,
    set_by: str | None = None,
    reason: str | None = None,
) -> None:
    """Append an aggregation rule. `UsageError` for an unknown rule, dataset or field."""
    if aggregation.rule not in RULES:
        raise UsageError(
            f"unknown rule '{aggregation.rule}'{did_you_mean(aggregation.rule, RULES)}"
        )
    _require_scored(warehouse, aggregation.dataset, aggregation.field)
    _append(warehouse, "aggregation", aggregation._asdict(), set_by, reason)


def _threshold_in_force(warehouse: Warehouse, threshold: Threshold) -> float | None:
    found = warehouse.read(_IN_FORCE, threshold[:3]).rows if warehouse.path.exists() else []
    return found[0][0] if found else None


def login_name() -> str:
    """Who is at the keyboard."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _append(
    warehouse: Warehouse,
    kind: str,
    columns: Mapping[str, str | float | None],
    set_by: str | None,
    reason: str | None,
) -> None:
    set_at = _time_after(_newest(warehouse, kind, columns)).isoformat()
    with warehouse.journal(kind) as journal:
        journal.write(
            kind,
            {**columns, "set_at": set_at, "set_by": set_by or login_name(), "reason": reason},
        )
    warehouse.fold()


def _newest(
    warehouse: Warehouse, kind: str, columns: Mapping[str, str | float | None]
) -> datetime | None:
    """When the newest row of the same key was set; None where there is none."""
    if not warehouse.path.exists():
        return None
    table, keys = _KEYS[kind]
    same = " and ".join(f"{key} is not distinct from ${key}" for key in keys)
    found = warehouse.read(
        f"select max(set_at) from facts.{table} where {same}", {key: columns[key] for key in keys}
    )
    newest: datetime | None = found.rows[0][0]
    return newest


def _time_after(newest: datetime | None) -> datetime:
    """Now, or a moment after `newest` where the clock has gone back since.

    Dated here and not by the fold: journals folded again, in any order, give the same rows.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    return max(now, newest + timedelta(microseconds=1)) if newest else now


def _require_number(what: str, value: float | None) -> None:
    if value is not None and not math.isfinite(value):
        raise UsageError(f"{what} of {value} is no number")


def _require_scored(warehouse: Warehouse, *place: str | None) -> None:
    """`place` is a dataset, a field of it and a metric of that, or the first of these."""
    narrowed = warehouse.read("select distinct dataset, field, metric from measured_cells").rows
    for column, (name, asked) in enumerate(
        zip(("dataset", "field", "metric"), place, strict=False)
    ):
        known = {row[column] for row in narrowed}
        if asked is not None and asked not in known:
            raise UsageError(f"nothing is scored with {name} '{asked}'{did_you_mean(asked, known)}")
        narrowed = [row for row in narrowed if asked in (None, row[column])]
