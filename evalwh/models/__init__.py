"""Models: what turns a request into a reply; one adapter per kind, loaded when it is asked for.

A model asks once: retries, limits and budgets belong to `evalwh.generation`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evalwh.errors import UsageError, did_you_mean
from evalwh.models.arguments import parse_model_args, refuse_redacted
from evalwh.models.harness_names import CHAT_CLIENTS, ENGINES, LITELLM_NAMES
from evalwh.prices import Price, providers
from evalwh.records import ChatTemplate, Json, Reply, Request, RequestKind

__all__ = [
    "Model",
    "create_model",
    "known_models",
    "parse_model_args",
    "unheard_args",
]


class Model(Protocol):
    """Something that answers requests.

    `name` is the rows' `model`; `base_url` has no credentials. `price` is what a token costs,
    None where that is unknown. `made_by` names what made stored responses, where they are.
    `most_concurrent` requests are served at once, None for as many as are asked. `kinds` are
    what it can be asked for. `chat_template` is that of a model which completes text, None
    where it takes messages. `settings` decide what it replies beside its name and address.
    `batched_requests` is how many an engine that answers in batches wants in flight, None for
    the others; a request waits for its batch there, so that no time-out holds for it.
    """

    @property
    def name(self) -> str: ...
    @property
    def base_url(self) -> str | None: ...
    @property
    def price(self) -> Price | None: ...
    @property
    def made_by(self) -> str | None: ...
    @property
    def most_concurrent(self) -> int | None: ...
    @property
    def batched_requests(self) -> int | None: ...
    @property
    def settings(self) -> Mapping[str, Json]: ...
    @property
    def kinds(self) -> frozenset[RequestKind]: ...
    @property
    def chat_template(self) -> ChatTemplate | None: ...

    async def generate(self, request: Request) -> Reply:
        """Ask once. Raises RequestFailed, which says whether another try may help."""
        ...

    async def aclose(self) -> None:
        """Close connections and stop servers that the model started."""
        ...


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What `create_model` was asked for."""

    model_name: str | None
    model_args: Mapping[str, Json]
    task_root: Path | None
    timeout_s: float


def create_model(
    kind: str,
    model_name: str | None,
    model_args: Mapping[str, Json],
    *,
    task_root: Path | None = None,
    timeout_s: float = 600,
) -> Model:
    """The model of `kind`: `openai`, `litellm`, `curator`, `recorded`, `local`, one of lm-eval's,
    or a LiteLLM provider.

    `task_root` is where `recorded` looks for responses. `timeout_s` bounds one request.
    Raises UsageError for an unknown kind or argument, MissingExtra for a missing package.
    """
    refuse_redacted(model_args)
    wanted = _Wanted(model_name, model_args, task_root, timeout_s)
    if kind in _KINDS:
        return _KINDS[kind](wanted)
    if kind in LITELLM_NAMES:
        return _litellm(wanted)
    if kind in CHAT_CLIENTS:
        return _chat_client(kind, wanted)
    if kind in ENGINES:
        return _harness(kind, wanted)
    if kind in providers():
        prefixed = f"{kind}/{(model_name or '').removeprefix(f'{kind}/')}" if model_name else None
        return _litellm(_Wanted(prefixed, model_args, task_root, timeout_s))
    raise UsageError(f"--model: unknown model '{kind}'{did_you_mean(kind, known_models())}")


def known_models() -> list[str]:
    """The kinds of model that `create_model` takes, beside the providers of LiteLLM."""
    return sorted({*_KINDS, *CHAT_CLIENTS, *ENGINES, *LITELLM_NAMES, "anthropic", "gemini"})


def unheard_args(kind: str, model_args: Mapping[str, Json]) -> list[str]:
    """A line for what is given to every model of lm-eval, and is nothing to this one."""
    runs_code = kind in ENGINES or kind in CHAT_CLIENTS
    if runs_code or "trust_remote_code" not in model_args:
        return []
    return [f"trust_remote_code has no meaning for --model {kind}, and is left out"]


def _openai(wanted: _Wanted) -> Model:
    from evalwh.models.openai import OpenAIModel

    return OpenAIModel.from_args(wanted.model_name, wanted.model_args, timeout_s=wanted.timeout_s)


def _litellm(wanted: _Wanted) -> Model:
    from evalwh.models.litellm import LiteLLMModel

    return LiteLLMModel.from_args(wanted.model_name, wanted.model_args, timeout_s=wanted.timeout_s)


def _curator(wanted: _Wanted) -> Model:
    from evalwh.models.curator import CuratorModel

    return CuratorModel.from_args(wanted.model_name, wanted.model_args, timeout_s=wanted.timeout_s)


def _recorded(wanted: _Wanted) -> Model:
    from evalwh.models.recorded import RecordedModel

    return RecordedModel.from_args(wanted.model_name, wanted.model_args, task_root=wanted.task_root)


def _local(wanted: _Wanted) -> Model:
    from evalwh.models.local import LocalModel

    return LocalModel.from_args(wanted.model_name, wanted.model_args, timeout_s=wanted.timeout_s)


def _chat_client(kind: str, wanted: _Wanted) -> Model:
    from evalwh.models.harness_chat import HarnessChatModel

    return HarnessChatModel.from_args(
        kind, wanted.model_name, wanted.model_args, timeout_s=wanted.timeout_s
    )


def _harness(kind: str, wanted: _Wanted) -> Model:
    from evalwh.models.harness import HarnessModel

    return HarnessModel.from_args(
        kind, wanted.model_name, wanted.model_args, timeout_s=wanted.timeout_s
    )


_KINDS: Mapping[str, Callable[[_Wanted], Model]] = {
    "curator": _curator,
    "litellm": _litellm,
    "local": _local,
    "openai": _openai,
    "recorded": _recorded,
}
