"""Copies of a dataset's files in a folder that `--data_dir` names."""

from collections.abc import Sequence
from pathlib import Path

from evalwh.errors import TaskError
from evalwh.records import Json
from evalwh.tasks.files import is_folder
from evalwh.tasks.readers import read_rows
from evalwh.tasks.settings import FolderTask


def local_files(task: FolderTask) -> tuple[Path, ...]:
    """The files of the task's data in its `data_dir`, in order; none where it has no `data_dir`.

    A subfolder of the task's name goes first. Raises TaskError where none of the names that the
    task gives is there.
    """
    names = task.settings.local_files
    if task.data_dir is None or not names:
        return ()
    if found := _first(task, names):
        return found
    raise TaskError(
        f"--data_dir {task.data_dir}: none of {', '.join(names)} is in it, nor in "
        f"{task.data_dir / task.name}; task '{task.name}' reads one of these"
    )


def joined_file(task: FolderTask) -> Path | None:
    """The second file that the task's `join` reads; None where none of its names is there."""
    join = task.settings.join
    if join is None or task.data_dir is None:
        return None
    return next(iter(_first(task, join.files)), None)


def file_options(task: FolderTask) -> dict[str, Json]:
    """The options of fields that are the rows of files; those whose file is there."""
    if task.data_dir is None:
        return {}
    found = {name: _first(task, files) for name, files in task.settings.option_files.items()}
    return {
        name: [dict(row.columns) for path in paths for row in read_rows(path)]
        for name, paths in found.items()
        if paths
    }


def _first(task: FolderTask, names: Sequence[str]) -> tuple[Path, ...]:
    """All files of the first name or pattern that any file has."""
    assert task.data_dir is not None
    if not is_folder(task.data_dir):
        raise TaskError(f"--data_dir {task.data_dir}: no such folder")
    for folder in (task.data_dir / task.name, task.data_dir):
        for name in names:
            if found := tuple(path for path in sorted(folder.glob(name)) if path.is_file()):
                return found
    return ()
