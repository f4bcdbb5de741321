"""Runs jobs: N workers pull requests, ask the model, retry, and hand every reply to the sink.

A worker's slot is free as soon as its reply arrived; the sink works beside it, on a bounded
backlog. Whatever ends a generation, replies that arrived reach the sink first.
"""

import asyncio
import dataclasses
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Generic, NamedTuple, Protocol, TypeVar

import orjson

from evalwh.counted import counted
from evalwh.errors import EvalwhError, RequestFailed, WarehouseError
from evalwh.generation.budget import Budget
from evalwh.generation.limits import LONGEST_PAUSE_S, Limits, Pace, estimated_tokens
from evalwh.generation.logged import log_asked, log_failure, log_reply
from evalwh.generation.progress import Progress
from evalwh.models.chat import one_line
from evalwh.prices import Price
from evalwh.records import Reply, Request
from evalwh.secrets import redact

T = TypeVar("T")

MOST_IN_FLIGHT = 10_000
"""More than any server answers at once, and few enough to be held in memory."""


class Job(NamedTuple, Generic[T]):
    """A request and what the caller knows it by; `tag` is handed back untouched."""

    request: Request
    tag: T


Sink = Callable[[Job[T], Reply], Awaitable[None]]
"""Stores a reply; done when it is durable. An exception from it ends the generation: at once if
it is a WarehouseError, which the next reply would meet too, else once what is in flight arrived."""


class Asked(Protocol):
    """The part of a model that the engine needs."""

    @property
    def name(self) -> str: ...
    @property
    def most_concurrent(self) -> int | None: ...
    @property
    def batched_requests(self) -> int | None: ...

    async def generate(self, request: Request) -> Reply: ...


async def generate_all(
    jobs: Iterable[Job[T]] | AsyncIterator[Job[T]],
    model: Asked,
    sink: Sink[T],
    *,
    limits: Limits,
    price: Price | None = None,
    progress: Progress | None = None,
    on_event: Callable[[str], None] | None = None,
) -> Progress:
    """Ask `model` every job's request and hand each reply to `sink`; the final counters.

    `jobs` is pulled as slots come free, so a million of them need no memory. `price` fills in
    `billed_usd` where the model didn't. `progress` may be polled meanwhile; `on_event` gets
    a line for what a user wants to know, such as a pause that a server asked for.

    A request that fails for good is a reply with an error, and so is one that `model` raises
    anything unexpected for. Raises RequestFailed when a fatal
    failure comes before any response, BudgetReached, UsageError for a budget without a price,
    and whatever `jobs` or `sink` raise. Cancelled, it starts nothing new, gives requests in
    flight `drain_s`, and is done when the sink is.
    """
    pulled = jobs if isinstance(jobs, AsyncIterator) else iter(jobs)
    engine = _Engine(pulled, model, sink, limits, price, progress or Progress(), on_event)
    await engine.run()
    return engine.progress


class _Engine(Generic[T]):
    def __init__(
        self,
        jobs: Iterator[Job[T]] | AsyncIterator[Job[T]],
        model: Asked,
        sink: Sink[T],
        limits: Limits,
        price: Price | None,
        progress: Progress,
        on_event: Callable[[str], None] | None,
    ) -> None:
        self.progress = progress
        self._jobs = jobs
        self._pulling = asyncio.Lock()
        self._model = model
        self._sink = sink
        self._limits = limits
        self._price = price
        self._on_event = on_event or (lambda _line: None)
        self._request_pace = Pace(limits.rpm) if limits.rpm else None
        self._token_pace = Pace(limits.tpm) if limits.tpm else None
        budget_usd = limits.budget_usd
        self._budget = None if budget_usd is None else Budget(budget_usd, price, model.name)
        self._batched = model.batched_requests
        self._stopping = asyncio.Event()
        self._resume_at = 0.0
        self._workers: list[asyncio.Task[None]] = []
        self._sinking: set[asyncio.Task[None]] = set()
        self._backlog = asyncio.Semaphore(64 + 2 * limits.num_concurrent)
        self._sink_error: BaseException | None = None

    async def run(self) -> None:
        most = self._model.most_concurrent or sys.maxsize
        slots = self._batched or min(self._limits.num_concurrent, most)
        workers = min(slots, MOST_IN_FLIGHT)
        self._workers = [asyncio.create_task(self._work()) for _ in range(workers)]
        try:
            await asyncio.wait(self._workers, return_when=asyncio.FIRST_EXCEPTION)
            await self._finish()
        except asyncio.CancelledError:
            await self._drain()
            raise
        finally:
            self._cancel_workers()
            await asyncio.wait(self._workers)
            if self._sinking:
                await asyncio.wait(self._sinking)
        if (error := self._sink_error or self._worker_error()) is not None:
            raise error

    async def _finish(self) -> None:
        """Let requests in flight arrive, unless none of them can succeed."""
        self._stopping.set()
        if not isinstance(self._worker_error(), RequestFailed):
            await asyncio.wait(self._workers)

    async def _drain(self) -> None:
        """Interrupted: give requests in flight a little time, and start nothing new."""
        self._stopping.set()
        if self.progress.in_flight:
            self._on_event(
                f"stopping: {counted(self.progress.in_flight, 'request')} in flight, "
                f"{self._limits.drain_s:g} s to arrive"
            )
        await asyncio.wait(self._workers, timeout=self._limits.drain_s)

    def _worker_error(self) -> BaseException | None:
        ended = [worker for worker in self._workers if worker.done() and not worker.cancelled()]
        return next((error for worker in ended if (error := worker.exception())), None)

    def _cancel_workers(self) -> None:
        for worker in self._workers:
            worker.cancel()

    async def _work(self) -> None:
        """Pull jobs until there are no more."""
        while not self._stopping.is_set():
            job = await self._next_job()
            if job is None or self._stopping.is_set():
                return
            self.progress.started += 1
            reply = _refusal(job.request) or await self._answer(job.request)
            if reply is None:
                return
            self._hand_over(job, reply)
            await self._backlog.acquire()

    async def _next_job(self) -> Job[T] | None:
        if isinstance(self._jobs, Iterator):
            return next(self._jobs, None)
        async with self._pulling:
            return await anext(self._jobs, None)

    def _hand_over(self, job: Job[T], reply: Reply) -> None:
        self.progress.count(reply)
        task = asyncio.ensure_future(self._sink(job, reply))
        self._sinking.add(task)
        task.add_done_callback(self._sunk)

    def _sunk(self, task: asyncio.Task[None]) -> None:
        self._sinking.discard(task)
        self._backlog.release()
        error = task.exception() if not task.cancelled() else None
        if error is not None and self._sink_error is None:
            self._sink_error = error
            self._stopping.set()
            if isinstance(error, WarehouseError):
                # What can't be stored is not worth waiting for.
                self._cancel_workers()

    async def _answer(self, request: Request) -> Reply | None:
        """The reply after all tries, an error reply, or None if stopped before one came."""
        retry = 0
        while await self._may_start(request):
            try:
                return await self._ask(request)
            except RequestFailed as failure:
                log_failure(request, failure)
                if failure.fatal and not self.progress.fresh_responses:
                    raise
                wait_s = self._wait_s(failure, retry)
                if wait_s is None:
                    return _error_reply(failure, tries=retry + 1)
            retry += 1
            self.progress.retries += 1
            await self._pause(wait_s)
        return None

    async def _may_start(self, request: Request) -> bool:
        """Wait for the rate limits and pauses; False if the generation is stopping."""
        wait_s = self._resume_at - asyncio.get_running_loop().time() if self._resume_at else 0.0
        if self._request_pace is not None:
            wait_s = max(wait_s, self._request_pace.reserve_s(1))
        if self._token_pace is not None:
            wait_s = max(wait_s, self._token_pace.reserve_s(estimated_tokens(request)))
        if wait_s > 0.0:
            await self._pause(wait_s)
        return not self._stopping.is_set()

    async def _ask(self, request: Request) -> Reply | None:
        """Ask once, within the budget; None if stopped while waiting for it."""
        if self._budget is None:
            return await self._timed(request)
        reserved_usd = spent_usd = await self._budget.reserve(request)
        try:
            if self._stopping.is_set():
                spent_usd = 0.0
                return None
            reply = await self._timed(request)
            if reply.billed_usd is not None:
                spent_usd = reply.billed_usd
            return reply
        except RequestFailed as failure:
            # A refused request costs nothing; one that broke off may have been charged.
            if failure.status is not None or failure.fatal:
                spent_usd = 0.0
            raise
        finally:
            self._budget.settle(reserved_usd, spent_usd)

    async def _timed(self, request: Request) -> Reply:
        """Ask once, within the time-out."""
        log_asked(request)
        self.progress.in_flight += 1
        try:
            async with asyncio.timeout(None if self._batched else self._limits.timeout_s):
                reply = await self._generate(request)
        except TimeoutError:
            message = f"{self._model.name}: no answer within {self._limits.timeout_s:g} s"
            raise RequestFailed(message, retry=True) from None
        finally:
            self.progress.in_flight -= 1
        self._correct_pace(request, reply)
        log_reply(request, reply)
        return self._priced(reply)

    async def _generate(self, request: Request) -> Reply:
        try:
            return await self._model.generate(request)
        except (EvalwhError, TimeoutError, MemoryError):
            raise
        except Exception as error:
            # An adapter's bug with one reply, of whatever class, must not lose a run.
            said = one_line(redact(f"{type(error).__name__}: {error}"), 200)
            raise RequestFailed(f"{self._model.name}: unexpected {said}") from error

    def _correct_pace(self, request: Request, reply: Reply) -> None:
        if self._token_pace is not None and reply.prompt_tokens is not None:
            tokens = reply.prompt_tokens + (reply.completion_tokens or 0)
            self._token_pace.correct(tokens - estimated_tokens(request))

    def _priced(self, reply: Reply) -> Reply:
        if self._price is None or reply.billed_usd is not None:
            return reply
        if reply.prompt_tokens is None or reply.completion_tokens is None:
            return reply
        cost_usd = self._price.cost_usd(reply.prompt_tokens, reply.completion_tokens)
        return dataclasses.replace(reply, billed_usd=cost_usd)

    def _wait_s(self, failure: RequestFailed, retry: int) -> float | None:
        """Seconds before the next try, or None when there is none."""
        asked_s = failure.retry_after_s
        if not failure.retry or retry >= self._limits.max_retries:
            return None
        if asked_s is None:
            return self._limits.backoff_s(retry + 1)
        if asked_s > LONGEST_PAUSE_S:
            return None
        self._pause_all(asked_s, failure)
        return asked_s + self._limits.backoff_s(1)

    def _pause_all(self, seconds: float, failure: RequestFailed) -> None:
        """A server that names a time means every request to it."""
        resume_at = asyncio.get_running_loop().time() + seconds
        if resume_at > self._resume_at + 1.0:
            self._on_event(f"{failure}; waiting {seconds:g} s as it asks")
        self._resume_at = max(self._resume_at, resume_at)

    async def _pause(self, seconds: float) -> None:
        """Sleep, but no longer than until the generation stops."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


def _refusal(request: Request) -> Reply | None:
    """The reply to a request with text that no model can be sent, and no row can hold."""
    try:
        orjson.dumps((request.messages, request.params), option=orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        what = "its text holds a lone surrogate, which isn't valid Unicode"
        said = what if "surrogate" in str(error) else one_line(str(error), 200)
        return Reply(response=None, error=f"not sent: {said}")
    return None


def _error_reply(failure: RequestFailed, *, tries: int) -> Reply:
    suffix = f" (after {tries} tries)" if tries > 1 else ""
    return Reply(response=None, error=f"{failure}{suffix}")
