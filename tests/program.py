"""The program in a process of its own, as a user without keys starts it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def clean_environment(*also: str) -> dict[str, str]:
    """No keys and no settings of evalwh but `also`; a terminal of 80 columns."""
    kept = {name: os.environ[name] for name in (*_KEPT, *also) if name in os.environ}
    return {**kept, "COLUMNS": "80"}


def evalwh(
    *arguments: object, cwd: Path | None = None, db: Path | None = None, stdin: str = ""
) -> Ended:
    """Run `evalwh` in a folder, on the warehouse `db`, and wait for it."""
    environment = {"EVALWH_DB": str(db)} if db else {}
    done = run(*program(*arguments), cwd=cwd, stdin=stdin, **environment)
    return Ended(done.returncode, done.stdout, done.stderr)


def program(*arguments: object) -> list[str]:
    """The command that runs `evalwh` with `arguments`."""
    return [sys.executable, "-m", "evalwh", *map(str, arguments)]


def run(
    *command: object, cwd: Path | None = None, stdin: str = "", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder and wait for it; its output is text."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean_environment() | environment,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
