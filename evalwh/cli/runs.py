"""`evalwh runs`: what is there."""

import typer

from evalwh.cli.options import DEFAULT_DB, Db


def register(app: typer.Typer) -> None:
    app.command()(runs)


def runs(db: Db = DEFAULT_DB) -> None:
    """List the runs, newest first."""
    from evalwh.warehouse import Warehouse

    for row in Warehouse(db).read("select run_id, status from runs order by run_id desc").rows:
        typer.echo("\t".join(map(str, row)))
