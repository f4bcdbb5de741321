"""`evalwh costs` on a real warehouse."""

import json
from pathlib import Path

import pytest

from tests.program import Ended, evalwh
from tests.warehouse.given import Given


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of two docs: the second reuses a response, its judge has no price."""
    given = Given(tmp_path_factory.mktemp("costs") / "evalwh.duckdb")
    given.run("r1").run("r2", started_at="2026-01-02T00:00:00").docs("a", "b")
    given.price(20_000.0, 40_000.0).threshold(1.0)
    for run_id in ("r1", "r2"):
        cell = given.cell(run_id=run_id, docs=2)
        given.generation(cell, "a", request_hash="sha256:a", cached=run_id == "r2",
                         billed_usd=0.0 if run_id == "r2" else 0.5)  # fmt: skip
        given.generation(cell, "b", request_hash=f"sha256:{run_id}", billed_usd=0.25)
        given.scored(cell, {"a": [1.0], "b": [0.0]})
    judge = {"role": "judge", "asked_model": "a judge", "billed_usd": None}
    given.generation(cell, "a", created_at="2026-01-02T00:00:00", **judge)
    return given.warehouse().path


_NO_PRICE = (
    "+ 1 request whose price is not known; set it per million tokens:\n"
    "  evalwh price set 'a judge' PROMPT_USD COMPLETION_USD\n"
)


def test_costs_have_a_row_for_each_run_a_total_and_the_unknown_prices(db: Path) -> None:
    assert evalwh("costs", db=db).out == (
        "run_id  requests  tokens    billed  repriced    saved  per pass\n"
        "r1             2      30   $0.7500   $0.8000        -   $0.7500\n"
        "r2             3      45  ≥$0.2500  ≥$0.8000  $0.5000   $0.2500\n"
        "\n"
        "total: 5 requests, 0 errors, 1 cached, 75 tokens, ≥$1.00 billed, ≥$1.60 at the\n"
        f"    prices in force, $0.5000 saved by caching, $0.5000 a passing doc\n{_NO_PRICE}"
    )


def test_the_last_name_is_the_first_column_and_the_others_are_above(db: Path) -> None:
    tables, _, _ = evalwh("costs", "--by", "day,role", db=db).out.rpartition("\ntotal")
    assert tables == (
        "2026-01-01\n"
        "role   requests  tokens  billed  repriced    saved\n"
        "model         4      60   $1.00     $1.60  $0.5000\n"
        "\n"
        "2026-01-02\n"
        "role   requests  tokens   billed\n"
        "judge         1      15  unknown\n"
    )


def test_costs_of_a_run_are_by_dataset_model_and_prompt(db: Path) -> None:
    assert evalwh("costs", "r1", db=db).out == (
        "d · m\n"
        "prompt_id  requests  tokens   billed  repriced  per pass\n"
        "p                 2      30  $0.7500   $0.8000   $0.7500\n"
        "\n"
        "total: 2 requests, 0 errors, 0 cached, 30 tokens, $0.7500 billed, $0.8000 at the\n"
        "    prices in force, $0.7500 a passing doc\n"
    )


def test_costs_as_json_are_the_rows(db: Path) -> None:
    ended = evalwh("costs", "r2", "--by", "asked_model", "--format", "json", db=db)
    assert json.loads(ended.out)[0] == {
        "asked_model": "a judge",
        "requests": 1,
        "errors": 0,
        "cached": 0,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "billed_usd": None,
        "unbilled_requests": 1,
        "repriced_usd": None,
        "unpriced_requests": 1,
        "saved_usd": None,
        "unvalued_cached": 0,
    }


def test_prices_are_those_of_a_time(db: Path) -> None:
    arguments = ("--by", "run", "--format", "json", "--as-of")
    then, later = (
        [row["repriced_usd"] for row in json.loads(evalwh("costs", *arguments, day, db=db).out)]
        for day in ("2025-12-31", "2026-01-02")
    )
    assert (then, later) == ([None, None], [0.8, 0.8])


def test_a_run_that_asked_nothing_has_a_total_of_nothing(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run()
    given.cell(docs=1)
    ended = evalwh("costs", "latest", "--by", "role", db=given.warehouse().path)
    assert ended == (0, "total: 0 requests, 0 errors, 0 cached, 0 tokens\n", "")


def test_no_name_of_a_model_draws_on_the_terminal_or_breaks_80_columns(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run().docs("a").price(1e9, 1e9, model="x")
    cell = given.cell(docs=1, model="openrouter/\x1b[31m" + "long-name/" * 12)
    given.generation(cell, "a", prompt_tokens=10**12, asked_model="x", cached=True)
    given.scored(cell, {"a": [1.0]}).threshold(1.0)
    out = evalwh("costs", "--by", "model", db=given.warehouse().path).out
    assert ("\x1b" in out, max(map(len, out.splitlines())) <= 80) == (False, True)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--by", "models"], "evalwh: error: --by: no 'models'; did you mean 'model'?\n"),
        (["--by", ","], "evalwh: error: --by: names nothing; there is asked_model, dataset, "),
        (["--format", "xml"], "evalwh: error: unknown format 'xml'"),
        (["--as-of", "soon"], "evalwh: error: 'soon' is not an ISO time; write "),
        (["r3"], "no run 'r3'; there is r1, r2"),
    ],
)
def test_bad_input_is_one_line_with_a_way_out(db: Path, arguments: list[str], error: str) -> None:
    ended = evalwh("costs", *arguments, db=db)
    assert (ended.code, ended.out, ended.err.count("\n"), error in ended.err) == (2, "", 1, True)


def test_a_place_without_a_warehouse_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.duckdb"
    ended = evalwh("costs", db=path)
    assert ended == Ended(
        1,
        "",
        f"evalwh: error: {path}: no warehouse here; make one with evalwh run, "
        "or name one with --db\n",
    )


def test_small_amounts_are_no_powers_of_ten(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run("r1").docs("a")
    given.generation(given.cell(docs=1), "a", billed_usd=0.0000661)
    told = evalwh("costs", "r1", db=given.warehouse().path).out
    assert ("$0.000066 billed" in told, "e-05" in told) == (True, False)
