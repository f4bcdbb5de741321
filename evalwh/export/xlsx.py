"""A run as an Excel file in which thresholds can be tried: what passes and how much are formulas.

Sheets of the summary, the leaderboard, groups of lm-eval's tasks where there are any, the
thresholds, the cases and the failures. Rows are streamed to disk as they are read, so that memory
doesn't grow with the run. Every formula has the view's value beside it, for readers that don't
calculate.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from evalwh.export.case_rows import Measure, case_columns, case_rows
from evalwh.export.case_table import Column, cases_text
from evalwh.export.xlsx_book import StreamedBook
from evalwh.export.xlsx_cases import CaseCells, Range, write_cases, xlsx_table
from evalwh.export.xlsx_failures import write_failures
from evalwh.export.xlsx_groups import write_groups
from evalwh.export.xlsx_leaderboard import write_leaderboard
from evalwh.export.xlsx_reads import PartKey, RunReads
from evalwh.export.xlsx_styles import Styles
from evalwh.export.xlsx_summary import write_summary
from evalwh.export.xlsx_thresholds import threshold_cells, write_thresholds
from evalwh.export.xlsx_verdicts import CaseFormula, PartFormulas, ThresholdCells
from evalwh.spreadsheet import MOST_CHARACTERS, MOST_ROWS
from evalwh.warehouse import Warehouse


class Exported(NamedTuple):
    """What an export wrote: cases, texts that were longer than a cell can be, and the columns of
    verdicts that are values, since their formula would be longer than Excel takes.
    """

    cases: int
    cut_cells: int
    value_columns: Sequence[str]


def write(warehouse: Warehouse, run_id: str, path: Path) -> list[str]:
    """Write a run to `path`, and say how much it is and what is not as it should be."""
    exported = export_xlsx(warehouse, run_id, path)
    return [cases_text(exported.cases), *_notes(exported).values()]


def export_xlsx(
    warehouse: Warehouse, run_id: str, path: Path, *, rows_per_sheet: int = MOST_ROWS
) -> Exported:
    """Write a run to `path`.

    Cases past `rows_per_sheet`, which counts the header, go on in a further sheet. Raises
    `ExportError` for a run without scores and for more columns than a sheet holds.
    """
    columns = case_columns(warehouse, run_id)
    reads = RunReads(warehouse, run_id)
    table = xlsx_table(columns, reads)
    thresholds = threshold_cells(reads)
    formulas = _formulas(table, reads, thresholds)
    rows = case_rows(warehouse, run_id, columns)
    with StreamedBook(path, title=f"run {run_id}", made_at=reads.run["started_at"]) as book:
        front = {title: book.add_sheet(title) for title in _front(reads)}
        styles = Styles.of(book)
        sheets = list(
            write_cases(
                book, styles, table, rows, formulas.by_part, _ranges(reads),
                rows_per_sheet=rows_per_sheet,
            )
        )  # fmt: skip
        cut_cells = write_failures(book, styles, reads, rows_per_sheet=rows_per_sheet)
        exported = Exported(
            sum(sheet.cases for sheet in sheets),
            cut_cells + sum(sheet.cut_cells for sheet in sheets),
            formulas.too_long,
        )
        cases = CaseCells(table, sheets)
        write_thresholds(book, front["thresholds"], styles, reads, cases)
        write_leaderboard(book, front["leaderboard"], styles, reads, cases, thresholds)
        if "groups" in front:
            write_groups(book, front["groups"], styles, reads)
        notes = _notes(exported)
        write_summary(book, front["summary"], styles, reads, cases, thresholds, notes)
    return exported


def _front(reads: RunReads) -> list[str]:
    """The sheets before the cases."""
    groups = ["groups"] if reads.groups.rows else []
    return ["summary", "leaderboard", *groups, "thresholds"]


class _Formulas(NamedTuple):
    by_part: Mapping[PartKey, Sequence[CaseFormula]]
    too_long: Sequence[str]


def _formulas(table: Sequence[Column], reads: RunReads, thresholds: ThresholdCells) -> _Formulas:
    """The formulas of every part that Excel takes, and the columns of those that are too long."""
    by_part = {
        part: PartFormulas.over(table, part, reads, thresholds).all() for part in reads.parts
    }
    too_long = {
        table[formula.place].name: None
        for of_part in by_part.values()
        for formula in of_part
        if not formula.fits()
    }
    return _Formulas(
        {
            part: [formula for formula in of_part if formula.fits()]
            for part, of_part in by_part.items()
        },
        list(too_long),
    )


def _ranges(reads: RunReads) -> dict[Measure, Range]:
    """What the bars of a field and metric go from and to: 0..1 where that holds all scores."""
    ranges = {measure: (0.0, 1.0) for of_part in reads.measures.values() for measure in of_part}
    for row in reads.thresholds:
        measure = Measure(row["field"], row["metric"])
        if row["scores"] and not -1 <= row["lowest"] <= row["highest"] <= 1:
            low, high = ranges[measure]
            ranges[measure] = (min(low, row["lowest"]), max(high, row["highest"]))
    return ranges


def _notes(exported: Exported) -> dict[str, str]:
    """What there is to say of the file, by a word for it."""
    notes = {}
    if exported.cut_cells:
        texts = "1 text is" if exported.cut_cells == 1 else f"{exported.cut_cells:,} texts are"
        notes["cut"] = (
            f"{texts} cut at the {MOST_CHARACTERS:,} characters of a cell;"
            " --csv and --parquet have them in full"
        )
    if exported.value_columns:
        notes["fixed"] = (
            "too long for a formula, so these don't follow the thresholds: "
            + ", ".join(exported.value_columns)
        )
    return notes
