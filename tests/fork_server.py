"""A process that has imported the libraries, and forks one that runs `evalwh` for each command.

    python -m tests.fork_server KIND SOCKET PID

The imports take most of what a short command takes: seconds where LiteLLM or PyTorch is among
them. A forked child is `python -m evalwh` in all else: it has the command's folder, environment,
streams and modules of evalwh of its own, and is killed as any process is. What depends on how
Python is started, or on limits and rights, is not for it: see `surroundings`.

The server ends with the process PID, which has started it.
"""

import contextlib
import gc
import importlib
import marshal
import os
import runpy
import selectors
import signal
import socket
import sys
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.forked import REFUSED, surroundings

_LIGHT = (
    # The package `duckdb` itself opens a database, whose thread no fork has.
    "_duckdb aiohttp asyncio decimal difflib email.message http.client importlib.metadata jinja2 "
    "logging numpy orjson rapidfuzz regex rich.console rich.table rich.progress sqlite3 "
    "typer typer.main typer.rich_utils unittest.mock uuid xml.sax.saxutils yaml zoneinfo"
)
LIBRARIES = {
    "light": _LIGHT,
    "litellm": f"{_LIGHT} litellm litellm.main bespokelabs.curator.client"
    " bespokelabs.curator.request_processor.online.litellm_online_request_processor"
    " bespokelabs.curator.status_tracker.online_status_tracker",
    "harness": f"{_LIGHT} lm_eval.api.task lm_eval.tasks lm_eval.models.huggingface"
    " lm_eval.models.openai_completions transformers.models.gpt2.modeling_gpt2",
}
_READ_AT_IMPORT = {
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_OFFLINE": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
_THREADS_THAT_SURVIVE = {"jemalloc_bg_thd"}


class Command(NamedTuple):
    """What a child is to run, and where; `streams` are descriptors of stdin, stdout and stderr."""

    arguments: list[str]
    folder: str
    environment: dict[str, str]
    ignored: list[int]
    mask: int
    streams: list[int]


def preload(kind: str, caches: Path) -> None:
    """Import what commands of a kind import; what isn't installed is left out."""
    os.environ.update(_READ_AT_IMPORT)
    # Hugging Face's libraries read at import where their caches are.
    os.environ.update({"HF_HOME": str(caches), "HF_DATASETS_CACHE": str(caches / "datasets")})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in LIBRARIES[kind].split():
            with contextlib.suppress(ImportError):
                importlib.import_module(module)
    _require_one_thread()
    gc.collect()
    gc.freeze()


def _require_one_thread() -> None:
    """A fork has the calling thread alone: whoever waits for another would wait for ever."""
    tasks = Path("/proc/self/task")
    names = [path.read_text().strip() for path in tasks.glob("*/comm")]
    others = [name for name in names[1:] if name not in _THREADS_THAT_SURVIVE]
    assert not others, f"a library has started threads: {others}"


class Child(NamedTuple):
    """A child that runs; `ended` is readable when it has ended."""

    pid: int
    ended: int
    connection: socket.socket


class Server:
    """Forks a child for each connection, and sends the child's id and exit code over it."""

    def __init__(self, path: Path, owner: int) -> None:
        self._own = surroundings()
        self._running: dict[int, Child] = {}
        self._selector = selectors.DefaultSelector()
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listening.bind(f"{path}.new")
        self._listening.listen(64)
        self._owner = os.pidfd_open(owner)
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._selector.register(self._owner, selectors.EVENT_READ)
        # Whoever finds the socket finds it listening.
        Path(f"{path}.new").rename(path)

    def serve(self) -> Command:
        """Returns in the children alone; the server itself exits when its owner has ended."""
        while True:
            # One at a time: what it does may end what the others are about.
            ready, _events = self._selector.select()[0]
            if ready.fileobj is self._listening:
                if command := self._accept():
                    return command
            elif ready.fd == self._owner:
                raise SystemExit
            elif child := self._running.get(ready.fd):
                self._end(child)
            else:
                # Whoever asked for the child was killed, and it with him.
                self._selector.unregister(ready.fileobj)
                os.kill(ready.data, signal.SIGKILL)

    def _accept(self) -> Command | None:
        connection, _address = self._listening.accept()
        data, streams, _flags, _from = socket.recv_fds(connection, 1 << 20, 3)
        if not data:  # whoever asked was killed before
            connection.close()
            return None
        *given, around = marshal.loads(data)
        is_like_new = around == self._own
        if is_like_new and not (pid := os.fork()):
            self._leave(connection)
            return Command(*given, streams)
        for descriptor in streams:
            os.close(descriptor)
        if is_like_new:
            self._watch(pid, connection)
        else:
            connection.send(REFUSED)
            connection.close()
        return None

    def _watch(self, pid: int, connection: socket.socket) -> None:
        child = Child(pid, os.pidfd_open(pid), connection)
        self._running[child.ended] = child
        self._selector.register(child.ended, selectors.EVENT_READ)
        self._selector.register(connection, selectors.EVENT_READ, data=pid)
        connection.send(str(pid).encode())

    def _end(self, child: Child) -> None:
        code = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
        del self._running[child.ended]
        for watched in (child.ended, child.connection):
            with contextlib.suppress(KeyError):
                self._selector.unregister(watched)
        os.close(child.ended)
        with contextlib.suppress(BrokenPipeError), child.connection:
            child.connection.send(str(code).encode())

    def _leave(self, connection: socket.socket) -> None:
        """Give up in a child what is the server's."""
        self._selector.close()
        self._listening.close()
        os.close(self._owner)
        connection.close()
        for child in self._running.values():
            os.close(child.ended)
            child.connection.close()


def run(command: Command) -> None:
    """Become `python -m evalwh` with the command's arguments."""
    for number, descriptor in enumerate(command.streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    for number in command.ignored:
        signal.signal(number, signal.SIG_IGN)
    os.umask(command.mask)
    os.chdir(command.folder)
    os.environ.clear()
    os.environ.update(command.environment)
    time.tzset()
    _open_streams()
    sys.path[0] = command.folder
    sys.argv[1:] = command.arguments
    sys.modules.pop("tests", None)
    runpy.run_module("evalwh", run_name="__main__", alter_sys=True)


def _open_streams() -> None:
    """Make Python's streams anew, as it does at its start."""
    like: Any = sys.stdout
    made = partial(open, encoding=like.encoding)
    sys.stdin = sys.__stdin__ = made(0, errors=like.errors)  # type: ignore[misc]
    buffering = 1 if os.isatty(1) else -1
    sys.stdout = sys.__stdout__ = made(1, "w", errors=like.errors, buffering=buffering)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = made(2, "w", errors="backslashreplace", buffering=1)  # type: ignore[misc]


def main() -> None:
    kind, path, owner = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    preload(kind, Path(f"{path}.caches"))
    run(Server(Path(path), int(owner)).serve())


if __name__ == "__main__":
    main()
