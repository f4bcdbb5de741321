"""The matrix of a run: models × prompts × datasets × splits, as cells and the jobs in them.

Pure: it decides keys and makes requests, and neither asks a model nor opens the warehouse.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from evalwh.hashing import row_key
from evalwh.models import Model
from evalwh.pipeline.config import RunConfig
from evalwh.pipeline.parts import Part, asking_of
from evalwh.records import MAIN, Doc, Json, Prompt, Question, Request
from evalwh.tasks.eval_task import Asking


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
