"""`evalwh export` on the command line."""

import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook

from evalwh.warehouse import Warehouse
from tests.app.given_runs import NEWER, OLDER, fill


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return fill(tmp_path_factory.mktemp("export") / "evalwh.duckdb", docs=24)


def _export(warehouse: Warehouse, *arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "evalwh", "export", *arguments, "--db", str(warehouse.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_the_latest_run_replaces_the_file_and_says_so_on_stderr(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    file = tmp_path / "run.xlsx"
    file.write_text("older")

    assert _export(warehouse, "latest", "--xlsx", str(file)) == (0, "", f"{file}: 192 cases\n")
    summary = load_workbook(file)["summary"]
    assert (summary["A2"].value, summary["B2"].value) == ("run_id", NEWER)


def test_an_unknown_run_gets_the_nearest(warehouse: Warehouse, tmp_path: Path) -> None:
    wrong = OLDER.replace("kite", "kyte")

    code, _, message = _export(warehouse, wrong, "--xlsx", str(tmp_path / "run.xlsx"))
    assert (code, message) == (
        2,
        f"evalwh: error: {warehouse.path}: no run '{wrong}'; did you mean '{OLDER}'?\n",
    )


def test_without_a_format_the_error_shows_one(warehouse: Warehouse) -> None:
    assert _export(warehouse, "latest") == (
        2,
        "",
        "evalwh: error: say what to write, as with: evalwh export latest --xlsx run.xlsx\n",
    )
