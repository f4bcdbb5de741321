"""What the dashboard shows when there is little to show."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from evalwh.resources import resource
from evalwh.warehouse import Warehouse
from tests.app.given_runs import write_run_start


def _html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def _opened() -> AppTest:
    return AppTest.from_file(resource("app") / "main.py", default_timeout=30).run()


def _write_start(folder: Path, status: str, message: str | None = None) -> None:
    warehouse = Warehouse(folder / "evalwh.duckdb")
    with warehouse.journal("given") as journal:
        write_run_start(journal, "20241121-1600-fern", status=status, message=message)
    warehouse.fold()


def test_without_a_warehouse_the_page_says_how_to_make_one(empty_folder: Path) -> None:
    app = _opened()

    assert not app.exception
    assert "There is no warehouse here yet" in _html(app)
    assert "evalwh run --tasks" in _html(app)


def test_a_warehouse_without_runs_says_so(empty_folder: Path) -> None:
    Warehouse(empty_folder / "evalwh.duckdb").fold()

    app = _opened()

    assert not app.exception
    assert "There are no runs yet" in _html(app)


def test_a_file_that_is_no_warehouse_is_said_in_a_sentence(empty_folder: Path) -> None:
    (empty_folder / "evalwh.duckdb").write_bytes(b"not a database" * 1000)

    app = _opened()

    assert not app.exception
    assert "not a readable warehouse" in _html(app)


def test_a_running_run_shows_its_progress(empty_folder: Path) -> None:
    _write_start(empty_folder, "running")

    app = _opened()

    assert not app.exception
    assert [element.proto.text for element in app.get("progress")] == ["Running: 0 of 60 responses"]


def test_a_failed_run_says_why(empty_folder: Path) -> None:
    _write_start(empty_folder, "failed", "401 the key was refused")

    app = _opened()

    assert not app.exception
    assert "401 the key was refused" in _html(app)
