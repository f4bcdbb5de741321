"""What tests that kill runs watch: a server's log, and the journals of a process."""

import time
from pathlib import Path
from subprocess import Popen
from typing import Any

import orjson

from evalwh.warehouse import Warehouse
from tests.servers import request_id


def wait_for_answers(log: Path, seen: int, process: "Popen[str]") -> None:
    """Until the server's log has more than `seen` lines, or the process is done."""
    deadline = time.monotonic() + 120
    while len(log_lines(log)) <= seen and process.poll() is None:
        assert time.monotonic() < deadline, "the run asked for nothing"
        time.sleep(0.005)


def log_lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def ids_of(lines: list[str], what: str) -> list[str]:
    """The ids of the requests that were `asked` or `answered`."""
    return [line.partition(" ")[2] for line in lines if line.startswith(f"{what} ")]


def stored_requests(warehouse: Warehouse, *, prefix: str = "") -> set[str]:
    """The ids that the server gave to the requests whose responses are stored.

    `prefix` is what the rows' model has before the name that the server hears.
    """
    found = warehouse.read("select request from generations where response is not null").rows
    return {_id_of(orjson.loads(row[0]), prefix) for row in found}


def wait_until_journaled(
    ids: set[str], warehouse: Warehouse, process: "Popen[str]", *, prefix: str = ""
) -> None:
    """Until the journals have a reply to each of the requests `ids`, or the process is done."""
    deadline = time.monotonic() + 60
    while process.poll() is None and not ids <= _journaled(warehouse.path, prefix):
        assert time.monotonic() < deadline, "what was answered is not journaled"
        time.sleep(0.05)


def _journaled(warehouse: Path, prefix: str) -> set[str]:
    journals = warehouse.with_name(f"{warehouse.name}.journals").rglob("*.jsonl")
    lines = (line for path in journals for line in path.read_bytes().splitlines(keepends=True))
    whole = (orjson.loads(line) for line in lines if line.endswith(b"}\n"))
    replies = (line["generation"] for line in whole if "generation" in line)
    return {_id_of(reply["request"], prefix) for reply in replies if reply["response"] is not None}


def _id_of(request: dict[str, Any], prefix: str) -> str:
    asked = {"model": request["model"].removeprefix(prefix), "messages": request["messages"]}
    return request_id({**asked, **request["params"]})


def wait_for_replies(folder: Path, process: "Popen[str]") -> None:
    """Until the process has journaled a reply beside `folder`'s warehouse, or is done."""
    deadline = time.monotonic() + 120
    journals = folder / "evalwh.duckdb.journals"
    before = set(journals.glob("*")) if journals.exists() else set()
    while process.poll() is None and time.monotonic() < deadline:
        mine = set(journals.glob("*.jsonl")) - before
        if any(b'"generation"' in path.read_bytes() for path in mine):
            return
        time.sleep(0.01)
