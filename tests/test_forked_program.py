"""A forked `evalwh` is what a new one is: its output, its end, and its death."""

import subprocess
from pathlib import Path

import pytest

from tests.program import clean_environment, new_program, program, run


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--help"], 0), (["runs", "--db", "none.duckdb"], 1), (["rnus"], 2), (["query", "-"], 1)],
)
def test_a_forked_command_prints_and_ends_as_a_new_one(
    arguments: list[str], code: int, tmp_path: Path
) -> None:
    forked = run(*program(*arguments), cwd=tmp_path)
    new = run(*new_program(*arguments), cwd=tmp_path)
    assert (forked.returncode, forked.stdout, forked.stderr) == (code, new.stdout, new.stderr)


def test_a_forked_command_is_a_process_of_its_own_in_the_folder_of_its_own(tmp_path: Path) -> None:
    told = "import os, sys; print(os.getcwd(), sys.path[0], sys.argv[1:], os.environ['X'])"
    write_stand_in(tmp_path, told)
    done = run(*program("a", "b c"), cwd=tmp_path, X="set")
    assert done.stdout == f"{tmp_path} {tmp_path} ['a', 'b c'] set\n"


def test_who_kills_a_forked_command_kills_its_fork(tmp_path: Path) -> None:
    process = start(tmp_path, "import time; print('ready', flush=True); time.sleep(300)")
    process.kill()
    out, _err = process.communicate(timeout=60)
    assert (process.returncode, out) == (-9, "")


def test_a_signal_reaches_the_fork_and_its_end_is_the_commands(tmp_path: Path) -> None:
    process = start(tmp_path, "import time; print('ready', flush=True); time.sleep(300)")
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == -15


def test_what_is_limited_is_not_forked(tmp_path: Path) -> None:
    told = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    write_stand_in(tmp_path, told)
    words = ("sh", "-c", 'ulimit -n 100; exec "$@"', "sh", *program())
    assert run(*words, cwd=tmp_path).stdout == "100\n"


def start(folder: Path, text: str) -> "subprocess.Popen[str]":
    """A forked process that runs `text` and has said that it is ready."""
    write_stand_in(folder, text)
    environment = clean_environment()
    process = subprocess.Popen(
        program(), cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def write_stand_in(folder: Path, text: str) -> None:
    """Another `evalwh` in a folder, which a new Python would find there first."""
    (folder / "evalwh").mkdir()
    (folder / "evalwh" / "__init__.py").touch()
    (folder / "evalwh" / "__main__.py").write_text(text)
