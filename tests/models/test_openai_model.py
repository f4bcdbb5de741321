"""The openai model against a real server on loopback."""

import contextlib
import gzip
import os
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from aiohttp import web

from evalwh.errors import RequestFailed, UsageError
from evalwh.models import create_model
from evalwh.records import Reply, Request
from tests.servers import (
    NAMED_FAULTS,
    Body,
    ChatServer,
    Fault,
    completion,
    page,
    payload,
    status,
)

MODEL = "gpt-4o-mini"
REQUEST = Request(MODEL, [{"role": "user", "content": "2+2?"}], {"temperature": 0})


@pytest.fixture(autouse=True)
def no_openai_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    yield


async def ask(base_url: str, request: Request = REQUEST, **model_args: Any) -> Reply:
    model = create_model("openai", MODEL, {"base_url": base_url, **model_args}, timeout_s=0.5)
    try:
        return await model.generate(request)
    finally:
        await model.aclose()


async def failure_of(base_url: str, **model_args: Any) -> RequestFailed:
    with pytest.raises(RequestFailed) as caught:
        await ask(base_url, **model_args)
    return caught.value


async def failure_after(fault: Fault, **model_args: Any) -> tuple[str, bool, bool]:
    """Message without the address, retry, fatal."""
    async with ChatServer(faults=[fault]) as server:
        failure = await failure_of(server.base_url, **model_args)
        return str(failure).replace(server.base_url, "URL"), failure.retry, failure.fatal


def without_latency(reply: Reply) -> dict[str, Any]:
    return {
        name: getattr(reply, name)
        for name in Reply.__slots__
        if name not in ("latency_ms", "cached")
    }


async def test_a_request_is_sent_as_openai_takes_it() -> None:
    async with ChatServer(answer=lambda body: "4") as server:
        reply = await ask(server.base_url, api_key="sk-abc")
        assert (server.asked, server.headers[0]["Authorization"]) == (
            [{"model": MODEL, "messages": REQUEST.messages, "temperature": 0}],
            "Bearer sk-abc",
        )
    assert without_latency(reply) == {
        "response": "4",
        "error": None,
        "finish_reason": "stop",
        "prompt_tokens": 2,
        "completion_tokens": 1,
        "billed_usd": None,
    }
    assert reply.latency_ms is not None
    assert reply.latency_ms > 0


async def test_a_seed_moves_on_with_every_repeat() -> None:
    async with ChatServer() as server:
        for repeat in range(3):
            await ask(server.base_url, Request(MODEL, [], {"seed": 7}, repeat=repeat))
        assert [body["seed"] for body in server.asked] == [7, 8, 9]


async def test_an_own_server_gets_no_authorization_without_a_key() -> None:
    async with ChatServer() as server:
        await ask(server.base_url)
        assert "Authorization" not in server.headers[0]


async def test_the_key_comes_from_the_variable_that_api_key_env_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_VLLM", "sk-from-env\n")
    async with ChatServer(api_key="sk-from-env") as server:
        assert (await ask(server.base_url, api_key_env="MY_VLLM")).error is None


async def test_openai_without_a_key_says_which_variable_to_set() -> None:
    model = create_model("openai", MODEL, {})
    with pytest.raises(RequestFailed) as caught:
        await model.generate(REQUEST)
    assert (str(caught.value), caught.value.fatal) == (
        (
            "https://api.openai.com/v1: no API key; set OPENAI_API_KEY, or name your own server by "
            "--model_args base_url=…/v1"
        ),
        True,
    )


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (
            NAMED_FAULTS["401"],
            (
                (
                    "URL: status 401: it wants an API key; set OPENAI_API_KEY "
                    "(server: Incorrect API key provided)"
                ),
                False,
                True,
            ),
        ),
        (
            NAMED_FAULTS["404"],
            (
                (
                    f"URL: status 404: model '{MODEL}' was not found "
                    "(server: The model `x` does not exist)"
                ),
                False,
                True,
            ),
        ),
        (NAMED_FAULTS["500"], ("URL: status 500 (server: a programmed fault)", True, False)),
        (NAMED_FAULTS["stall"], ("URL: no answer within 0.5 s", True, False)),
        (NAMED_FAULTS["half"], ("URL: half a response came back", True, False)),
        (NAMED_FAULTS["chunk"], ("URL: half a response came back", True, False)),
        (NAMED_FAULTS["hangup"], ("URL: the connection broke (Server disconnected)", True, False)),
        (
            NAMED_FAULTS["html"],
            ("URL: no JSON came back: <html><body>It works!</body></html>", False, False),
        ),
        (NAMED_FAULTS["garbage"], ("URL: no JSON came back: \x00\ufffdnot json", False, False)),
        (NAMED_FAULTS["error200"], ("URL: status 200 but an error: overloaded", True, False)),
        (
            payload(lambda body: b'{"choices": [{"mess'),
            ('URL: half a response came back: {"choices": [{"mess', True, False),
        ),
        (payload(lambda body: b""), ("URL: nothing came back", True, False)),
        (
            payload(lambda body: {"id": 1}),
            ('URL: the reply has no choices: {"id": 1}', False, False),
        ),
        (
            payload(lambda body: []),
            ("URL: no chat completion came back but []", False, False),
        ),
        (
            status(400, "context too long"),
            ("URL: status 400 (server: context too long)", False, False),
        ),
        (
            status(429, "insufficient_quota: pay first"),
            (
                (
                    "URL: status 429: the account has no quota left "
                    "(server: insufficient_quota: pay first)"
                ),
                False,
                True,
            ),
        ),
        (
            page("<h1>Bad\n Gateway</h1>", code=502),
            ("URL: status 502 (server: <h1>Bad Gateway</h1>)", True, False),
        ),
    ],
)
async def test_a_failure_says_what_came_and_whether_to_retry(
    fault: Fault, expected: tuple[str, bool, bool]
) -> None:
    assert await failure_after(fault) == expected


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "20"}, 20.0),
        ({"retry-after-ms": "1500", "Retry-After": "2"}, 1.5),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}, None),
        ({}, None),
    ],
)
async def test_a_rate_limit_carries_the_wait_that_the_server_asks_for(
    headers: dict[str, str], seconds: float | None
) -> None:
    async with ChatServer(faults=[status(429, headers=headers)]) as server:
        failure = await failure_of(server.base_url)
    assert (failure.retry, failure.retry_after_s) == (True, seconds)


async def test_an_address_without_v1_is_told_to_add_it() -> None:
    async with ChatServer() as server:
        failure = await failure_of(server.url)
        assert str(failure) == (
            f"{server.url}: status 404: there is no /chat/completions; does the address lack /v1? "
            f"try {server.url}/v1 (server: 404: Not Found)"
        )


async def test_an_address_that_serves_a_web_page_is_told_to_add_v1() -> None:
    web = ChatServer(faults=[NAMED_FAULTS["html"]], chat_paths=["/chat/completions"])
    async with web as server:
        failure = await failure_of(server.url)
        assert (str(failure), failure.fatal) == (
            (
                f"{server.url}: no JSON came back: <html><body>It works!</body></html>"
                f"; does the address lack /v1? try {server.url}/v1"
            ),
            True,
        )


async def test_a_full_endpoint_address_is_taken_as_well() -> None:
    async with ChatServer() as server:
        assert (await ask(f"{server.base_url}/chat/completions/")).error is None


async def test_a_server_that_is_not_running_is_named() -> None:
    async with ChatServer() as server:
        base_url = server.base_url
    failure = await failure_of(base_url)
    assert (str(failure), failure.fatal) == (
        f"{base_url}: can't connect (Connection refused); is the server running?",
        True,
    )


async def test_a_host_that_does_not_exist_is_named() -> None:
    failure = await failure_of("http://nowhere.invalid/v1")
    assert (str(failure), failure.fatal) == (
        "http://nowhere.invalid/v1: no such host; check base_url",
        True,
    )


@pytest.mark.parametrize(
    ("change", "response", "error"),
    [
        (lambda body: completion(None, body), None, "null content (finish_reason stop)"),
        (lambda body: completion("", body), "", None),
        (
            lambda body: completion(
                [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], body
            ),
            "ab",
            None,
        ),
        (lambda body: completion(4, body), None, "content is int, not text: 4"),
        (
            lambda body: _with_message(body, content=None, refusal="I can't"),
            None,
            "refusal: I can't",
        ),
        (
            lambda body: _with_message(body, content=None, tool_calls=[{"id": "1"}]),
            '{"tool_calls":[{"id":"1"}]}',
            None,
        ),
    ],
)
async def test_content_of_every_kind_is_a_response_or_an_error(
    change: Any, response: str | None, error: str | None
) -> None:
    async with ChatServer(faults=[payload(change)]) as server:
        reply = await ask(server.base_url)
    assert (reply.response, reply.error) == (response, error)


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        ({"message": "hi"}, 'message is str, no object: "hi"'),
        ({"message": ["hi"]}, 'message is list, no object: ["hi"]'),
        ({"message": None}, "null content (finish_reason stop)"),
        ({"finish_reason": ["stop"]}, 'finish_reason is list, not text: ["stop"]'),
        ({"finish_reason": 1}, "finish_reason is int, not text: 1"),
    ],
)
async def test_a_malformed_choice_is_an_error_that_keeps_the_usage(
    choice: Body, error: str
) -> None:
    def malformed(body: Body) -> Body:
        answered = completion("yes", body)
        answered["choices"][0].update(choice)
        return answered

    async with ChatServer(faults=[payload(malformed)]) as server:
        reply = await ask(server.base_url)
    assert (reply.response, reply.error, reply.prompt_tokens) == (None, error, 2)


@pytest.mark.parametrize("choices", [[], ["a"], [["a"]], {"a": 1}, "a", 1, True], ids=repr)
async def test_choices_of_any_other_kind_are_none(choices: Any) -> None:
    fault = payload(lambda body: {"choices": choices})
    message, retry, fatal = await failure_after(fault)
    assert (message[:33], retry, fatal) == ('URL: the reply has no choices: {"', False, False)


@pytest.mark.parametrize("depth", [300, 990, 1020, 100_000])
async def test_json_of_any_depth_is_one_failed_request(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    calls = b'{"choices": [{"message": {"tool_calls": %b}}]}' % nested
    faults = [payload(lambda body: nested), payload(lambda body: calls)]
    async with ChatServer(faults=faults) as server:
        await failure_of(server.base_url)
        try:
            error = (await ask(server.base_url)).error
        except RequestFailed as failure:
            error = str(failure)
    assert error is not None


def _with_message(body: Body, **message: Any) -> Body:
    answered = completion("", body)
    answered["choices"][0]["message"] = message
    return answered


async def test_missing_usage_leaves_tokens_unknown() -> None:
    async with ChatServer(faults=[NAMED_FAULTS["nousage"]]) as server:
        reply = await ask(server.base_url)
    assert (reply.response, reply.prompt_tokens, reply.completion_tokens) == (
        "no usage",
        None,
        None,
    )


UNUSABLE_COUNTS = ["7", "many", [7], {}, 7.0, 7.5, 1e308, True, -1, 10**12 + 1, 2**63 - 1]


@pytest.mark.parametrize("count", UNUSABLE_COUNTS, ids=repr)
async def test_a_token_count_that_is_none_is_unknown_and_the_response_kept(count: Any) -> None:
    usage = {"prompt_tokens": count, "completion_tokens": count}
    fault = payload(lambda body: completion("x", body, usage=usage))
    async with ChatServer(faults=[fault]) as server:
        reply = await ask(server.base_url)
    assert (reply.response, reply.prompt_tokens, reply.completion_tokens) == ("x", None, None)


async def test_the_least_and_the_most_token_counts_are_kept() -> None:
    usage = {"prompt_tokens": 10**12, "completion_tokens": 0}
    fault = payload(lambda body: completion("x", body, usage=usage))
    async with ChatServer(faults=[fault]) as server:
        reply = await ask(server.base_url)
    assert (reply.prompt_tokens, reply.completion_tokens) == (10**12, 0)


@pytest.mark.parametrize("usage", [[1], "many", 7, True, {}], ids=repr)
async def test_usage_of_any_other_kind_leaves_tokens_unknown(usage: Any) -> None:
    fault = payload(lambda body: completion("x", body, usage=usage))
    async with ChatServer(faults=[fault]) as server:
        reply = await ask(server.base_url)
    assert (reply.response, reply.prompt_tokens, reply.billed_usd) == ("x", None, None)


@pytest.mark.parametrize(
    "cost",
    ["-0.01", "NaN", "Infinity", "-Infinity", "true", '"0.1"', "[]", "1e999", "1" + "0" * 400],
)
async def test_a_cost_that_is_none_is_unknown_and_the_response_kept(cost: str) -> None:
    fault = payload(
        lambda body: orjson.dumps(completion("x", body, usage={"cost": "COST"})).replace(
            b'"COST"', cost.encode()
        )
    )
    async with ChatServer(faults=[fault]) as server:
        reply = await ask(server.base_url)
    assert (reply.response, reply.billed_usd) == ("x", None)


async def test_a_cost_that_the_server_names_is_what_was_billed() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.25}
    fault = payload(lambda body: completion("x", body, usage=usage))
    async with ChatServer(faults=[fault]) as server:
        assert (await ask(server.base_url)).billed_usd == 0.25


async def test_nul_bytes_survive_and_lone_surrogates_become_valid_text() -> None:
    async with ChatServer(faults=[NAMED_FAULTS["surrogates"]]) as server:
        reply = await ask(server.base_url)
    assert reply.response == "nul \x00 pair 😀 lone \ufffd end"


async def test_five_megabytes_arrive_whole() -> None:
    async with ChatServer(faults=[NAMED_FAULTS["big"]]) as server:
        reply = await ask(server.base_url)
    assert reply.response == "x" * 5_000_000


TOO_LARGE = ("URL: the reply is larger than 64 MB", False, False)


async def gzip_bomb(request: web.BaseRequest, body: Body) -> web.StreamResponse:
    """400 MB of zeros in 400 kB."""
    packer = zlib.compressobj(wbits=31)
    block = b"0" * 1_000_000
    packed = b"".join(packer.compress(block) for _ in range(400)) + packer.flush()
    return web.Response(
        body=packed, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"}
    )


async def endless_chunks(request: web.BaseRequest, body: Body) -> web.StreamResponse:
    """Chunks until the client hangs up."""
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b" " * 1_000_000)
    return response


@pytest.mark.parametrize("fault", [gzip_bomb, endless_chunks])
async def test_a_reply_of_any_size_takes_limited_memory(fault: Fault) -> None:
    async with ChatServer(faults=[fault]) as server:
        model = create_model("openai", MODEL, {"base_url": server.base_url}, timeout_s=30)
        tracemalloc.start()
        with pytest.raises(RequestFailed) as caught:
            await model.generate(REQUEST)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        await model.aclose()
    message = str(caught.value).replace(server.base_url, "URL")
    assert (message, caught.value.retry, caught.value.fatal) == TOO_LARGE
    assert peak < 200_000_000


async def test_a_compressed_reply_is_read() -> None:
    async def packed(request: web.BaseRequest, body: Body) -> web.StreamResponse:
        data = gzip.compress(orjson.dumps(completion("x" * 1_000_000, body)))
        return web.Response(body=data, headers={"Content-Encoding": "gzip"})

    async with ChatServer(faults=[packed]) as server:
        assert (await ask(server.base_url)).response == "x" * 1_000_000


async def test_requests_share_a_connection() -> None:
    ports = set()

    async def noted(request: web.BaseRequest, body: Body) -> web.StreamResponse:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.Response(body=orjson.dumps(completion("x", body)))

    async with ChatServer(fault_of=lambda body: noted) as server:
        model = create_model("openai", MODEL, {"base_url": server.base_url})
        for _ in range(3):
            await model.generate(REQUEST)
        await model.aclose()
    assert len(ports) == 1


async def test_credentials_in_an_address_are_used_but_never_shown() -> None:
    async with ChatServer(faults=[status(401, "bad user:hunter22 hunter22")]) as server:
        url = server.base_url.replace("://", "://user:hunter22@")
        model = create_model("openai", MODEL, {"base_url": url})
        with pytest.raises(RequestFailed) as caught:
            await model.generate(REQUEST)
        await model.aclose()
        shown = f"{model.base_url} {caught.value} {caught.value.args}"
        assert (model.base_url, "hunter22" in shown) == (server.base_url, False)
        assert server.headers[0]["Authorization"].startswith("Basic ")


async def test_a_key_that_the_server_echoes_is_redacted() -> None:
    key = "plain-secret-key"
    async with ChatServer(faults=[status(401, f"bad key {key}")]) as server:
        failure = await failure_of(server.base_url, api_key=key)
        assert str(failure) == (
            f"{server.base_url}: status 401: the API key was refused; check OPENAI_API_KEY "
            "(server: bad key [redacted])"
        )


async def test_a_header_that_the_server_echoes_is_redacted() -> None:
    async with ChatServer(
        faults=[status(400, "no team plain-team, no token plain-token")]
    ) as server:
        headers = {"X-Team": "plain-team", "Authorization": "Bearer plain-token"}
        failure = await failure_of(server.base_url, headers=headers)
        assert str(failure) == (
            f"{server.base_url}: status 400 (server: no team [redacted], no token [redacted])"
        )


async def test_a_redirect_names_the_address_to_give() -> None:
    moved = status(308, headers={"Location": "https://elsewhere/v1/chat/completions"})
    assert await failure_after(moved) == (
        (
            "URL: status 308: it redirects to https://elsewhere/v1/chat/completions; "
            "give that address as base_url"
        ),
        False,
        True,
    )


async def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ChatServer(answer=lambda body: "by proxy") as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        assert (await ask("http://model.example/v1")).response == "by proxy"


async def test_the_proxy_is_not_asked_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with ChatServer() as server:
        assert (await ask(server.base_url)).error is None


@pytest.mark.parametrize(
    ("model_args", "message"),
    [
        (
            {"bas_url": "http://x"},
            "--model_args: openai has no argument 'bas_url'; did you mean 'base_url'?",
        ),
        (
            {"temperature": 0},
            "--model_args: 'temperature' is a sampling parameter, give it in --gen_kwargs",
        ),
        (
            {"base_url": "localhost:8000"},
            "base_url 'localhost:8000' is no http:// or https:// address",
        ),
        (
            {"api_key": "ключ"},
            "the API key has characters that no key has; check OPENAI_API_KEY",
        ),
        (
            {"headers": "x"},
            '--model_args: headers must be an object: headers={"Name": "value"}',
        ),
    ],
)
def test_wrong_model_args_are_refused(model_args: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        create_model("openai", MODEL, model_args)
    assert str(caught.value) == message


async def test_right_to_left_text_goes_there_and_back() -> None:
    text = "שלום \u202eabc\u202c مرحبا"
    async with ChatServer(answer=lambda body: str(body["messages"][0]["content"])) as server:
        reply = await ask(server.base_url, Request(MODEL, [{"role": "user", "content": text}]))
    assert reply.response == text


def test_the_price_is_litellms_for_the_name() -> None:
    price = create_model("openai", MODEL, {}).price
    assert price is not None
    assert (price.prompt_usd_per_mtok, price.completion_usd_per_mtok) == (0.15, 0.6)


def test_the_module_is_imported_without_a_client_library() -> None:
    import subprocess
    import sys

    code = "import sys, evalwh.models; print({'aiohttp', 'litellm', 'duckdb'} & {*sys.modules})"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "set()\n"
