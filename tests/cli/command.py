"""The command line as a user runs it: a process, its output and its exit code."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.program import clean_environment


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def evalwh(*arguments: str | Path, db: Path | None = None, stdin: str = "") -> Ended:
    """Run `evalwh` with `arguments` on the warehouse `db`."""
    environment = clean_environment() | ({"EVALWH_DB": str(db)} if db else {})
    done = subprocess.run(
        [sys.executable, "-m", "evalwh", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        env=environment,
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
