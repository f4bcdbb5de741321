"""The matrix of a run: models × prompts × datasets × splits, as cells and the jobs in them.

Pure: it reads tasks and decides keys, and neither asks a model nor opens the warehouse.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from evalwh.errors import TaskError, UnknownTask, UsageError, did_you_mean
from evalwh.hashing import row_key
from evalwh.models import Model
from evalwh.pipeline.config import RunConfig
from evalwh.records import MAIN, MOST_REPEATS, Doc, Json, Prompt, Question, Request
from evalwh.tasks import load_task
from evalwh.tasks.eval_task import Asking, EvalTask


@dataclass(frozen=True, slots=True)
class Part:
    """A task's split with the prompts that ask it, and how often each doc is asked.

    `docs` is how many are asked, of which `limit` is the most; `questions` is how many are asked
    once about them. `split_docs` is how many the split has, None where that isn't known.
    """

    task: EvalTask
    split: str
    prompts: Sequence[Prompt]
    docs: int
    questions: int
    repeats: int
    limit: int | None = None
    split_docs: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One model, prompt, dataset and split of a run."""

    run_id: str
    model: str
    prompt: Prompt
    part: Part

    @property
    def key(self) -> int:
        return row_key(
            "cell",
            self.run_id,
            self.model,
            self.prompt.prompt_id,
            self.prompt.prompt_hash,
            self.part.task.dataset,
            self.part.split,
        )


class Case(NamedTuple):
    """A doc asked once in a cell; of several questions about it, each is a stage."""

    cell_key: int
    doc_key: int
    repeat: int


@dataclass(frozen=True, slots=True)
class Job:
    """A request and the case that it is for; `attempt` counts from 1 over all resumptions."""

    case: Case
    role: str
    attempt: int
    request: Request


class Asked(NamedTuple):
    """What is stored of a case's stage: how often it was asked, and whether it was answered."""

    attempts: int
    answered: bool


class Stored(NamedTuple):
    """What a run has already: `asked` by case and stage, and the `replies` of earlier turns."""

    asked: Mapping[tuple[Case, str], Asked]
    replies: Mapping[Case, Mapping[str, str]]

    def is_answered(self, case: Case, stage: str) -> bool:
        return self.asked.get((case, stage), NOT_ASKED).answered


NOT_ASKED = Asked(0, answered=False)
NOTHING = Stored({}, {})


def doc_key(doc: Doc) -> int:
    """The key of a doc's content under its id."""
    return row_key("doc", doc.dataset, doc.split, doc.doc_id, doc.doc_hash)


def read_parts(config: RunConfig) -> list[Part]:
    """Read the tasks of a run and check them whole: every row, and every prompt on a first doc.

    Raises TaskError before anything is sent.
    """
    named = list(_named_tasks(config))
    _check_datasets(named)
    tasks = _sampled([task for _, task in named], config.samples)
    return [_part(task, split, config) for task in tasks for split in _splits(task, config)]


def _named_tasks(config: RunConfig) -> Iterator[tuple[str, EvalTask]]:
    """Each task under what a run named: task folders, lm-eval's for what is no folder's name."""
    include = [path for path in map(Path, config.include_path) if not path.is_file()]
    data_dir = Path(config.data_dir) if config.data_dir else None
    for name in config.tasks:
        try:
            yield name, load_task(name, include, data_dir=data_dir)
        except UnknownTask as unknown:
            for task in _harness_tasks(name, include, config, unknown):
                yield name, task


def asking_of(config: RunConfig, model: Model | None = None) -> Asking:
    """How a run asks, of `model` if it is known yet."""
    return Asking(
        num_fewshot=config.num_fewshot,
        seed=config.seed,
        system_instruction=config.system_instruction,
        apply_chat_template=config.apply_chat_template,
        fewshot_as_multiturn=config.fewshot_as_multiturn,
        chat_template=model.chat_template if model and config.apply_chat_template else None,
    )


def cells_of(run_id: str, model: str, parts: Iterable[Part]) -> list[Cell]:
    """The cells of one model."""
    return [Cell(run_id, model, prompt, part) for part in parts for prompt in part.prompts]


def turns_of(cells: Sequence[Cell]) -> int:
    """How often the docs of these cells are asked in a row, at most."""
    return max((cell.part.task.turns for cell in cells), default=0)


def jobs_of(
    cells: Sequence[Cell], model: Model, config: RunConfig, stored: Stored, turn: int = 0
) -> Iterator[Job]:
    """The requests of one model's cells in a turn that aren't answered yet, lazily, by doc."""
    asking = asking_of(config, model)
    for part, group in _by_part(cells):
        if turn >= part.task.turns:
            continue
        for doc in part.task.docs(part.split, part.limit):
            for cell in group:
                questions = _Questions(cell, doc, asking, turn)
                yield from _doc_jobs(questions, model, config, stored)


class _Questions:
    """What a doc is asked in a cell and turn; made once, unless they follow from replies."""

    def __init__(self, cell: Cell, doc: Doc, asking: Asking, turn: int) -> None:
        self.cell = cell
        self.doc = doc
        self._asking = asking
        self._turn = turn
        self._first: Sequence[Question] | None = None

    def of(self, replies: Mapping[str, str]) -> Sequence[Question]:
        """The questions after `replies`, by stage; none while a reply they follow is missing."""
        if self._turn == 0:
            self._first = self._first or self._made({})
            return self._first
        return self._made(replies) if len(replies) >= self._turn else ()

    def _made(self, replies: Mapping[str, str]) -> Sequence[Question]:
        return self.cell.part.task.questions(
            self.cell.prompt, self.doc, self._asking, turn=self._turn, replies=replies
        )


def _doc_jobs(
    questions: _Questions, model: Model, config: RunConfig, stored: Stored
) -> Iterator[Job]:
    cell, key = questions.cell, doc_key(questions.doc)
    for repeat in range(cell.part.repeats):
        case = Case(cell.key, key, repeat)
        # Most docs have this stage alone, and it is the last of the others: nothing to render.
        if stored.is_answered(case, MAIN):
            continue
        for question in questions.of(stored.replies.get(case, {})):
            asked = stored.asked.get((case, question.stage), NOT_ASKED)
            if not asked.answered:
                request = _request(question, questions, model, config, repeat)
                yield Job(case, "model", asked.attempts + 1, request)


def _request(
    question: Question, questions: _Questions, model: Model, config: RunConfig, repeat: int
) -> Request:
    return Request(
        model=questions.cell.model,
        messages=question.messages,
        params=params_of(question, config),
        base_url=model.base_url,
        repeat=repeat,
        doc_id=questions.doc.doc_id,
        prompt_id=questions.cell.prompt.prompt_id,
        kind=question.kind,
        stage=question.stage,
        settings=model.settings,
    )


def params_of(question: Question, config: RunConfig) -> Mapping[str, Json]:
    """The sampling parameters of a request: the task's, and the run's over them.

    A likelihood isn't sampled.
    """
    if question.kind in ("loglikelihood", "loglikelihood_rolling"):
        return question.params
    seed = {} if config.seed is None else {"seed": config.seed}
    return {**question.params, **seed, **config.gen_kwargs}


def _by_part(cells: Sequence[Cell]) -> Iterator[tuple[Part, list[Cell]]]:
    parts = {id(cell.part): cell.part for cell in cells}
    for number, part in parts.items():
        yield part, [cell for cell in cells if id(cell.part) == number]


def _harness_tasks(
    name: str, include: Sequence[Path], config: RunConfig, unknown: UnknownTask
) -> Sequence[EvalTask]:
    from evalwh.harness import load_tasks

    return load_tasks(
        name,
        include,
        num_fewshot=config.num_fewshot,
        seed=config.seed,
        # lm-eval's long-context tasks make their docs by the tokenizer of the model.
        metadata={**config.model_args, **config.metadata},
        confirm_run_unsafe_code=config.confirm_run_unsafe_code,
        unknown=unknown,
    )


def _sampled(tasks: Sequence[EvalTask], samples: Mapping[str, Sequence[int]]) -> list[EvalTask]:
    """The tasks with the docs that are asked; those that aren't in `samples` with all."""
    known = [task.name for task in tasks]
    for name in samples:
        if name not in known:
            hint = did_you_mean(name, known)
            raise UsageError(f"--samples: no task that is asked is called '{name}'{hint}")
    return [
        task.with_samples(frozenset(samples[task.name])) if task.name in samples else task
        for task in tasks
    ]


def _splits(task: EvalTask, config: RunConfig) -> Sequence[str]:
    """The splits to ask. Recorded replies are kept for the split that is scored, and samples are
    docs of it."""
    if config.skip_eval and config.skip_train:
        raise UsageError("--skip_train and --skip_eval leave nothing to do; give one of them")
    if config.skip_eval:
        return ("train",)
    if config.skip_train or config.model == "recorded" or task.name in config.samples:
        return ("test",)
    return task.splits


def _part(task: EvalTask, split: str, config: RunConfig) -> Part:
    prompts = task.chosen_prompts(config.prompts)
    first, asking = next(task.docs(split)), asking_of(config)
    for prompt in prompts:
        # A column that a prompt lacks shows before anything is sent.
        task.questions(prompt, first, asking)
    most = _most_docs(task, split, config.limit)
    docs, questions = task.size(split, most)
    is_whole = task.name not in config.samples and (most is None or docs < most)
    whole = docs if is_whole else task.split_docs(split)
    return Part(task, split, prompts, docs, questions, _repeats(task, config), most, whole)


def _repeats(task: EvalTask, config: RunConfig) -> int:
    """How often each doc is asked. Raises TaskError for what would take years."""
    repeats = config.repeats or task.repeats
    if repeats > MOST_REPEATS:
        raise TaskError(
            f"task '{task.name}': 'repeats' is {repeats}, and may be {MOST_REPEATS} at most; "
            "mend it, or give --repeats"
        )
    return repeats


def _most_docs(task: EvalTask, split: str, limit: float | None) -> int | None:
    """How many docs a limit leaves at most; below 1 it is a share of them, as lm-eval takes it."""
    if limit is None or limit >= 1:
        return None if limit is None else int(limit)
    whole = task.split_docs(split)
    return math.ceil((task.size(split).docs if whole is None else whole) * limit)


def _check_datasets(named: Iterable[tuple[str, EvalTask]]) -> None:
    seen: dict[str, tuple[str, EvalTask]] = {}
    for name, task in named:
        before, other = seen.setdefault(task.dataset, (name, task))
        if other is task:
            continue
        if other.name == task.name:
            raise UsageError(
                f"--tasks: '{task.name}' is there twice, {_by(before, task)} "
                f"and {_by(name, task)}; name one of them"
            )
        raise TaskError(
            f"--tasks: '{other.name}' and '{task.name}' both have the dataset "
            f"'{task.dataset}'; leave one of them out, or give it another 'dataset'"
        )


def _by(name: str, task: EvalTask) -> str:
    return "by its own name" if name == task.name else f"in '{name}'"
