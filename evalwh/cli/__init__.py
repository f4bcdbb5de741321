"""The commands: each module reads its options, calls one function and prints what it gave.

Start-up is paid at every call: nothing but typer and the standard library is imported here or at
the top of a command's module.
"""

import typer

from evalwh.cli import app as dashboard
from evalwh.cli import (
    export,
    init,
    price,
    prompt,
    query,
    run,
    runs,
    score,
    show,
    tasks,
    threshold,
)

app = typer.Typer(
    help="Run, score and query LLM evaluations in one DuckDB file.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_MODULES = (
    init,
    tasks,
    run,
    score,
    runs,
    show,
    query,
    threshold,
    price,
    prompt,
    export,
    dashboard,
)
for module in _MODULES:
    module.register(app)
