"""The journal of one process: what it received, one JSON object a line, durable before counted.

A line is `{"<kind>": {…}}`; `fold.py` says what each kind becomes. The first one names the journal,
so that a copy is known for one whatever its file is called. A journal is created new and only
ever appended to; its writer holds its `flock`, which tells a live journal from a left one.
"""

import asyncio
import contextlib
import fcntl
import os
import re
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson

from evalwh.errors import WarehouseError
from evalwh.valid_text import valid_json
from evalwh.warehouse.own_files import close_own, open_own

NO_RUN = "+"
"""Begins the label of a journal that no run writes; no run's id has it."""
_GROUP_S = 0.01
_NAMED = re.compile(rb'\{"journal":\{"name":"([^"\\]+)"\}\}\n')
_LONGEST_NAMED_BYTES = 400


def journals_folder(warehouse: Path) -> Path:
    """The folder of a warehouse's journals; those in its `folded/` are in the file already."""
    return warehouse.with_name(warehouse.name + ".journals")


def label_of(journal: Path) -> str:
    """The label that a journal was made under: a run's id, but for those of `NO_RUN`."""
    return journal.name.rpartition("-")[0]


class Origin(NamedTuple):
    """The name that a journal was made under, and from which byte on it has records."""

    name: str
    records_at: int


def origin_of(journal: Path) -> Origin:
    """As the first line says; the file's own name where no line does."""
    with journal.open("rb") as lines:
        named = _NAMED.match(lines.read(_LONGEST_NAMED_BYTES))
    return Origin(named[1].decode(), named.end()) if named else Origin(journal.name, 0)


def encode_line(kind: str, record: Mapping[str, Any]) -> bytes:
    """A journal line; lone surrogates, which no file can hold as UTF-8, become U+FFFD."""
    try:
        return orjson.dumps({kind: record}) + b"\n"
    except TypeError:
        return orjson.dumps({kind: valid_json(record)}) + b"\n"


class Journal:
    """Appends records; `append` and `sync` return once what was written is on disk.

    Use as a context manager, from one thread or event loop. `WarehouseError` when the disk is
    full or the folder can't be written: nothing after the failed line is accepted then.
    """

    def __init__(self, warehouse: Path, label: str) -> None:
        self.path = journals_folder(warehouse) / f"{label}-{secrets.token_hex(4)}.jsonl"
        self._file = _create(self.path)
        self._lines = [encode_line("journal", {"name": self.path.name})]
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._flushed = threading.Event()
        self._changed = threading.Condition()
        self._closing = False
        self._failure: WarehouseError | None = None
        self._thread = threading.Thread(target=self._flush_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, kind: str, record: Mapping[str, Any]) -> None:
        """Queue a record; it is durable after the next `sync` or `append`."""
        self._put(encode_line(kind, record))

    async def append(self, kind: str, record: Mapping[str, Any]) -> None:
        """Write a record and wait until it is durable."""
        loop = asyncio.get_running_loop()
        durable = loop.create_future()
        self._put(encode_line(kind, record), waiter=(loop, durable))
        await durable

    def sync(self) -> None:
        """Wait until everything written so far is durable."""
        with self._changed:
            self._flushed.clear()
            self._changed.notify()
        self._flushed.wait()
        if self._failure:
            raise self._failure

    def close(self) -> None:
        """Flush and let go of the journal; raises what a flush raised."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        with contextlib.suppress(OSError):
            close_own(self._file)
        if self._failure:
            raise self._failure

    def _put(
        self,
        line: bytes,
        waiter: tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"] | None = None,
    ) -> None:
        with self._changed:
            if self._failure:
                raise self._failure
            self._lines.append(line)
            if waiter:
                self._waiters.append(waiter)
                self._changed.notify()

    def _flush_forever(self) -> None:
        while not self._closing or self._lines:
            with self._changed:
                if not self._lines and not self._closing:
                    self._flushed.set()
                    self._changed.wait()
            if not self._closing and self._waiters:
                threading.Event().wait(_GROUP_S)
            self._flush()
        self._flushed.set()

    def _flush(self) -> None:
        with self._changed:
            lines, self._lines = self._lines, []
            waiters, self._waiters = self._waiters, []
        try:
            if lines and not self._failure:
                _write_all(self._file, b"".join(lines))
                os.fdatasync(self._file)
        except OSError as error:
            self._failure = unwritable(self.path, error)
        _wake(waiters, self._failure)


def _create(path: Path) -> int:
    """Open a journal that is locked before anybody can see it by its name."""
    hidden = path.with_name("." + path.name)
    try:
        path.parent.mkdir(exist_ok=True)
        file = open_own(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)
        fcntl.flock(file, fcntl.LOCK_EX)
        hidden.rename(path)
    except OSError as error:
        raise uncreatable(path, error) from error
    return file


def uncreatable(path: Path, error: OSError) -> WarehouseError:
    """What to tell a user whose folder takes no new file, or isn't there."""
    if isinstance(error, FileNotFoundError):
        return missing_folder(path.parent.parent)
    return WarehouseError(
        f"{path}: {error.strerror}; make the folder writable or choose another with --db"
    )


def missing_folder(folder: Path) -> WarehouseError:
    """What to tell a user who named a file in a folder that isn't there."""
    return WarehouseError(f"{folder}: no such folder; make it or choose another with --db")


def unwritable(path: Path, error: OSError) -> WarehouseError:
    """What to tell a user whose disk is full."""
    return WarehouseError(
        f"{path}: {error.strerror}; everything written before is kept, so make room or make the "
        "folder writable, and go on"
    )


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _wake(
    waiters: list[tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]],
    failure: WarehouseError | None,
) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for loop, durable in waiters:
        by_loop.setdefault(loop, []).append(durable)
    for loop, futures in by_loop.items():
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve, futures, failure)


def _resolve(futures: "list[asyncio.Future[None]]", failure: WarehouseError | None) -> None:
    for durable in futures:
        if durable.done():
            continue
        if failure:
            durable.set_exception(failure)
        else:
            durable.set_result(None)
