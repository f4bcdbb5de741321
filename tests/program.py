"""The program in a process of its own, as a user without keys starts it.

Most tests start it by a fork server, which saves the time of imports: `program`. What is about
the start itself takes `new_program`.
"""

import contextlib
import fcntl
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

FORK_SERVERS = "EVALWH_FORK_SERVERS"
"""Names the setting for the fork servers: `PID:FOLDER`, their owner and where their sockets are."""

_FORKED = Path(__file__).with_name("forked.py").resolve()
_SIGNS = {
    "harness": ("--model hf", "local-completions", "local-chat-completions", ".yaml"),
    "litellm": ("litellm", "curator", "openai/", "gemini/", "anthropic/"),
}
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def clean_environment(*also: str) -> dict[str, str]:
    """No keys and no settings of evalwh but `also`; a terminal of 80 columns."""
    kept = {name: os.environ[name] for name in (*_KEPT, *also) if name in os.environ}
    return {**kept, "COLUMNS": "80"}


def evalwh(
    *arguments: object, cwd: Path | None = None, db: Path | None = None, stdin: str = ""
) -> Ended:
    """Run `evalwh` in a folder, on the warehouse `db`, and wait for it."""
    environment = {"EVALWH_DB": str(db)} if db else {}
    done = run(*program(*arguments), cwd=cwd, stdin=stdin, **environment)
    return Ended(done.returncode, done.stdout, done.stderr)


def new_program(*arguments: object) -> list[str]:
    """The command that runs `evalwh` with `arguments` in a new Python."""
    return [sys.executable, "-m", "evalwh", *map(str, arguments)]


def program(*arguments: object, kind: str | None = None) -> list[str]:
    """The command that runs `evalwh` with `arguments`, forked where there are fork servers.

    `kind` is that of the server, where the arguments don't tell: those of a resumption.
    """
    words = [str(word) for word in arguments]
    return [*_forked(kind or kind_of(words)), *words]


def write_program(folder: Path, kind: str) -> None:
    """An executable `evalwh` in a folder for PATH, forked by the server of a kind."""
    folder.mkdir()
    path = folder / "evalwh"
    path.write_text(f'#!/bin/sh\nexec {shlex.join(_forked(kind))} "$@"\n')
    path.chmod(0o755)


def kind_of(words: Sequence[str]) -> str:
    """Which fork server has what a command imports; with another it imports the rest itself."""
    text = " ".join(words)
    kinds = (kind for kind, signs in _SIGNS.items() if any(sign in text for sign in signs))
    return next(kinds, "light")


def _forked(kind: str) -> list[str]:
    owned = os.environ.get(FORK_SERVERS)
    if owned is None:
        return new_program()
    return [sys.executable, "-I", "-S", str(_FORKED), _fork_server(owned, kind)]


@cache
def _fork_server(owned: str, kind: str) -> str:
    """The socket of the server of a kind, which is started where there is none yet."""
    owner, _, place = owned.partition(":")
    path = Path(place) / kind
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _start_fork_server(kind, path, owner)
    return str(path)


def _start_fork_server(kind: str, path: Path, owner: str) -> None:
    """It outlives this process, which may be one of several that use it."""
    server = (sys.executable, "-m", "tests.fork_server", kind, str(path), owner)
    words = ("sh", "-c", 'cd "$0" && exec "$@"', str(_FORKED.parents[1]), *server)
    nothing = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1)]
    environment = clean_environment("PYTHONPATH")
    pid = os.posix_spawn("/bin/sh", words, environment, file_actions=nothing)
    while not path.exists():
        assert os.waitpid(pid, os.WNOHANG) == (0, 0), f"no fork server of {kind}"
        time.sleep(0.02)


@contextlib.contextmanager
def starting(
    folder: Path, environment: Mapping[str, str]
) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts `evalwh` in a folder and doesn't wait; what still runs at the end is killed.

    `new` starts a new Python rather than a fork of one.
    """
    started: list[subprocess.Popen[str]] = []
    kinds: list[str] = []

    def start(*arguments: object, new: bool = False) -> "subprocess.Popen[str]":
        kinds.append(kind_of([str(word) for word in arguments]))
        process = subprocess.Popen(
            # A resumption imports what the first command did.
            new_program(*arguments) if new else program(*arguments, kind=kinds[0]),
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.communicate()


def run(
    *command: object, cwd: Path | None = None, stdin: str = "", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder and wait for it; its output is text."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean_environment() | environment,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
