"""The Excel file read back: it says what the views say, and text stays text."""

import re
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from evalwh.errors import ExportError
from evalwh.export.xlsx import export_xlsx
from evalwh.warehouse import Warehouse
from tests.app.given_runs import DANGEROUS_FORMULA, MODELS, NEWER, TEXT_TASK, fill, write_run_start
from tests.export import figures_run

KEY = ("dataset", "split", "doc_id", "model", "prompt_id", "repeat")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return fill(tmp_path_factory.mktemp("export") / "evalwh.duckdb", docs=24)


@pytest.fixture(scope="module")
def file(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("xlsx") / "run.xlsx"
    export_xlsx(warehouse, NEWER, path)
    return path


def _records(sheet: Worksheet) -> list[dict[str, Any]]:
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def _cases(file: Path) -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = _records(load_workbook(file, data_only=True)["cases"])
    return {tuple(row[name] for name in KEY): row for row in rows}


def test_every_score_and_verdict_is_the_views(warehouse: Warehouse, file: Path) -> None:
    cases = _cases(file)
    verdicts = warehouse.read(
        f"select {', '.join(KEY)}, field, metric, score, passed from verdicts where run_id = $1",
        [NEWER],
    )

    shown = [
        (
            *row[:8],
            cases[row[:6]][f"{row[6]} {row[7]}"],
            cases[row[:6]][f"{row[6]} {row[7]} passed"],
        )
        for row in verdicts.rows
    ]
    assert shown == verdicts.rows


def test_every_case_of_the_run_is_there_once_with_its_verdict(
    warehouse: Warehouse, file: Path
) -> None:
    verdicts = warehouse.read(
        f"select {', '.join(KEY)}, passed from doc_verdicts where run_id = $1 order by all", [NEWER]
    )

    rows = _records(load_workbook(file, data_only=True)["cases"])
    shown = sorted(
        (tuple(row[name] for name in (*KEY, "passed")) for row in rows), key=lambda row: row[:6]
    )
    assert shown == verdicts.rows


def test_the_leaderboard_has_the_views_rows(warehouse: Warehouse, file: Path) -> None:
    rates = warehouse.read(
        "select dataset, split, model, prompt_id, field, metric, docs, unscored_docs, errors,"
        " aggregation, value, stderr, threshold, passed_docs, pass_rate, ci_low, ci_high"
        " from leaderboard where run_id = $1 order by all",
        [NEWER],
    )

    rows = _records(load_workbook(file, data_only=True)["leaderboard"])
    shown = sorted(tuple(row[name] for name in rates.columns) for row in rows)
    assert shown == rates.rows


def test_a_response_that_begins_like_a_formula_stays_text(file: Path) -> None:
    sheet = load_workbook(file)["cases"]
    column = [cell.value for cell in sheet[1]].index("response") + 1
    cell = next(
        row[column - 1] for row in sheet.iter_rows() if row[column - 1].value == DANGEROUS_FORMULA
    )

    assert (cell.data_type, cell.quotePrefix) == ("s", True)


def test_no_formula_holds_a_word_of_the_run(file: Path) -> None:
    cells = [cell for sheet in load_workbook(file) for row in sheet.iter_rows() for cell in row]
    words = {
        word
        for cell in cells
        if cell.data_type == "f"
        for word in re.findall("[^\\W\\d]+", cell.value)
        if not re.fullmatch("[A-Z]{1,2}", word)
    }

    functions = {"IF", "OR", "AND", "COUNT", "COUNTIFS", "MAX", "MIN", "SQRT", "TRUE", "FALSE"}
    assert words - functions == {"thresholds", "cases"}


def test_the_cases_have_a_frozen_header_and_a_filter(file: Path) -> None:
    sheet = load_workbook(file)["cases"]

    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("D2", sheet.dimensions)


def test_a_missing_score_is_an_empty_cell_with_its_reason_beside(file: Path) -> None:
    row = _cases(file)[(TEXT_TASK, "test", "tsb-011", MODELS[0], "terse", 0)]

    reason = "503 the server is overloaded; gave up after 5 tries"
    assert (row["response"], row["response rougeL"], row["passed"]) == (None, None, None)
    assert (row["error"], row["problems"]) == (reason, f"response: {reason}")


def test_numbers_of_json_fields_stay_numbers(file: Path) -> None:
    rows = _records(load_workbook(file, data_only=True)["cases"])

    targets = {row["expected_status_code target"] for row in rows}
    assert targets == {200, 201, 404, None}


def test_cases_past_the_last_row_go_on_in_a_further_sheet(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    path = tmp_path / "run.xlsx"
    exported = export_xlsx(warehouse, NEWER, path, rows_per_sheet=100)

    book = load_workbook(path)
    sizes = [len(_records(book[title])) for title in ("cases", "cases 2")]
    assert (book.sheetnames, sizes) == (
        ["summary", "leaderboard", "thresholds", "cases", "cases 2", "failures"],
        [99, exported.cases - 99],
    )


def test_a_run_without_scores_is_refused(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    with warehouse.journal("given") as journal:
        write_run_start(journal, "fern")
    warehouse.fold()

    with pytest.raises(ExportError) as caught:
        export_xlsx(warehouse, "fern", tmp_path / "run.xlsx")

    command = f"evalwh score fern --db {warehouse.path}"
    assert str(caught.value) == f"run fern has no scores yet; make them with: {command}"


@pytest.fixture(scope="module")
def figures_book(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    folder = tmp_path_factory.mktemp("figures")
    export_xlsx(figures_run.fill(folder / "w.duckdb"), figures_run.RUN, folder / "run.xlsx")
    return load_workbook(folder / "run.xlsx", data_only=True)


def test_the_leaderboard_has_lm_evals_figures_the_better_first(figures_book: Workbook) -> None:
    rows = _records(figures_book["leaderboard"])

    columns = ("metric", "better", "model", "aggregation", "value", "stderr")
    assert [tuple(row[name] for name in columns) for row in rows if row["dataset"] == "s"] == [
        ("acc", "higher", "strong", "mean", 1, 0),
        ("acc", "higher", "weak", "mean", 0.5, 0.5),
        ("bleu", "higher", "strong", "bleu", 30.25, 1.5),
        ("bleu", "higher", "weak", "bleu", 20.5, 2),
        ("own", "higher", "strong", "ratio", None, None),
        ("own", "higher", "weak", "ratio", None, None),
        ("ppl", "lower", "strong", "weighted_perplexity", 9.125, None),
        ("ppl", "lower", "weak", "weighted_perplexity", 1234.5, None),
    ]


def test_groups_have_a_sheet_of_their_own(figures_book: Workbook) -> None:
    whole = {"group_name": "g", "alias": "The <group>", "field": "none", "metric": "acc"}
    counts = {"better": "higher", "tasks": 1, "missing_tasks": 1, "docs": 2, "unscored_docs": 0}
    assert _records(figures_book["groups"]) == [
        {**whole, **counts, "model": "strong", "value": 1, "stderr": 0},
        {**whole, **counts, "model": "weak", "value": 0.5, "stderr": 0.5},
    ]


def test_a_run_without_groups_has_no_sheet_of_them(file: Path) -> None:
    names = load_workbook(file, read_only=True).sheetnames

    assert names == ["summary", "leaderboard", "thresholds", "cases", "failures"]
