"""typer's complaints about a command line as one line of ours.

typer brings its own copy of click, or uses click itself, by its version; `typer.BadParameter` is
public in both, and what it derives from are the usage errors of the copy in use.
"""

import re
from typing import Any

import typer

from evalwh.errors import UsageError, did_you_mean

TyperUsageError: type[Exception] = typer.BadParameter.__mro__[1]
_NO_COMMAND = re.compile(r"No such command '(?P<name>.*?)'")


def as_usage_error(error: Any) -> UsageError:
    """The same complaint, in one line that ends with the way out."""
    command = error.ctx.command_path if error.ctx else "evalwh"
    complaint = error.format_message()
    if hasattr(error, "possibilities"):
        return UsageError(f"{command} has no option '{error.option_name}'{_near(error, command)}")
    if unknown := _NO_COMMAND.match(complaint):
        known = error.ctx.command.list_commands(error.ctx)
        name = unknown["name"]
        return UsageError(f"{command} has no command '{name}'{did_you_mean(name, known)}")
    if complaint.startswith("Usage:"):
        known = error.ctx.command.list_commands(error.ctx)
        return UsageError(f"{command} needs a command{did_you_mean('', known)}")
    words = complaint.strip().rstrip(".")
    return UsageError(f"{words[:1].lower()}{words[1:]}; see {command} --help")


def _near(error: Any, command: str) -> str:
    if error.possibilities:
        return did_you_mean(error.option_name, error.possibilities)
    return f"; see {command} --help"
