"""`task.yaml` and the task it describes; reads no data and no prompt.

Every key is optional:

    description: what the task is, one line          source: where the data comes from
    license: of the data                             dataset: name of the rows, else the folder's
    data: {test: cases.csv, train: examples.csv}     files, relative to the folder
    dataset_path, dataset_name                       a Hugging Face dataset instead of files
    local_files: [aime24.jsonl, "test*.jsonl"]       its files in --data_dir, read in its place: the
                                                     first name or pattern that any file has
    access: text                                     what it takes to get the data, one line
    rename: {column: name}                           other names of columns, where they are there
    join: {files: […], by: …, column: …, value: …, where: {column: […]}}
                                                     a column out of a second file; see `joins`
    choices: {correct: column, incorrect: [column, …]}
                                                     adds `choices`, shuffled by the doc's content;
                                                     the target is the letter of the correct one
    test_split, train_split                          its splits, "test" and "train" by default;
                                                     train is generated only where it is named
    id: column of the doc's id                       "id" where there is one
    target: column, or {field: column, …}            "target" where there is one; of plain text it
                                                     may be an object, for metrics that take one
    show_target: true                                lets prompts see the target
    system_instruction: text                         a system message before every prompt
    params: {temperature: 0, max_tokens: 80, …}      sampling parameters, OpenAI's names
    params_by: {column: {value: {temperature: 0}}}   more of them by what a doc's column says
    num_fewshot: 2                                   examples from the train split
    turns: 1                                         replies of a doc; their fields are turn_1, …
    repeats: 1                                       responses per doc where --repeats isn't given
    aggregation: all | any | mean                    how a field's and a doc's metrics combine
    fields: {path: {option: value}}                  options of a field
    option_files: {option: [file.jsonl, …]}          an option of every field that is the rows of a
                                                     file in --data_dir, the first that is there
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from evalwh.errors import TaskError, did_you_mean
from evalwh.records import Json, Task
from evalwh.tasks.files import is_file, read_text
from evalwh.tasks.setting_parts import (
    Choices,
    Join,
    choices_setting,
    join_setting,
    names_setting,
    text_setting,
)
from evalwh.tasks.values import to_json

Aggregation = Literal["all", "any", "mean"]


@dataclass(frozen=True, slots=True)
class Settings:
    """`task.yaml` as written; None and empty stand for the default the module describes."""

    description: str = ""
    source: str | None = None
    license: str | None = None
    dataset: str | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    dataset_path: str | None = None
    dataset_name: str | None = None
    local_files: tuple[str, ...] = ()
    access: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    join: Join | None = None
    choices: Choices | None = None
    test_split: str = "test"
    train_split: str | None = None
    id: str | None = None
    target: str | Mapping[str, str] | None = None
    show_target: bool = False
    system_instruction: str | None = None
    params: Mapping[str, Json] = field(default_factory=dict)
    params_by: Mapping[str, Mapping[str, Mapping[str, Json]]] = field(default_factory=dict)
    num_fewshot: int = 0
    turns: int = 1
    repeats: int = 1
    aggregation: Aggregation = "all"
    fields: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    option_files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FolderTask(Task):
    """A task read from a folder, with its settings; `data_dir` is where copies of its data are."""

    settings: Settings = field(default_factory=Settings)
    data_dir: Path | None = None


def folder_task(task: object) -> FolderTask:
    """`task` as one that was read from a folder."""
    if not isinstance(task, FolderTask):
        raise TypeError(f"{task} was not read from a task folder")
    return task


def read_settings(path: Path) -> Settings:
    """The settings of a `task.yaml`; the defaults when there is no such file.

    Raises TaskError with file and line for broken YAML, unknown keys and wrong values.
    """
    if not is_file(path):
        return Settings()
    mapping, lines = _read_yaml(path)
    values = {key: _checked(path, lines[key], key, value) for key, value in mapping.items()}
    settings = Settings(**cast("dict[str, Any]", values))
    if settings.data and settings.dataset_path:
        raise TaskError(f"{path}:{lines['data']}: 'data' and 'dataset_path' exclude each other")
    if settings.choices and settings.target:
        raise TaskError(f"{path}:{lines['target']}: 'choices' make the target; leave 'target' out")
    return settings


def _read_yaml(path: Path) -> tuple[dict[str, object], dict[str, int]]:
    """The file's top mapping, and the line of each of its keys."""
    import yaml

    text = read_text(path)
    try:
        node, mapping = yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except RecursionError:
        raise TaskError(f"{path}: nested too deep to be read") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise TaskError(f"{where}: not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise TaskError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if node is None:
        return {}, {}
    if not isinstance(node, yaml.MappingNode):
        raise TaskError(f"{path}: must hold 'key: value' lines")
    return mapping, _key_lines(path, [(key.value, key.start_mark.line) for key, _ in node.value])


def _key_lines(path: Path, keys: list[tuple[str, int]]) -> dict[str, int]:
    lines: dict[str, int] = {}
    for key, line in keys:
        if key in lines:
            raise TaskError(f"{path}:{line + 1}: '{key}' stands twice, first on line {lines[key]}")
        if key not in _CHECKS:
            raise TaskError(f"{path}:{line + 1}: unknown key '{key}'{did_you_mean(key, _CHECKS)}")
        lines[key] = line + 1
    return lines


def _checked(path: Path, line: int, key: str, value: object) -> object:
    try:
        return _CHECKS[key](value)
    except ValueError as error:
        raise TaskError(f"{path}:{line}: '{key}': {error}") from None


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"must be a whole number from 0, not {value!r}")
    return value


def _positive(value: object) -> int:
    if _count(value) == 0:
        raise ValueError("must be a whole number from 1, not 0")
    return _count(value)


def _rule(value: object) -> str:
    if value not in ("all", "any", "mean"):
        raise ValueError(f"must be all, any or mean, not {value!r}")
    return str(value)


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not value:
        raise ValueError(f"must hold 'name: text' lines, not {value!r}")
    return {text_setting(name): text_setting(item) for name, item in value.items()}


def _paths(value: object) -> dict[str, str]:
    paths = _texts(value)
    for split in paths.keys() - {"test", "train"}:
        raise ValueError(f"unknown split '{split}'{did_you_mean(split, ('test', 'train'))}")
    return paths


def _target(value: object) -> str | dict[str, str]:
    return _texts(value) if isinstance(value, dict) else text_setting(value)


def _object(value: object) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise ValueError(f"must hold 'key: value' lines, not {value!r}")
    return cast("dict[str, Json]", to_json(value))


def _params_by(value: object) -> dict[str, dict[str, dict[str, Json]]]:
    if not isinstance(value, dict) or not value:
        raise ValueError(f"must hold 'column: {{value: params}}' lines, not {value!r}")
    return {text_setting(column): _options(by_value) for column, by_value in value.items()}


def _options(value: object) -> dict[str, dict[str, Json]]:
    if not isinstance(value, dict):
        raise ValueError(f"must hold 'field: options' lines, not {value!r}")
    return {text_setting(name): _object(options) for name, options in value.items()}


def _option_files(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict) or not value:
        raise ValueError(f"must hold 'option: [file, …]' lines, not {value!r}")
    return {text_setting(option): names_setting(files) for option, files in value.items()}


_CHECKS: Mapping[str, Callable[[object], object]] = {
    "description": text_setting,
    "source": text_setting,
    "license": text_setting,
    "dataset": text_setting,
    "data": _paths,
    "dataset_path": text_setting,
    "dataset_name": text_setting,
    "local_files": names_setting,
    "access": text_setting,
    "rename": _texts,
    "join": join_setting,
    "choices": choices_setting,
    "test_split": text_setting,
    "train_split": text_setting,
    "id": text_setting,
    "target": _target,
    "show_target": _boolean,
    "system_instruction": text_setting,
    "params": _object,
    "params_by": _params_by,
    "num_fewshot": _count,
    "repeats": _positive,
    "turns": _positive,
    "aggregation": _rule,
    "fields": _options,
    "option_files": _option_files,
}
