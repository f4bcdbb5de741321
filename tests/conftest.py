"""What all tests share: those in a program that isn't installed are skipped, but for CI.

All processes of a test run share the fork servers of `tests/program.py`.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.program import FORK_SERVERS

_PROGRAMS = {"browser": Path("/usr/bin/chromium"), "libreoffice": Path("/usr/bin/soffice")}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = long_ones_first(items, workers)
    if os.environ.get("CI"):
        return
    for marker, program in _PROGRAMS.items():
        for item in items:
            if item.get_closest_marker(marker) and not program.exists():
                item.add_marker(pytest.mark.skip(reason=f"needs {program}"))


def long_ones_first(items: list[pytest.Item], workers: int) -> Iterator[pytest.Item]:
    """Each worker begins with its share of the slow tests, so that none of them is the last.

    `--dist worksteal` gives each worker an equal part of the list; what it hasn't begun can go
    to another.
    """
    slow = [item for item in items if item.get_closest_marker("slow")]
    others = iter([item for item in items if not item.get_closest_marker("slow")])
    for worker in range(workers):
        share = slow[worker::workers]
        yield from share
        part = len(items) * (worker + 1) // workers - len(items) * worker // workers
        yield from islice(others, part - len(share))
    yield from others


def pytest_configure() -> None:
    # Only the first process of a test run has no setting yet.
    if FORK_SERVERS not in os.environ:
        os.environ[FORK_SERVERS] = f"{os.getpid()}:{tempfile.mkdtemp(prefix='evalwh-')}"


def pytest_unconfigure() -> None:
    owner, _, place = os.environ[FORK_SERVERS].partition(":")
    if int(owner) == os.getpid():
        shutil.rmtree(place)
