"""`evalwh tasks`: what can be named with `--tasks`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalwh.cli.options import OptionNames

if TYPE_CHECKING:
    from evalwh.tasks import KnownTask

_HEADINGS = ("name", "docs", "description", "path")


def register(app: typer.Typer) -> None:
    app.command(context_settings=OptionNames)(tasks)


def tasks(
    include_path: Annotated[
        list[Path] | None, typer.Option(help="Folder of task folders to list too, repeatable.")
    ] = None,
) -> None:
    """List the tasks that can be named, with their docs, and what is wrong with one."""
    from evalwh.tasks import known_tasks

    for row in [_HEADINGS, *map(_row, known_tasks(include_path or []))]:
        typer.echo("\t".join(row))


def _row(task: "KnownTask") -> tuple[str, ...]:
    """A task's name, docs, description and path; its problem where it can't be read."""
    from evalwh.errors import TaskError
    from evalwh.tasks import count_docs, load_task

    try:
        docs = count_docs(load_task(str(task.path)))
    except TaskError as error:
        return task.name, "-", f"broken: {error}", str(task.path)
    return task.name, str(docs), task.description, str(task.path)
