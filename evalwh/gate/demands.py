"""What a rule can demand: the keys of a rules file, the statement behind each and how it reads."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from evalwh.gate.values import (
    amount,
    docs_to_protect,
    names,
    number,
    role_names,
    share,
    true,
    whole,
)

Check = Callable[[object], object]
_CELL = ("dataset", "split", "model", "prompt_id")
_MEASURED = (*_CELL, "field", "metric")
_FIGURED = (*_MEASURED, "group")
_BILLED = ("dataset", "model", "prompt_id")
SELECTORS = (*_FIGURED, "role")
NOT_OF_GROUPS = ("dataset", "split", "prompt_id", "max_edited")
"""Keys without a meaning beside `group`: a group is of many datasets, whose docs aren't paired."""
OF_GROUPS = ("max_missing_tasks",)
"""Keys that only have a meaning beside `group`."""


class Demand(NamedTuple):
    """One kind of rule.

    `statement` is a file of sql/reads, `value` checks what is demanded, `options` the keys that may
    stand beside it, `selectors` those that narrow it.
    """

    statement: str
    value: Check
    title: str
    unit: str = ""
    selectors: tuple[str, ...] = _MEASURED
    options: Mapping[str, Check] = {}
    is_relative: bool = False


def _latency(quantile: str) -> Demand:
    title = f"{quantile} latency ≤ {{}}"
    return Demand("gate_latency", amount, title, "ms", (*_BILLED, "role"))


_LOSSES: Mapping[str, Check] = {
    "max_missing": whole,
    "max_missing_tasks": whole,
    "max_edited": whole,
}
DEMANDS: Mapping[str, Demand] = {
    "pass_rate": Demand(
        "gate_pass_rate", share, "pass rate ≥ {}", "rate", options={"lower_bound": true}
    ),
    "value": Demand(
        "gate_value",
        number,
        "value at least as good as {}",
        "score",
        _FIGURED,
        {"max_missing": whole, "max_missing_tasks": whole},
    ),
    "doc_pass_rate": Demand(
        "gate_doc_pass_rate",
        share,
        "docs that pass ≥ {}",
        "rate",
        _CELL,
        {"lower_bound": true},
    ),
    "no_regression": Demand(
        "gate_regression",
        true,
        "no regression",
        selectors=_FIGURED,
        options={"max_drop": amount, **_LOSSES},
        is_relative=True,
    ),
    "max_drop": Demand(
        "gate_regression",
        amount,
        "no drop above {}",
        "score",
        selectors=_FIGURED,
        options=_LOSSES,
        is_relative=True,
    ),
    "protected": Demand(
        "gate_protected", docs_to_protect, "no protected doc is broken", is_relative=True
    ),
    "max_usd": Demand(
        "gate_usd", amount, "cost ≤ {}", "usd", (*_BILLED, "role"), {"repriced": true}
    ),
    "max_usd_per_passed_doc": Demand(
        "gate_usd_per_passed_doc",
        amount,
        "cost per doc that passes ≤ {}",
        "usd",
        _BILLED,
        {"repriced": true},
    ),
    "max_latency_ms_p50": _latency("p50"),
    "max_latency_ms_p95": _latency("p95"),
    "max_latency_ms_p99": _latency("p99"),
    "nothing_missing": Demand("gate_missing", true, "nothing is missing"),
}
SELECTOR_CHECKS: Mapping[str, Check] = {
    **dict.fromkeys(_FIGURED, names),
    "role": role_names,
}
