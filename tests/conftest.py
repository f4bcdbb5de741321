"""What all tests share: those in a program that isn't installed are skipped, but for CI.

All processes of a test run share the fork servers of `tests/program.py`.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.program import FORK_SERVERS

_PROGRAMS = {"browser": Path("/usr/bin/chromium"), "libreoffice": Path("/usr/bin/soffice")}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("CI"):
        return
    for marker, program in _PROGRAMS.items():
        for item in items:
            if item.get_closest_marker(marker) and not program.exists():
                item.add_marker(pytest.mark.skip(reason=f"needs {program}"))


def pytest_configure() -> None:
    # Only the first process of a test run has no setting yet.
    if FORK_SERVERS not in os.environ:
        os.environ[FORK_SERVERS] = f"{os.getpid()}:{tempfile.mkdtemp(prefix='evalwh-')}"


def pytest_unconfigure() -> None:
    owner, _, place = os.environ[FORK_SERVERS].partition(":")
    if int(owner) == os.getpid():
        shutil.rmtree(place)
