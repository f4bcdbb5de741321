"""`evalwh init`: a first task folder."""

import shlex
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(init)


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
) -> None:
    """Make a small task folder that works, to fill in."""
    from evalwh.tasks import scaffold

    for path in scaffold(directory):
        typer.echo(path)
    task = directory if directory.is_absolute() else f"./{directory}"
    typer.echo(f"try it: evalwh run --tasks {shlex.quote(str(task))} --model local", err=True)
