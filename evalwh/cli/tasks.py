"""`evalwh tasks`: what can be named with `--tasks`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from evalwh.cli.options import OptionNames

if TYPE_CHECKING:
    from evalwh.tasks import KnownTask

_COLUMNS = ("name", "docs", "description", "path")
_TYPES = ("VARCHAR", "BIGINT", "VARCHAR", "VARCHAR")


class _Uncut(NamedTuple):
    max_rows: int = 0
    max_width: int = 0


def register(app: typer.Typer) -> None:
    app.command(context_settings=OptionNames)(tasks)


def tasks(
    include_path: Annotated[
        list[Path] | None, typer.Option(help="Folder of task folders to list too, repeatable.")
    ] = None,
) -> None:
    """List the tasks that can be named, with their docs, and what is wrong with one."""
    from evalwh.query.formats import table
    from evalwh.query.formats.result import Result
    from evalwh.tasks import known_tasks

    rows = map(_row, known_tasks(include_path or []))
    table.write(Result(_COLUMNS, _TYPES, rows), sys.stdout.buffer, _Uncut())


def _row(task: "KnownTask") -> tuple[str, int | None, str, str]:
    """A task's name, docs, description and path; its problem where it can't be read."""
    from evalwh.errors import TaskError
    from evalwh.tasks import count_docs, load_task

    try:
        docs = count_docs(load_task(str(task.path)))
    except TaskError as error:
        return task.name, None, f"broken: {error}", str(task.path)
    return task.name, docs, task.description, str(task.path)
