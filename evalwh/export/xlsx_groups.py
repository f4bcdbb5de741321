"""The sheet of groups of lm-eval's tasks: what lm-eval reports of each, without formulas."""

from openpyxl.worksheet.worksheet import Worksheet

from evalwh.export.xlsx_book import StreamedBook
from evalwh.export.xlsx_reads import RunReads
from evalwh.export.xlsx_styles import Styles
from evalwh.export.xlsx_tables import TableColumn, fit_to_page, read_from, set_widths, write_table

_WIDTHS = {"group_name": 24, "alias": 24, "model": 24, "field": 18, "metric": 18}
_SCORES = ("value", "stderr")


def write_groups(book: StreamedBook, sheet: Worksheet, styles: Styles, reads: RunReads) -> None:
    """Write the groups' rows of the view `figures`; `better` says which way a figure is better."""
    columns = [_column(styles, name) for name in reads.groups.columns]
    sheet.freeze_panes = "A2"
    set_widths(sheet, [column.width for column in columns])
    fit_to_page(sheet, "1:1")
    with book.rows(sheet) as rows:
        table = write_table(rows, columns, reads.groups.dicts(), styles, height=32)
        sheet.auto_filter.ref = table.whole


def _column(styles: Styles, name: str) -> TableColumn:
    is_text = name in _WIDTHS or name == "better"
    style = styles.text if is_text else styles.score if name in _SCORES else styles.number
    return TableColumn(name, _WIDTHS.get(name, 14), style, read_from(name))
