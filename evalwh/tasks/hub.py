"""Rows out of a Hugging Face dataset; loaded only for a task that names one."""

from collections.abc import Iterator

from evalwh.errors import MissingExtra, TaskError
from evalwh.tasks.readers import Row, json_row


def read_hub_rows(dataset_path: str, dataset_name: str | None, split: str) -> Iterator[Row]:
    """The rows of a split of a Hugging Face dataset, or of a folder in that layout.

    Raises MissingExtra without the `datasets` package, TaskError for an unknown dataset or split.
    """
    try:
        from datasets import load_dataset
    except ModuleNotFoundError:
        raise MissingExtra(
            f"dataset_path '{dataset_path}'", package="datasets", extra="lm-eval"
        ) from None
    try:
        rows = load_dataset(dataset_path, dataset_name, split=split)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise TaskError(f"dataset {dataset_path}, split {split}: {reason}") from None
    for number, row in enumerate(rows, 1):
        yield json_row(f"{dataset_path} {split}: row {number}", row)
