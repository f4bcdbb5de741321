"""The sheet of the leaderboard: pass rates and their intervals count the cases by formula."""

from openpyxl.worksheet.worksheet import Worksheet

from evalwh.export import xlsx_formulas as formulas
from evalwh.export.case_rows import Measure
from evalwh.export.xlsx_book import StreamedBook
from evalwh.export.xlsx_cases import CaseCells
from evalwh.export.xlsx_reads import RunReads, part_of
from evalwh.export.xlsx_rows import Formula
from evalwh.export.xlsx_styles import Styles, draw_bars
from evalwh.export.xlsx_tables import (
    Record,
    TableColumn,
    fit_to_page,
    letters,
    read_from,
    set_widths,
    write_table,
)
from evalwh.export.xlsx_verdicts import ThresholdCells

TITLE = "leaderboard"


def write_leaderboard(
    book: StreamedBook,
    sheet: Worksheet,
    styles: Styles,
    reads: RunReads,
    cases: CaseCells,
    thresholds: ThresholdCells,
) -> None:
    """Write the view's rows; what nobody scored has no pass rate, whatever its threshold.

    `better` says whether a higher value is better or a lower one.
    """
    columns = _columns(styles, _Cells(reads, cases, thresholds))
    sheet.freeze_panes = "A2"
    set_widths(sheet, [column.width for column in columns])
    fit_to_page(sheet, "1:1")
    with book.rows(sheet) as rows:
        table = write_table(rows, columns, reads.leaderboard.dicts(), styles, height=32)
        sheet.auto_filter.ref = table.whole
        draw_bars(sheet, table.span("pass_rate"))


def _columns(styles: Styles, cells: "_Cells") -> list[TableColumn]:
    text, number, score, rate = styles.text, styles.number, styles.score, styles.rate
    return [
        TableColumn("dataset", 24, text, read_from("dataset")),
        TableColumn("split", 7, text, read_from("split")),
        TableColumn("model", 24, text, read_from("model")),
        TableColumn("prompt_id", 14, text, read_from("prompt_id")),
        TableColumn("field", 22, text, read_from("field")),
        TableColumn("metric", 20, text, read_from("metric")),
        TableColumn("aggregation", 19, text, read_from("aggregation")),
        TableColumn("better", 8, text, read_from("better")),
        TableColumn("docs", 8, number, read_from("docs")),
        TableColumn("unscored_docs", 15, number, read_from("unscored_docs")),
        TableColumn("errors", 8, number, read_from("errors")),
        TableColumn("value", 9, score, read_from("value")),
        TableColumn("stderr", 9, score, read_from("stderr")),
        TableColumn("threshold", 11, score, cells.threshold),
        TableColumn("passed_docs", 13, styles.share, cells.passed_docs),
        TableColumn("pass_rate", 12, rate, cells.pass_rate),
        TableColumn("ci_low", 9, rate, cells.ci_low),
        TableColumn("ci_high", 9, rate, cells.ci_high),
        TableColumn("part", 6, styles.grey, cells.part),
    ]


_LETTERS = letters(
    (
        *("dataset", "split", "model", "prompt_id", "field", "metric", "aggregation", "better"),
        *("docs", "unscored_docs", "errors", "value", "stderr"),
        *("threshold", "passed_docs", "pass_rate", "ci_low", "ci_high", "part"),
    )
)


class _Cells:
    """The cells that are formulas; each has the view's value too."""

    def __init__(self, reads: RunReads, cases: CaseCells, thresholds: ThresholdCells) -> None:
        self._reads = reads
        self._cases = cases
        self._thresholds = thresholds

    def part(self, record: Record, _row: int) -> int:
        return self._reads.parts[part_of(record)].number

    def threshold(self, record: Record, _row: int) -> Formula:
        cell = self._threshold(record)
        return Formula(f'IF(COUNT({cell})=0,"",{cell})', record["threshold"])

    def passed_docs(self, record: Record, row: int) -> Formula | None:
        if not self._is_scored(record):
            return None
        part = self._reads.parts[part_of(record)]
        count = formulas.passed_count(
            self._cases.spans("score_passed", record["field"], record["metric"]),
            self._cases.spans("part"),
            [f"{_LETTERS['part']}{row}"],
            "TRUE",
        )
        share = f"({count})/{part.repeats}" if part.repeats > 1 else count
        return Formula(f'IF(COUNT({self._threshold(record)})=0,"",{share})', record["passed_docs"])

    def pass_rate(self, record: Record, row: int) -> Formula | None:
        if not self._is_scored(record):
            return None
        passed = f"{_LETTERS['passed_docs']}{row}"
        return Formula(f'IF({passed}="","",{passed}/({_planned(row)}))', record["pass_rate"])

    def ci_low(self, record: Record, row: int) -> Formula | None:
        return self._end(record, row, "-", "ci_low")

    def ci_high(self, record: Record, row: int) -> Formula | None:
        return self._end(record, row, "+", "ci_high")

    def _end(self, record: Record, row: int, sign: str, column: str) -> Formula | None:
        if not self._is_scored(record):
            return None
        rate = f"{_LETTERS['pass_rate']}{row}"
        return Formula(formulas.wilson(rate, _planned(row), sign=sign), record[column])

    def _threshold(self, record: Record) -> str:
        return self._thresholds[record["dataset"], Measure(record["field"], record["metric"])]

    def _is_scored(self, record: Record) -> bool:
        """Whether there are scores to pass, or none because the model didn't give the field."""
        measure = Measure(record["field"], record["metric"])
        unscored = measure in self._reads.unscored.get(part_of(record), ())
        return not unscored and self._cases.has("score_passed", *measure)


def _planned(row: int) -> str:
    return f"{_LETTERS['docs']}{row}+{_LETTERS['unscored_docs']}{row}"
