"""What a name of lm-eval's stands for: which YAML files and names, found where. Loads no task."""

import fnmatch
import glob
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from evalwh.errors import MissingExtra, TaskError, UnknownTask, UsageError, did_you_mean
from evalwh.harness.index import Listed, below, built_in, installed, listed, scanned
from evalwh.tasks import known_tasks

if TYPE_CHECKING:
    from evalwh.harness.building import Names

_SUFFIXES = (".yaml", ".yml")


def is_yaml(path: Path) -> bool:
    """Whether a task is named by its file."""
    return path.suffix in _SUFFIXES


def require_lm_eval(name: str, unknown: UnknownTask | None) -> None:
    """Refuse to look for `name` without lm-eval; a misspelt task folder's name is told so."""
    try:
        installed(f"task '{name}', if it is one of lm-eval's,")
    except MissingExtra:
        if unknown is not None and "did you mean" in str(unknown):
            raise unknown from None
        raise


def every_name(include_path: Sequence[Path]) -> dict[str, Listed]:
    """All names of tasks, groups and tags: under include paths, and lm-eval's own.

    Raises MissingExtra.
    """
    every = built_in("a name of lm-eval's")
    return {**every, **scanned(include_path)} if include_path else {**every}


class TaskNames:
    """The names under include paths and, for what isn't there, those that lm-eval has built in."""

    def __init__(self, include_path: Sequence[Path]) -> None:
        self._include_path = include_path

    def specs(self, name: str, unknown: UnknownTask | None) -> list[str]:
        """The names and absolute YAML paths that a name, pattern, file or folder stands for.

        Of a pattern's names, those that a group or tag among them leads to are left out. Raises
        UnknownTask: `unknown`, or one with a nearer name; UsageError, TaskError.
        """
        path = Path(name).expanduser()
        if path.is_dir():
            return _files_in(path.absolute())
        if is_yaml(path):
            return _files(path)
        if name in self._own:
            return [name]
        if name == "list":  # lm-eval's word
            raise UnknownTask("no task 'list'; evalwh tasks '*' lists what there is")
        every = {**built_in(f"task '{name}'"), **self._own}
        matching = fnmatch.filter(every, name)
        if not matching:
            raise _nowhere(name, every, self._include_path, unknown)
        covered: set[str] = set()
        return sorted(set(matching) - covered.union(*(below(each, every) for each in matching)))

    def registry(self, spec: str) -> "Names":
        """The names that a group may take its members from: its own folder's too, if it's a file.

        Raises TaskError for a file that defines nothing.
        """
        from evalwh.harness.building import Names, entry_of_file

        if not is_yaml(Path(spec)):
            return Names(self._own, _groups_inside(self._own.get(spec)))
        file = listed(entry_of_file(Path(spec)))
        if file.kind != "group":
            return Names({})
        beside = scanned([Path(spec).parent], deep=False)
        return Names({**beside, **self._own}, _groups_inside(file))

    @cached_property
    def _own(self) -> Mapping[str, Listed]:
        return scanned(self._include_path) if self._include_path else {}


def _groups_inside(group: Listed | None) -> Sequence[str]:
    return group.groups_inside if group else ()


def _files_in(folder: Path) -> list[str]:
    files = sorted(str(file) for file in folder.iterdir() if is_yaml(file))
    if not files:
        raise TaskError(f"{folder}: no task in it: neither a task folder's files nor a YAML file")
    return files


def _files(path: Path) -> list[str]:
    """The files of a path or pattern of paths, as lm-eval takes them."""
    absolute = path.absolute()
    found = [absolute] if absolute.is_file() else map(Path, glob.glob(str(absolute)))  # noqa: PTH207
    files = sorted(str(each) for each in found if each.is_file())
    if not files:
        raise UsageError(f"--tasks: no file {path}; give a YAML file that is there")
    return files


def _nowhere(
    name: str, every: Iterable[str], include_path: Sequence[Path], unknown: UnknownTask | None
) -> UnknownTask:
    """Names of task folders may be nearer than lm-eval's."""
    near = did_you_mean(name, {*every, *(task.name for task in known_tasks(include_path))})
    if near.startswith("; did you mean") or unknown is None:
        return UnknownTask(f"no task '{name}'{near}")
    return UnknownTask(f"{unknown}; nor has lm-eval one: evalwh tasks '*' lists its names")
