"""Any model of lm-eval: `hf`, `vllm`, `local-completions`, `anthropic-chat`, …

An engine on this machine gets what is in flight in large batches, which it sorts and cuts
itself, and tells each answer as it has it. A client of a server is asked from a thread a request.
"""

import functools
import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from evalwh.errors import RequestFailed, UsageError
from evalwh.models.arguments import sampling_params, seconds_arg, text_arg, whole_arg
from evalwh.models.failures import Endpoint
from evalwh.models.harness_batches import Ask, Batches
from evalwh.models.harness_failures import failure_of
from evalwh.models.harness_library import (
    NAME_SLOTS,
    Opening,
    endpoint_in,
    name_in,
    release_memory,
    require_folder,
    seed_torch,
)
from evalwh.models.harness_names import ENGINES, Engine, require_packages
from evalwh.models.harness_opened import Opened
from evalwh.models.harness_replies import Answered, Usage, reply_of
from evalwh.models.harness_requests import (
    generation_options,
    instance,
    joined,
    likelihood_arguments,
    question_of,
    templated,
)
from evalwh.models.harness_streams import Streaming
from evalwh.models.settings import deciding, path_settings
from evalwh.prices import FREE, Price, price_of
from evalwh.records import ChatTemplate, Json, Message, Reply, Request, RequestKind
from evalwh.secrets import public_url, redact, secret_values

_BATCHES_AT_ONCE = 64
_LARGEST_AUTO_BATCH = 64
_DEFAULT_URLS = {
    "anthropic-chat": "https://api.anthropic.com/v1/messages",
    "anthropic-chat-completions": "https://api.anthropic.com/v1/messages",
    "openai-completions": "https://api.openai.com/v1/completions",
}
_NOT_ASKED_WITH = frozenset(
    {"device", "batch_size", "max_batch_size", "base_url", "api_base", "api_key_env"}
    | {"num_concurrent", "max_retries", "timeout", "tensor_parallel_size"}
    | {"parallelize", "gpu_memory_utilization", "data_parallel_size", "apply_chat_template"}
    | {"ca_cert_path", "verify_certificate", "offload_folder", *NAME_SLOTS}
)


class HarnessModel:
    """A model of lm-eval's, loaded at the first request or at the first use of its template.

    `batched_requests` is how many requests it wants in flight, None where that is the user's
    to say: an engine answers what is in flight at once, and a request waits for its batch, so
    that no time-out holds for it. `settings` are the arguments that decide what it replies.
    """

    made_by: str | None = None

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._engine: Engine = ENGINES[opening.kind]
        arguments = opening.arguments
        self.name = opening.name or name_in(arguments) or opening.kind
        self.kinds: frozenset[RequestKind] = self._engine.kinds
        address = endpoint_in(opening.kind, arguments) or _DEFAULT_URLS.get(opening.kind)
        self.base_url = None if address is None else public_url(address)
        self._endpoint = Endpoint(self.name, self.base_url or "", *_key(opening.kind, arguments))
        self._applies_template = arguments.get("apply_chat_template") is not False
        self._opened: Opened | None = None
        self._failure: RequestFailed | None = None
        self._opening_lock = threading.Lock()
        self._largest = _largest_batch(self._engine, arguments)
        self._batches = Batches(
            self._answer,
            largest=self._largest,
            most_threads=None if self._engine.served == "threads" else 1,
        )

    @classmethod
    def from_args(
        cls,
        kind: str,
        model_name: str | None,
        model_args: Mapping[str, Json],
        *,
        timeout_s: float,
    ) -> Self:
        """The model that `--model`, `--model_name` and `--model_args` describe.

        Raises MissingExtra for a package that isn't installed, UsageError for bad arguments.
        """
        require_packages(kind)
        if ENGINES[kind].served == "batches":
            require_folder(model_name, model_args)
        timeout_s = seconds_arg(model_args, "timeout", timeout_s)
        secrets = tuple(secret_values(model_args))
        return cls(Opening(kind, model_name, dict(model_args), timeout_s, secrets))

    @property
    def price(self) -> Price | None:
        """Nothing for an engine on this machine; else LiteLLM's price for this name."""
        return FREE if self._is_local else price_of(self.name)

    @property
    def most_concurrent(self) -> int | None:
        return 1 if self._engine.served == "singly" else None

    @property
    def batched_requests(self) -> int | None:
        return self._largest if self._is_local else None

    @functools.cached_property
    def settings(self) -> Mapping[str, Json]:
        """Read once: the weights may be gone when a model is closed."""
        settings = deciding(self._opening.arguments, apart_from=_NOT_ASKED_WITH)
        if not self._applies_template:
            settings["apply_chat_template"] = False
        return settings | self._weights()

    @property
    def chat_template(self) -> ChatTemplate | None:
        return None if self._engine.takes_messages else self._template

    async def generate(self, request: Request) -> Reply:
        """The reply, when the batch that `request` joined comes to it."""
        if request.kind not in self.kinds:
            message = f"--model {self._opening.kind} can't be asked for {request.kind}"
            raise RequestFailed(message, fatal=True)
        ask = Ask(request, group=(question_of(request), sampling_params(request).get("seed")))
        self._batches.submit(ask)
        return await ask.reply()

    async def aclose(self) -> None:
        """Forget the model, and give back the memory that it took."""
        self._batches.close()
        self._opened = self._failure = None
        release_memory()

    def _weights(self) -> dict[str, Json]:
        """What the rows' `model` doesn't say of the weights that are asked."""
        named = name_in(self._opening.arguments) or self.name
        found = path_settings(named) if self._is_local else None
        if found is not None:
            return {"pretrained": found}
        return {} if named == self.name else {"pretrained": named}

    @property
    def _is_local(self) -> bool:
        return self._engine.served == "batches"

    def _template(self, messages: Sequence[Message], begin_answer: bool) -> str:
        text = templated(self._open().model, messages, begin_answer=begin_answer)
        if text is None:
            raise UsageError(
                f"--apply_chat_template: the tokenizer of {self.name} has no chat template"
            )
        return text

    def _open(self) -> Opened:
        """The model, loaded by the first thread that wants it. Raises RequestFailed."""
        with self._opening_lock:
            if self._failure is not None:
                raise self._failure
            if self._opened is None:
                try:
                    self._opened = Opened.by(self._opening)
                except RequestFailed as failure:
                    self._failure = self._redacted(failure)
                    raise
            return self._opened

    def _answer(self, asks: Sequence[Ask]) -> None:
        """Settle a batch, in one of its threads."""
        try:
            opened = self._open()
        except RequestFailed as failure:
            for ask in asks:
                ask.fail(failure)
            return
        batch = []
        for ask in asks:
            try:
                batch.append(_Prepared(ask, self._arguments(opened, ask.request)))
            except Exception as error:  # noqa: BLE001  a chat template raises anything
                ask.fail(self._failed(error))
        seed = sampling_params(asks[0].request).get("seed")
        if opened.is_torch and isinstance(seed, int):
            seed_torch(seed)
        self._settle(opened, batch)

    def _settle(self, opened: Opened, batch: "Sequence[_Prepared]") -> None:
        """Ask for a batch; one that fails is cut in two, until only the bad requests fail."""
        batch = [prepared for prepared in batch if not prepared.ask.settled]
        if not batch:
            return
        try:
            self._ask(opened, batch)
        except (Exception, SystemExit) as error:  # noqa: BLE001  an engine raises anything
            failure = self._failed(error)
            left = [prepared for prepared in batch if not prepared.ask.settled]
            if failure.retry or len(batch) == 1:
                for prepared in left:
                    prepared.ask.fail(failure)
                return
            middle = (len(left) + 1) // 2
            self._settle(opened, left[:middle])
            self._settle(opened, left[middle:])

    def _ask(self, opened: Opened, batch: "Sequence[_Prepared]") -> None:
        question = question_of(batch[0].ask.request)
        started = time.perf_counter()

        def take(prepared: _Prepared, answer: Any) -> None:
            if not prepared.ask.settled:
                latency_ms = (time.perf_counter() - started) * 1000
                answered = Answered(question, prepared.arguments, answer, latency_ms)
                prepared.ask.succeed(self._reply(opened, answered, alone=len(batch) == 1))

        opened.usage.heard = Usage()
        if self._is_local:
            opened.model.set_cache_hook(Streaming(question, batch, take))
        instances = [instance(question, each.arguments, at) for at, each in enumerate(batch)]
        answers = getattr(opened.model, question)(instances)
        if len(answers) != len(batch):
            raise RequestFailed(f"{self.name}: lm-eval gave no answer; see LOGLEVEL=INFO")
        for prepared, answer in zip(batch, answers, strict=True):
            take(prepared, answer)

    def _reply(self, opened: Opened, answered: Answered, *, alone: bool) -> Reply:
        usage = opened.usage.heard if alone and not self._is_local else Usage()
        billed_usd = 0.0 if self._is_local else None
        return reply_of(answered, tokens=opened.tokens, usage=usage, billed_usd=billed_usd)

    def _arguments(self, opened: Opened, request: Request) -> tuple[object, ...]:
        if question_of(request) != "generate_until":
            return likelihood_arguments(request)
        options = generation_options(request)
        if opened.is_torch:
            options.pop("seed", None)
        return self._context(opened.model, request), options

    def _context(self, model: Any, request: Request) -> object:
        """What is to be gone on with: text, or messages as lm-eval wraps them."""
        begin_answer = request.messages[-1].get("role") != "assistant"
        if self._engine.takes_messages:
            history = [dict(message) for message in request.messages]
            return model.apply_chat_template(history, add_generation_prompt=begin_answer)
        text = None
        if request.kind == "chat" and self._applies_template:
            text = templated(model, request.messages, begin_answer=begin_answer)
        return joined(request.messages) if text is None else text

    def _failed(self, error: BaseException) -> RequestFailed:
        return self._redacted(failure_of(self._endpoint, error, self._opening.timeout_s))

    def _redacted(self, failure: RequestFailed) -> RequestFailed:
        failure.args = (redact(str(failure), self._opening.secrets),)
        return failure


class _Prepared(NamedTuple):
    """An ask, and lm-eval's arguments for it."""

    ask: Ask
    arguments: tuple[object, ...]


def _key(kind: str, arguments: Mapping[str, Json]) -> tuple[str, bool]:
    """The variable that an API key comes from, and whether there is a key."""
    default = "ANTHROPIC_API_KEY" if kind.startswith("anthropic") else "OPENAI_API_KEY"
    key_env = text_arg(arguments, "api_key_env") or default
    given = text_arg(arguments, "api_key", "header", "auth_token") or os.environ.get(key_env)
    return key_env, bool(given)


def _largest_batch(engine: Engine, arguments: Mapping[str, Json]) -> int:
    is_auto = str(arguments.get("batch_size", 1)).partition(":")[0] == "auto"
    if engine.served == "singly":
        return 1
    if engine.served == "threads":
        return 1 if is_auto else whole_arg(arguments, "batch_size", 1)
    if is_auto:
        return _BATCHES_AT_ONCE * whole_arg(arguments, "max_batch_size", _LARGEST_AUTO_BATCH)
    return _BATCHES_AT_ONCE * whole_arg(arguments, "batch_size", 1)
