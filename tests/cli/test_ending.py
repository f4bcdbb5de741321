"""What a signal does outside the asking: the process ends at once, and says so."""

import os
import signal
import sys
import threading

import duckdb
import pytest

from evalwh.warehouse import binding
from tests.program import run

ENDLESS = "select count(*) from range(10000000) a, range(10000000) b where a.range = -b.range - 1"
SUMMARY = f"""
import os, signal, threading
import duckdb
from evalwh.cli.ending import Ending

with Ending("evalwh: go on with: …"):
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    duckdb.execute("set threads = 1").execute({ENDLESS!r}).fetchall()
"""


def test_a_signal_while_the_warehouse_is_read_for_the_summary_ends_the_process_with_its_line() -> (
    None
):
    ended = run(sys.executable, "-c", SUMMARY)

    lines = ["evalwh: go on with: …", "evalwh: error: interrupted"]
    assert (ended.returncode, ended.stderr.splitlines()) == (130, lines)


FORKED = """
import os, signal, time
from evalwh.cli.ending import Ending

with Ending("evalwh: go on with: …"):
    begun, beginning = os.pipe()
    child = os.fork()
    if not child:
        os.write(beginning, b"b")
        time.sleep(30)
        os._exit(0)
    os.read(begun, 1)
    os.kill(child, signal.SIGTERM)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_worker_that_was_forked_ends_by_a_signal_as_any_process() -> None:
    ended = run(sys.executable, "-c", FORKED)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "-15\n", "")


def test_a_statement_that_is_interrupted_is_an_interrupt_of_the_command() -> None:
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with duckdb.connect() as connection, pytest.raises(KeyboardInterrupt):
        binding.execute(connection, "set threads = 1")
        binding.execute(connection, ENDLESS)
