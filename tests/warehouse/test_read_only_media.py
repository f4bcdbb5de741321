"""What is on read-only media is read as it is, with or without its lock files."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import clean_environment
from tests.warehouse.given import Given

_MOUNTED = """
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 99
shift
exec "$@"
"""
_COMMANDS = [
    ("runs", "--format", "csv"),
    ("show", "latest"),
    ("query", "select run_id from runs", "--format", "csv"),
]


def _read_only(folder: Path, *command: object) -> "subprocess.CompletedProcess[str]":
    """Run a command in a namespace of its own, where `folder` is mounted read-only."""
    words = ["unshare", "-Urm", "sh", "-c", _MOUNTED, "sh", folder]
    done = subprocess.run(
        [str(word) for word in (*words, *command)],
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    if done.returncode == 99 or "unshare failed" in done.stderr:
        pytest.skip("mounting needs user namespaces")
    return done


@pytest.mark.parametrize("command", _COMMANDS)
@pytest.mark.parametrize("left_journal", [False, True])
@pytest.mark.parametrize("locks", [False, True])
def test_a_read_only_mount_is_read(
    tmp_path: Path, command: tuple[str, ...], left_journal: bool, locks: bool
) -> None:
    warehouse = Given(tmp_path / "evalwh.duckdb").run().warehouse()
    if left_journal:
        with warehouse.journal("left") as journal:
            journal.write("generation", {"doc_key": 1})
    if not locks:
        (tmp_path / "evalwh.duckdb.gate").unlink()
        (tmp_path / "evalwh.duckdb.lock").unlink()

    done = _read_only(
        tmp_path, sys.executable, "-m", "evalwh", *command, "--db", tmp_path / "evalwh.duckdb"
    )

    assert (done.returncode, done.stderr, "r1" in done.stdout) == (0, "", True)


def test_a_read_only_mount_takes_no_threshold(tmp_path: Path) -> None:
    path = Given(tmp_path / "evalwh.duckdb").run().warehouse().path

    done = _read_only(
        tmp_path, sys.executable, "-m", "evalwh",
        "threshold", "set", "d", "f", "em", "0.5", "--force", "--db", path,
    )  # fmt: skip

    assert done.returncode == 1
    assert "Read-only file system; make the folder writable" in done.stderr
