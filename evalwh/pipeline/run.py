"""One invocation over a matrix: plan, generate, fold, score, fold. Owns the order of the stages.

Whatever ends it, the journal has every reply that arrived, and the run says how it ended.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evalwh.errors import BudgetReached, EvalwhError, WarehouseBusy, WarehouseError
from evalwh.generation import Limits, Progress
from evalwh.models import Model, create_model
from evalwh.pipeline import rows
from evalwh.pipeline.asking import Asker
from evalwh.pipeline.config import RunConfig, specs_to_json
from evalwh.pipeline.display import Display
from evalwh.pipeline.judging import Judge
from evalwh.pipeline.matrix import (
    Asked,
    Case,
    Cell,
    Part,
    cells_of,
    jobs_of,
    read_parts,
)
from evalwh.pipeline.prices import price_in_force
from evalwh.pipeline.reads import asked_cases, stored_cells
from evalwh.pipeline.replay import ReplayedRun
from evalwh.pipeline.scoring import Scoring, check_metrics, score_run
from evalwh.records import Json
from evalwh.tasks import load_docs
from evalwh.warehouse import Warehouse
from evalwh.warehouse.journal import Journal
from evalwh.warehouse.runs import resolve_run

_FOLD_EVERY_S = 3.0


@dataclass(frozen=True, slots=True)
class Invocation:
    """How a run is carried out this time; nothing here decides what rows it makes.

    `model_args` and `judge_args` include the secrets that a config leaves out.
    """

    warehouse: Warehouse
    limits: Limits = field(default_factory=Limits)
    model_args: Mapping[str, Json] = field(default_factory=dict)
    judge_args: Mapping[str, Json] = field(default_factory=dict)
    display: Display = field(default_factory=Display)


def new_run_id() -> str:
    """Unique and sortable by start: UTC to the second and four hex digits."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


async def start_run(
    invocation: Invocation, config: RunConfig, run_id: str, tags: Mapping[str, str]
) -> None:
    """Carry out a new run. Raises EvalwhError; what had arrived is then stored."""
    parts = _checked_parts(config)
    with invocation.warehouse.claim(run_id):
        await _Run(invocation, config, run_id, parts).carry_out(tags)


async def resume_run(invocation: Invocation, config: RunConfig, run_id: str) -> None:
    """Ask for what a run hasn't got an answer to yet, and score what isn't scored."""
    parts = _checked_parts(config)
    with invocation.warehouse.claim(run_id):
        invocation.warehouse.fold()
        asked = asked_cases(invocation.warehouse, run_id)
        _check_unchanged(invocation.warehouse, run_id, parts)
        await _Run(invocation, config, run_id, parts, asked).carry_out(None)


async def score_stored(
    invocation: Invocation,
    config: RunConfig,
    run_id: str,
    added: Sequence[tuple[str | None, str]] = (),
) -> None:
    """Score what isn't scored of a stored run, with `added` metrics and the judge of `config`."""
    warehouse = invocation.warehouse
    with warehouse.claim(run_id):
        warehouse.fold()
        with warehouse.journal(run_id) as journal:
            asker = Asker(journal, invocation.limits, on_event=invocation.display.say)
            await _score(invocation, config, run_id, journal, asker, added)
        warehouse.fold()


class _Run:
    """A run being carried out, with its journal."""

    def __init__(
        self,
        invocation: Invocation,
        config: RunConfig,
        run_id: str,
        parts: Sequence[Part],
        asked: Mapping[Case, Asked] | None = None,
    ) -> None:
        self._on = invocation
        self._config = config
        self._run_id = run_id
        self._parts = parts
        self._asked = asked or {}

    async def carry_out(self, tags: Mapping[str, str] | None) -> None:
        """Generate and score; `tags` are those of a new run, None resumes one."""
        with self._on.warehouse.journal(self._run_id) as journal:
            asker = Asker(journal, self._on.limits, on_event=self._on.display.say)
            try:
                self._declare(journal, tags)
                async with _folding(self._on.warehouse):
                    await self._generate(journal, asker)
                    await self._score(journal, asker)
                journal.write("run_event", rows.event_row(self._run_id, "finished"))
            except (BudgetReached, asyncio.CancelledError) as error:
                reason = str(error) or "interrupted"
                journal.write("run_event", rows.event_row(self._run_id, "stopped", reason))
                raise
            except EvalwhError as error:
                journal.write("run_event", rows.event_row(self._run_id, "failed", str(error)))
                raise
            finally:
                journal.sync()
        self._on.warehouse.fold()

    def _declare(self, journal: Journal, tags: Mapping[str, str] | None) -> None:
        """Write what the run's rows refer to before the first request."""
        if tags is not None:
            stored = {**self._config.to_json(), "datasets": _datasets(self._parts)}
            journal.write("run", rows.run_row(self._run_id, stored, tags))
        journal.write("run_event", rows.event_row(self._run_id, "running"))
        for part in self._parts:
            for prompt in part.prompts:
                journal.write("prompt", rows.prompt_row(prompt))
            for doc in load_docs(part.task, part.split, self._config.limit):
                journal.write("doc", rows.doc_row(doc))
        journal.sync()

    async def _generate(self, journal: Journal, asker: Asker) -> None:
        for model, parts in _models(self._on, self._config, self._parts):
            async with contextlib.aclosing(model):
                cells = cells_of(self._run_id, model.name, parts)
                price = price_in_force(self._on.warehouse, model, journal)
                for cell in cells:
                    journal.write("cell", rows.cell_row(cell, self._config.repeats))
                await self._ask(model, cells, asker, price)

    async def _ask(self, model: Model, cells: Sequence[Cell], asker: Asker, price: Any) -> None:
        jobs = jobs_of(cells, model.base_url, self._config, self._asked)
        progress = Progress()
        total = self._unanswered(cells)
        async with self._on.display.stage(f"generating {model.name}", total, progress):
            await asker.ask(model, jobs, price=price, progress=progress)

    def _unanswered(self, cells: Sequence[Cell]) -> int:
        keys = {cell.key for cell in cells}
        planned = sum(cell.part.docs for cell in cells) * self._config.repeats
        answered = sum(asked.answered for case, asked in self._asked.items() if case[0] in keys)
        return planned - answered

    async def _score(self, journal: Journal, asker: Asker) -> None:
        if self._config.predict_only:
            return
        journal.sync()
        await asyncio.to_thread(self._on.warehouse.fold)
        await _score(self._on, self._config, self._run_id, journal, asker)


async def _score(
    invocation: Invocation,
    config: RunConfig,
    run_id: str,
    journal: Journal,
    asker: Asker,
    added: Sequence[tuple[str | None, str]] = (),
) -> None:
    """Score what is folded of a run, with the judge of `config`, if any."""
    progress = Progress()
    async with _judge(invocation, config, asker, journal, progress) as judge:
        scoring = Scoring(
            invocation.warehouse, run_id, journal, invocation.display, progress, judge
        )
        await score_run(scoring, added)


@contextlib.asynccontextmanager
async def _judge(
    invocation: Invocation,
    config: RunConfig,
    asker: Asker,
    journal: Journal,
    progress: Progress,
) -> AsyncIterator[Judge | None]:
    if config.judge is None:
        yield None
        return
    arguments = {**config.judge_args, **invocation.judge_args}
    model = create_model(
        config.judge_model, config.judge, arguments, timeout_s=invocation.limits.timeout_s
    )
    async with contextlib.aclosing(model):
        price = price_in_force(invocation.warehouse, model, journal)
        yield Judge(model, asker, progress, price)


def _checked_parts(config: RunConfig) -> list[Part]:
    parts = read_parts(config)
    if not config.predict_only:
        for part in parts:
            check_metrics(part.task.fields)
    return parts


def _check_unchanged(warehouse: Warehouse, run_id: str, parts: Sequence[Part]) -> None:
    """A resumed run asks the same prompts about as many docs as it began with."""
    for stored in stored_cells(warehouse, run_id):
        now = {
            (prompt.prompt_id, prompt.prompt_hash, part.task.dataset, part.split)
            for part in parts
            for prompt in part.prompts
        }
        if stored not in now:
            raise WarehouseError(
                f"run {run_id}: prompt '{stored[0]}' of '{stored[2]}' has changed since it began; "
                "restore it, or start a new run"
            )


def _models(
    invocation: Invocation, config: RunConfig, parts: Sequence[Part]
) -> Iterator[tuple[Model, Sequence[Part]]]:
    """Each model with the parts it is asked; recorded responses lie beside each dataset."""
    groups = [[part] for part in parts] if config.model == "recorded" else [list(parts)]
    for name in config.model_names:
        for group in groups:
            yield _model(invocation, config, name, group[0].task.root), group


def _model(invocation: Invocation, config: RunConfig, name: str | None, task_root: Path) -> Model:
    arguments = {**config.model_args, **invocation.model_args}
    if config.model == "recorded" and "run" in arguments:
        replayed = resolve_run(invocation.warehouse, str(arguments["run"]))
        return ReplayedRun(invocation.warehouse, replayed, name)
    return create_model(
        config.model,
        name,
        arguments,
        task_root=task_root,
        timeout_s=invocation.limits.timeout_s,
    )


def _datasets(parts: Sequence[Part]) -> list[dict[str, Any]]:
    tasks = {part.task.dataset: part.task for part in parts}
    return [
        {
            "dataset": dataset,
            "root": str(task.root.resolve()),
            "json_fields": task.json_fields,
            "fields": specs_to_json(task),
        }
        for dataset, task in tasks.items()
    ]


@contextlib.asynccontextmanager
async def _folding(warehouse: Warehouse) -> AsyncIterator[None]:
    """Fold now and then meanwhile, so that others see the run grow."""

    async def fold_now_and_then() -> None:
        while True:
            await asyncio.sleep(_FOLD_EVERY_S)
            with contextlib.suppress(WarehouseBusy):
                await asyncio.to_thread(warehouse.fold)

    folding = asyncio.create_task(fold_now_and_then())
    try:
        yield
    finally:
        folding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await folding
