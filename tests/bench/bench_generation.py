"""Requests per second, as the server sees them: `evalwh run` against the bare client library.

Ours is the whole program, with everything durable and stored. Each side is a command of its
own, run in turn against one server process that answers after 50 ms, so that start-up doesn't
count and both share the machine's state.

    python -m tests.bench.bench_generation
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.bench.row import Row
from tests.bench.spent import ROOT

LATENCY_MS = 50
IN_FLIGHT = 64
ROUNDS = 5
MODEL = "gpt-4o-mini"


def measure() -> list[Row]:
    """`openai` with 2,000 requests a round, `litellm` with 600; medians of five rounds."""
    with model_server() as url:
        return [
            compare("openai", MODEL, "aiohttp", url, count=2000, target=0.85),
            compare("litellm", f"openai/{MODEL}", "acompletion", url, count=600, target=0.9),
        ]


def compare(kind: str, model_name: str, theirs: str, url: str, *, count: int, target: float) -> Row:
    """Both sides in turn, `ROUNDS` times; the ratio is the median of the rounds' ratios."""
    rates = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            ours = evalwh_command(kind, model_name, url, count, Path(folder))
            rates.append(
                (
                    requests_per_second(ours, url),
                    requests_per_second(side_command(theirs, url, count), url),
                )
            )
    ratio = statistics.median(our_rate / their_rate for our_rate, their_rate in rates)
    return Row(
        f"evalwh run --model {kind}, requests/s against {theirs}",
        statistics.median(our_rate for our_rate, _ in rates),
        statistics.median(their_rate for _, their_rate in rates),
        ratio,
        f">= {target}",
        ratio >= target,
    )


def evalwh_command(kind: str, model_name: str, url: str, count: int, folder: Path) -> list[str]:
    """`evalwh run` over `count` docs whose requests are those of `messages`."""
    write_task(folder / "task", count)
    return [
        *(sys.executable, "-m", "evalwh", "run", "--tasks", str(folder / "task")),
        *("--model", kind, "--model_name", model_name),
        *("--model_args", f"api_base={url}/v1,api_key=none-needed"),
        *("--gen_kwargs", "temperature=0", "--num_concurrent", str(IN_FLIGHT)),
        *("--db", str(folder / "evalwh.duckdb")),
    ]


def write_task(folder: Path, count: int) -> None:
    """A task of `count` docs, asked by one chat prompt, scored by em."""
    (folder / "prompts").mkdir(parents=True)
    (folder / "metric_output_info.json").write_text('{"default": ["em"]}')
    system, user = (message["content"] for message in messages("{{ number }}"))
    prompt = f"--- system\n{system}\n--- user\n{user}\n"
    (folder / "prompts" / "chat.j2").write_text(prompt)
    docs = ({"id": str(n), "number": n, "target": str(2 * n)} for n in range(count))
    (folder / "test.jsonl").write_bytes(b"".join(orjson.dumps(doc) + b"\n" for doc in docs))


def requests_per_second(command: Sequence[str], server_url: str) -> float:
    """Run `command` and give the rate from its first request to the last answer."""
    _get(f"{server_url}/reset")
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    stats = _get(f"{server_url}/stats")
    return float(stats["requests"] / (stats["last_at"] - stats["first_at"]))


def side_command(side: str, server_url: str, count: int) -> list[str]:
    """The command that sends `count` requests through one of `SIDES`."""
    return [sys.executable, "-m", "tests.bench.bench_generation", side, server_url, str(count)]


@contextmanager
def model_server(latency_ms: float = LATENCY_MS) -> Iterator[str]:
    """The loopback server in a process of its own; gives its address."""
    command = [sys.executable, str(ROOT / "tests" / "servers.py"), "--latency-ms", str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


async def bare_aiohttp(url: str, count: int) -> None:
    """A loop over `session.post`, as short as it can be written."""
    import aiohttp

    async def work(session: aiohttp.ClientSession, numbers: Iterator[int]) -> None:
        for number in numbers:
            body = {"model": MODEL, "messages": messages(number), "temperature": 0}
            async with session.post(f"{url}/v1/chat/completions", json=body) as response:
                (await response.json())["choices"][0]["message"]["content"]

    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as session:
        numbers = iter(range(count))
        await asyncio.gather(*[work(session, numbers) for _ in range(IN_FLIGHT)])


async def bare_acompletion(url: str, count: int) -> None:
    """A loop over `litellm.acompletion`."""
    from evalwh.models.litellm import import_litellm

    litellm = import_litellm()

    async def work(numbers: Iterator[int]) -> None:
        for number in numbers:
            completion = await litellm.acompletion(
                model=f"openai/{MODEL}",
                messages=messages(number),
                temperature=0,
                api_base=f"{url}/v1",
                api_key="none-needed",
            )
            assert completion.choices[0].message.content

    numbers = iter(range(count))
    await asyncio.gather(*[work(numbers) for _ in range(IN_FLIGHT)])
    await litellm.close_litellm_async_clients()


def messages(number: int | str) -> list[Any]:
    """A chat of about a hundred tokens."""
    return [
        {"role": "system", "content": "Answer in one word. " * 15},
        {"role": "user", "content": f"Question {number}: what is {number} + {number}?"},
    ]


SIDES = {
    "aiohttp": bare_aiohttp,
    "acompletion": bare_acompletion,
}


def _get(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url) as response:
        stats: dict[str, Any] = orjson.loads(response.read())
    return stats


def main(arguments: Sequence[str]) -> None:
    """Send requests as one side, or measure them all."""
    if arguments:
        side, url, count = arguments
        asyncio.run(SIDES[side](url, int(count)))
        return
    for row in measure():
        print(*row)


if __name__ == "__main__":
    main(sys.argv[1:])
