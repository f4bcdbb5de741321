"""What a command took: its seconds and its peak memory, its children's left out."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_MB = 1e6
_LAUNCHER = """
import os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_pid, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), time.perf_counter() - started, usage.ru_maxrss)
"""


class Spent(NamedTuple):
    """What a command took, from its start to its end."""

    seconds: float
    peak_mb: float


def spent(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Spent:
    """Run `command` to its end, with `environment` over ours.

    A small process starts it: Linux counts what the parent held as the child's peak. Raises
    RuntimeError with the end of stderr.
    """
    done = subprocess.run(
        [sys.executable, "-S", "-c", _LAUNCHER, *command],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=True,
    )
    status, seconds, peak_kb = done.stdout.split()
    if status != "0":
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr[-2000:]}")
    return Spent(float(seconds), int(peak_kb) * 1024 / _MB)
