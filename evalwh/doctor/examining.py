"""Examines a model step by step: address, connection, key, model's name, one request.

An address that speaks OpenAI's API is asked directly, so that each step has its own cause; other
providers are asked one question the way a run asks them.
"""

import asyncio
import difflib
import os
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, NamedTuple

import aiohttp
import orjson

from evalwh.doctor.causes import limits_said, refused, unreachable
from evalwh.doctor.findings import Finding, Status, note, ok, problem, redacted
from evalwh.errors import RequestFailed, named
from evalwh.models import create_model
from evalwh.models.arguments import text_arg
from evalwh.models.chat import error_message, one_line, read_text_json
from evalwh.models.openai import DEFAULT_KEY_ENV, DEFAULT_URL, Connection, OpenAIModel, read_chunks
from evalwh.prices import FREE, Price, price_of
from evalwh.records import Json, Request
from evalwh.secrets import secret_values

SLOW_FIRST_TOKEN_S = 5.0
_CONNECTING_S = 10.0
_OPENAI_KINDS = ("openai", "local-chat-completions", "openai-chat-completions")
_OPENAI_PREFIXES = ("openai", "hosted_vllm", "lm_studio", "custom_openai")
_QUESTION = "Say hello."
_CONTENT = b'"content"'
_MOST_LISTED = 8


async def examine(
    kind: str,
    model_name: str | None,
    model_args: Mapping[str, Json],
    *,
    timeout_s: float = 60,
) -> AsyncGenerator[Finding, None]:
    """What is found of the model that `--model`, `--model_name` and `--model_args` describe.

    Ends after the first problem that the next steps would meet again. No finding holds a secret.
    Raises UsageError for arguments that describe no model.
    """
    steps = _steps(kind, model_name, model_args, timeout_s)
    key = os.environ.get(text_arg(model_args, "api_key_env") or "", "")
    secrets = [*secret_values(model_args), key]
    async with aclosing(steps):
        async for finding in steps:
            yield redacted(finding, secrets)


def _steps(
    kind: str, model_name: str | None, model_args: Mapping[str, Json], timeout_s: float
) -> AsyncGenerator[Finding, None]:
    prefix, _, bare = (model_name or "").partition("/")
    given = text_arg(model_args, "base_url", "api_base")
    if kind in _OPENAI_KINDS:
        return _at_address(_openai(model_name, model_args), timeout_s)
    if kind in ("litellm", "curator", *_OPENAI_PREFIXES) and given:
        name = (
            bare if prefix in _OPENAI_PREFIXES else model_name if kind in _OPENAI_PREFIXES else None
        )
        if name:
            connection = replace(_openai(name, model_args), name=model_name or name)
            return _at_address(connection, timeout_s)
    return _by_asking(kind, model_name, model_args, timeout_s)


def _openai(model_name: str | None, model_args: Mapping[str, Json]) -> Connection:
    known = ("base_url", "api_base", "api_key", "api_key_env", "headers", "model", "pretrained")
    arguments = {name: value for name, value in model_args.items() if name in known}
    return OpenAIModel.from_args(model_name, arguments, timeout_s=_CONNECTING_S).connection


async def _at_address(connection: Connection, timeout_s: float) -> AsyncGenerator[Finding, None]:
    """Examine a server of OpenAI's API at its address."""
    yield ok("address", connection.endpoint.base_url)
    if (finding := _key(connection)) is not None:
        yield finding
        if finding.status is Status.PROBLEM:
            return
    if connection.proxy:
        yield note("proxy", f"by {connection.public_proxy}, of {connection.proxy_variable}")
    async with aiohttp.ClientSession(headers=connection.headers) as session:
        probe = _Probe(session, connection)
        async for finding in _examined(probe, timeout_s):
            yield finding


def _key(connection: Connection) -> Finding | None:
    """What is to be said of a key that isn't there; a server of one's own may want none."""
    endpoint = connection.endpoint
    if endpoint.has_key:
        return None
    if endpoint.base_url == DEFAULT_URL:
        return problem("key", f"{endpoint.key_env} isn't set", f"export {endpoint.key_env}=…")
    if endpoint.key_env != DEFAULT_KEY_ENV:
        return note("key", f"{endpoint.key_env} isn't set", f"export {endpoint.key_env}=…")
    return None


async def _examined(probe: "_Probe", timeout_s: float) -> AsyncGenerator[Finding, None]:
    started = time.perf_counter()
    try:
        models = await probe.get("/models", _CONNECTING_S)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        yield unreachable(probe.connection, error, _CONNECTING_S)
        return
    except RequestFailed as failure:
        yield problem("connection", str(failure), _no_model_at(probe.connection))
        return
    yield ok("connection", f"answers in {(time.perf_counter() - started) * 1000:.0f} ms")
    if (finding := await _where_v1_is(probe, models)) is not None:
        yield finding
        return
    if models.status in (401, 403):
        yield refused(probe.connection, "key", models.status, models.headers, models.said)
        return
    for finding in _model_name(probe.connection, models):
        yield finding
        if finding.status is Status.PROBLEM:
            return
    async for finding in _request(probe, timeout_s):
        yield finding


class _Response(NamedTuple):
    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def payload(self) -> Any:
        try:
            return read_text_json(self.data)
        except (ValueError, RecursionError):
            return None

    @property
    def said(self) -> str:
        return one_line(error_message(self.payload) or "", 200)

    @property
    def names(self) -> list[str] | None:
        """The models that a list of models holds; None where this is none."""
        payload = self.payload
        listed = payload.get("data") if isinstance(payload, dict) else None
        if self.status != 200 or not isinstance(listed, list):
            return None
        return [str(each["id"]) for each in listed if isinstance(each, dict) and "id" in each]


class _Probe:
    """Asks a server; `connection` says where and with what key."""

    def __init__(self, session: aiohttp.ClientSession, connection: Connection) -> None:
        self.session = session
        self.connection = connection

    async def get(self, path: str, timeout_s: float) -> _Response:
        async with self.session.get(
            self.connection.base + path,
            proxy=self.connection.proxy,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=timeout_s),
        ) as response:
            chunks = [each async for each in read_chunks(response.content, self.connection.host)]
            return _Response(response.status, response.headers, b"".join(chunks))


async def _where_v1_is(probe: _Probe, models: _Response) -> Finding | None:
    """That the address lacks `/v1`, where the server answers there."""
    connection = probe.connection
    if models.names is not None or connection.endpoint.base_url.rstrip("/").endswith("/v1"):
        return None
    try:
        there = await probe.get("/v1/models", _CONNECTING_S)
    except (aiohttp.ClientError, TimeoutError, OSError, RequestFailed):
        return None
    if there.names is None and there.status not in (401, 403):
        return None
    address = f"{connection.endpoint.base_url}/v1"
    return problem(
        "address", "it lacks /v1", f"give --model_args {connection.endpoint.address_word}={address}"
    )


def _model_name(connection: Connection, models: _Response) -> list[Finding]:
    name, served = connection.endpoint.model, models.names
    if served is None:
        return [note("model", "the server doesn't list its models")]
    if name in served:
        return [ok("model", f"'{name}' is served")]
    shown = named(served[:_MOST_LISTED]) if served else "none"
    more = f" and {len(served) - _MOST_LISTED} more" if len(served) > _MOST_LISTED else ""
    near = difflib.get_close_matches(name, served, n=1) or served[:1] or ["NAME"]
    return [
        problem(
            "model", f"'{name}' is not served, but {shown}{more}", f"give --model_name {near[0]}"
        )
    ]


async def _request(probe: _Probe, timeout_s: float) -> AsyncGenerator[Finding, None]:
    connection = probe.connection
    try:
        timed = await asyncio.wait_for(_timed(probe, timeout_s), timeout_s)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        finding = unreachable(connection, error, timeout_s)
        yield Finding("request", finding.status, finding.text, finding.fix)
        return
    except RequestFailed as failure:
        yield problem("request", str(failure), _no_model_at(connection))
        return
    response = timed.response
    if response.status != 200:
        yield refused(connection, "request", response.status, response.headers, response.said)
        return
    if b"choices" not in response.data:
        shown = one_line(response.data[:200].decode("utf-8", "replace"))
        said = f"no chat completion came back but {shown}"
        yield problem("request", said, _no_model_at(connection))
        return
    for finding in _answered(connection, timed):
        yield finding


def _no_model_at(connection: Connection) -> str:
    return f"check {connection.endpoint.address_word}; it ends in /v1"


class _Timed(NamedTuple):
    response: _Response
    first_token_s: float
    total_s: float


async def _timed(probe: _Probe, timeout_s: float) -> _Timed:
    """Ask one question as a stream, whose first line with text is the first token."""
    connection = probe.connection
    body = {
        "model": connection.endpoint.model,
        "messages": [{"role": "user", "content": _QUESTION}],
        "max_tokens": 16,
        "stream": True,
    }
    started = time.perf_counter()
    async with probe.session.post(
        connection.url,
        data=orjson.dumps(body),
        proxy=connection.proxy,
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(total=timeout_s),
    ) as response:
        data, first_token_s = bytearray(), None
        async for chunk in read_chunks(response.content, connection.host):
            seen = max(0, len(data) - len(_CONTENT))
            data += chunk
            if first_token_s is None and data.find(_CONTENT, seen) >= 0:
                first_token_s = time.perf_counter() - started
        total_s = time.perf_counter() - started
        received = _Response(response.status, response.headers, bytes(data))
    return _Timed(received, first_token_s or total_s, total_s)


def _answered(connection: Connection, timed: _Timed) -> list[Finding]:
    findings = [ok("request", f"answered in {timed.total_s:.2f} s")]
    first = f"first token after {timed.first_token_s:.2f} s"
    if timed.first_token_s >= SLOW_FIRST_TOKEN_S:
        fix = "the server queues or loads the model: ask again, or lower --num_concurrent"
        findings.append(problem("first token", first, fix))
    else:
        findings.append(ok("first token", first))
    if options := limits_said(timed.response.headers):
        findings.append(note("rate limit", f"the server names one: {options}"))
    return [*findings, _price(connection.name, price_of(connection.name))]


def _price(name: str, price: Price | None) -> Finding:
    if price is FREE:
        return ok("price", "free")
    if price is None:
        return note("price", "unknown", f"evalwh price set '{name}' PROMPT_USD COMPLETION_USD")
    return ok(
        "price",
        f"{price.prompt_usd_per_mtok:g} and {price.completion_usd_per_mtok:g} USD per million "
        f"tokens ({price.source})",
    )


async def _by_asking(
    kind: str, model_name: str | None, model_args: Mapping[str, Json], timeout_s: float
) -> AsyncGenerator[Finding, None]:
    """Examine a model by one question, asked the way a run asks it."""
    model = create_model(kind, model_name, model_args, timeout_s=timeout_s)
    for variable in ("HTTPS_PROXY", "https_proxy"):
        if os.environ.get(variable):
            yield note("proxy", f"{variable} is set; requests go by it")
            break
    request = Request(model.name, [{"role": "user", "content": _QUESTION}], {"max_tokens": 16})
    started = time.perf_counter()
    async with aclosing(model):
        try:
            async with asyncio.timeout(timeout_s):
                reply = await model.generate(request)
        except RequestFailed as failure:
            said, _, fix = str(failure).rpartition("; ")
            yield Finding("request", Status.PROBLEM, said or fix, fix if said else None)
            return
        except TimeoutError:
            yield problem("request", f"no answer within {timeout_s:g} s", "give --timeout more")
            return
    yield ok("request", f"{model.name} answered in {time.perf_counter() - started:.2f} s")
    if reply.error:
        yield note("reply", reply.error)
    yield _price(model.name, model.price)
