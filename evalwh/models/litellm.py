"""The `litellm` model: every provider that LiteLLM speaks to, at its price of CPU time.

LiteLLM is imported at the first request, since that takes seconds, and is kept from fetching
prices, printing advice and retrying.
"""

import contextlib
import gc
import logging
import os
import re
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import orjson

from evalwh.errors import RequestFailed, UsageError
from evalwh.models.arguments import (
    address_arg,
    address_name,
    for_library,
    sampling_params,
    seconds_arg,
    text_arg,
)
from evalwh.models.chat import chat_reply, one_line, token_count
from evalwh.models.chat_model import ChatModel
from evalwh.models.failures import Endpoint, status_failure, timeout_failure
from evalwh.models.settings import deciding
from evalwh.prices import Price, knows_provider_of, price_of
from evalwh.records import Json, Reply, Request
from evalwh.secrets import public_url, redact, secret_values
from evalwh.valid_text import valid_text

_NO_KEY_NEEDED = "none"
_TRACEBACK = "Traceback (most recent call last)"
_NO_PACKAGE = re.compile(r"No module named '[\w.]+'")
_NO_KEY = re.compile(r"Missing (credentials|\w+ API key)", re.IGNORECASE)
_UNREADABLE = ("Invalid response object", "litellm.APIError: LiteLLM: provider returned")
_BROKEN = ("Connection error.", "Empty or invalid response from LLM endpoint. Received: '{")
"""The latter is half a JSON object, as LiteLLM 1.83 says it."""
_UNKNOWN_PROVIDER = "--model_name '{}': unknown provider; write it as provider/model"
_OURS = frozenset({"api_key_env", "base_url", "model", "pretrained", "project_id", "timeout"})

_NOT_ASKED_WITH = frozenset(
    {"api_base", "max_retries", "num_retries", "organization", "ssl_verify"}
    | {"aws_profile_name", "vertex_project", "max_parallel_requests", "rpm", "tpm"}
)


class LiteLLMModel(ChatModel):
    """A `provider/model` of LiteLLM. Must be used within one event loop."""

    _open_models: ClassVar[int] = 0

    def __init__(
        self,
        name: str,
        *,
        arguments: Mapping[str, Json],
        address_word: str = "api_base",
        timeout_s: float = 600,
        secrets: tuple[str, ...] = (),
    ) -> None:
        """`arguments` go to `litellm.acompletion` as they are: `api_base`, `api_key`, …"""
        self.name = name
        address = text_arg(arguments, "api_base") or _address_in_environment(name)
        self.base_url = None if address is None else public_url(address)
        self._decides = deciding(arguments, apart_from=_NOT_ASKED_WITH)
        self.arguments = {"num_retries": 0, "max_retries": 0, "drop_params": True, **arguments}
        self.timeout_s = timeout_s
        self._secrets = secrets
        self._address_word = address_word
        self._litellm: Any = None

    @classmethod
    def from_args(
        cls, model_name: str | None, model_args: Mapping[str, Json], *, timeout_s: float
    ) -> Self:
        """The model that `--model_name` and `--model_args` describe."""
        name = model_name or text_arg(model_args, "model", "pretrained")
        if name is None:
            raise UsageError("--model litellm needs --model_name provider/model")
        arguments = _library_arguments(name, model_args)
        timeout_s = seconds_arg(model_args, "timeout", timeout_s)
        _require_provider(name, arguments)
        return cls(
            name,
            arguments=arguments,
            address_word=address_name(model_args),
            timeout_s=timeout_s,
            secrets=tuple({*secret_values({**model_args, **arguments})} - {_NO_KEY_NEEDED}),
        )

    @property
    def settings(self) -> Mapping[str, Json]:
        """The arguments that LiteLLM's providers answer by: `extra_body`, `api_version`, …"""
        return self._decides

    @property
    def price(self) -> Price | None:
        """LiteLLM's price for this model."""
        return price_of(self.name)

    async def generate(self, request: Request) -> Reply:
        """Ask once; `billed_usd` is LiteLLM's figure, which knows cached and audio tokens."""
        litellm = self.library()
        started = time.perf_counter()
        try:
            completion = await litellm.acompletion(
                model=self.name,
                messages=list(request.messages),
                timeout=self.timeout_s,
                **self.arguments,
                **sampling_params(request),
            )
        except Exception as error:  # noqa: BLE001  a provider's code in LiteLLM raises anything
            raise self.failure(error) from None
        latency_ms = (time.perf_counter() - started) * 1000
        cost_usd = completion._hidden_params.get("response_cost")
        return self.reply(completion, cost_usd=cost_usd, latency_ms=latency_ms)

    async def aclose(self) -> None:
        """Close LiteLLM's connections, which all its models share, with the last of them."""
        if self._litellm is None:
            return
        litellm, self._litellm = self._litellm, None
        LiteLLMModel._open_models -= 1
        if LiteLLMModel._open_models == 0:
            await _close_openai_clients(litellm)
            await litellm.close_litellm_async_clients()
            # It would go on using what it closed.
            litellm.in_memory_llm_clients_cache.flush_cache()

    def library(self) -> Any:
        """LiteLLM, imported at the first call."""
        if self._litellm is None:
            self._litellm = import_litellm()
            # What the import made lives to the end: collections needn't walk it at every turn.
            gc.freeze()
            LiteLLMModel._open_models += 1
        return self._litellm

    def reply(self, completion: Any, *, cost_usd: float | None, latency_ms: float) -> Reply:
        """LiteLLM's completion as a reply. Raises RequestFailed where there is none in it."""
        return chat_reply(_payload(completion, cost_usd), self.base_url or self.name, latency_ms)

    def failure(self, error: Exception) -> RequestFailed:
        """What an exception of LiteLLM means, in one line without secrets."""
        failure = self._failure(self.library(), error)
        failure.args = (redact(str(failure), self._secrets),)
        return failure

    def _failure(self, litellm: Any, error: Exception) -> RequestFailed:
        where = self.base_url or self.name
        said = one_line(_without_class_names(str(error)).partition(_TRACEBACK)[0], 200)
        if isinstance(error, litellm.exceptions.Timeout):
            return timeout_failure(where, self.timeout_s)
        if "LLM Provider NOT provided" in said:
            return RequestFailed(_UNKNOWN_PROVIDER.format(self.name), fatal=True)
        if any(type(cause).__name__ == "ConnectError" for cause in _causes(error)):
            message = f"{where}: can't connect; is the server running, and the address right?"
            return RequestFailed(message, retry=True, fatal=True)
        if said.startswith(_UNREADABLE):
            # LiteLLM calls it a server error; the reply came, and another one would be paid too.
            return RequestFailed(f"{where}: LiteLLM can't read the reply; it is malformed")
        if said.startswith(_BROKEN):
            return RequestFailed(f"{where}: the connection broke", retry=True)
        if package := _NO_PACKAGE.search(said):
            message = (
                f"{where}: LiteLLM needs a package for this provider: {package[0]}; install it"
            )
            return RequestFailed(message, fatal=True)
        if _NO_KEY.search(said):
            return status_failure(self._endpoint(litellm), 401, {}, b"")
        status = getattr(error, "status_code", None)
        headers = getattr(error, "litellm_response_headers", None) or {}
        if not isinstance(status, int):
            return RequestFailed(f"{where}: {type(error).__name__}: {said}")
        data = orjson.dumps({"error": said})
        return status_failure(self._endpoint(litellm), status, headers, data)

    def _endpoint(self, litellm: Any) -> Endpoint:
        missing = litellm.validate_environment(self.name)["missing_keys"]
        has_key = self.arguments.get("api_key", _NO_KEY_NEEDED) != _NO_KEY_NEEDED or not missing
        provider, _, model = self.name.partition("/")
        own = f"{provider.upper()}_API_KEY"
        key_env = missing[0] if missing and own not in missing else own
        where = self.base_url or self.name
        return Endpoint(model or self.name, where, key_env, has_key, self._address_word)


def import_litellm() -> Any:
    """LiteLLM, quiet and offline: its own price table, no telemetry, no advice on stdout."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    # It warns about its own types, at import and at its first request.
    warnings.filterwarnings("ignore", module=r"(litellm|pydantic|openai|httpx)(\.|$)")
    # A request that is given up early leaves what LiteLLM made in a thread.
    warnings.filterwarnings("ignore", message=r"coroutine '.*acompletion' was never awaited")
    logger = logging.getLogger("LiteLLM")
    # It logs on stdout until its handlers are taken away.
    logger.disabled = True
    with _no_collections():
        import litellm

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    logger.handlers.clear()
    logger.setLevel(logging.getLogger("evalwh").level or logging.CRITICAL)
    logger.disabled = False
    return litellm


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Collect no garbage: what an import makes stays, and to look through it again takes 0.5 s."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


async def _close_openai_clients(litellm: Any) -> None:
    """LiteLLM closes those of other providers, but 1.83 leaves these open."""
    import openai

    for client in list(litellm.in_memory_llm_clients_cache.cache_dict.values()):
        if isinstance(client, openai.AsyncOpenAI):
            await client.close()


def _library_arguments(name: str, model_args: Mapping[str, Json]) -> dict[str, Json]:
    given = for_library(model_args)
    arguments = {key: value for key, value in given.items() if key not in _OURS}
    if (base_url := text_arg(given, "base_url")) is not None:
        arguments.setdefault("api_base", base_url)
    if (api_base := text_arg(arguments, "api_base")) is not None:
        arguments["api_base"] = address_arg(api_base)
    if (project := text_arg(given, "project_id")) is not None:
        arguments.setdefault("vertex_project", project)
    if (key_env := text_arg(given, "api_key_env")) is not None:
        arguments.setdefault("api_key", os.environ.get(key_env))
    own_server = "api_base" in arguments and name.startswith("openai/")
    if own_server and not os.environ.get("OPENAI_API_KEY"):
        # LiteLLM refuses to ask without a key, even a server that wants none.
        arguments.setdefault("api_key", _NO_KEY_NEEDED)
    return arguments


def _address_in_environment(name: str) -> str | None:
    """Where LiteLLM asks a provider for whom no address is given, if a variable says it."""
    provider, slash, _model = name.partition("/")
    variables = [f"{provider.upper()}_{end}" for end in ("BASE_URL", "API_BASE")] if slash else []
    return next(filter(None, map(os.environ.get, variables)), None)


def _require_provider(name: str, arguments: Mapping[str, Json]) -> None:
    """UsageError for what LiteLLM would refuse too, but seconds later, at the first request."""
    is_said_elsewhere = bool(
        {"api_base", "custom_llm_provider"} & arguments.keys()
        or os.environ.get("USE_LITELLM_PROXY")
    )
    if not is_said_elsewhere and not knows_provider_of(name):
        raise UsageError(_UNKNOWN_PROVIDER.format(name))


def _payload(completion: Any, cost_usd: float | None) -> dict[str, Any]:
    """LiteLLM's object as OpenAI's JSON, as far as a reply needs it."""
    if not completion.choices:
        return {"choices": []}
    choice = completion.choices[0]
    message, usage = choice.message, getattr(completion, "usage", None)
    extra = getattr(message, "provider_specific_fields", None) or {}
    content = message.content
    return {
        "choices": [
            {
                "finish_reason": choice.finish_reason,
                "message": {
                    "content": valid_text(content) if isinstance(content, str) else content,
                    "refusal": extra.get("refusal"),
                    "tool_calls": [call.model_dump() for call in message.tool_calls or ()],
                },
            }
        ],
        "usage": _usage(usage, cost_usd),
    }


def _usage(usage: Any, cost_usd: float | None) -> dict[str, Any]:
    # LiteLLM says 0 tokens where the server said nothing; no request has an empty prompt.
    if usage is None or not usage.prompt_tokens:
        return {}
    tokens = token_count(usage.prompt_tokens), token_count(usage.completion_tokens)
    return {
        "prompt_tokens": tokens[0],
        "completion_tokens": tokens[1],
        # LiteLLM's figure comes from the same counts.
        "cost": None if None in tokens else cost_usd,
    }


def _without_class_names(message: str) -> str:
    """`message` without LiteLLM's `litellm.NotFoundError: NotFoundError: OpenAIException - `."""
    head, dash, rest = message.partition("Exception - ")
    if dash and len(head) < 100:
        return rest
    return message.removeprefix("litellm.").partition("Error: ")[2] or message


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
