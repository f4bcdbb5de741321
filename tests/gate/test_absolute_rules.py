"""Rules for a run by itself: pass rates, costs, latencies and what is missing."""

from collections.abc import Mapping, Sequence

import pytest

from evalwh.warehouse import Warehouse
from tests.gate.conftest import Gate, Judge
from tests.warehouse.given import Given, day

Scores = Mapping[str, Sequence[float | None]]
NINE_OF_TEN: Scores = {f"d{at}": [0.0 if at == 9 else 1.0] for at in range(10)}


def _run(given: Given, scores: Scores, *, run_id: str = "new", **scored: object) -> int:
    """A finished run of one cell with these scores."""
    cell = given.run(run_id).event("finished", run_id=run_id).cell(run_id=run_id, docs=len(scores))
    given.docs(*scores).scored(cell, scores, **scored)  # type: ignore[arg-type]
    return cell


@pytest.fixture
def nine_of_ten(given: Given) -> Warehouse:
    _run(given, NINE_OF_TEN)
    return given.threshold(1.0).warehouse()


def test_a_pass_rate_at_the_demand_passes(nine_of_ten: Warehouse, judge: Judge) -> None:
    assert judge(nine_of_ten, "pass_rate: 0.9") == (True, "90 %, 9 of 10 docs", [])


def test_a_pass_rate_below_the_demand_fails_and_is_told_apart_from_it(
    nine_of_ten: Warehouse, judge: Judge
) -> None:
    found = "response em: 90 %, 9 of 10 docs"
    assert judge(nine_of_ten, "pass_rate: 0.95") == (False, found, [found])
    found = "response em: 90.00 %, 9 of 10 docs"
    assert judge(nine_of_ten, "pass_rate: 0.9001") == (False, found, [found])


def test_the_lower_bound_is_the_low_end_of_wilsons_interval(
    nine_of_ten: Warehouse, judge: Judge
) -> None:
    # statsmodels: proportion_confint(9, 10, method="wilson") is 0.59585 to 0.98212
    found = "response em: 59.6 %, 9 of 10 docs"
    assert judge(nine_of_ten, "pass_rate: 0.59, lower_bound: true") == (
        True,
        "59.6 %, 9 of 10 docs",
        [],
    )
    assert judge(nine_of_ten, "pass_rate: 0.9, lower_bound: true") == (False, found, [found])


def test_thresholds_are_those_in_force_or_of_then(given: Given, gate: Gate) -> None:
    _run(given, NINE_OF_TEN)
    warehouse = given.threshold(0.0, day=1).threshold(1.0, day=2).warehouse()
    rule = "  - pass_rate: 0.95\n"
    gated = [gate(warehouse, rule), gate(warehouse, rule, as_of=day(1))]
    assert [one.passed for one in gated] == [False, True]


def test_a_missing_doc_is_not_a_passing_doc(given: Given, judge: Judge) -> None:
    _run(given, {"a": [1.0], "b": [None]})
    found = "response em: 50 %, 1 of 2 docs"
    assert judge(given.threshold(1.0).warehouse(), "pass_rate: 0.6") == (False, found, [found])


def test_docs_that_pass_in_some_repeats_count_in_part_to_two_decimals(
    given: Given, judge: Judge
) -> None:
    given.run("new").event("finished", run_id="new").docs("a", "b")
    cell = given.cell(run_id="new", docs=2, repeats=3)
    given.scored(cell, {"a": [1.0, 0.0, 0.0], "b": [1.0, 1.0, 1.0]})
    found = "66.7 %, 1.33 of 2 docs"
    assert judge(given.threshold(1.0).warehouse(), "pass_rate: 0.6") == (True, found, [])


@pytest.mark.parametrize("demand", ["pass_rate: 0", "doc_pass_rate: 0"])
def test_a_pass_rate_without_a_threshold_fails_whatever_is_demanded(
    given: Given, judge: Judge, demand: str
) -> None:
    _run(given, NINE_OF_TEN)
    passed, found, _ = judge(given.warehouse(), demand)
    assert (passed, "no threshold is in force" in found) == (False, True)


def test_docs_that_nobody_decided_are_told_by_the_metric_without_a_score(
    given: Given, judge: Judge
) -> None:
    cell = _run(given, {"a": [None]})
    answered = {"field": "response", "value": "hi", "target": "hi", "error": None}
    given.case(cell, "a", fields=[answered]).threshold(1.0)
    found = judge(given.warehouse(), "doc_pass_rate: 0")[1]
    assert found == "nobody scored response em, which has a threshold"


@pytest.mark.parametrize("demand", ["pass_rate: 0", "doc_pass_rate: 0", "value: 0"])
def test_what_nobody_scored_fails_whatever_is_demanded(
    given: Given, judge: Judge, demand: str
) -> None:
    cell = _run(given, {"a": [None]})
    answered = {"field": "response", "value": "hi", "target": "hi", "error": None}
    given.case(cell, "a", fields=[answered]).threshold(1.0)
    assert judge(given.warehouse(), demand)[0] is False


def test_a_rule_is_for_all_that_its_selectors_name(given: Given, judge: Judge) -> None:
    cell = _run(given, {"a": [1.0], "b": [1.0]})
    given.scored(cell, {"a": [1.0], "b": [0.0]}, field="path").threshold(1.0)
    warehouse = given.threshold(1.0, field="path").warehouse()
    assert [
        judge(warehouse, "pass_rate: 0.9"),
        judge(warehouse, "pass_rate: 0.9, field: response"),
        judge(warehouse, "pass_rate: 0.5, field: [response, path], metric: em, model: m"),
    ] == [
        (False, "1 of 2 failed", ["path em: 50 %, 1 of 2 docs"]),
        (True, "100 %, 2 of 2 docs", []),
        (True, "50 %, 1 of 2 docs, the worst of 2", []),
    ]


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("field: respons", "the run has no field 'respons'; did you mean 'response'?"),
        ("metric: [em, meteor]", "the run has no metric 'meteor'; there is em"),
        ("model: q", "the run has no model 'q'; there is m"),
        ("prompt_id: q", "the run has no prompt_id 'q'; there is p"),
        ("dataset: q", "the run has no dataset 'q'; there is d"),
        ("split: train", "the run has no split 'train'; there is test"),
    ],
)
def test_a_selector_that_matches_nothing_fails_with_its_reason(
    nine_of_ten: Warehouse, judge: Judge, selector: str, found: str
) -> None:
    assert judge(nine_of_ten, f"pass_rate: 0, {selector}") == (False, found, [])


def test_names_that_exist_but_not_together_match_nothing(given: Given, judge: Judge) -> None:
    cell = _run(given, {"a": [1.0]})
    given.scored(cell, {"a": [1.0]}, field="path", metric="meteor")
    assert judge(given.warehouse(), "value: 0, field: response, metric: meteor") == (
        False,
        "matches nothing in the run",
        [],
    )


def test_a_run_without_cells_matches_nothing(given: Given, judge: Judge) -> None:
    warehouse = given.run("new").event("finished", run_id="new").warehouse()
    demands = ["pass_rate: 0", "value: 0", "doc_pass_rate: 0", "nothing_missing: true"]
    demands += ["max_usd: 1", "max_usd_per_passed_doc: 1", "max_latency_ms_p95: 1"]
    assert [judge(warehouse, demand) for demand in demands] == [
        (False, "matches nothing in the run", [])
    ] * len(demands)


def test_docs_pass_as_a_whole(given: Given, judge: Judge) -> None:
    cell = _run(given, {"a": [1.0], "b": [1.0]})
    given.scored(cell, {"a": [1.0], "b": [0.0]}, field="path").threshold(1.0)
    warehouse = given.threshold(1.0, field="path").warehouse()
    assert [judge(warehouse, "doc_pass_rate: 0.5"), judge(warehouse, "doc_pass_rate: 0.6")[0]] == [
        (True, "50 %, 1 of 2 docs", []),
        False,
    ]


def test_costs_are_summed_and_judges_count_unless_a_role_is_named(
    given: Given, judge: Judge
) -> None:
    cell = _run(given, {"a": [1.0], "b": [1.0]})
    for doc_id in "ab":
        given.generation(cell, doc_id, billed_usd=0.25)
    given.generation(cell, "a", role="judge", stage="response:em", billed_usd=0.5)
    warehouse = given.warehouse()
    assert [
        judge(warehouse, "max_usd: 1"),
        judge(warehouse, "max_usd: 0.9"),
        judge(warehouse, "max_usd: 0.5, role: model"),
    ] == [
        (True, "$1.00, 3 requests", []),
        (False, "$1.00, 3 requests", ["$1.00, 3 requests"]),
        (True, "$0.50, 2 requests", []),
    ]


def test_an_unknown_bill_fails_a_cap_on_costs(given: Given, judge: Judge) -> None:
    cell = _run(given, {"a": [1.0], "b": [1.0]})
    given.generation(cell, "a", billed_usd=0.25).generation(cell, "b", billed_usd=None)
    warehouse = given.threshold(1.0).warehouse()
    assert [
        judge(warehouse, "max_usd: 9")[1],
        judge(warehouse, "max_usd_per_passed_doc: 9")[1],
    ] == [
        "$0.25, 2 requests; unknown bills: 1",
        "unknown bills: 1",
    ]


def test_costs_can_be_capped_at_the_prices_in_force(given: Given, judge: Judge) -> None:
    cell = _run(given, {"a": [1.0]})
    given.generation(cell, "a", billed_usd=0.0, cached=True).price(100_000, 0)
    warehouse = given.threshold(1.0).warehouse()
    assert [
        judge(warehouse, "max_usd: 0.9")[0],
        judge(warehouse, "max_usd: 0.9, repriced: true")[1],
        judge(warehouse, "max_usd_per_passed_doc: 1, repriced: true")[1],
    ] == [True, "$1.00, 1 request", "$1.00, 1 of 1 doc"]


def test_a_cap_per_doc_that_passes_fails_where_none_does(given: Given, judge: Judge) -> None:
    cell = _run(given, {"a": [0.0]})
    warehouse = given.generation(cell, "a", billed_usd=0.1).threshold(1.0).warehouse()
    assert judge(warehouse, "max_usd_per_passed_doc: 9")[:2] == (False, "no doc passes")


def test_a_latency_at_its_cap_passes_and_above_it_fails(given: Given, judge: Judge) -> None:
    cell = _run(given, {"a": [1.0], "b": [1.0]})
    given.generation(cell, "a", latency_ms=100.0).generation(cell, "b", latency_ms=300.0)
    warehouse = given.warehouse()
    assert [
        judge(warehouse, "max_latency_ms_p50: 200"),
        judge(warehouse, "max_latency_ms_p95: 200"),
    ] == [
        (True, "200 ms, 2 requests", []),
        (False, "290 ms, 2 requests", ["290 ms, 2 requests"]),
    ]


def test_a_latency_that_was_not_measured_fails_its_cap(given: Given, judge: Judge) -> None:
    cell = _run(given, {"a": [1.0]})
    given.generation(cell, "a", latency_ms=None, cached=True)
    assert judge(given.warehouse(), "max_latency_ms_p99: 9")[:2] == (
        False,
        "1 request; every response was reused: no latency",
    )


def test_nothing_is_missing_when_every_doc_is_scored(nine_of_ten: Warehouse, judge: Judge) -> None:
    assert judge(nine_of_ten, "nothing_missing: true") == (True, "all of 10 docs", [])


def test_an_unscored_doc_a_failed_request_and_a_cell_without_scores_are_missing(
    given: Given, judge: Judge
) -> None:
    cell = _run(given, {"a": [1.0], "b": [None]})
    given.generation(cell, "b", response=None, error="HTTP 500")
    given.cell(run_id="new", docs=1, prompt_id="unscored")
    assert judge(given.warehouse(), "nothing_missing: true") == (
        False,
        "3 of 3 failed",
        [
            "p · response em: docs without a score: 1 of 2",
            "p: failed requests: 1, as HTTP 500",
            "unscored: nothing is scored",
        ],
    )


def test_a_repeat_without_a_score_is_missing(given: Given, judge: Judge) -> None:
    cell = given.run("new").event("finished", run_id="new").cell(run_id="new", docs=1, repeats=2)
    given.docs("a").scored(cell, {"a": [1.0, None]})
    assert judge(given.warehouse(), "nothing_missing: true")[1] == (
        "response em: responses without a score: 1"
    )


@pytest.mark.parametrize("status", ["running", "interrupted", "stopped", "failed", None])
def test_a_run_that_is_not_finished_fails_the_gate(
    given: Given, gate: Gate, status: str | None
) -> None:
    cell = given.run("new").cell(run_id="new", docs=1)
    given.docs("a").scored(cell, {"a": [1.0]})
    if status:
        given.event(status, run_id="new")
    gated = gate(given.threshold(1.0).warehouse(), "  - pass_rate: 1\n")
    [said] = gated.unfinished
    assert (gated.passed, gated.outcomes[0].passed, said.partition(";")[0]) == (
        False,
        True,
        f"run new is {status or 'not begun'}",
    )
