"""costs, with rows worked out by hand."""

import pytest

from tests.warehouse.given import Given, day


def test_costs_sum_every_attempt_of_a_role(given: Given) -> None:
    cell = given.run().docs("a", "b").cell(docs=2)
    given.generation(
        cell,
        "a",
        response=None,
        error="429",
        prompt_tokens=None,
        completion_tokens=None,
        billed_usd=None,
    )
    given.generation(cell, "a", attempt=2)
    given.generation(cell, "b", cached=True, billed_usd=0.0)
    rows = given.warehouse().read(
        "select role, requests, errors, cached, prompt_tokens, completion_tokens, billed_usd, "
        "unbilled_requests from costs"
    )
    assert rows.rows == [("model", 3, 1, 1, 20, 10, 0.5, 0)]


def test_judge_has_a_row_of_its_own_and_its_own_price(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1)
    given.generation(cell, "a").price(1.0, 2.0)
    given.generation(cell, "a", role="judge", stage="response:gpt", asked_model="j")
    given.price(100.0, 200.0, model="j")
    rows = given.warehouse().read("select role, repriced_usd from costs order by role").rows
    assert rows == [("judge", pytest.approx(2000e-6)), ("model", pytest.approx(20e-6))]


def test_unknown_price_is_null_with_a_count_beside_it(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1)
    given.generation(cell, "a", billed_usd=None)
    rows = given.warehouse().read(
        "select billed_usd, unbilled_requests, repriced_usd, unpriced_requests from costs"
    )
    assert rows.rows == [(None, 1, None, 1)]


def test_responses_without_tokens_are_counted_as_unpriced_beside_the_priced(given: Given) -> None:
    cell = given.run().docs("a", "b").cell(docs=2)
    given.generation(cell, "a")
    given.generation(cell, "b", prompt_tokens=None, completion_tokens=None)
    given.price(1.0, 2.0)
    rows = given.warehouse().read("select repriced_usd, unpriced_requests from costs").rows
    assert rows == [(pytest.approx(20e-6), 1)]


def test_price_is_that_of_a_day(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1)
    given.generation(cell, "a").price(1.0, 2.0, day=1).price(2.0, 4.0, day=2)
    warehouse = given.warehouse()
    usd = [
        warehouse.read("select repriced_usd from costs", as_of=day(number)).rows[0][0]
        for number in (0, 1, 2)
    ]
    assert usd == [None, pytest.approx(20e-6), pytest.approx(40e-6)]


def test_latency_quantiles_leave_cached_replies_out(given: Given) -> None:
    given.run().docs("a")
    cell = given.cell(docs=1)
    for attempt in range(1, 102):
        given.generation(cell, "a", attempt=attempt, latency_ms=float(attempt - 1))
    given.generation(cell, "a", attempt=102, latency_ms=1e6, cached=True)
    rows = given.warehouse().read("select columns('latency.*') from costs").rows
    assert rows == [(50.0, 95.0, 99.0)]


def test_latency_is_null_when_none_was_measured(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1)
    given.generation(cell, "a", latency_ms=None)
    rows = given.warehouse().read("select columns('latency.*') from costs").rows
    assert rows == [(None, None, None)]
