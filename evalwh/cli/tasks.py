"""`evalwh tasks`: what can be named with `--tasks`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalwh.cli.options import OptionNames
from evalwh.cli.printing import RowsFormat, print_result, require_format, say

if TYPE_CHECKING:
    from evalwh.cli.listing import Row
    from evalwh.query.formats.result import Result
    from evalwh.records import FieldSpec
    from evalwh.tasks import KnownTask

_COLUMNS = ("name", "docs", "description", "needs", "path", "error")


def register(app: typer.Typer) -> None:
    app.command(context_settings=OptionNames)(tasks)


def tasks(
    patterns: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATTERN]...",
            help="Names or patterns such as 'mmlu*', of lm-eval's tasks too; '*' for all of them.",
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="Only of this kind: folder, task, group or tag."),
    ] = None,
    include_path: Annotated[
        list[Path] | None, typer.Option(help="Folder of tasks to list too, repeatable.")
    ] = None,
    format_name: RowsFormat = "table",
) -> None:
    """List the tasks that can be named, lm-eval's by a pattern."""
    from evalwh.cli.task_names import drawn, matching, result_of

    require_format(format_name)
    if patterns or kind:
        names = matching(patterns or [], kind, include_path or [])
        print_result(result_of(names), format_name=format_name, drawn=drawn)
        return
    print_result(_folders(include_path or []), format_name=format_name, drawn=_drawn)
    _say_of_lm_eval()


def _folders(include_path: "Sequence[Path]") -> "Result":
    from evalwh.query.formats.result import Result
    from evalwh.tasks import known_tasks

    rows = (_row(task) for task in known_tasks(include_path))
    kinds = ("VARCHAR", "BIGINT", "VARCHAR", "VARCHAR[]", "VARCHAR", "VARCHAR")
    return Result(_COLUMNS, kinds, rows)


def _drawn(rows: "Sequence[Row]") -> str:
    """For people: below a description stand what the task needs and its path."""
    from rich.table import Table

    from evalwh.cli.listing import printed

    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column("name", no_wrap=True)
    table.add_column("docs", no_wrap=True, justify="right")
    table.add_column("description", overflow="fold")
    for row in rows:
        needed = [f"needs {each}" for each in row["needs"]]
        about = "\n".join(filter(None, (row["description"], *needed, row["path"])))
        said = f"broken: {row['error']}" if row["error"] else about
        table.add_row(row["name"], "-" if row["docs"] is None else str(row["docs"]), said)
    return printed(table)


def _say_of_lm_eval() -> None:
    """Say that there are lm-eval's names too, and how many where that is known at once."""
    from evalwh.errors import MissingExtra
    from evalwh.harness.index import kept_count

    try:
        count = kept_count()
    except MissingExtra:
        return
    more = "many names" if count is None else f"{count:,} names"
    say(f"note: lm-eval has {more} more; list some: evalwh tasks 'mmlu*'")


def _row(task: "KnownTask") -> tuple[Any, ...]:
    """A task as `_COLUMNS` has it; docs that aren't in its folder are not fetched to be counted."""
    from evalwh.errors import TaskError
    from evalwh.tasks import count_docs, data_needed, load_task

    try:
        loaded = load_task(str(task.path))
        data = data_needed(loaded)
        docs = None if data else count_docs(loaded)
    except TaskError as error:
        return task.name, None, task.description, [], str(task.path), str(error)
    needed = [each for each in (data, *_options_needed(loaded.fields)) if each]
    return task.name, docs, task.description, needed, str(task.path), None


def _options_needed(fields: "Sequence[FieldSpec]") -> list[str]:
    """What the metrics ask of a run's command line; nothing is known of those of plugins."""
    from evalwh.errors import MetricError
    from evalwh.metrics import code_running, judge_metrics

    try:
        judged = {plan.metric.name for plan in judge_metrics(fields)}
        running = code_running(fields)
    except MetricError:
        return []
    judge = [f"--judge MODEL for {', '.join(sorted(judged))}"] if judged else []
    return [*judge, *(f"--confirm_run_unsafe_code for {name}" for name in running)]
