"""What all tests share: those in a browser are skipped where there is none, but for CI."""

import os
from pathlib import Path

import pytest

_CHROMIUM = Path("/usr/bin/chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _CHROMIUM.exists() or os.environ.get("CI"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=f"needs Chromium at {_CHROMIUM}"))
