"""The program in a process of its own, as a user without keys starts it."""

import os
import subprocess
import sys
from pathlib import Path

_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


def clean_environment() -> dict[str, str]:
    """No keys and no settings of evalwh; a terminal of 80 columns."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "COLUMNS": "80"}


def evalwh(*arguments: object, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run `evalwh` in a folder and wait for it."""
    return run(sys.executable, "-m", "evalwh", *arguments, cwd=cwd)


def run(*command: object, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder and wait for it; its output is text."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
