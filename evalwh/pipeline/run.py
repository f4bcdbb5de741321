"""One invocation over a matrix: plan, generate, fold, score, fold. Owns the order of the stages.

Whatever ends it, the journal has every reply that arrived, and the run says how it ended.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any

from evalwh.errors import (
    BudgetReached,
    EvalwhError,
    MissingExtra,
    ModelsFailed,
    RequestFailed,
    UsageError,
    WarehouseBusy,
)
from evalwh.generation import Progress
from evalwh.hints import db_option
from evalwh.models import Model
from evalwh.pipeline import reads, rows
from evalwh.pipeline.asking import Asker
from evalwh.pipeline.checks import check_new
from evalwh.pipeline.chosen_models import judge_of
from evalwh.pipeline.config import RunConfig, datasets_to_json
from evalwh.pipeline.folding import folding
from evalwh.pipeline.invocation import Invocation
from evalwh.pipeline.judging import Judge
from evalwh.pipeline.matrix import NOTHING, Cell, Stored, cells_of, jobs_of, turns_of
from evalwh.pipeline.parts import Part
from evalwh.pipeline.planning import Planned, check_affordable, plan, ready
from evalwh.pipeline.prices import price_in_force
from evalwh.pipeline.reuse import ReplyCache
from evalwh.pipeline.scoring import Scoring, score_run
from evalwh.pipeline.sources import check_unchanged, sources_of
from evalwh.prices import Price
from evalwh.tasks.eval_task import EvalTask
from evalwh.warehouse.clock import time_after
from evalwh.warehouse.journal import Journal


def start_run(
    invocation: Invocation, config: RunConfig, run_id: str, tags: Mapping[str, str]
) -> Coroutine[Any, Any, None]:
    """Plan a new run at once, and carry it out once it is awaited.

    Both raise EvalwhError; what had arrived is stored. Planning runs the code of tasks, which may
    never return: it is no work for an event loop.
    """
    planned = ready(invocation, plan(invocation, config))
    return _start(invocation, config, run_id, tags, planned)


async def _start(
    invocation: Invocation,
    config: RunConfig,
    run_id: str,
    tags: Mapping[str, str],
    planned: Planned,
) -> None:
    with invocation.warehouse.claim(run_id):
        check_new(invocation.warehouse, run_id)
        await _Run(invocation, config, run_id, planned).carry_out(tags)


def resume_run(invocation: Invocation, config: RunConfig, run_id: str) -> Coroutine[Any, Any, None]:
    """Plan at once to ask for what a run hasn't got an answer to yet and to score what isn't
    scored, and do it once it is awaited."""
    planned = ready(invocation, plan(invocation, config))
    return _resume(invocation, config, run_id, planned)


async def _resume(invocation: Invocation, config: RunConfig, run_id: str, planned: Planned) -> None:
    with invocation.warehouse.claim(run_id):
        invocation.warehouse.fold()
        begun = reads.stored_config(invocation.warehouse, run_id).get("sources")
        check_unchanged(run_id, begun, sources_of(config, planned.parts, planned.models))
        stored = reads.stored_replies(invocation.warehouse, run_id)
        reported_at = reads.last_event_at(invocation.warehouse, run_id)
        await _Run(invocation, config, run_id, planned, stored, reported_at).carry_out(None)


async def score_stored(
    invocation: Invocation,
    config: RunConfig,
    run_id: str,
    added: Sequence[tuple[str | None, str]] = (),
) -> None:
    """Score what isn't scored of a stored run, with `added` metrics and the judge of `config`."""
    warehouse = invocation.warehouse
    judge = judge_of(config, invocation.judge_args, timeout_s=invocation.limits.timeout_s)
    check_affordable(invocation, [judge] if judge else [])
    with warehouse.claim(run_id):
        warehouse.fold()
        with warehouse.journal(run_id) as journal:
            asker = _asker(invocation, journal)
            confirmed = config.confirm_run_unsafe_code
            await _score(invocation, judge, run_id, journal, asker, added, confirmed_code=confirmed)
        warehouse.fold()


def _say_what_was_set_aside(invocation: Invocation, run_id: str) -> None:
    if lines := invocation.warehouse.rejected_lines(run_id):
        invocation.display.say(
            f"evalwh: note: {lines} of the run's lines could not be stored and are set aside; "
            f'see evalwh query "from facts.rejected_lines"{db_option(invocation.warehouse.path)}'
        )


class _Run:
    """A run being carried out, with its journal."""

    def __init__(
        self,
        invocation: Invocation,
        config: RunConfig,
        run_id: str,
        planned: Planned,
        stored: Stored = NOTHING,
        reported_at: datetime | None = None,
    ) -> None:
        self._on = invocation
        self._config = config
        self._run_id = run_id
        self._parts = planned.parts
        self._models = planned.models
        self._judge = planned.judge
        self._stored = stored
        self._reported_at = reported_at
        self._failed: dict[str, EvalwhError] = {}

    async def carry_out(self, tags: Mapping[str, str] | None) -> None:
        """Generate and score; `tags` are those of a new run, None resumes one."""
        with self._on.warehouse.journal(self._run_id) as journal:
            asker = _asker(self._on, journal)
            try:
                self._declare(journal, tags)
                with contextlib.suppress(WarehouseBusy):
                    # Others find the run by its id from now on.
                    self._on.warehouse.fold()
                async with folding(self._on.warehouse):
                    await self._generate(journal, asker)
                    await self._score(journal, asker)
                self._check_models()
                self._report(journal, "finished")
            except (BudgetReached, asyncio.CancelledError) as error:
                reason = str(error) or "interrupted"
                self._report(journal, "stopped", reason)
                raise
            except EvalwhError as error:
                self._report(journal, "failed", str(error))
                raise
            finally:
                journal.sync()
        self._on.warehouse.fold()
        _say_what_was_set_aside(self._on, self._run_id)

    def _declare(self, journal: Journal, tags: Mapping[str, str] | None) -> None:
        """Write what the run's rows refer to before the first request."""
        if tags is not None:
            stored = {
                **self._config.to_json(),
                "datasets": datasets_to_json(self._parts),
                "sources": sources_of(self._config, self._parts, self._models),
            }
            journal.write("run", rows.run_row(self._run_id, stored, tags))
        self._report(journal, "running")
        for model, parts in self._models:
            for cell in cells_of(self._run_id, model.name, parts):
                journal.write("cell", rows.cell_row(cell))
        for part in self._parts:
            self._declare_part(journal, part)
        journal.sync()

    def _declare_part(self, journal: Journal, part: Part) -> None:
        """Write prompts and docs, dated after other contents of theirs."""
        for prompt in part.prompts:
            before = reads.prompt_seen_at(self._on.warehouse, prompt.prompt_id)
            journal.write("prompt", rows.prompt_row(prompt, time_after(before)))
        seen_at = time_after(reads.docs_seen_at(self._on.warehouse, part.task.dataset, part.split))
        for doc in part.task.docs(part.split, part.limit):
            journal.write("doc", rows.doc_row(doc, seen_at))

    def _report(self, journal: Journal, status: str, message: str | None = None) -> None:
        """Write how the run stands, as the newest of its events whatever the clock says."""
        self._reported_at = time_after(self._reported_at)
        row = rows.event_row(self._run_id, status, self._reported_at, message)
        journal.write("run_event", row)

    async def _generate(self, journal: Journal, asker: Asker) -> None:
        """Ask model after model; of several, one that can't be asked leaves the others to it."""
        for model, parts in self._models:
            async with contextlib.aclosing(model):
                cells = cells_of(self._run_id, model.name, parts)
                price = price_in_force(self._on.warehouse, model, journal)
                try:
                    await self._ask_turns(model, cells, asker, journal, price)
                except (RequestFailed, UsageError, MissingExtra) as error:
                    if len(self._models) == 1:
                        raise
                    self._failed[model.name] = error
                    self._on.display.say(f"evalwh: {model.name} failed: {error}")

    def _check_models(self) -> None:
        """Raise ModelsFailed where some model could not be asked."""
        if self._failed:
            named = "; ".join(f"{name}: {error}" for name, error in self._failed.items())
            models = len({model.name for model, _parts in self._models})
            raise ModelsFailed(f"{len(self._failed)} of {models} models failed: {named}")

    async def _ask_turns(
        self,
        model: Model,
        cells: Sequence[Cell],
        asker: Asker,
        journal: Journal,
        price: Price | None,
    ) -> None:
        """Ask turn after turn; what a turn was answered is stored before the next is asked."""
        progress = Progress()
        total = self._unanswered(cells)
        async with self._on.display.stage(f"generating {model.name}", total, progress):
            for turn in range(turns_of(cells)):
                if turn:
                    self._stored = await self._folded_replies(journal)
                jobs = jobs_of(cells, model, self._config, self._stored, turn)
                await asker.ask(model, jobs, price=price, progress=progress)

    async def _folded_replies(self, journal: Journal) -> Stored:
        journal.sync()
        await asyncio.to_thread(self._on.warehouse.fold)
        return await asyncio.to_thread(reads.stored_replies, self._on.warehouse, self._run_id)

    def _unanswered(self, cells: Sequence[Cell]) -> int:
        keys = {cell.key for cell in cells}
        planned = sum(cell.part.questions * cell.part.repeats for cell in cells)
        asked = self._stored.asked.items()
        return planned - sum(each.answered for (case, _), each in asked if case.cell_key in keys)

    async def _score(self, journal: Journal, asker: Asker) -> None:
        if self._config.predict_only:
            return
        journal.sync()
        await asyncio.to_thread(self._on.warehouse.fold)
        await _score(
            self._on,
            self._judge,
            self._run_id,
            journal,
            asker,
            tasks={part.task.dataset: part.task for part in self._parts},
            confirmed_code=self._config.confirm_run_unsafe_code,
        )


def _asker(invocation: Invocation, journal: Journal) -> Asker:
    cache = ReplyCache(invocation.warehouse) if invocation.use_cache else None
    return Asker(journal, invocation.limits, on_event=invocation.display.say, cache=cache)


async def _score(
    invocation: Invocation,
    judge_model: Model | None,
    run_id: str,
    journal: Journal,
    asker: Asker,
    added: Sequence[tuple[str | None, str]] = (),
    *,
    tasks: Mapping[str, EvalTask] | None = None,
    confirmed_code: bool,
) -> None:
    """Score what is folded of a run, with `judge_model`, if any; `tasks` are loaded already."""
    progress = Progress()
    async with _judging(invocation, judge_model, asker, journal, progress) as judge:
        scoring = Scoring(
            invocation.warehouse,
            run_id,
            journal,
            invocation.display,
            progress,
            judge,
            tasks or {},
            confirmed_code=confirmed_code,
        )
        await score_run(scoring, added)


@contextlib.asynccontextmanager
async def _judging(
    invocation: Invocation,
    model: Model | None,
    asker: Asker,
    journal: Journal,
    progress: Progress,
) -> AsyncIterator[Judge | None]:
    if model is None:
        yield None
        return
    async with contextlib.aclosing(model):
        price = price_in_force(invocation.warehouse, model, journal)
        yield Judge(model, asker, progress, price)
