"""A model server on loopback, for tests and benchmarks: OpenAI's API, scripted answers and faults.

In a test:

    async with ChatServer(answer=lambda body: "yes", faults=[status(429), None]) as server:
        … server.base_url …, server.asked

As a process of its own, printing its port as the first line:

    python tests/servers.py --latency-ms 50 --port 0 --log answered.txt --faults 500,429

`GET /stats` tells what was asked; `SIGTERM` ends it. It is aiohttp's bare server without router
or middleware, since it shares its cores with what is measured.
"""

import argparse
import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

Body = dict[str, Any]
Answer = Callable[[Body], str]
Fault = Callable[[web.BaseRequest, Body], Awaitable[web.StreamResponse]]


def hash_answer(body: Body) -> str:
    """A short text that depends on the whole request."""
    return "answer " + request_id(body)[:12]


def echo_answer(body: Body) -> str:
    """The last message's content."""
    return str(body["messages"][-1]["content"])


def request_id(body: Body) -> str:
    """Equal requests have equal ids, whatever the order of their keys."""
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def completion(content: Any, body: Body, **changes: Any) -> Body:
    """A chat completion; `changes` replace its top-level keys, and None removes one."""
    prompt_tokens = sum(len(str(message.get("content"))) for message in body["messages"]) // 4 + 1
    completion_tokens = len(content) // 4 + 1 if isinstance(content, str) else 0
    payload = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body.get("model", "?"),
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
        **changes,
    }
    return {name: value for name, value in payload.items() if value is not None}


def status(
    code: int, message: str = "a programmed fault", *, headers: dict[str, str] | None = None
) -> Fault:
    """Answer with an HTTP status and OpenAI's error object."""

    async def fault(request: web.BaseRequest, body: Body) -> web.StreamResponse:
        return _json({"error": {"message": message, "code": code}}, status=code, headers=headers)

    return fault


def payload(change: Callable[[Body], Any]) -> Fault:
    """Answer 200 with `change(body)` as JSON, or as it is where that is bytes."""

    async def fault(request: web.BaseRequest, body: Body) -> web.StreamResponse:
        value = change(body)
        if isinstance(value, bytes):
            return web.Response(body=value, content_type="application/json")
        return _json(value)

    return fault


def page(text: str, *, code: int = 200) -> Fault:
    """Answer with an HTML page."""

    async def fault(request: web.BaseRequest, body: Body) -> web.StreamResponse:
        return web.Response(text=text, content_type="text/html", status=code)

    return fault


def stall(seconds: float = 3600) -> Fault:
    """Take the request and say nothing."""

    async def fault(request: web.BaseRequest, body: Body) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return _json({})

    return fault


async def half_response(request: web.BaseRequest, body: Body) -> web.StreamResponse:
    """Promise a body, send half of it and hang up."""
    data = orjson.dumps(completion("never to be read", body))
    response = web.StreamResponse(headers={"Content-Length": str(len(data))})
    await response.prepare(request)
    await response.write(data[: len(data) // 2])
    return _hang_up(request, response)


async def broken_chunk(request: web.BaseRequest, body: Body) -> web.StreamResponse:
    """Send one chunk and hang up before the last."""
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(b'{"choices": [')
    return _hang_up(request, response)


async def hang_up(request: web.BaseRequest, body: Body) -> web.StreamResponse:
    """Close the connection without a word."""
    return _hang_up(request, web.StreamResponse())


NAMED_FAULTS: dict[str, Fault] = {
    "401": status(401, "Incorrect API key provided"),
    "404": status(404, "The model `x` does not exist"),
    "429": status(429, "slow down", headers={"Retry-After": "1"}),
    "500": status(500),
    "503": status(503),
    "stall": stall(),
    "half": half_response,
    "chunk": broken_chunk,
    "hangup": hang_up,
    "html": page("<html><body>It works!</body></html>"),
    "garbage": payload(lambda body: b"\x00\xffnot json"),
    "error200": payload(lambda body: {"error": {"message": "overloaded", "code": 503}}),
    "nousage": payload(lambda body: completion("no usage", body, usage=None)),
    "null": payload(lambda body: completion(None, body)),
    "surrogates": payload(
        lambda body: orjson.dumps(completion("MARK", body)).replace(
            b"MARK", rb"nul \u0000 pair \ud83d\ude00 lone \ud800 end"
        )
    ),
    "big": payload(lambda body: completion("x" * 5_000_000, body)),
}


class ChatServer:
    """An OpenAI-compatible server on 127.0.0.1; `asked` holds every chat request's body.

    `answer` turns a request into the reply's content. `faults` are used up one a request, in
    order, None meaning a proper answer; `fault_of` picks one by the request instead. `log` gets
    a line `answered <id>` after each answer was written, and `asked <id>` before.
    """

    def __init__(
        self,
        *,
        answer: Answer = hash_answer,
        faults: Iterable[Fault | None] = (),
        fault_of: Callable[[Body], Fault | None] | None = None,
        latency_s: float = 0.0,
        log: Path | None = None,
        api_key: str | None = None,
        keep_bodies: bool = True,
        chat_paths: Sequence[str] = ("/v1/chat/completions",),
    ) -> None:
        self.asked: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.requests = self.answered = self.in_flight = self.most_in_flight = 0
        self.embedded_texts: list[str] = []
        self.first_at = self.last_at = 0.0
        self.port = 0
        self._answer = answer
        self._faults = iter(faults)
        self._fault_of = fault_of
        self._latency_s = latency_s
        self._log = -1 if log is None else os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._api_key = api_key
        self._keep_bodies = keep_bodies
        self._chat_paths = chat_paths

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def duration_s(self) -> float:
        """From the first request's arrival to the last answer."""
        return self.last_at - self.first_at

    async def __aenter__(self) -> "ChatServer":
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()
        if self._log >= 0:
            os.close(self._log)

    async def stop(self) -> None:
        """Close the port and every connection."""
        await self._runner.cleanup()

    async def start(self, port: int = 0) -> None:
        server = web.Server(self._handle, access_log=None, handler_cancellation=True)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, backlog=1024)
        await site.start()
        self.port = self._runner.addresses[0][1]

    def stats(self) -> Body:
        return {
            "requests": self.requests,
            "answered": self.answered,
            "most_in_flight": self.most_in_flight,
            "first_at": self.first_at,
            "last_at": self.last_at,
        }

    def reset(self) -> None:
        """Forget what was asked, between two measurements."""
        self.asked.clear()
        self.headers.clear()
        self.requests = self.answered = self.most_in_flight = 0
        self.first_at = self.last_at = 0.0

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        match request.path:
            case path if path in self._chat_paths:
                return await self._chat(request)
            case "/v1/embeddings":
                return await self._embeddings(request)
            case "/v1/models":
                return _json({"object": "list", "data": [{"id": "test-model", "object": "model"}]})
            case "/stats":
                return _json(self.stats())
            case "/reset":
                self.reset()
                return _json({})
            case _:
                return web.Response(text="404: Not Found", status=404)

    async def _chat(self, request: web.BaseRequest) -> web.StreamResponse:
        self.first_at = self.first_at or time.time()
        self.requests += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            data = await request.content.read()
            return await self._reply(request, data)
        finally:
            self.in_flight -= 1
            self.last_at = time.time()

    async def _reply(self, request: web.BaseRequest, data: bytes) -> web.StreamResponse:
        body = orjson.loads(data)
        if self._keep_bodies:
            self.asked.append(body)
            self.headers.append(dict(request.headers))
        self._note("asked", body)
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        if self._api_key and request.headers.get("Authorization") != f"Bearer {self._api_key}":
            return _json({"error": {"message": "Incorrect API key provided"}}, status=401)
        fault = self._fault_of(body) if self._fault_of else next(self._faults, None)
        if fault is not None:
            return await fault(request, body)
        response = _json(completion(self._answer(body), body))
        await response.prepare(request)
        await response.write_eof()
        self.answered += 1
        self._note("answered", body)
        return response

    async def _embeddings(self, request: web.BaseRequest) -> web.StreamResponse:
        body = orjson.loads(await request.content.read())
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        self.embedded_texts += texts
        tokens = sum(len(text) // 4 + 1 for text in texts)
        return _json(
            {
                "object": "list",
                "model": body["model"],
                "data": [
                    {"object": "embedding", "index": at, "embedding": embedding(text)}
                    for at, text in enumerate(texts)
                ],
                "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            }
        )

    def _note(self, what: str, body: Body) -> None:
        if self._log >= 0:
            os.write(self._log, f"{what} {request_id(body)}\n".encode())


def embedding(text: str, dimensions: int = 32) -> list[float]:
    """A bag of words hashed into `dimensions`: texts that share words are near."""
    vector = [0.0] * dimensions
    for word in text.lower().split() or [""]:
        vector[hashlib.sha256(word.encode()).digest()[0] % dimensions] += 1.0
    return vector


@asynccontextmanager
async def server_process(*arguments: str) -> AsyncIterator[str]:
    """The server in a process of its own; gives its address, `http://127.0.0.1:<port>`."""
    import sys

    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


def _hang_up(request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return response


def _json(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=orjson.dumps(value), content_type="application/json", status=status, headers=headers
    )


async def _serve(options: argparse.Namespace) -> None:
    server = ChatServer(
        answer=echo_answer if options.answer == "echo" else hash_answer,
        faults=[NAMED_FAULTS.get(name) for name in options.faults.split(",")],
        latency_s=options.latency_ms / 1000,
        log=options.log,
        keep_bodies=False,
    )
    await server.start(options.port)
    print(server.port, flush=True)
    await asyncio.Event().wait()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Serve OpenAI's API on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--answer", choices=["hash", "echo"], default="hash")
    parser.add_argument("--faults", default="", help="names in order; '' answers properly")
    asyncio.run(_serve(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
