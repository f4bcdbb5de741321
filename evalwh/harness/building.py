"""lm-eval's Task and Group objects out of YAML; imports lm-eval, so only functions import it.

Of lm-eval's insides it uses the index of YAML files and the factory, which `TaskManager` is made
of: `TaskManager` itself can't take an index that was kept.
"""

import contextlib
import dataclasses
import functools
import logging
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import lm_eval.utils
from lm_eval.api.group import Group
from lm_eval.api.task import ConfigurableTask, Task
from lm_eval.config.task import TaskConfig
from lm_eval.tasks._factory import TaskFactory
from lm_eval.tasks._index import Entry, Kind, TaskIndex
from lm_eval.tasks._yaml_loader import load_yaml

from evalwh.errors import TaskError, did_you_mean
from evalwh.harness.index import Listed, built_in
from evalwh.harness.own_code import told_as
from evalwh.harness.seeds import Generators, RandomState
from evalwh.harness.task_config import check_group, check_member, check_name, check_task
from evalwh.harness.task_faults import check_made, task_told_as

# lm-eval compiles a task's few templates again for every doc, most of the time it takes to ask.
lm_eval.utils.env.from_string = functools.lru_cache(maxsize=1024)(lm_eval.utils.env.from_string)
_SETTINGS = frozenset(each.name for each in dataclasses.fields(TaskConfig))
_LIBRARIES = ("lm_eval", "datasets")


class Names(dict[str, Entry]):
    """lm-eval's registry: the names of folders and, for what they don't have, the built-in ones.

    `defined` are groups that another writes out inside itself: they aren't looked for.
    """

    def __init__(self, own: Mapping[str, Listed], defined: Collection[str] = ()) -> None:
        super().__init__({name: _entry(name, listed) for name, listed in own.items()})
        self._defined = defined

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        return name not in self._defined and name in built_in(f"task '{name}'")

    def __missing__(self, name: str) -> Entry:
        self[name] = _entry(name, built_in(f"task '{name}'")[name])
        return self[name]


class Built(NamedTuple):
    """What a name led to. `generators` are those that the tasks' modules keep, as they began."""

    tasks: list[Task]
    groups: list[Group]
    generators: Generators


class _Factory(TaskFactory):  # type: ignore[misc]
    """lm-eval's factory; what goes wrong in a task is told with its name and file.

    Every task finds the generators of its module as they were when it was imported.
    """

    def __init__(self, meta: dict[str, Any]) -> None:
        super().__init__(meta=meta)
        self.generators = Generators()
        self._inside: list[str] = []

    def _load_full_config(
        self, entry: Entry, overrides: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        config: dict[str, Any] = super()._load_full_config(entry, overrides)
        with told_as(_place(entry.name, entry.yaml_path)):
            if entry.kind is Kind.GROUP:
                check_group(config)
            else:
                check_task(config, _SETTINGS)
        self.generators.note(_functions(config))
        return config

    def _build_task(self, entry: Entry, overrides: dict[str, Any] | None) -> Task:
        place = _place(entry.name, entry.yaml_path)
        with task_told_as(place), RandomState(self.generators).going_on():
            task = super()._build_task(entry, overrides)
            if type(task) is ConfigurableTask:
                check_made(task)
            return task

    def _build_group_members(
        self,
        member_list: list[Any],
        group_name: str,
        overrides: dict[str, Any] | None,
        registry: dict[str, Entry],
    ) -> list[Task | Group]:
        entry = registry.get(group_name)
        with task_told_as(_place(group_name, entry.yaml_path if entry else None)):
            if group_name in self._inside:
                raise ValueError("a group is a member of itself; take it out of its 'task' list")
            for member in member_list:
                _check_member(member, overrides or {}, registry)
            self._inside.append(group_name)
            members: list[Task | Group] = super()._build_group_members(
                member_list, group_name, overrides, registry
            )
            self._inside.pop()
            return members


def _check_member(member: Any, overrides: Mapping[str, Any], registry: Mapping[str, Entry]) -> None:
    """Refuse a member that is no name there is, and no task that is written out."""
    check_member(member)
    own = {"task": member} if isinstance(member, str) else member
    if "group" in own or own["task"] in registry:
        return
    config = {**overrides, **own}
    if not config.keys() & {"dataset_path", "custom_dataset"}:
        known = [*map(str, registry), *built_in(f"task '{own['task']}'")]
        hint = did_you_mean(str(own["task"]), known)
        raise ValueError(f"there is no task '{own['task']}'{hint}")
    check_task(config, _SETTINGS)


def scan(folders: Sequence[Path], *, deep: bool = True) -> dict[str, Entry]:
    """The entries of the YAML files in folders; a file that can't be read is left out."""
    with quiet():
        if deep:
            entries: dict[str, Entry] = TaskIndex.build(folders)
            return entries
        return _scan_files(file for folder in folders for file in sorted(folder.glob("*.yaml")))


def _scan_files(files: Iterable[Path]) -> dict[str, Entry]:
    index: dict[str, Entry] = {}
    for file in files:
        with contextlib.suppress(Exception):
            TaskIndex.process_cfg(load_yaml(file, resolve_func=False), file, index)
    return index


def entry_of_file(path: Path) -> Entry:
    """What a YAML file defines, with its config as it is written there. Raises TaskError."""
    index: dict[str, Entry] = {}
    with told_as(str(path)):
        config = load_yaml(path, resolve_func=False)
        check_group(config) if "group" in config else check_name(config)
        TaskIndex.process_cfg(config, path, index)
    for entry in index.values():
        return entry
    raise TaskError(f"{path}: no 'task' and no 'group' in it; give it a name")


def build(entry: Entry, names: Names, metadata: Mapping[str, Any]) -> Built:
    """The tasks and groups that an entry leads to, by name once, the data of all loaded.

    Raises TaskError.
    """
    factory = _Factory(dict(metadata))
    _forget_modules()
    with task_told_as(_place(entry.name, entry.yaml_path)), quiet(), RandomState().going_on():
        built = factory.build(entry, overrides=None, registry=names)
    tops = built if isinstance(built, list) else [built]
    tasks = {task.task_name: task for top in tops for task in _tasks(top)}
    if not tasks:
        raise TaskError(f"{_place(entry.name, entry.yaml_path)}: it leads to no task; name another")
    groups = {group.name: group for top in tops for group in _groups(top)}
    return Built(list(tasks.values()), list(groups.values()), factory.generators)


def runs_code(path: Path | None) -> bool:
    """Whether a YAML file says `unsafe_code`; its functions aren't imported for it."""
    if path is None:
        return False
    try:
        return bool(load_yaml(path, resolve_func=False).get("unsafe_code"))
    except Exception:  # noqa: BLE001 - building it says what is wrong with the file
        return False


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without the logs of lm-eval and datasets, whose errors are told once they are raised, and
    without progress bars; what is printed is no data. LOGLEVEL shows the logs."""
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    levels = [each.level for each in loggers]
    is_shown = loggers[0].level != logging.NOTSET
    bars = datasets.are_progress_bars_disabled()
    for each in loggers:
        each.setLevel(each.level if is_shown else logging.CRITICAL)
    datasets.disable_progress_bars()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)
        if not bars:
            datasets.enable_progress_bars()


def _forget_modules() -> None:
    """Modules beside YAML files are imported anew, as in a process of their own."""
    for name, module in list(sys.modules.items()):
        # Where lm-eval notes which version of a file it imported.
        if "__mtime__" in getattr(module, "__dict__", ()):
            del sys.modules[name]


def _functions(value: Any) -> Iterator[Any]:
    """The functions in a config, those of a class among them."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _functions(each)
    elif isinstance(value, list):
        for each in value:
            yield from _functions(each)
    elif isinstance(value, type):
        yield from vars(value).values()
    elif callable(value):
        yield value


def _entry(name: str, listed: Listed) -> Entry:
    kind = Kind[listed.kind.upper()]
    tags = set(listed.members) if kind is Kind.TAG else set()
    return Entry(name=name, kind=kind, yaml_path=listed.path, tags=tags)


def _tasks(built: Task | Group) -> list[Task]:
    return built.get_all_tasks() if isinstance(built, Group) else [built]


def _groups(built: Task | Group) -> list[Group]:
    return [built, *built.get_all_groups()] if isinstance(built, Group) else []


def _place(name: str, path: Path | None) -> str:
    return f"task '{name}'" + (f" ({path})" if path else "")
