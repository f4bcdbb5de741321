"""The figures of lm-eval tasks for people: a table for each model, and one of its groups."""

import textwrap
from collections.abc import Sequence
from itertools import groupby

from rich.table import Table

from evalwh.cli.listing import WIDTH, Row, printed
from evalwh.counted import counted
from evalwh.value_text import visible

_ARROWS = {True: "↑", False: "↓"}


def harness_text(tasks: Sequence[Row], groups: Sequence[Row]) -> str:
    """Rows of the views `aggregates` and `group_results`, ordered by model; both as `name`,
    `alias`, `field`, `metric`, `docs`, `missing`, `value`, `stderr` and `higher_is_better`."""
    return figures_text("tasks", tasks) + figures_text("groups", groups)


def figures_text(what: str, rows: Sequence[Row]) -> str:
    """Rows of `tasks` or `groups` as a table for each model, with what is missing below it.

    Tasks have an `error` where an aggregation gave no figure. Groups have `tasks` with a figure
    and `missing_tasks` without one.
    """
    return "".join(
        _model_text(f"{what} · {visible(model)}", list(group))
        for model, group in groupby(rows, lambda row: str(row["model"]))
    )


def _model_text(title: str, rows: Sequence[Row]) -> str:
    return printed(_table(title, rows)) + "".join(map(_missing, rows)) + "\n"


def _missing(row: Row) -> str:
    """Why a task has no figure, and what that of a group leaves out, where it does."""
    figure = row["metric"] if row["field"] == "none" else f"{row['metric']},{row['field']}"
    if missing := row.get("missing_tasks"):
        tasks = counted(row["tasks"] + missing, "task")
        note = f"{row['name']}: {figure} is missing in {missing} of {tasks}"
    elif row.get("error"):
        note = f"{row['name']}: {figure} has no figure: {row['error']}"
    else:
        return ""
    return textwrap.fill(visible(note), WIDTH, break_on_hyphens=False) + "\n"


def _table(title: str, rows: Sequence[Row]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, title_style="bold")
    for name in (title.partition("s ")[0], "filter", "metric"):
        table.add_column(name, overflow="fold")
    for name in ("docs", "value", "stderr"):
        table.add_column(name, justify="right", no_wrap=True)
    shown = ("", "")
    for row in rows:
        name, field = visible(row["name"]), visible(row["field"])
        table.add_row(
            "" if name == shown[0] else name,
            "" if (name, field) == shown else field,
            f"{visible(row['metric'])} {_ARROWS.get(row['higher_is_better'], '')}",
            f"{row['docs']}/{row['docs'] + row['missing']}" if row["missing"] else str(row["docs"]),
            "-" if row["value"] is None else f"{row['value']:.4f}",
            "-" if row["stderr"] is None else f"± {row['stderr']:.4f}",
        )
        shown = (name, field)
    return table
