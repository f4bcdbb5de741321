"""A task folder as a task that can be run; its files are read by the modules beside this one."""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Self

from evalwh.errors import TaskError
from evalwh.hashing import content_hash
from evalwh.records import MAIN, Doc, Json, Prompt, Question, RequestKind
from evalwh.tasks.catalog import find_task
from evalwh.tasks.docs import count_rows, doc_source, has_split, load_docs, target_columns
from evalwh.tasks.eval_task import Asking, Size
from evalwh.tasks.fewshot import fewshot_docs
from evalwh.tasks.local_data import file_options
from evalwh.tasks.prompts import default_prompt, read_prompts, render, select_prompts
from evalwh.tasks.samples import check_places, chosen
from evalwh.tasks.settings import FolderTask, read_settings
from evalwh.tasks.spec import METRICS_FILE, read_output_spec
from evalwh.tasks.values import compact


@dataclass(frozen=True, slots=True)
class EvalFolder(FolderTask):
    """A task folder, ready to be run; an `EvalTask`.

    `samples` are the places of the docs that its test split has, None for all.
    """

    samples: frozenset[int] | None = None

    @property
    def kind(self) -> str:
        return "folder"

    @property
    def origin(self) -> Mapping[str, Json]:
        return {"root": str(self.root.resolve())}

    @property
    def request_kinds(self) -> frozenset[RequestKind]:
        return frozenset({"chat"})

    @property
    def repeats(self) -> int:
        return self.settings.repeats

    @property
    def turns(self) -> int:
        return self.settings.turns

    @property
    def splits(self) -> Sequence[str]:
        return ("train", "test") if has_split(self, "train") else ("test",)

    def with_samples(self, places: Collection[int]) -> Self:
        check_places(self.name, places, sum(1 for _ in load_docs(self, limit=_up_to(places))))
        return replace(self, samples=frozenset(places))

    def docs(self, split: str, limit: int | None = None) -> Iterator[Doc]:
        if split != "test" or self.samples is None:
            return load_docs(self, split, limit)
        return islice(chosen(load_docs(self, split), self.samples), limit)

    def size(self, split: str, limit: int | None = None) -> Size:
        docs = sum(1 for _ in self.docs(split, limit))
        return Size(docs, docs * self.turns)

    def split_docs(self, split: str) -> int | None:
        try:
            return count_rows(doc_source(self, split))
        except TaskError:
            return None

    def chosen_prompts(self, prompt_ids: str | None) -> list[Prompt]:
        return select_prompts(self, prompt_ids)

    def questions(
        self,
        prompt: Prompt,
        doc: Doc,
        asking: Asking,
        *,
        turn: int = 0,
        replies: Mapping[str, str] | None = None,
    ) -> Sequence[Question]:
        shots = fewshot_docs(self, self._shots(asking), asking.seed or 0, doc)
        messages = render(
            self,
            prompt,
            doc,
            fewshot=shots,
            system_instruction=asking.system_instruction,
            replies=[(replies or {})[f"turn_{before}"] for before in range(1, turn + 1)],
        )
        stage = MAIN if turn + 1 == self.turns else f"turn_{turn + 1}"
        return [Question(messages, self._params(doc), stage)]

    def sources(self, split: str, asking: Asking, limit: int | None) -> Mapping[str, str]:
        instruction = asking.system_instruction or self.settings.system_instruction
        shots = self._shots(asking)
        return {
            "docs": content_hash(self._contents(split, limit)),
            "fewshot": content_hash([shots, self._contents("train", None) if shots else []]),
            "system_instruction": content_hash(instruction),
            "params": content_hash([dict(self.params), self._params_by()]),
            "shown": content_hash([self.settings.show_target, sorted(target_columns(self))]),
        }

    def _params(self, doc: Doc) -> Mapping[str, Json]:
        """The sampling parameters of a doc: the task's, and over them those of its columns."""
        params = dict(self.params)
        for column, by_value in self.settings.params_by.items():
            params |= by_value.get(compact(doc.columns.get(column)), {})
        return params

    def _params_by(self) -> Json:
        return {
            column: {value: dict(params) for value, params in by_value.items()}
            for column, by_value in self.settings.params_by.items()
        }

    def _shots(self, asking: Asking) -> int:
        return self.num_fewshot if asking.num_fewshot is None else asking.num_fewshot

    def _contents(self, split: str, limit: int | None) -> list[Json]:
        """What tells docs apart, in an order that moving a line doesn't change."""
        docs = (
            [doc.doc_id, doc.doc_hash, content_hash(doc.target)] for doc in self.docs(split, limit)
        )
        return [list(each) for each in sorted(docs)]


def load_task(
    name_or_path: str, include_path: Sequence[Path] = (), *, data_dir: Path | None = None
) -> EvalFolder:
    """The task of a name or a folder; looked for as `catalog.find_task` says.

    `data_dir` is where a benchmark's data lies that it would else read from the hub.
    Metrics are not looked up and no prompt is parsed yet; data is read only where there are no
    prompts, for a first doc to choose the default one by. Raises TaskError.
    """
    root = find_task(name_or_path, include_path)
    settings = read_settings(root / "task.yaml")
    spec = read_output_spec(root / METRICS_FILE, settings.fields, settings.turns)
    name = root.resolve().name
    task = EvalFolder(
        name=name,
        dataset=settings.dataset or name,
        root=root,
        fields=spec.fields,
        prompts=read_prompts(root),
        params=settings.params,
        json_fields=spec.json_fields,
        num_fewshot=settings.num_fewshot,
        settings=settings,
        data_dir=data_dir,
    )
    _check_targets(task)
    if options := file_options(task):
        fields = [replace(field, options={**options, **field.options}) for field in task.fields]
        task = replace(task, fields=tuple(fields))
    return task if task.prompts else _with_default_prompt(task)


def data_needed(task: FolderTask) -> str | None:
    """Where the data of a task comes from that isn't in its folder, in a line; None where it is."""
    settings = task.settings
    if settings.dataset_path is None:
        return None
    files = ", ".join(settings.local_files)
    local = f", or {files} in --data_dir" if files else ""
    access = f"; {settings.access}" if settings.access else ""
    return f"dataset {settings.dataset_path} on the Hugging Face hub{local}{access}"


def _up_to(places: Collection[int]) -> int:
    """How many docs have to be read to come to all places."""
    return min(max(places), sys.maxsize - 1) + 1


def _check_targets(task: FolderTask) -> None:
    """A target put together from columns must name fields where there are several."""
    if isinstance(task.settings.target, str | None):
        return
    names = [field.name for field in task.fields]
    for name in task.settings.target:
        if name not in names and (task.json_fields or task.settings.turns > 1):
            raise TaskError(
                f"{task.root / 'task.yaml'}: 'target': no field '{name}' in {METRICS_FILE}"
            )


def _with_default_prompt(task: EvalFolder) -> EvalFolder:
    doc = next(load_docs(task, limit=1))
    prompt = default_prompt(task.root, doc.columns)
    return replace(task, prompts={prompt.prompt_id: prompt})
