"""`evalwh export`: a run as a file."""

from pathlib import Path
from typing import Annotated

import typer

from evalwh.cli.options import DEFAULT_DB, Db
from evalwh.errors import UsageError


def register(app: typer.Typer) -> None:
    app.command()(export)


def export(
    run: Annotated[str, typer.Argument(help="Run id, the beginning of one, or latest.")],
    xlsx: Annotated[Path | None, typer.Option(help="Excel file to write or replace.")] = None,
    db: Db = DEFAULT_DB,
) -> None:
    """Write a run to a file for experts: a summary and every case."""
    from evalwh.export.xlsx import export_xlsx
    from evalwh.warehouse import Warehouse
    from evalwh.warehouse.runs import resolve_run

    if xlsx is None:
        raise UsageError("say what to write, as with: evalwh export latest --xlsx run.xlsx")
    warehouse = Warehouse(db)
    written = export_xlsx(warehouse, resolve_run(warehouse, run), xlsx)
    cut = f", {written.cut_cells:,} long texts cut" if written.cut_cells else ""
    typer.echo(f"{xlsx}: {written.cases:,} cases{cut}", err=True)
