"""The curator model against a real server on loopback."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from evalwh.errors import EvalwhError, RequestFailed, UsageError
from evalwh.models import Model, create_model
from evalwh.records import Reply, Request
from tests.servers import (
    NAMED_FAULTS,
    Body,
    ChatServer,
    Fault,
    completion,
    echo_answer,
    payload,
    stall,
    status,
)

pytest.importorskip("bespokelabs", reason="needs bespokelabs-curator")

MODEL = "openai/gpt-4o-mini"
KEY = "sk-curator-0123456789abcdef"


@pytest.fixture(autouse=True)
def no_keys_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "BESPOKE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def curator(
    server: ChatServer | None = None, name: str = MODEL, **model_args: Any
) -> AsyncIterator[Model]:
    if server is not None:
        model_args["api_base"] = server.base_url
    model = create_model("curator", name, model_args, timeout_s=1.0)
    try:
        yield model
    finally:
        await model.aclose()


def say(text: str, system: str | None = None, **params: Any) -> Request:
    messages: list[Any] = [{"role": "user", "content": text}]
    if system is not None:
        messages.insert(0, {"role": "system", "content": system})
    return Request(MODEL, messages, params)


async def ask_all(model: Model, requests: Sequence[Request]) -> list[Reply | BaseException]:
    return await asyncio.gather(*map(model.generate, requests), return_exceptions=True)


def outcome(answer: Reply | BaseException) -> str | None:
    """The response, or the failure's status; where no server gave one, what failed."""
    if isinstance(answer, RequestFailed):
        return f"status {answer.status}" if answer.status else str(answer)
    assert isinstance(answer, Reply)
    return answer.response


async def test_a_request_reaches_the_server_with_its_parameters_and_price() -> None:
    request = Request(MODEL, [{"role": "user", "content": "2+2?"}], {"seed": 7}, repeat=2)
    async with ChatServer(answer=lambda body: "4") as server, curator(server) as model:
        reply = await model.generate(request)
        assert server.asked == [
            {
                "model": "gpt-4o-mini",
                "messages": [{"role": "user", "content": "2+2?"}],
                "seed": 9,
            }
        ]
    assert (reply.response, reply.finish_reason, reply.prompt_tokens, reply.completion_tokens) == (
        "4",
        "stop",
        2,
        1,
    )
    assert reply.billed_usd == pytest.approx((2 * 0.15 + 1 * 0.6) / 1e6)
    assert reply.latency_ms is not None
    assert reply.latency_ms > 0


async def test_five_requests_of_which_two_fail_get_five_answers_each_its_own() -> None:
    def fault_of(body: Body) -> Fault | None:
        return status(500) if echo_answer(body) in ("b", "d") else None

    async with (
        ChatServer(answer=echo_answer, fault_of=fault_of) as server,
        curator(server) as model,
    ):
        answers = await ask_all(model, [say(text) for text in "abcde"])
    assert [outcome(answer) for answer in answers] == ["a", "status 500", "c", "status 500", "e"]


async def test_a_batch_that_fails_as_a_whole_gives_each_request_its_failure() -> None:
    async with ChatServer(fault_of=lambda body: status(500)) as server, curator(server) as model:
        answers = await ask_all(model, [say(text) for text in "abc"])
    assert [outcome(answer) for answer in answers] == ["status 500"] * 3


async def test_equal_requests_in_a_batch_are_asked_each_for_itself() -> None:
    async with ChatServer(answer=echo_answer) as server, curator(server) as model:
        answers = await ask_all(model, [say("a"), say("b"), say("a")])
        assert ([outcome(answer) for answer in answers], server.requests) == (["a", "b", "a"], 3)


async def test_another_system_prompt_or_server_is_asked_although_the_user_says_the_same(
    tmp_path: Path,
) -> None:
    """Curator's fingerprint has neither in it, and it would give the first answer again."""

    def system(body: Body) -> str:
        return str(body["messages"][0]["content"])

    answers = []
    async with (
        ChatServer(answer=system) as one,
        ChatServer(answer=lambda body: "other server") as other,
    ):
        for server, prompt in ((one, "terse"), (one, "polite"), (other, "polite")):
            async with curator(server, cache_dir=str(tmp_path)) as model:
                answers.append((await model.generate(say("hi", prompt))).response)
    assert answers == ["terse", "polite", "other server"]


async def test_more_than_200_requests_a_minute_are_asked_and_none_besides() -> None:
    async with ChatServer(answer=echo_answer) as server, curator(server) as model:
        started = time.monotonic()
        answers = await ask_all(model, [say(f"q{at}") for at in range(250)])
        assert time.monotonic() - started < 60
        assert ([outcome(each) for each in answers], server.requests) == (
            [f"q{at}" for at in range(250)],
            250,
        )


async def test_a_reply_is_handed_over_before_its_batch_is_complete() -> None:
    async with (
        ChatServer(
            answer=echo_answer,
            fault_of=lambda body: stall() if echo_answer(body) == "slow" else None,
        ) as server,
        curator(server) as model,
    ):
        slow = asyncio.ensure_future(model.generate(say("slow")))
        fast = await model.generate(say("fast"))
        assert (fast.response, slow.done()) == ("fast", False)
        with pytest.raises(RequestFailed, match="no answer within 1 s"):
            await slow


@pytest.mark.parametrize("finish_reason", ["length", "content_filter"])
async def test_a_reply_cut_short_is_a_reply_and_asked_for_once(finish_reason: str) -> None:
    def cut(body: Body) -> Body:
        message = {"role": "assistant", "content": "half a"}
        choice = {"index": 0, "message": message, "finish_reason": finish_reason}
        return completion("", body, choices=[choice])

    async with ChatServer(fault_of=lambda body: payload(cut)) as server, curator(server) as model:
        reply = await model.generate(say("a"))
        assert (reply.response, reply.finish_reason, server.requests) == (
            "half a",
            finish_reason,
            1,
        )


@pytest.mark.parametrize(
    ("fault", "message", "retry", "fatal", "retry_after_s"),
    [
        (
            "401",
            (
                "URL: status 401: it wants an API key; set OPENAI_API_KEY "
                "(server: Incorrect API key provided)"
            ),
            False,
            True,
            None,
        ),
        (
            "404",
            (
                "URL: status 404: model 'gpt-4o-mini' was not found "
                "(server: The model `x` does not exist)"
            ),
            False,
            True,
            None,
        ),
        ("429", "URL: status 429 (server: slow down)", True, False, 1.0),
        ("500", "URL: status 500 (server: a programmed fault)", True, False, None),
        ("stall", "URL: no answer within 1 s", True, False, None),
    ],
)
async def test_a_failure_is_asked_once_and_says_what_came_as_the_litellm_model_does(
    fault: str, message: str, retry: bool, fatal: bool, retry_after_s: float | None
) -> None:
    async with (
        ChatServer(fault_of=lambda body: NAMED_FAULTS[fault]) as server,
        curator(server) as model,
    ):
        with pytest.raises(RequestFailed) as caught:
            await model.generate(say("a"))
        failure = caught.value
        assert (
            str(failure).replace(server.base_url, "URL"),
            failure.retry,
            failure.fatal,
            failure.retry_after_s,
            server.requests,
        ) == (message, retry, fatal, retry_after_s, 1)


async def test_odd_contents_are_read_as_the_litellm_model_reads_them() -> None:
    faults = [NAMED_FAULTS[name] for name in ("null", "nousage", "surrogates")]
    async with ChatServer(faults=faults) as server, curator(server) as model:
        replies = [await model.generate(say("2+2?")) for _ in faults]
    assert [(reply.response, reply.error, reply.prompt_tokens) for reply in replies] == [
        (None, "null content (finish_reason stop)", 2),
        ("no usage", None, None),
        ("nul \x00 pair 😀 lone \ufffd end", None, 2),
    ]


async def test_no_choices_are_a_failed_request() -> None:
    fault = payload(lambda body: completion("x", body, choices=[]))
    async with ChatServer(faults=[fault]) as server, curator(server) as model:
        with pytest.raises(RequestFailed, match="the reply has no choices"):
            await model.generate(say("a"))


@pytest.mark.parametrize(
    "changes",
    [
        {"usage": [1]},
        {"usage": {"prompt_tokens": "many"}},
        {"choices": ["a"]},
        {"choices": [{"message": {"content": 4}}]},
    ],
    ids=repr,
)
async def test_a_reply_that_litellm_cannot_read_is_not_asked_for_again(
    changes: dict[str, Any],
) -> None:
    fault = payload(lambda body: completion("x", body, **changes))
    async with ChatServer(faults=[fault]) as server, curator(server) as model:
        with pytest.raises(RequestFailed) as caught:
            await model.generate(say("a"))
        assert (str(caught.value), caught.value.retry) == (
            f"{server.base_url}: LiteLLM can't read the reply; it is malformed",
            False,
        )


@pytest.mark.parametrize("count", [-5, 2**63 - 1])
async def test_a_token_count_that_is_none_is_unknown_and_so_is_its_cost(count: int) -> None:
    usage = {"prompt_tokens": count, "completion_tokens": 2, "total_tokens": 5}
    fault = payload(lambda body: completion("x", body, usage=usage))
    async with ChatServer(faults=[fault]) as server, curator(server) as model:
        reply = await model.generate(say("a"))
    assert (reply.response, reply.prompt_tokens, reply.completion_tokens, reply.billed_usd) == (
        "x",
        None,
        2,
        None,
    )


async def test_an_unknown_model_has_no_cost() -> None:
    async with ChatServer() as server, curator(server, "openai/my-own") as model:
        assert (await model.generate(say("a"))).billed_usd is None


async def test_a_server_that_is_not_running_is_named() -> None:
    async with curator(api_base="http://127.0.0.1:9/v1") as model:
        with pytest.raises(RequestFailed) as caught:
            await model.generate(say("a"))
    assert (str(caught.value), caught.value.fatal) == (
        "http://127.0.0.1:9/v1: can't connect; is the server running, and the address right?",
        True,
    )


def test_a_name_without_a_provider_is_told_how_to_write_it() -> None:
    with pytest.raises(UsageError) as caught:
        create_model("curator", "nonsense-1", {})
    assert str(caught.value) == (
        "--model_name 'nonsense-1': unknown provider; write it as provider/model"
    )


async def test_messages_that_curator_refuses_fail_alone() -> None:
    tool: list[Any] = [{"role": "tool", "content": "4", "tool_call_id": "1"}]
    async with ChatServer(answer=echo_answer) as server, curator(server) as model:
        refused, answered = await ask_all(model, [Request(MODEL, tool), say("a")])
    assert (str(refused), outcome(answered)) == (
        "Curator can't ask this: each message role must be one of: assistant, system, user",
        "a",
    )


async def test_a_fault_of_a_batch_is_a_failure_of_each_of_its_requests(tmp_path: Path) -> None:
    async with ChatServer() as server, curator(server, cache_dir=str(tmp_path)) as model:
        await model.generate(say("a"))
        (own,) = tmp_path.iterdir()
        own.rename(tmp_path / "away")
        own.write_text("no folder any more")
        answers = await ask_all(model, [say("b"), say("c")])
    assert [(str(each)[:31], getattr(each, "retry", None)) for each in answers] == [
        ("Curator failed: NotADirectoryEr", True)
    ] * 2


async def test_a_request_that_nobody_waits_for_is_given_up() -> None:
    async with (
        ChatServer(
            answer=echo_answer,
            fault_of=lambda body: stall() if echo_answer(body) == "slow" else None,
        ) as server,
        curator(server, timeout=60) as model,
    ):
        await model.generate(say("first"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await model.generate(say("slow"))
        async with asyncio.timeout(10):
            while server.in_flight:
                await asyncio.sleep(0.01)
        assert (await model.generate(say("next"))).response == "next"


async def test_batch_size_is_the_most_that_share_a_batch(tmp_path: Path) -> None:
    async with (
        ChatServer() as server,
        curator(server, cache_dir=str(tmp_path), batch_size=2) as model,
    ):
        await ask_all(model, [say(text) for text in "abcde"])
    batches = tmp_path.glob("*/*/requests_0.jsonl")
    assert sorted(len(each.read_text().splitlines()) for each in batches) == [1, 2, 2]


async def test_curators_files_are_temporary_unless_a_folder_is_named_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary, kept = tmp_path / "temporary", tmp_path / "kept"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    async with ChatServer() as server:
        async with curator(server) as model:
            await model.generate(say("a"))
            while_open = len(list(temporary.iterdir()))
        async with curator(server, cache_dir=str(kept)) as model:
            await model.generate(say("a"))
    names = sorted(path.name for path in kept.glob("*/*/*"))
    assert (while_open, list(temporary.iterdir()), names) == (
        1,
        [],
        ["metadata_0.json", "requests_0.jsonl", "responses_0.jsonl"],
    )


async def test_a_key_is_in_no_file_and_no_error(tmp_path: Path) -> None:
    def echo_key(body: Body) -> Fault | None:
        said = f"Incorrect API key provided: {KEY}"
        return status(401, said) if echo_answer(body) == "bad" else None

    async with (
        ChatServer(fault_of=echo_key) as server,
        curator(server, cache_dir=str(tmp_path), api_key=KEY) as model,
    ):
        answers = await ask_all(model, [say("good"), say("bad")])
        sent = {headers["Authorization"] for headers in server.headers}
    files = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert (sent, len(files) >= 3, [text for text in [*files, str(answers)] if KEY in text]) == (
        {f"Bearer {KEY}"},
        True,
        [],
    )


async def test_two_models_keep_their_own_keys_and_servers() -> None:
    async with (
        ChatServer(answer=lambda body: "one", api_key="key-one") as one,
        ChatServer(answer=lambda body: "two", api_key="key-two") as two,
        curator(one, api_key="key-one") as model,
        curator(two, api_key="key-two") as judge,
    ):
        replies = await asyncio.gather(model.generate(say("a")), judge.generate(say("a")))
    assert [reply.response for reply in replies] == ["one", "two"]


async def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    def fault_of(body: Body) -> Fault | None:
        return status(500) if echo_answer(body) == "b" else None

    async with ChatServer(fault_of=fault_of) as server, curator(server) as model:
        await ask_all(model, [say("a"), say("b")])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("model_args", "message"),
    [
        (
            {"max_requests_per_minute": 60},
            "--model_args: 'max_requests_per_minute' is evalwh's --rpm; give it there",
        ),
        (
            {"max_tokens_per_minute": 60},
            "--model_args: 'max_tokens_per_minute' is evalwh's --tpm; give it there",
        ),
        (
            {"batch_size": 0},
            "--model_args: 'batch_size' must be a positive number, not 0",
        ),
        (
            {"temperature": 0},
            "--model_args: 'temperature' is a sampling parameter, give it in --gen_kwargs",
        ),
        ({"api_base": "ftp://x"}, "base_url 'ftp://x' is no http:// or https:// address"),
    ],
)
def test_an_argument_that_cannot_be_is_refused(model_args: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        create_model("curator", MODEL, model_args)
    assert str(caught.value) == message


def test_a_model_without_a_name_is_refused() -> None:
    with pytest.raises(UsageError, match="--model curator needs --model_name provider/model"):
        create_model("curator", None, {})


async def test_a_cache_dir_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with curator(cache_dir=str(tmp_path / "file" / "cache")) as model:
        with pytest.raises(EvalwhError) as caught:
            await model.generate(say("a"))
    assert str(caught.value) == f"--model_args cache_dir={tmp_path}/file/cache: Not a directory"


async def test_words_of_lm_eval_and_evalchemy_are_taken() -> None:
    words = {
        "tokenized_requests": False,
        "tokenizer_backend": None,
        "max_length": 2048,
        "max_retries": 10,
        "num_concurrent": 4,
        "batch_size": "auto",
        "require_all_responses": False,
        "seconds_to_pause_on_rate_limit": 10,
        "timeout": 300,
    }
    async with ChatServer(answer=echo_answer) as server:
        async with curator(server, None, pretrained=MODEL, **words) as model:  # type: ignore[arg-type]
            reply = await model.generate(say("a"))
        assert (model.name, reply.response, set(server.asked[0])) == (
            MODEL,
            "a",
            {"model", "messages"},
        )
