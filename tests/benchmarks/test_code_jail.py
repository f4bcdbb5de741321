"""What shuts code in, layer by layer: the kernel holds without Python's audit hook."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from evalwh.metrics import code_jail
from evalwh.metrics.code_calls import call_filter

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="its kernel is Linux's")

HOOK = "    sys.addaudithook(_refuse)\n"
LANDLOCK = "        shielded = _read_only_python(libc)\n"
SECCOMP = "(linux and _deny_calls(libc, call_filter))"
CHANGES = {
    "make": "open('{folder}/made', 'w')",
    "write": "open('{folder}/kept', 'r+').write('x')",
    "cut": "import os; os.truncate('{folder}/kept', 0)",
    "delete": "import os; os.remove('{folder}/kept')",
    "move": "import os; os.rename('{folder}/kept', '{folder}/moved')",
    "make a folder": "import os; os.mkdir('{folder}/made')",
    "link": "import os; os.symlink('/etc', '{folder}/made')",
    "run": "import os; os.execv('/usr/bin/touch', ['touch', '{folder}/made'])",
    "fork": "import os; os.fork() or os._exit(1)",
}
REFUSED_BY_SECCOMP = {
    "connect": "import socket; socket.socket()",
    "signal": "import os; os.kill(os.getppid(), 0)",
    "signal by a file": "import fcntl, os; fcntl.fcntl(1, fcntl.F_SETOWN, os.getppid())",
    "outlive its parent": "import ctypes; assert not ctypes.CDLL(None).prctl(1, 0)",
    "take space": "import ctypes; assert not ctypes.CDLL(None).fallocate(0, 1, 0, 1 << 20)",
    "make a queue": "import ctypes; assert ctypes.CDLL(None).msgget(0, 0o600) >= 0",
    "make semaphores": "import ctypes; assert ctypes.CDLL(None).semget(0, 1, 0o600) >= 0",
    "change a mode": "import os; os.chmod('{folder}/kept', 0)",
    "change a time": "import os; os.utime('{folder}/kept', (1, 1))",
    "change flags": "import fcntl; fcntl.ioctl(open('{folder}/kept'), 0x40086602, bytes(8))",
    "take a lease": "import fcntl; fcntl.fcntl(open('{folder}/kept'), fcntl.F_SETLEASE, 0)",
    "hold a lock": "import fcntl; fcntl.flock(open('{folder}/kept'), fcntl.LOCK_EX)",
    "watch a folder": "import fcntl, os; fcntl.fcntl(os.open('{folder}', 0), fcntl.F_NOTIFY, 2)",
    "watch for changes": "import ctypes; assert ctypes.CDLL(None).inotify_init1(0) >= 0",
    "add an attribute by a new call": (
        "import ctypes, struct; value = ctypes.create_string_buffer(b'x', 1)\n"
        "held = struct.pack('QII', ctypes.addressof(value), 1, 0)\n"
        "assert ctypes.CDLL(None).syscall(463, -100, b'{folder}/kept', 0, b'user.x', held, 16) == 0"
    ),
    "change flags by a new call": (
        "import ctypes\n"
        "assert ctypes.CDLL(None).syscall(469, -100, b'{folder}/kept', bytes(24), 24, 0) == 0"
    ),
}
NEEDED = """
import array, concurrent.futures, fcntl, os, sys, termios
assert not os.isatty(0)
left = array.array("i", [0])
fcntl.ioctl(0, termios.FIONREAD, left)
os.set_inheritable(0, True)
os.set_blocking(0, False)
assert fcntl.fcntl(0, fcntl.F_GETFL) >= 0
os.close(os.dup(0))
os.close(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 10))
os.closerange(20, 30)
open(os.__file__).readline()
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    assert list(pool.map(abs, [-1, -2])) == [1, 2]
"""
REFUSED_BY_LANDLOCK = {
    "read": "open('{folder}/kept').read()",
    "list": "import os; os.listdir('{folder}')",
    "read another process": "open('/proc/self/status').read()",
}


def run_without(left_out: tuple[str, ...], code: str, folder: Path) -> int:
    """The exit code of `code`, shut in by what is left of the script."""
    script = Path(code_jail.__file__).read_text(encoding="utf-8")
    for part in (HOOK, *left_out):
        assert part in script
        script = script.replace(part, "False" if part == SECCOMP else "")
    (folder / "jail.py").write_text(script, encoding="utf-8")
    limits = {"cpu_s": 2, "memory_bytes": 1_000_000_000}
    denied = call_filter(platform.machine())
    task = {
        "code": code,
        "fn_name": None,
        "arguments": [],
        "limits": limits,
        "call_filter": denied and denied.hex(),
    }
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as given, os.fdopen(reading, "rb") as result:
        given.write(json.dumps(task).encode())
        given.seek(0)
        script_path = str(folder / "jail.py")
        done = subprocess.run(
            [sys.executable, "-I", "-B", script_path, str(given.fileno()), str(writing)],
            stdin=given,
            pass_fds=(given.fileno(), writing),
            capture_output=True,
        )
        os.close(writing)
        assert result.read() == code_jail.SHUT_IN
    return done.returncode


def attempts(folder: Path, without: tuple[str, ...], codes: dict[str, str]) -> list[str]:
    """Which of what is tried succeeds or leaves a trace."""
    tried = folder / "tried"
    tried.mkdir()
    (tried / "kept").write_text("secret")
    mode, at = (tried / "kept").stat().st_mode, (tried / "kept").stat().st_mtime_ns
    succeeded = []
    for name, code in codes.items():
        exit_code = run_without(without, code.format(folder=tried), folder)
        after = (tried / "kept").stat() if (tried / "kept").exists() else None
        whole = after and (after.st_mode, after.st_mtime_ns, after.st_size) == (mode, at, 6)
        if exit_code == 0 or not whole or len(list(tried.iterdir())) != 1:
            succeeded.append(name)
    return succeeded


@pytest.mark.skipif(call_filter(platform.machine()) is None, reason="no filter for it")
def test_seccomp_alone_keeps_files_processes_and_the_network_out_of_reach(tmp_path: Path) -> None:
    assert attempts(tmp_path, (LANDLOCK,), {**CHANGES, **REFUSED_BY_SECCOMP}) == []


def test_a_program_is_let_do_what_programs_do_with_their_files_and_threads(tmp_path: Path) -> None:
    assert run_without((), NEEDED, tmp_path) == 0


def test_landlock_alone_keeps_files_out_of_reach_and_no_process_is_made(tmp_path: Path) -> None:
    if code_jail.ctypes.CDLL(None).syscall(444, None, 0, 1) < 1:
        pytest.skip("no Landlock here")
    fork = {name: code for name, code in CHANGES.items() if name != "fork"}
    assert attempts(tmp_path, (SECCOMP,), {**fork, **REFUSED_BY_LANDLOCK}) == []


def test_nothing_is_run_where_the_kernel_has_neither(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        run_without((LANDLOCK, SECCOMP), "print(1)", tmp_path)
