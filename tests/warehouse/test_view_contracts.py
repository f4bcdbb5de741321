"""Every view does what its file's header says: its columns' names, types and order."""

from pathlib import Path

import pytest

from evalwh.warehouse import Warehouse, schema
from evalwh.warehouse.contracts import contract, contracts

_RULE = "score >= threshold, or <= where lower is better, 1e-9 of float noise allowed"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = Warehouse(tmp_path_factory.mktemp("contracts") / "evalwh.duckdb")
    warehouse.fold()
    return warehouse


@pytest.mark.parametrize("view", sorted(schema.views()))
def test_header_of_a_view_names_its_columns_and_types_in_order(
    warehouse: Warehouse, view: str
) -> None:
    described = warehouse.read(f"describe {view}").rows
    assert [(column.name, column.type) for column in contract(view).columns] == [
        (name, kind) for name, kind, *_ in described
    ]


@pytest.mark.parametrize("view", sorted(schema.views()))
def test_every_column_of_a_view_has_a_meaning(view: str) -> None:
    assert [column.name for column in contract(view).columns if not column.meaning] == []


@pytest.mark.parametrize("view", sorted(schema.views()))
def test_every_view_of_an_empty_warehouse_is_empty(warehouse: Warehouse, view: str) -> None:
    assert warehouse.read(f"select * from {view}").rows == []


@pytest.mark.parametrize("view", sorted(schema.views()))
def test_header_of_a_view_begins_with_its_name_and_ends_its_sentences(view: str) -> None:
    text = schema.views()[view]
    assert (text.startswith(f"-- {view}: "), contract(view).grain.endswith(".")) == (True, True)


def test_columns_of_a_contract_are_read_with_their_continued_lines() -> None:
    unit = contract("verdicts").columns[-2]
    assert (unit.name, unit.type, unit.meaning) == (
        "passed",
        "BOOLEAN",
        f"{_RULE}; null without a score or a threshold",
    )


def test_every_view_file_has_a_contract() -> None:
    files = {file.stem for file in Path("sql/views").glob("*.sql")}
    assert {found.view for found in contracts()} == files
