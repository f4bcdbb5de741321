"""Asks a model, with every reply in the journal before it counts.

One asker serves a whole invocation, so that its budget covers models and judges together.
"""

import dataclasses
from collections.abc import Callable, Iterable

from evalwh.generation import Job as EngineJob
from evalwh.generation import Limits, Progress, generate_all
from evalwh.models import Model
from evalwh.pipeline import rows
from evalwh.pipeline.matrix import Job
from evalwh.prices import Price
from evalwh.records import Reply
from evalwh.warehouse.journal import Journal

OnReply = Callable[[Job, Reply], None]


class Asker:
    """Asks jobs within limits and journals their replies; `spent_usd` is over all of them."""

    def __init__(
        self, journal: Journal, limits: Limits, *, on_event: Callable[[str], None] | None = None
    ) -> None:
        self._journal = journal
        self._limits = limits
        self._on_event = on_event
        self.spent_usd = 0.0

    async def ask(
        self,
        model: Model,
        jobs: Iterable[Job],
        *,
        price: Price | None,
        progress: Progress,
        on_reply: OnReply | None = None,
    ) -> None:
        """Ask every job; `on_reply` sees each reply once it is durable.

        Raises what `generation.generate_all` raises: the journal then has all that arrived.
        """

        async def sink(job: EngineJob[Job], reply: Reply) -> None:
            await self._journal.append("generation", rows.generation_row(job.tag, reply))
            if on_reply:
                on_reply(job.tag, reply)

        before_usd = progress.billed_usd
        try:
            await generate_all(
                (EngineJob(job.request, job) for job in jobs),
                model,
                sink,
                limits=self._remaining(),
                price=price,
                progress=progress,
                on_event=self._on_event,
            )
        finally:
            self.spent_usd += progress.billed_usd - before_usd

    def _remaining(self) -> Limits:
        if self._limits.budget_usd is None:
            return self._limits
        left_usd = max(0.0, self._limits.budget_usd - self.spent_usd)
        return dataclasses.replace(self._limits, budget_usd=left_usd)
