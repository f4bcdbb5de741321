"""A query in odd surroundings: closed streams, a locale without UTF-8, little memory."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import clean_environment, program, run


def test_a_closed_stdout_is_one_line(db: Path) -> None:
    done = run("sh", "-c", 'exec "$@" >&-', "sh", *program("query", "select 1", "--db", db))
    assert (done.returncode, done.stderr) == (
        1,
        "evalwh: error: stdout is closed; open it or name a file with -o\n",
    )


def test_a_statement_is_utf_8_in_a_locale_without_it(db: Path) -> None:
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run(*program("query", "select '서울' as a", "--format", "csv", "--db", db), **locale)
    assert (done.returncode, done.stdout, done.stderr) == (0, "a\n서울\n", "")


def _with_memory(kib: int, *arguments: object) -> "subprocess.CompletedProcess[str]":
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (kib << 10, kib << 10))

    return subprocess.run(
        [sys.executable, "-m", "evalwh", *map(str, arguments)],
        env=clean_environment() | {"MALLOC_ARENA_MAX": "1"},
        preexec_fn=limit,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize("command", [("runs",), ("query", "select 1")])
def test_too_little_memory_to_start_with_is_one_line(db: Path, command: tuple[str, ...]) -> None:
    done = _with_memory(50_000, *command, "--db", db)
    assert (done.returncode, done.stderr) == (
        1,
        "evalwh: error: ran out of memory; give the process more (ulimit -v)\n",
    )


def test_a_query_works_in_less_memory_than_it_may_have_and_says_where_that_ends(db: Path) -> None:
    few = _with_memory(900_000, "query", "select 1 as a", "--format", "csv", "--db", db)
    many = _with_memory(
        900_000, "query", "select count(distinct hash(range)) from range(60000000)", "--db", db
    )
    assert (few.stdout, few.stderr) == ("a\n1\n", "")
    assert (many.returncode, many.stderr) == (
        1,
        "evalwh: error: ran out of memory; give the process more (ulimit -v)\n",
    )
