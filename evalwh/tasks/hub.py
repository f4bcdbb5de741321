"""Rows out of a Hugging Face dataset; loaded only for a task that names one."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from evalwh.errors import MissingExtra, TaskError
from evalwh.tasks.readers import Row, json_row


class HubSplit(NamedTuple):
    """A split of a Hugging Face dataset, or of a folder in that layout.

    `way_out` ends the message where it can't be had.
    """

    path: str
    name: str | None
    split: str
    way_out: str = ""


def read_hub_rows(hub: HubSplit) -> Iterator[Row]:
    """The rows of a split, read as they are asked for. Raises what `_dataset` does."""
    for number, row in enumerate(_dataset(hub), 1):
        yield json_row(f"{hub.path} {hub.split}: row {number}", row)


def count_hub_rows(hub: HubSplit) -> int:
    """How many rows a split has. Raises what `_dataset` does."""
    return len(_dataset(hub))


def _dataset(hub: HubSplit) -> Any:
    """The split as the library has it.

    Raises MissingExtra without the `datasets` package, TaskError for an unknown dataset or split
    and where the hub can't be reached.
    """
    try:
        from datasets import load_dataset
    except ModuleNotFoundError:
        raise MissingExtra(
            f"dataset_path '{hub.path}'", package="datasets", extra="lm-eval"
        ) from None
    try:
        return load_dataset(hub.path, hub.name, split=hub.split)
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        shown = f"{reason[:_REASON]}…" if len(reason) > _REASON else reason
        raise TaskError(f"dataset {hub.path}, split {hub.split}: {shown}{hub.way_out}") from None


_REASON = 300
"""Characters of the library's reason that are told."""
