"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Db = Annotated[
    Path,
    typer.Option("--db", envvar="EVALWH_DB", help="Warehouse file.", show_default=True),
]
DEFAULT_DB = Path("evalwh.duckdb")
