"""The engine with the openai model, against a real server on loopback."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from evalwh.errors import BudgetReached, RequestFailed, UsageError, WarehouseError
from evalwh.generation import Job, Limits, Progress, generate_all
from evalwh.models import Model, create_model
from evalwh.prices import Price
from evalwh.records import Reply, Request
from tests.servers import NAMED_FAULTS, ChatServer, completion, payload, status

MODEL = "test-model"
QUICK = Limits(num_concurrent=4, first_backoff_s=0.001)


class Received:
    """A sink that keeps what it gets, after `delay_s`."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.replies: dict[int, Reply] = {}
        self._delay_s = delay_s

    async def __call__(self, job: Job[int], reply: Reply) -> None:
        await asyncio.sleep(self._delay_s)
        assert job.tag not in self.replies
        self.replies[job.tag] = reply

    def responses(self) -> list[str | None]:
        return [self.replies[tag].response for tag in sorted(self.replies)]


def jobs(count: int, **params: Any) -> Iterator[Job[int]]:
    for number in range(count):
        yield Job(Request(MODEL, [{"role": "user", "content": str(number)}], params), number)


def echo(body: dict[str, Any]) -> str:
    return str(body["messages"][0]["content"])


@asynccontextmanager
async def model_of(server: ChatServer) -> AsyncIterator[Model]:
    model = create_model("openai", MODEL, {"base_url": server.base_url})
    try:
        yield model
    finally:
        await model.aclose()


async def run(
    server: ChatServer, sink: Received, count: int, limits: Limits = QUICK, **options: Any
) -> Progress:
    async with model_of(server) as model:
        return await generate_all(jobs(count), model, sink, limits=limits, **options)


async def test_every_job_gets_its_own_reply() -> None:
    sink = Received()
    async with ChatServer(answer=echo) as server:
        progress = await run(server, sink, 50)
    assert sink.responses() == [str(number) for number in range(50)]
    assert (progress.replies, progress.responses, progress.errors, progress.retries) == (
        50,
        50,
        0,
        0,
    )
    assert (progress.prompt_tokens, progress.unpriced, progress.in_flight) == (50, 50, 0)


async def test_no_jobs_are_no_requests() -> None:
    async with ChatServer() as server:
        assert (await run(server, Received(), 0)).replies == 0


async def test_jobs_may_come_from_a_source_that_waits() -> None:
    async def source() -> AsyncIterator[Job[int]]:
        for job in jobs(12):
            await asyncio.sleep(0.001)
            yield job

    sink = Received()
    async with ChatServer(answer=echo) as server, model_of(server) as model:
        await generate_all(source(), model, sink, limits=QUICK)
    assert sink.responses() == [str(number) for number in range(12)]


async def test_what_the_source_of_jobs_raises_ends_the_generation() -> None:
    async def source() -> AsyncIterator[Job[int]]:
        for job in jobs(2):
            yield job
        raise WarehouseError("can't be read")

    sink = Received()
    async with ChatServer(answer=echo) as server, model_of(server) as model:
        with pytest.raises(WarehouseError):
            await generate_all(source(), model, sink, limits=QUICK)
    assert sink.responses() == ["0", "1"]


async def test_no_more_than_num_concurrent_are_in_flight() -> None:
    async with ChatServer(latency_s=0.01) as server:
        await run(server, Received(), 40, Limits(num_concurrent=7))
        assert server.most_in_flight == 7


async def test_any_number_of_concurrent_requests_fits_into_memory() -> None:
    async with ChatServer() as server:
        progress = await run(server, Received(), 3, Limits(num_concurrent=10**30))
    assert progress.responses == 3


async def test_a_model_that_takes_one_at_a_time_gets_one_at_a_time() -> None:
    async with ChatServer(latency_s=0.005) as server, model_of(server) as model:
        model.most_concurrent = 1  # type: ignore[misc]
        await generate_all(jobs(5), model, Received(), limits=QUICK)
        assert server.most_in_flight == 1


async def test_a_slow_sink_does_not_hold_the_slot() -> None:
    sink = Received(delay_s=0.2)
    async with ChatServer() as server:
        started = time.monotonic()
        await run(server, sink, 40, Limits(num_concurrent=1))
    assert len(sink.replies) == 40
    assert time.monotonic() - started < 2.0


async def test_jobs_are_pulled_as_slots_come_free() -> None:
    pulled = 0

    def counted() -> Iterator[Job[int]]:
        nonlocal pulled
        for job in jobs(10**9):
            pulled += 1
            yield job

    async def stop_after_ten(job: Job[int], reply: Reply) -> None:
        if job.tag == 10:
            raise WarehouseError("disk full")

    async with ChatServer() as server, model_of(server) as model:
        with pytest.raises(WarehouseError, match="disk full"):
            await generate_all(counted(), model, stop_after_ten, limits=QUICK)
    assert pulled < 200


async def test_an_error_in_a_job_reaches_the_caller_after_what_arrived_was_stored() -> None:
    def broken() -> Iterator[Job[int]]:
        yield from jobs(2)
        raise UsageError("no such column")

    sink = Received()
    async with ChatServer(latency_s=0.05) as server, model_of(server) as model:
        with pytest.raises(UsageError, match="no such column"):
            await generate_all(broken(), model, sink, limits=QUICK)
    assert sorted(sink.replies) == [0, 1]


async def test_what_may_pass_is_retried() -> None:
    names = ["500", "half", "hangup", "error200", "chunk"]
    sink = Received()
    async with ChatServer(answer=echo, faults=[NAMED_FAULTS[name] for name in names]) as server:
        progress = await run(server, sink, 1, Limits(max_retries=5, first_backoff_s=0.001))
    assert (sink.responses(), progress.retries, progress.errors) == (["0"], 5, 0)


async def test_after_the_last_retry_the_reply_is_an_error() -> None:
    sink = Received()
    async with ChatServer(fault_of=lambda body: NAMED_FAULTS["500"]) as server:
        progress = await run(server, sink, 1, Limits(max_retries=2, first_backoff_s=0.001))
        assert sink.replies == {
            0: Reply(
                None,
                error=f"{server.base_url}: status 500 (server: a programmed fault) (after 3 tries)",
            )
        }
    assert (progress.retries, progress.errors, progress.responses) == (2, 1, 0)


async def test_what_cannot_pass_is_not_retried() -> None:
    sink = Received()
    async with ChatServer(faults=[status(400, "context too long")]) as server:
        progress = await run(server, sink, 1)
        assert server.requests == 1
    assert (progress.retries, progress.errors) == (0, 1)


async def test_a_rate_limit_pauses_everything_for_as_long_as_the_server_asks() -> None:
    events: list[str] = []
    limited = status(429, "slow down", headers={"Retry-After": "0.4"})
    sink = Received()
    async with ChatServer(answer=echo, faults=[limited]) as server:
        started = time.monotonic()
        await run(server, sink, 6, Limits(num_concurrent=1), on_event=events.append)
        elapsed_s = time.monotonic() - started
        assert events == [
            f"{server.base_url}: status 429 (server: slow down); waiting 0.4 s as it asks"
        ]
    assert (sink.responses(), 0.4 <= elapsed_s < 1.5) == ([str(n) for n in range(6)], True)


async def test_a_server_that_asks_for_an_hour_has_given_up() -> None:
    sink = Received()
    limited = status(429, "quota", headers={"Retry-After": "3600"})
    async with ChatServer(faults=[limited]) as server:
        await run(server, sink, 1)
    assert sink.replies[0].response is None


async def test_a_stalled_request_is_given_up_and_tried_again() -> None:
    sink = Received()
    async with ChatServer(answer=echo, faults=[NAMED_FAULTS["stall"]]) as server:
        progress = await run(
            server, sink, 2, Limits(num_concurrent=2, timeout_s=0.2, first_backoff_s=0.001)
        )
    assert (sink.responses(), progress.retries) == (["0", "1"], 1)


@pytest.mark.parametrize("fault", ["401", "404"])
async def test_a_fatal_failure_before_any_response_ends_the_generation(fault: str) -> None:
    sink = Received()
    async with ChatServer(fault_of=lambda body: NAMED_FAULTS[fault]) as server:
        with pytest.raises(RequestFailed, match=f"status {fault}"):
            await run(server, sink, 1000)
        assert server.requests <= 2 * QUICK.num_concurrent
    assert sink.replies == {}


async def test_a_fatal_failure_after_a_response_is_an_error_reply() -> None:
    sink = Received()
    async with ChatServer(answer=echo, faults=[None, NAMED_FAULTS["401"]]) as server:
        progress = await run(server, sink, 3, Limits(num_concurrent=1))
    assert (sink.responses(), progress.errors) == (["0", None, "2"], 1)


async def test_a_server_that_is_not_running_ends_the_generation() -> None:
    async with ChatServer() as server:
        pass
    with pytest.raises(RequestFailed, match="is the server running"):
        await run(server, Received(), 1000)


async def test_a_server_that_restarts_loses_nothing() -> None:
    sink = Received()
    async with ChatServer(answer=echo) as server:
        port = server.port
        async with model_of(server) as model:
            pause = asyncio.Event()

            async def stop_the_server(job: Job[int], reply: Reply) -> None:
                await sink(job, reply)
                if len(sink.replies) == 5:
                    pause.set()

            limits = Limits(num_concurrent=2, max_retries=50, longest_backoff_s=0.05)
            generation = asyncio.create_task(
                generate_all(jobs(30), model, stop_the_server, limits=limits)
            )
            await pause.wait()
            await server.stop()
            await asyncio.sleep(0.1)
            await server.start(port)
            progress = await generation
    assert sink.responses() == [str(number) for number in range(30)]
    assert progress.errors == 0


async def test_truncated_and_failed_replies_are_counted() -> None:
    def cut(body: dict[str, Any]) -> Any:
        answered = completion("cut", body)
        answered["choices"][0]["finish_reason"] = "length"
        return answered

    sink = Received()
    async with ChatServer(faults=[payload(cut), NAMED_FAULTS["null"]]) as server:
        progress = await run(server, sink, 3)
    assert (progress.truncated, progress.errors, progress.responses) == (1, 1, 2)


async def test_requests_a_minute_are_spaced_evenly() -> None:
    async with ChatServer() as server:
        await run(server, Received(), 11, Limits(num_concurrent=8, rpm=1200))
        assert 0.45 <= server.duration_s < 1.0


async def test_tokens_a_minute_follow_what_replies_really_took() -> None:
    # 264 tokens are expected of a request, 8 it takes: six requests at 60,000 a minute need
    # little more than the first estimate.
    usage = {"prompt_tokens": 4, "completion_tokens": 4}
    fault = payload(lambda body: completion("x", body, usage=usage))
    async with ChatServer(fault_of=lambda body: fault) as server:
        started = time.monotonic()
        await run(server, Received(), 6, Limits(num_concurrent=1, tpm=60_000))
    assert time.monotonic() - started < 1.0


async def test_the_price_fills_in_what_was_billed() -> None:
    sink = Received()
    usage = {"prompt_tokens": 1000, "completion_tokens": 500}
    fault = payload(lambda body: completion("x", body, usage=usage))
    async with ChatServer(faults=[fault]) as server:
        progress = await run(server, sink, 1, price=Price(2.0, 4.0, "test"))
    assert sink.replies[0].billed_usd == progress.billed_usd == pytest.approx(0.004)


PRICE = Price(1.0, 1.0, "test")
"""A dollar per million tokens, so that a token is a micro-dollar."""


async def test_a_budget_stops_before_it_is_passed() -> None:
    usage = {"prompt_tokens": 20, "completion_tokens": 80}
    fault = payload(lambda body: completion("x", body, usage=usage))
    sink = Received()
    progress = Progress()
    limits = Limits(num_concurrent=8, budget_usd=0.002)
    async with ChatServer(fault_of=lambda body: fault) as server, model_of(server) as model:
        with pytest.raises(BudgetReached) as caught:
            await generate_all(
                jobs(1000, max_tokens=80),
                model,
                sink,
                limits=limits,
                price=PRICE,
                progress=progress,
            )
    # Each costs 100 micro-dollars and is reserved at 80 + 17: nineteen or twenty fit in 2,000.
    assert len(sink.replies) == 20
    assert progress.billed_usd == pytest.approx(0.002)
    assert str(caught.value).startswith("budget of $0.002 reached: $0.002000 spent")


async def test_a_reply_without_a_length_has_no_price() -> None:
    sink = Received()
    fault = payload(lambda body: completion("x", body, usage={"prompt_tokens": 1000}))
    async with ChatServer(faults=[fault]) as server:
        progress = await run(server, sink, 1, price=PRICE)
    assert (sink.replies[0].billed_usd, progress.unpriced) == (None, 1)


async def test_a_budget_smaller_than_one_request_asks_nothing() -> None:
    async with ChatServer() as server:
        with pytest.raises(BudgetReached):
            await run(server, Received(), 5, Limits(budget_usd=1e-9), price=PRICE)
        assert server.requests == 0


async def test_a_budget_needs_a_price() -> None:
    async with ChatServer() as server:
        with pytest.raises(UsageError) as caught:
            await run(server, Received(), 5, Limits(budget_usd=1.0))
    assert str(caught.value) == "--budget_usd: the price of 'test-model' is unknown"


async def test_a_refused_request_costs_no_budget() -> None:
    sink = Received()
    limits = Limits(num_concurrent=1, budget_usd=0.0002, first_backoff_s=0.001)
    usage = {"prompt_tokens": 4, "completion_tokens": 4}
    answer = payload(lambda body: completion("x", body, usage=usage))
    faults = [*[NAMED_FAULTS["500"]] * 5, answer]
    async with ChatServer(faults=faults) as server, model_of(server) as model:
        await generate_all(jobs(1, max_tokens=80), model, sink, limits=limits, price=PRICE)
    assert sink.responses() == ["x"]


async def test_an_interrupt_keeps_what_is_in_flight_and_starts_nothing_new() -> None:
    sink = Received(delay_s=0.05)
    events: list[str] = []
    progress = Progress()
    async with ChatServer(answer=echo, latency_s=0.2) as server:
        generation = asyncio.create_task(
            run(server, sink, 1000, progress=progress, on_event=events.append)
        )
        await asyncio.sleep(0.3)
        generation.cancel()
        with pytest.raises(asyncio.CancelledError):
            await generation
        assert (server.requests, sink.responses()) == (8, [str(number) for number in range(8)])
    assert events == ["stopping: 4 requests in flight, 5 s to arrive"]


async def test_an_interrupt_waits_no_longer_than_drain_s() -> None:
    sink = Received()
    async with ChatServer(fault_of=lambda body: NAMED_FAULTS["stall"]) as server:
        generation = asyncio.create_task(run(server, sink, 10, Limits(drain_s=0.1)))
        await asyncio.sleep(0.1)
        started = time.monotonic()
        generation.cancel()
        with pytest.raises(asyncio.CancelledError):
            await generation
    assert (time.monotonic() - started < 1.0, sink.replies) == (True, {})


async def test_an_interrupt_ends_a_pause_at_once() -> None:
    limited = status(429, headers={"Retry-After": "500"})
    async with ChatServer(fault_of=lambda body: limited) as server:
        generation = asyncio.create_task(run(server, Received(), 10))
        await asyncio.sleep(0.2)
        started = time.monotonic()
        generation.cancel()
        with pytest.raises(asyncio.CancelledError):
            await generation
    assert time.monotonic() - started < 1.0


async def test_a_sink_that_fails_ends_the_generation_with_its_error() -> None:
    async def full(job: Job[int], reply: Reply) -> None:
        raise WarehouseError("no space left")

    async with ChatServer() as server, model_of(server) as model:
        with pytest.raises(WarehouseError, match="no space left"):
            await generate_all(jobs(10**6), model, full, limits=QUICK)


async def test_a_sink_that_fails_for_one_reply_gets_those_that_are_in_flight() -> None:
    stored = Received()

    async def picky(job: Job[int], reply: Reply) -> None:
        if job.tag == 0:
            raise ValueError("not this one")
        await stored(job, reply)

    progress = Progress()
    with pytest.raises(ValueError, match="not this one"):
        await generate_all(jobs(10**6), Late(), picky, limits=QUICK, progress=progress)

    assert sorted(stored.replies) == list(range(1, progress.started))


async def test_text_that_no_model_can_be_sent_is_an_error_and_is_not_sent() -> None:
    def with_a_surrogate() -> Iterator[Job[int]]:
        yield from jobs(2)
        yield Job(Request(MODEL, [{"role": "user", "content": "x\ud800y"}]), 2)
        yield Job(Request(MODEL, [{"role": "user", "content": "x"}], {"stop": "\udce9"}), 3)

    sink = Received()
    async with ChatServer(answer=echo) as server, model_of(server) as model:
        done = await generate_all(with_a_surrogate(), model, sink, limits=QUICK)
        asked = server.requests

    error = "not sent: its text holds a lone surrogate, which isn't valid Unicode"
    assert (sink.responses(), asked, done.errors) == (["0", "1", None, None], 2, 2)
    assert [sink.replies[tag].error for tag in (2, 3)] == [error, error]


class Instant:
    """A model that answers at once: what is left is the engine's own cost."""

    name = MODEL
    most_concurrent: int | None = None
    batched_requests: int | None = None

    async def generate(self, request: Request) -> Reply:
        return Reply("x", prompt_tokens=1, completion_tokens=1)


class Late:
    """A model that answers the first request at once, and the others a moment later."""

    name = MODEL
    most_concurrent: int | None = None
    batched_requests: int | None = None

    async def generate(self, request: Request) -> Reply:
        await asyncio.sleep(0.0 if request.messages[0]["content"] == "0" else 0.1)
        return Reply("x")


class Faulty:
    """An adapter with a bug: it raises `error` for the third request."""

    name = MODEL
    most_concurrent: int | None = None
    batched_requests: int | None = None

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def generate(self, request: Request) -> Reply:
        if request.messages[0]["content"] == "2":
            raise self._error
        return Reply("x")


async def test_an_adapters_bug_is_an_error_of_one_request() -> None:
    sink = Received()
    bug = TypeError("no\nstring for Bearer 0123456789abc")
    progress = await generate_all(jobs(5), Faulty(bug), sink, limits=QUICK)
    assert sink.replies == {
        **dict.fromkeys((0, 1, 3, 4), Reply("x")),
        2: Reply(None, f"{MODEL}: unexpected TypeError: no string for Bearer [redacted]"),
    }
    assert (progress.errors, progress.retries, progress.in_flight) == (1, 0, 0)


@pytest.mark.parametrize(
    "error", [MemoryError("full"), UsageError("no such file"), asyncio.CancelledError()], ids=repr
)
async def test_what_is_no_bug_of_an_adapter_ends_the_generation(error: BaseException) -> None:
    sink = Received()
    with contextlib.suppress(type(error)):
        await generate_all(jobs(5), Faulty(error), sink, limits=Limits(num_concurrent=1))
    assert 2 not in sink.replies


async def test_a_request_is_charged_for_when_its_adapter_has_a_bug() -> None:
    sink = Received()
    limits = Limits(num_concurrent=1, budget_usd=0.000350)
    with pytest.raises(BudgetReached):
        await generate_all(
            jobs(5, max_tokens=80), Faulty(TypeError("bug")), sink, limits=limits, price=PRICE
        )
    assert sorted(sink.replies) == [0, 1, 2]


async def test_memory_stays_flat_over_many_requests() -> None:
    import tracemalloc

    async def forget(job: Job[int], reply: Reply) -> None:
        return

    await generate_all(jobs(1000), Instant(), forget, limits=Limits(num_concurrent=64))
    tracemalloc.start()
    await generate_all(jobs(20_000), Instant(), forget, limits=Limits(num_concurrent=64))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
