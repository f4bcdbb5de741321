"""A small warehouse for the tests of queries; nothing writes to it."""

from pathlib import Path

import pytest

from tests.warehouse.given import Given


@pytest.fixture(scope="session")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = Given(tmp_path_factory.mktemp("query") / "evalwh.duckdb")
    cell = given.run().docs("a", "b").cell(docs=2)
    given.scored(cell, {"a": [0.4], "b": [0.8]}).threshold(0.3, day=1).threshold(0.6, day=2)
    return given.warehouse().path
