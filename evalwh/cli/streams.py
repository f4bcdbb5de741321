"""Keeps stdout for data: what code of tasks, metrics and models prints is none."""

import contextlib
import os
import sys
from collections.abc import Iterator

_STDOUT, _STDERR = 1, 2


@contextlib.contextmanager
def stdout_kept() -> Iterator[None]:
    """What is written to stdout meanwhile goes to stderr, from C and child processes too."""
    sys.stdout.flush()
    kept = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # a full or closed stderr loses what was no data
            sys.stdout.flush()
        os.dup2(kept, _STDOUT)
        os.close(kept)
