"""Docs out of a task's data: ids, targets and hashes; reads rows lazily and keeps none.

A doc's id is the column `id` (or the one `task.yaml` names), as text; without one it is the
content hash. Its target is the column `target` (or the one named, or an object put together
from `target: {field: column}`). In a JSON task a target is an object; text that holds a JSON
object, as in a CSV cell, is parsed. In a plain-text task it is text; a number becomes text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from evalwh.errors import TaskError, did_you_mean
from evalwh.hashing import content_hash
from evalwh.records import Doc, Json, Task
from evalwh.tasks.choices import shuffled
from evalwh.tasks.files import is_file
from evalwh.tasks.hub import HubSplit, count_hub_rows, read_hub_rows
from evalwh.tasks.joins import joined
from evalwh.tasks.local_data import joined_file, local_files
from evalwh.tasks.readers import READERS, Row, read_rows
from evalwh.tasks.setting_parts import Choices, Join
from evalwh.tasks.settings import FolderTask, folder_task
from evalwh.tasks.values import compact, loads

_MOST_COUNTED_BYTES = 100_000_000
"""Larger files aren't read only to tell how many docs a limit left out."""
_PACKED = 20


@dataclass(frozen=True, slots=True)
class DocSource:
    """Where a split's docs come from and how its rows become docs; hashable.

    `paths` are data files, or else `hub` a split of a Hugging Face dataset. `joined` is the file
    that `join` reads. `turns` is how many replies a target is of, in a plain-text task.
    """

    dataset: str
    split: str
    paths: tuple[Path, ...]
    hub: HubSplit | None
    id: str | None
    target: str | tuple[tuple[str, str], ...] | None
    json_fields: bool
    turns: int = 1
    rename: tuple[tuple[str, str], ...] = ()
    join: Join | None = None
    joined: Path | None = None
    choices: Choices | None = None

    @property
    def place(self) -> str:
        """Where it is, in a message."""
        return str(self.paths[0]) if self.paths else self.dataset


def load_docs(task: Task, split: str = "test", limit: int | None = None) -> Iterator[Doc]:
    """The docs of a split, at most `limit`, read as they are asked for.

    Raises TaskError: no such split, an empty one, a row that isn't a doc, an id used twice.
    """
    return islice(read_docs(doc_source(folder_task(task), split)), limit)


def count_docs(task: Task, split: str = "test", limit: int | None = None) -> int:
    """How many docs `load_docs` gives; reads them all, so a broken row shows before any request."""
    return sum(1 for _ in load_docs(task, split, limit))


def count_rows(source: DocSource) -> int | None:
    """How many rows a source has, without making docs of them; None for very large files."""
    if source.hub is not None:
        return count_hub_rows(source.hub)
    if sum(map(_bytes, source.paths)) > _MOST_COUNTED_BYTES:
        return None
    return sum(1 for _ in _rows(source))


def _bytes(path: Path) -> int:
    """How large a file is, roughly what it is unpacked to where it is compressed."""
    size = path.stat().st_size if is_file(path) else 0
    return size * _PACKED if path.suffix.lower() in (".xlsx", ".parquet") else size


def doc_source(task: FolderTask, split: str) -> DocSource:
    """Where the docs of `split`, "test" or "train", come from."""
    settings = task.settings
    if split not in ("test", "train"):
        raise TaskError(f"unknown split '{split}'{did_you_mean(split, ('test', 'train'))}")
    paths = local_files(task) if split == "test" else ()
    hub = None if paths else _hub_split(task, split)
    target = settings.target
    columns = target if isinstance(target, str) or target is None else tuple(target.items())
    return DocSource(
        task.dataset,
        split,
        paths or (() if hub else (_data_file(task, split),)),
        hub,
        settings.id,
        columns,
        task.json_fields,
        settings.turns,
        tuple(settings.rename.items()),
        settings.join,
        joined_file(task),
        settings.choices,
    )


def read_docs(source: DocSource) -> Iterator[Doc]:
    """The docs of `source`; raises TaskError for an empty source or an id used twice."""
    places: dict[str, str] = {}
    for row in _rows(source):
        doc = _doc(source, row)
        if doc.doc_id in places:
            raise TaskError(_same_id(row.where, places[doc.doc_id], doc))
        places[doc.doc_id] = row.where
        yield doc
    if not places:
        raise TaskError(f"{source.place}: no docs in it")


def has_split(task: FolderTask, split: str) -> bool:
    """Whether the task says that it has `split`, or has a file of its name."""
    if task.settings.dataset_path is not None:
        return split == "test" or task.settings.train_split is not None
    return split in task.settings.data or bool(_split_files(task, split))


def target_columns(task: FolderTask) -> frozenset[str]:
    """The columns that hold the answer."""
    if choices := task.settings.choices:
        return frozenset({choices.correct, *choices.incorrect})
    target = task.settings.target or "target"
    return frozenset({target}) if isinstance(target, str) else frozenset(target.values())


def _hub_split(task: FolderTask, split: str) -> HubSplit | None:
    settings = task.settings
    if settings.dataset_path is None:
        return None
    named = settings.test_split if split == "test" else settings.train_split or "train"
    files = ", ".join(settings.local_files)
    way_out = f"; or copy {files} to a folder and give --data_dir" if files else ""
    hint = f"; {settings.access}" if settings.access else ""
    return HubSplit(settings.dataset_path, settings.dataset_name, named, f"{hint}{way_out}")


def _data_file(task: FolderTask, split: str) -> Path:
    if split in task.settings.data:
        return task.root / task.settings.data[split]
    there = _split_files(task, split)
    if not there:
        raise TaskError(f"{task.root}: no {split} split; it would be {split}.jsonl, .csv, …")
    if len(there) > 1:
        names = " and ".join(path.name for path in there)
        raise TaskError(f"{task.root}: {names} are both there; name one in task.yaml under 'data'")
    return there[0]


def _split_files(task: FolderTask, split: str) -> list[Path]:
    return [path for suffix in READERS if is_file(path := task.root / f"{split}{suffix}")]


def _rows(source: DocSource) -> Iterator[Row]:
    if source.hub is not None:
        return read_hub_rows(source.hub)
    return chain.from_iterable(read_rows(path) for path in source.paths)


def _doc(source: DocSource, row: Row) -> Doc:
    row = _shaped(source, row)
    letter = None
    columns = _with_parsed_target(source, row)
    if source.choices:
        columns, letter = _with_choices(source.choices, Row(row.where, columns))
    doc_hash = content_hash(columns)
    doc_id = _doc_id(source, Row(row.where, columns)) or doc_hash
    target = letter or _target(source, Row(row.where, columns))
    return Doc(source.dataset, source.split, doc_id, doc_hash, columns, target)


def _shaped(source: DocSource, row: Row) -> Row:
    """The row with its columns under the names that the task has for them, and the joined one."""
    names = dict(source.rename)
    columns = {names.get(name, name): value for name, value in row.columns.items()}
    shaped = Row(row.where, columns)
    return Row(row.where, joined(shaped, source.join, source.joined)) if source.join else shaped


def _with_choices(choices: Choices, row: Row) -> tuple[dict[str, Json], str]:
    for name in (choices.correct, *choices.incorrect):
        if _column(row, name) in (None, ""):
            raise TaskError(f"{row.where}: column '{name}' is empty; it is one of the choices")
    listed, letter = shuffled(row.columns, choices.correct, choices.incorrect)
    return {**row.columns, "choices": listed}, letter


def _with_parsed_target(source: DocSource, row: Row) -> dict[str, Json]:
    """The row's columns, the same whether its target came as an object or as text of one."""
    name = source.target or "target"
    if not source.json_fields or not isinstance(name, str):
        return row.columns
    value = row.columns.get(name)
    if not isinstance(value, str) or not value.strip():
        return row.columns
    try:
        return {**row.columns, name: loads(value)}
    except ValueError as error:
        raise TaskError(f"{row.where}: column '{name}': not a JSON object: {error}") from None


def _doc_id(source: DocSource, row: Row) -> str | None:
    name = source.id or "id"
    value = _column(row, name) if source.id else row.columns.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise TaskError(f"{row.where}: column '{name}': an id is text or a whole number, not {value!r}")


def _target(source: DocSource, row: Row) -> Json:
    if isinstance(source.target, tuple):
        value: Json = {field: _column(row, name) for field, name in source.target}
    elif source.target is not None:
        value = _column(row, source.target)
    else:
        value = row.columns.get("target")
    if value is None or value == "":
        return None
    if source.json_fields:
        return _object_target(row, value)
    if source.turns > 1:
        return _target_of_turns(source, row, value)
    return value if isinstance(source.target, tuple) else _text_target(row, value)


def _target_of_turns(source: DocSource, row: Row, value: Json) -> Json:
    """A list of the turns' targets, as an object by their fields."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list) or len(value) > source.turns:
        raise TaskError(
            f"{row.where}: the target must be a list of at most {source.turns}, one for each "
            f"turn, not {value!r:.60}"
        )
    return {f"turn_{turn}": compact(item) for turn, item in enumerate(value, 1)} or None


def _object_target(row: Row, value: Json) -> Json:
    if not isinstance(value, dict):
        raise TaskError(
            f"{row.where}: the target must be an object with the fields' values, not {value!r:.60}"
        )
    return value


def _text_target(row: Row, value: Json) -> Json:
    if isinstance(value, dict | list):
        raise TaskError(
            f"{row.where}: the target of a plain-text task must be text, not {value!r:.60}"
        )
    return compact(value)


def _column(row: Row, name: str) -> Json:
    if name not in row.columns:
        raise TaskError(f"{row.where}: no column '{name}'{did_you_mean(name, row.columns)}")
    return row.columns[name]


def _same_id(where: str, before: str, doc: Doc) -> str:
    if doc.doc_id == doc.doc_hash:
        return f"{where}: the same doc as {before}; remove one, or tell them apart by an 'id'"
    return f"{where}: id '{doc.doc_id}' is already used at {before}; every doc needs its own"
