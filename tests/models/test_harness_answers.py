"""What a completions server sends that is no answer, or one that looks like none."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from evalwh.models import create_model
from evalwh.records import Message, Request
from tests.completions_server import Body, CompletionsServer, Fault, said_of
from tests.completions_server import logprobs_of as sound_logprobs

pytestmark = pytest.mark.filterwarnings("ignore:::(torch|transformers|accelerate|lm_eval)")
PAIR: list[Message] = [
    {"role": "user", "content": "The quick"},
    {"role": "assistant", "content": " brown fox"},
]


def texts(*said: str | None) -> Fault:
    def fault(body: Body) -> web.Response:
        choices = [
            {"index": at, "text": text, "finish_reason": "stop"} for at, text in enumerate(said)
        ]
        return web.json_response({"choices": choices})

    return fault


def logprobs(change: Callable[[Body], Any]) -> Fault:
    """Answer with sound log-probabilities after `change` of them."""

    def fault(body: Body) -> web.Response:
        choices = []
        for at, prompt in enumerate(body["prompt"]):
            said = sound_logprobs([*prompt, 1])
            change(said)
            choices.append({"index": at, "text": said_of(prompt), "logprobs": said})
        return web.Response(body=json.dumps({"choices": choices}), content_type="application/json")

    return fault


def cut(said: Body) -> None:
    said["token_logprobs"], said["top_logprobs"] = (
        said["token_logprobs"][:2],
        said["top_logprobs"][:2],
    )


def lengthen(said: Body) -> None:
    said["token_logprobs"] += [-9.0] * 5
    said["top_logprobs"] += [{"a": -9.0}] * 5


def cut_tops(said: Body) -> None:
    said["top_logprobs"] = said["top_logprobs"][:2]


def flip(said: Body) -> None:
    said["token_logprobs"] = [None, *(-each for each in said["token_logprobs"][1:])]


def take_away(said: Body) -> None:
    said.clear()


def make_null(said: Body) -> None:
    said["token_logprobs"] = [None] * len(said["token_logprobs"])


def make_text(said: Body) -> None:
    said["token_logprobs"] = ["-1.0"] * len(said["token_logprobs"])


def add_noise(said: Body) -> None:
    said["token_logprobs"] = [None, *(1e-6 for _ in said["token_logprobs"][1:])]
    said["top_logprobs"] = [None, *({"a": 1e-6} for _ in said["token_logprobs"][1:])]


async def asked(
    fault: Fault, tokenizer: Path, *requests: Request, batch_size: int = 1
) -> list[tuple[str | None, str | None]]:
    """The responses and errors of requests in the order they were asked."""
    async with CompletionsServer(faults=[fault]) as server:
        arguments = {"base_url": server.base_url, "tokenizer": str(tokenizer)}
        arguments |= {"tokenizer_backend": "huggingface"}
        model = create_model("local-completions", "m", {**arguments, "batch_size": batch_size})
        try:
            replies = await asyncio.gather(*map(model.generate, requests))
        finally:
            await model.aclose()
        assert len(server.asked) == 1
    return [(reply.response, reply.error) for reply in replies]


async def test_an_empty_completion_is_an_answer_and_a_null_is_none(tokenizer: Path) -> None:
    fault = texts("", None, " yes")
    requests = [
        Request("m", [{"role": "user", "content": each}], kind="completion") for each in "abc"
    ]

    replies = await asked(fault, tokenizer, *requests, batch_size=3)

    assert replies == [("", None), (None, "null content"), (" yes", None)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (cut, "log-probabilities of 2 tokens for the {} that were sent and generated"),
        (lengthen, "log-probabilities of {longer} tokens for the {} that were sent and generated"),
        (cut_tops, "log-probabilities of 2 tokens for the {} that were sent and generated"),
        (take_away, "log-probabilities of 0 tokens for the {} that were sent and generated"),
        (flip, " as a log-probability"),
        (make_null, "the server gave null as a log-probability"),
        (make_text, 'the server gave "-1.0" as a log-probability'),
    ],
)
@pytest.mark.parametrize("kind", ["loglikelihood", "loglikelihood_rolling"])
async def test_log_probabilities_of_other_tokens_and_impossible_ones_are_errors(
    tokenizer: Path, change: Callable[[Body], Any], said: str, kind: Any
) -> None:
    sent: list[int] = []

    def noting(logprobs_said: Body) -> None:
        sent.append(len(logprobs_said["token_logprobs"]))
        change(logprobs_said)

    ((response, error),) = await asked(
        logprobs(noting),
        tokenizer,
        Request("m", PAIR if kind == "loglikelihood" else PAIR[1:], kind=kind),
    )

    expected = said.format(*sent, longer=sent[0] + 5)
    assert (response, expected in str(error)) == (None, True)


async def test_float_noise_above_0_is_a_log_probability(tokenizer: Path) -> None:
    ((response, error),) = await asked(
        logprobs(add_noise), tokenizer, Request("m", PAIR, kind="loglikelihood")
    )

    assert (json.loads(response or "")["is_greedy"], error) == (True, None)
