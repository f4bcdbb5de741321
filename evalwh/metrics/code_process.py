"""Runs a program in a process of its own, shut in by `code_jail`; knows nothing of its tests."""

import contextlib
import json
import math
import os
import platform
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

from evalwh.errors import MetricError
from evalwh.metrics import code_jail
from evalwh.metrics.code_calls import call_filter
from evalwh.records import Json

MAX_OUTPUT_BYTES = 16_000_000
"""That a program may print, or its function give back."""
_READ_BYTES = 65_536


class Limits(NamedTuple):
    """What one run may take; it may wait, asleep or for a processor, twice `cpu_s` and two more."""

    cpu_s: float
    memory_bytes: int

    @property
    def wall_s(self) -> float:
        return 2 * self.cpu_s + 2


class Ran(NamedTuple):
    """How a run ended: what it printed, what its function gave as JSON, why it failed if it did."""

    printed: str
    returned: str
    failure: str | None


def run_code(
    code: str,
    limits: Limits,
    *,
    stdin: str = "",
    fn_name: str | None = None,
    arguments: Sequence[Json] = (),
) -> Ran:
    """Run `code` as a program on `stdin`, or its function `fn_name` on `arguments`.

    Raises `MetricError` where it could not be shut in: nothing of it was run then.
    """
    denied = call_filter(platform.machine())
    task = {
        "code": code,
        "fn_name": fn_name,
        "arguments": list(arguments),
        "limits": {"cpu_s": math.ceil(limits.cpu_s), "memory_bytes": limits.memory_bytes},
        "call_filter": denied and denied.hex(),
    }
    with (
        _held(json.dumps(task).encode()) as given,
        _held(stdin.encode("utf-8", "replace")) as read,
        tempfile.TemporaryDirectory(prefix="evalwh-code-") as folder,
    ):
        return _run(given, read, Path(folder), limits)


def _held(content: bytes) -> IO[bytes]:
    """A file that has no name, holding `content`."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
    file.write(content)
    file.seek(0)
    return file


def _run(given: IO[bytes], stdin: IO[bytes], folder: Path, limits: Limits) -> Ran:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as result:
        try:
            process = subprocess.Popen(
                [*_PYTHON, str(given.fileno()), str(writing)],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(given.fileno(), writing),
                cwd=folder,
                env={"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                start_new_session=True,
            )
        finally:
            os.close(writing)
        with process:
            return _ended(process, result, limits)


_PYTHON = (sys.executable, "-I", "-B", "-X", "utf8", code_jail.__file__)


def _ended(process: subprocess.Popen[bytes], result: IO[bytes], limits: Limits) -> Ran:
    deadline = time.monotonic() + limits.wall_s
    assert process.stdout is not None
    try:
        failure, (printed, returned) = _read_all((process.stdout, result), deadline)
        if failure is None:
            failure = _exit(process, deadline, limits)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    if not returned.startswith(code_jail.SHUT_IN):
        raise MetricError("code_passes: a program could not be shut in, so it was not run")
    text = returned.removeprefix(code_jail.SHUT_IN).decode("utf-8", "replace")
    return Ran(printed.decode("utf-8", "replace"), text, failure)


def _read_all(files: Sequence[IO[bytes]], deadline: float) -> tuple[str | None, tuple[bytes, ...]]:
    """What comes out of the files until they end, and why no more of it was read, if so."""
    came = {file.fileno(): bytearray() for file in files}
    failure = None
    with selectors.DefaultSelector() as selector:
        for file in files:
            selector.register(file, selectors.EVENT_READ)
        while selector.get_map() and failure is None:
            failure = _read_some(selector, came, deadline)
    return failure, tuple(bytes(came[file.fileno()]) for file in files)


def _read_some(
    selector: selectors.BaseSelector, came: dict[int, bytearray], deadline: float
) -> str | None:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        return "it ran out of time"
    for key, _events in selector.select(left_s):
        read = os.read(key.fd, _READ_BYTES)
        if not read:
            selector.unregister(key.fileobj)
        came[key.fd] += read
        if len(came[key.fd]) > MAX_OUTPUT_BYTES:
            return f"it gave more than {MAX_OUTPUT_BYTES:,} bytes"
    return None


def _exit(process: subprocess.Popen[bytes], deadline: float, limits: Limits) -> str | None:
    try:
        code = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return "it ran out of time"
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"it took more than {limits.cpu_s:g} s of the processor"
    return f"it ended with exit code {code}" if code else None
