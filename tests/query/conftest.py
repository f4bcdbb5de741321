"""A small warehouse for the tests of queries; nothing writes to it."""

from pathlib import Path

import pytest

from tests.warehouse.given import given_two_thresholds


@pytest.fixture(scope="session")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return given_two_thresholds(tmp_path_factory.mktemp("query"))
