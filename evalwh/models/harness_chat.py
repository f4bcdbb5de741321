"""`local-chat-completions` and `openai-chat-completions`: lm-eval's words, evalwh's own client.

A request is what lm-eval's client would send: its defaults, its four stop sequences at most.
"""

import dataclasses
from collections.abc import Mapping
from typing import Self

from evalwh.errors import UsageError
from evalwh.models.arguments import check_client_names, text_arg, whole_arg
from evalwh.models.chat_model import ChatModel
from evalwh.models.openai import OpenAIModel
from evalwh.prices import Price
from evalwh.records import Json, Reply, Request

_TO_CLIENT = frozenset(
    {"base_url", "api_base", "model", "pretrained", "timeout"}
    | {"api_key", "api_key_env", "headers", "organization", "project"}
)
_OF_LM_EVAL = frozenset(
    {"add_bos_token", "apply_chat_template", "auth_token", "batch_size", "ca_cert_path"}
    | {"custom_prefix_token_id", "device", "eos_string", "header", "max_batch_size"}
    | {"max_gen_toks", "max_images", "max_length", "max_retries", "num_concurrent", "revision"}
    | {"seed", "think_end_token", "tokenized_requests", "tokenizer", "tokenizer_backend"}
    | {"truncate", "trust_remote_code", "use_fast_tokenizer", "verify_certificate"}
)
_MAX_GEN_TOKS = 256
_SEED = 1234
_MOST_STOPS = 4
_REASONING = ("o1", "o3", "o4", "gpt-5")
"""OpenAI's models that take no stop sequences and no temperature but 1."""


class HarnessChatModel(ChatModel):
    """A chat model behind an OpenAI-compatible server, asked with lm-eval's defaults.

    These are temperature 0, 256 tokens and seed 1234 where a request says nothing of them.
    `settings` are those that decide what it replies.
    """

    def __init__(self, client: OpenAIModel, kind: str, model_args: Mapping[str, Json]) -> None:
        self.name = client.name
        self.base_url = client.base_url
        self._client = client
        self._is_openai = kind == "openai-chat-completions"
        self._max_tokens = whole_arg(model_args, "max_gen_toks", _MAX_GEN_TOKS)
        self._seed = whole_arg(model_args, "seed", _SEED)
        self._eos = text_arg(model_args, "eos_string")
        self._think_end = text_arg(model_args, "think_end_token")

    @classmethod
    def from_args(
        cls,
        kind: str,
        model_name: str | None,
        model_args: Mapping[str, Json],
        *,
        timeout_s: float,
    ) -> Self:
        """The model that lm-eval's `--model_args` describe. Raises UsageError."""
        check_client_names(kind, model_args, _TO_CLIENT | _OF_LM_EVAL)
        given = {name: value for name, value in model_args.items() if name in _TO_CLIENT}
        if kind == "local-chat-completions" and not {"base_url", "api_base"} & given.keys():
            raise UsageError(f"--model {kind} needs --model_args base_url=…/v1/chat/completions")
        if model_name is None and text_arg(given, "model", "pretrained") is None:
            raise UsageError(f"--model {kind} needs --model_args model=NAME, or --model_name")
        if (headers := _headers(model_args)) is not None:
            given["headers"] = headers
        _refuse_own_certificates(model_args)
        client = OpenAIModel.from_args(model_name, given, timeout_s=timeout_s)
        return cls(client, kind, model_args)

    @property
    def settings(self) -> Mapping[str, Json]:
        given: dict[str, Json] = {"eos_string": self._eos, "think_end_token": self._think_end}
        defaults: dict[str, Json] = {"max_gen_toks": self._max_tokens, "seed": self._seed}
        named = {name: value for name, value in given.items() if value is not None}
        return {**defaults, **named, **self._client.settings}

    @property
    def price(self) -> Price | None:
        """LiteLLM's price for a model of this name, whoever serves it."""
        return self._client.price

    async def generate(self, request: Request) -> Reply:
        """Ask once, as lm-eval would."""
        sent = dataclasses.replace(request, params=self._params(request.params))
        reply = await self._client.generate(sent)
        if self._think_end is None or reply.response is None:
            return reply
        answer = reply.response.split(self._think_end)[-1].lstrip()
        return dataclasses.replace(reply, response=answer)

    async def aclose(self) -> None:
        await self._client.aclose()

    def _params(self, given: Mapping[str, Json]) -> dict[str, Json]:
        params = dict(given)
        params.pop("do_sample", None)
        limits = [params.pop(name, None) for name in ("max_tokens", "max_completion_tokens")]
        limit = next((each for each in limits if each is not None), self._max_tokens)
        params["max_completion_tokens" if self._is_openai else "max_tokens"] = limit
        params.setdefault("seed", self._seed)
        params.setdefault("temperature", 0)
        if stops := self._stops(params.pop("stop", None)):
            params["stop"] = stops
        if self._is_openai and self.name.startswith(_REASONING):
            params.pop("stop", None)
            params["temperature"] = 1
        return params

    def _stops(self, stop: Json) -> list[Json]:
        stops = stop if isinstance(stop, list) else [] if stop is None else [stop]
        ends = [self._eos] if self._eos is not None and self._eos not in stops else []
        return [*stops, *ends][:_MOST_STOPS]


def _headers(model_args: Mapping[str, Json]) -> dict[str, Json] | None:
    """The headers that lm-eval's `header` gives; a token goes into one."""
    header = model_args.get("header")
    if header is not None:
        if not isinstance(header, dict):
            raise UsageError('--model_args: header must be an object: header={"Name": "value"}')
        return header
    token = text_arg(model_args, "auth_token")
    return None if token is None else {"Authorization": f"Bearer {token}"}


def _refuse_own_certificates(model_args: Mapping[str, Json]) -> None:
    if model_args.get("verify_certificate") is False or model_args.get("ca_cert_path"):
        raise UsageError(
            "--model_args: a server's own certificate is named by the environment: "
            "SSL_CERT_FILE=FILE evalwh run …"
        )
