"""A server of OpenAI's completions on loopback, with the log-probabilities of what it is sent.

What it says follows from the prompt alone. As a process of its own, printing its port first:

    python tests/completions_server.py --latency-ms 10 --log asked.txt
"""

import argparse
import asyncio
import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

Body = dict[str, Any]
Fault = Callable[[Body], web.Response]


def said_of(prompt: Any) -> str:
    """A short text that depends on the prompt."""
    return " answer " + hashlib.sha256(orjson.dumps(prompt)).hexdigest()[:8]


def logprobs_of(tokens: Sequence[int], impossible: int | None = None) -> Body:
    """A log-probability for each token, minus infinity for the `impossible` one; every third
    token isn't the likeliest one."""
    scores = [
        None,
        *(-math.inf if token == impossible else -(token % 101 + 1) / 7 for token in tokens[1:]),
    ]
    tops = [{"a": score if at % 3 else score + 0.1} for at, score in enumerate(scores[1:], 1)]
    return {"token_logprobs": scores, "top_logprobs": [None, *tops]}


def status(code: int, message: str = "a programmed fault", **headers: str) -> Fault:
    """Answer with an HTTP status and OpenAI's error object."""

    def fault(body: Body) -> web.Response:
        data = orjson.dumps({"error": {"message": message, "code": code}})
        return web.Response(body=data, status=code, headers=headers)

    return fault


class CompletionsServer:
    """`asked` holds every request's body, `headers` its headers; `faults` are used up in order.

    `log` gets a line for each answer, with the hash of the request's body. The token `impossible`
    has a probability of 0.
    """

    def __init__(
        self,
        *,
        faults: Iterable[Fault | None] = (),
        latency_s: float = 0.0,
        log: Path | None = None,
        impossible: int | None = None,
    ) -> None:
        self._impossible = impossible
        self.asked: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.port = 0
        self._faults = iter(faults)
        self._latency_s = latency_s
        self._log = -1 if log is None else os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/completions"

    async def __aenter__(self) -> "CompletionsServer":
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()

    async def start(self) -> None:
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024).start()
        self.port = self._runner.addresses[0][1]

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        if request.path != "/v1/completions":
            return web.Response(text="404: Not Found", status=404)
        body = orjson.loads(await request.content.read())
        self.asked.append(body)
        self.headers.append(dict(request.headers))
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        if (fault := next(self._faults, None)) is not None:
            return fault(body)
        # As the usual servers write what JSON has no word for: -Infinity.
        data = json.dumps(_completion(body, self._impossible)).encode()
        if self._log >= 0:
            name = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
            os.write(self._log, f"{name}\n".encode())
        return web.Response(body=data, content_type="application/json")


def _completion(body: Body, impossible: int | None) -> Body:
    prompt = body["prompt"]
    is_one = isinstance(prompt, str) or isinstance(prompt[0], int)
    prompts = [prompt] if is_one else prompt
    choices = [_choice(at, each, body, impossible) for at, each in enumerate(prompts)]
    sent = sum(len(each) for each in prompts)
    usage = {"prompt_tokens": sent, "completion_tokens": 3, "total_tokens": sent + 3}
    return {"object": "text_completion", "choices": choices, "usage": usage}


def _choice(index: int, prompt: Any, body: Body, impossible: int | None) -> Body:
    choice: Body = {"index": index, "text": said_of(prompt), "finish_reason": "length"}
    if body.get("echo"):
        # The token that was generated comes after those of the prompt.
        choice["logprobs"] = logprobs_of([*prompt, 1], impossible)
    return choice


async def _serve(options: argparse.Namespace) -> None:
    server = CompletionsServer(latency_s=options.latency_ms / 1000, log=options.log)
    await server.start()
    print(server.port, flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve OpenAI's completions on loopback.")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--log", type=Path)
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
