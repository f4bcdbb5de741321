"""The leaderboard of a run for people: a table for each dataset, model and prompt."""

from collections.abc import Sequence
from itertools import groupby

from rich.table import Table

from evalwh.cli.listing import Row, printed
from evalwh.value_text import visible


def leaderboard_text(rows: Sequence[Row]) -> str:
    """Rows of the view `leaderboard`, ordered by dataset, split, model, prompt and field."""
    shown = [_shown(row) for row in rows]
    return "\n".join(printed(_table(title, list(group))) for title, group in groupby(shown, _title))


def _shown(row: Row) -> Row:
    """A row whose names, which come from data, can't draw on a terminal."""
    return {
        name: visible(value) if isinstance(value, str) else value for name, value in row.items()
    }


def _title(row: Row) -> str:
    split = "" if row["split"] == "test" else f" ({row['split']})"
    return f"{row['dataset']}{split} · {row['model']} · {row['prompt_id']}"


def _table(title: str, rows: Sequence[Row]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, title_style="bold")
    for name in ("field", "metric"):
        table.add_column(name, overflow="fold")
    for name in ("docs", "mean", "≥", "passed", "95 % CI"):
        table.add_column(name, justify="right", no_wrap=True)
    shown = None
    for row in rows:
        table.add_row(
            "" if row["field"] == shown else row["field"],
            row["metric"],
            _docs(row),
            "-" if row["mean"] is None else f"{row['mean']:.3f}",
            _threshold(row),
            "-" if row["pass_rate"] is None else f"{100 * row['pass_rate']:.1f} %",
            _interval(row),
        )
        shown = row["field"]
    return table


def _docs(row: Row) -> str:
    """Docs with a score, and of how many where some have none."""
    docs, unscored = row["docs"], row["unscored_docs"]
    return f"{docs}/{docs + unscored}" if unscored else str(docs)


def _threshold(row: Row) -> str:
    """The threshold below its column's ≥; where lower is better it says so itself."""
    if row["threshold"] is None:
        return "-"
    return f"{'' if row['higher_is_better'] else '≤ '}{row['threshold']:g}"


def _interval(row: Row) -> str:
    if row["pass_rate"] is None:
        return "-"
    return f"{100 * row['ci_low']:.0f}–{100 * row['ci_high']:.0f} %"
