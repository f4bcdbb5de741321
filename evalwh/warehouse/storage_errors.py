"""What DuckDB says of a file it can't use, as an error with a way out; stdlib and DuckDB only."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb

from evalwh.errors import WarehouseCorrupt, WarehouseError

_LOCKED = ("Could not set lock", "Conflicting lock")


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Errors of the file at `path` or of its folder as one line of `WarehouseError`.

    What DuckDB has no memory for is a MemoryError.
    """
    try:
        yield
    except (duckdb.IOException, duckdb.FatalException, duckdb.InternalException) as error:
        raise storage_error(path, str(error)) from error
    except duckdb.OutOfMemoryException as error:
        raise MemoryError from error
    except duckdb.Error as error:
        # DuckDB 2.0 has no class of its own for damage that it finds while it reads.
        if "Corrupt database file" not in str(error):
            raise
        raise storage_error(path, str(error)) from error
    except OSError as error:
        raise WarehouseError(
            f"{error.filename or path}: {error.strerror}; make room or make it writable, "
            f"the responses are kept in {_journals(path)}"
        ) from error


def storage_error(path: Path, message: str) -> WarehouseError:
    """What to tell a user of DuckDB's `message` about the file at `path`."""
    journals = _journals(path)
    first_line = message.partition("\n")[0]
    if "Permission denied" in message or "Read-only" in message:
        return WarehouseError(f"{path}: {first_line}; make it writable or choose another with --db")
    if "No space" in message:
        return WarehouseError(
            f"{path}: the disk is full; make room, responses are kept in {journals}"
        )
    if any(words in message for words in _LOCKED):
        return WarehouseError(
            f"{path}: another program has it open; close it (a DuckDB shell?) and try again"
        )
    return WarehouseCorrupt(
        f"{path}: not a readable warehouse ({first_line}); move it away and run the command again: "
        f"it is rebuilt from {journals}"
    )


def _journals(path: Path) -> Path:
    return path.with_name(f"{path.name}.journals")
