"""lm-eval's `hf` behind `--model`: real weights, the numbers of lm-eval's own class."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from evalwh.errors import EvalwhError, MissingExtra, RequestFailed, UsageError
from evalwh.models import Model, create_model
from evalwh.models.harness_names import CHAT_CLIENTS, ENGINES, LITELLM_NAMES
from evalwh.models.settings import path_settings
from evalwh.prices import FREE
from evalwh.records import Json, Reply, Request, RequestKind

pytestmark = pytest.mark.filterwarnings("ignore:::(torch|transformers|accelerate|lm_eval)")
CONTEXTS = ["The quick brown", "What is two and", "Say hello to person 1, and", "dog"]
CONTINUATIONS = [" fox jumps", " two?", " to person 2.", "."]
A_FOLDER = "give a folder that is there, or a name on the Hugging Face Hub"
VLLM = " and: pip install 'lm-eval[vllm]'"
LONG = "The quick brown fox jumps over the lazy dog. " * 20


def asked(
    *texts: str, kind: RequestKind = "chat", repeat: int = 0, role: str = "user", **params: Json
) -> Request:
    roles = (role, "assistant")
    messages: list[dict[str, Json]] = [
        {"role": each, "content": text} for each, text in zip(roles, texts, strict=False)
    ]
    return Request("tiny", messages, params, kind=kind, repeat=repeat)


async def replies_of(model: Model, requests: list[Request]) -> list[Reply | BaseException]:
    try:
        asking = [model.generate(request) for request in requests]
        return await asyncio.gather(*asking, return_exceptions=True)
    finally:
        await model.aclose()


async def responses_of(folder: Path, requests: list[Request], **arguments: Json) -> list[Any]:
    """The responses, JSON ones read; a failure is its text."""
    given: dict[str, Json] = {"pretrained": str(folder), "device": "cpu", **arguments}
    replies = await replies_of(create_model("hf", None, given), requests)
    return [
        str(reply) if isinstance(reply, BaseException) else _read(reply.response)
        for reply in replies
    ]


def _read(response: str | None) -> Any:
    return json.loads(response) if response and response.startswith('{"logprob"') else response


def instances(question: str, arguments: list[tuple[Any, ...]]) -> list[Any]:
    from lm_eval.api.instance import Instance

    return [Instance(question, {}, each, at) for at, each in enumerate(arguments)]  # type: ignore[arg-type]


async def test_likelihoods_are_those_of_lm_eval(tiny_gpt2: Path, lm_eval_hf: Any) -> None:
    pairs = [*zip(CONTEXTS, CONTINUATIONS, strict=True), ("", "The lazy dog")]
    expected = lm_eval_hf.loglikelihood(instances("loglikelihood", pairs), disable_tqdm=True)

    responses = await responses_of(
        tiny_gpt2, [asked(*pair, kind="loglikelihood") for pair in pairs]
    )

    assert [(each["logprob"], each["is_greedy"]) for each in responses] == expected


async def test_rolling_likelihoods_are_those_of_lm_eval(tiny_gpt2: Path, lm_eval_hf: Any) -> None:
    texts = [LONG, "What is two and two?", LONG[:300]]
    arguments = [(text,) for text in texts]
    expected = lm_eval_hf.loglikelihood_rolling(instances("loglikelihood_rolling", arguments))

    responses = await responses_of(
        tiny_gpt2, [asked(text, kind="loglikelihood_rolling") for text in texts]
    )

    assert responses == [{"logprob": logprob} for logprob in expected]


async def test_completions_are_those_of_lm_eval(tiny_gpt2: Path, lm_eval_hf: Any) -> None:
    options = {"until": ["\n\n"], "max_gen_toks": 6, "temperature": 0.0}
    expected = lm_eval_hf.generate_until(
        instances("generate_until", [(text, options) for text in CONTEXTS]), disable_tqdm=True
    )

    requests = [
        asked(text, kind="completion", stop=["\n\n"], max_tokens=6, temperature=0.0)
        for text in CONTEXTS
    ]

    assert await responses_of(tiny_gpt2, requests) == expected


async def test_a_chat_is_asked_by_the_models_chat_template(
    tiny_gpt2: Path, lm_eval_hf: Any
) -> None:
    options = {"max_gen_toks": 6}
    texts = [f"<user>{text}\n<assistant>" for text in CONTEXTS]
    expected = lm_eval_hf.generate_until(
        instances("generate_until", [(text, options) for text in texts]), disable_tqdm=True
    )

    requests = [asked(text, max_tokens=6) for text in CONTEXTS]

    assert await responses_of(tiny_gpt2, requests) == expected


async def test_a_chat_is_its_texts_where_there_is_no_chat_template(
    tiny_gpt2: Path, tokenizer: Path
) -> None:
    text = asked("The fox\n\njumps", kind="completion", max_tokens=6)
    chat = asked("The fox", "jumps", role="system", max_tokens=6)
    chat.messages[1]["role"] = "user"
    both = [text, chat]

    without_template = await responses_of(tiny_gpt2, both, tokenizer=str(tokenizer))
    switched_off = await responses_of(tiny_gpt2, both, apply_chat_template=False)

    assert [*without_template, *switched_off] == [without_template[0]] * 4


async def test_a_bad_request_fails_alone(tiny_gpt2: Path) -> None:
    requests = [asked(text, " fox", kind="loglikelihood") for text in CONTEXTS]
    bad = asked("", "", kind="loglikelihood")
    alone = await responses_of(tiny_gpt2, requests)

    responses = await responses_of(tiny_gpt2, [*requests[:2], bad, *requests[2:]])

    failed = f"{tiny_gpt2}: IndexError: list index out of range"
    assert responses == [*alone[:2], failed, *alone[2:]]


async def test_a_reply_comes_before_the_end_of_its_batch(tiny_gpt2: Path) -> None:
    arguments: dict[str, Json] = {"pretrained": str(tiny_gpt2), "device": "cpu"}
    model = create_model("hf", None, arguments)
    requests = [asked(f"person {at}", kind="completion", max_tokens=4) for at in range(6)]

    replies = await replies_of(model, requests)

    latencies = sorted(reply.latency_ms or 0 for reply in replies if isinstance(reply, Reply))
    assert len(latencies) == 6 and latencies[0] < latencies[-1] / 2


async def test_what_is_asked_twice_is_answered_twice(tiny_gpt2: Path) -> None:
    sampled = {"max_tokens": 8, "temperature": 1.5}
    requests = [asked("The quick", repeat=at, **sampled) for at in range(4)]

    responses = await responses_of(tiny_gpt2, requests)

    assert len(set(responses)) > 1


async def test_a_seed_makes_a_sampled_reply_repeatable_and_repeats_differ(tiny_gpt2: Path) -> None:
    requests = [
        asked("The quick", repeat=at, seed=7, max_tokens=8, temperature=1.5) for at in range(2)
    ]

    first = await responses_of(tiny_gpt2, requests)
    second = await responses_of(tiny_gpt2, requests)

    assert (first == second, len(set(first))) == (True, 2)


async def test_tokens_are_counted_and_cost_nothing(tiny_gpt2: Path, lm_eval_hf: Any) -> None:
    model = create_model("hf", "my-tiny", {"pretrained": str(tiny_gpt2), "device": "cpu"})
    name, price = model.name, model.price

    (reply,) = await replies_of(model, [asked("The quick", " fox", kind="loglikelihood")])

    assert isinstance(reply, Reply)
    tokens = len(lm_eval_hf.tok_encode("The quick fox"))
    counted = (reply.prompt_tokens, reply.completion_tokens, reply.billed_usd)
    assert (name, price, *counted) == ("my-tiny", FREE, tokens, 0, 0.0)


async def test_as_many_tokens_are_counted_as_were_generated(tiny_gpt2: Path) -> None:
    model = create_model("hf", None, {"pretrained": str(tiny_gpt2), "device": "cpu"})
    texts = ("The quick", "What is two", "Say hello to person 1", "hi")
    requests = [asked(text, kind="completion", max_tokens=7) for text in texts]

    replies = await replies_of(model, [*requests, requests[0]])

    counts = [reply.completion_tokens for reply in replies if isinstance(reply, Reply)]
    assert (counts[:4], 0 < (counts[4] or 0) <= 7) == ([7, 7, 7, 7], True)


async def test_nothing_is_printed(tiny_gpt2: Path, capfd: pytest.CaptureFixture[str]) -> None:
    requests = [
        asked("The quick", " fox", kind="loglikelihood"),
        asked("The quick", kind="loglikelihood_rolling"),
        asked("The quick", kind="completion", max_tokens=2),
    ]

    await responses_of(tiny_gpt2, requests, batch_size="auto", max_batch_size=2)

    assert capfd.readouterr() == ("", "")


def test_its_chat_template_is_the_tokenizers(tiny_gpt2: Path) -> None:
    model = create_model("hf", None, {"pretrained": str(tiny_gpt2), "device": "cpu"})
    assert model.chat_template is not None

    texts = [model.chat_template([{"role": "user", "content": "hi"}], add) for add in (True,)]

    assert texts == ["<user>hi\n<assistant>"]


def test_a_tokenizer_without_chat_template_is_a_usage_error(
    tiny_gpt2: Path, tokenizer: Path
) -> None:
    arguments: dict[str, Json] = {"pretrained": str(tiny_gpt2), "tokenizer": str(tokenizer)}
    model = create_model("hf", "tiny", arguments | {"device": "cpu"})
    assert model.chat_template is not None

    with pytest.raises(UsageError) as caught:
        model.chat_template([{"role": "user", "content": "hi"}], True)

    assert str(caught.value) == (
        "--apply_chat_template: the tokenizer of tiny has no chat template"
    )


async def test_a_batch_size_says_how_much_it_wants_in_flight(tiny_gpt2: Path) -> None:
    sizes: list[Json] = [1, 8, "auto"]
    models = [create_model("hf", str(tiny_gpt2), {"batch_size": size}) for size in sizes]

    assert [model.batched_requests for model in models] == [64, 512, 4096]


async def test_what_decides_its_replies_is_told_apart_from_how_it_is_run(tiny_gpt2: Path) -> None:
    given: dict[str, Json] = {"dtype": "float32", "revision": "a", "device": "cpu"}

    model = create_model("hf", str(tiny_gpt2), {**given, "batch_size": 4})

    weights = path_settings(str(tiny_gpt2))
    assert model.settings == {"dtype": "float32", "revision": "a", "pretrained": weights}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"pretraned": "x", "pretrained": "FOLDER"}, "unexpected keyword argument 'pretraned'"),
        ({}, "--model hf needs --model_args pretrained=NAME"),
        ({"pretraned": "x"}, "pretrained=NAME; did you mean it by 'pretraned'?"),
        ({"pretrained": "nosuch"}, "can't load nosuch: it is no folder here, and can't be had"),
        ({"pretrained": "a b/c d"}, "can't load a b/c d: it is no folder here, and can't be had"),
    ],
)
async def test_bad_arguments_are_one_fatal_line(
    tiny_gpt2: Path, arguments: dict[str, Json], said: str
) -> None:
    given = {key: str(value).replace("FOLDER", str(tiny_gpt2)) for key, value in arguments.items()}
    model = create_model("hf", None, {**given, "device": "cpu"})

    (failure,) = await replies_of(model, [asked("hi")])

    assert isinstance(failure, RequestFailed)
    message = str(failure)
    is_line = "\n" not in message and said.replace("FOLDER", str(tiny_gpt2)) in message
    assert (is_line, failure.fatal) == (True, True)


@pytest.mark.parametrize(
    ("kind", "arguments", "error", "said"),
    [
        ("hff", {}, UsageError, "--model: unknown model 'hff'; did you mean 'hf'?"),
        (
            "vllm",
            {},
            MissingExtra,
            "--model vllm needs vllm, run: pip install 'evalwh[lm-eval]'" + VLLM,
        ),
        (
            "hf",
            {"pretrained": "./nowhere"},
            UsageError,
            f"--model_args pretrained=./nowhere: no such folder; {A_FOLDER}",
        ),
        (
            "hf",
            {"batch_size": "many"},
            UsageError,
            "--model_args: 'batch_size' must be a whole number above 0, not 'many'",
        ),
    ],
)
def test_what_can_be_known_before_loading_is_said_before(
    kind: str, arguments: dict[str, Json], error: type[EvalwhError], said: str
) -> None:
    with pytest.raises(error) as caught:
        create_model(kind, "x", arguments)

    assert str(caught.value) == said


def test_every_model_of_lm_eval_has_a_name_here() -> None:
    from lm_eval.models import MODEL_MAPPING

    assert {*ENGINES, *CHAT_CLIENTS, *LITELLM_NAMES} == {*MODEL_MAPPING}


async def test_the_weights_may_go_once_the_model_is_closed(tiny_gpt2: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_gpt2, tmp_path / "copy")
    model = create_model("hf", None, {"pretrained": str(folder), "device": "cpu"})
    request = asked("hi", max_tokens=2)
    (first,) = await replies_of(model, [request])

    (second,) = await replies_of(model, [request])

    assert isinstance(first, Reply) and isinstance(second, Reply)
    assert first.response == second.response
