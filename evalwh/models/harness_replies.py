"""lm-eval's answers as replies, with the tokens they took."""

import inspect
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from evalwh.models.chat import token_count
from evalwh.models.harness_logprobs import MOST_LOGPROB, Unusable
from evalwh.records import Reply
from evalwh.valid_text import valid_text

IMPOSSIBLE = "-Infinity"
"""The log-likelihood of what a model gives a probability of 0, since JSON has no word for it."""


class Answered(NamedTuple):
    """An answer of lm-eval's to one question, and the time since the batch was handed over."""

    question: str
    arguments: tuple[object, ...]
    answer: Any
    latency_ms: float


class Usage:
    """What a server says it counted, added up over the payloads of one request."""

    def __init__(self) -> None:
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self.finish_reason: str | None = None

    def add(self, payload: Any) -> None:
        """Take in a payload of OpenAI's completions or of Anthropic's messages."""
        if not isinstance(payload, Mapping):
            return
        usage = payload.get("usage")
        if isinstance(usage, Mapping):
            self.prompt_tokens = _sum(self.prompt_tokens, usage, "prompt_tokens", "input_tokens")
            self.completion_tokens = _sum(
                self.completion_tokens, usage, "completion_tokens", "output_tokens"
            )
        reason = payload.get("stop_reason") or _finish_reason(payload.get("choices"))
        self.finish_reason = reason if isinstance(reason, str) else self.finish_reason


class Tokens:
    """Counts tokens by a model's own tokenizer, where it has one on this machine."""

    def __init__(self, model: Any) -> None:
        self._model = model
        tokenizer = tokenizer_of(model)
        self._can_count = tokenizer is not None and type(tokenizer).__name__ != "RemoteTokenizer"
        self._decoded = _Decoded("", 0)

    def listen(self) -> None:
        """Note what lm-eval's own engine decodes: the tokens of a text can't be told from it."""
        decode = self._model.tok_decode
        special = frozenset(tokenizer_of(self._model).all_special_ids)

        def noting(tokens: Any, **options: Any) -> Any:
            text = decode(tokens, **options)
            if isinstance(tokens, list):
                self._decoded = _Decoded(text, sum(token not in special for token in tokens))
            return text

        self._model.tok_decode = noting

    def of_prompt(self, *texts: object) -> int | None:
        """How many tokens the texts in a row are; None where nothing counts them."""
        if not self._can_count or not all(isinstance(text, str) for text in texts):
            return None
        return self._count("".join(map(str, texts)))

    def of_generated(self, text: str | None, options: Any) -> int | None:
        """How many tokens a text generated with lm-eval's `options` is, special ones left out.

        Exact where it was the last one decoded, else an estimate: no more than what it was cut
        out of, and than what could be generated.
        """
        if not self._can_count or text is None:
            return None
        if text == self._decoded.text:
            return self._decoded.tokens
        counted = self._count(text, add_special_tokens=False) if text else 0
        if counted is None:
            return None
        limit = options.get("max_gen_toks", getattr(self._model, "max_gen_toks", None))
        whole = self._decoded.tokens if self._decoded.text.startswith(text) else None
        return min([counted, *(most for most in (limit, whole) if isinstance(most, int))])

    def _count(self, text: str, **options: bool) -> int | None:
        try:
            return len(self._model.tok_encode(text, **options))
        except Exception:  # noqa: BLE001  a tokenizer is anyone's code, a count not worth a reply
            return None


class _Decoded(NamedTuple):
    """A text that was generated, and how many tokens it is of."""

    text: str
    tokens: int


def tokenizer_of(model: Any) -> Any:
    """The tokenizer that came with a model; lm-eval's `dummy` would download one when asked."""
    tokenizer = inspect.getattr_static(model, "tokenizer", None)
    return None if isinstance(tokenizer, property) else tokenizer


def reply_of(
    answered: Answered, *, tokens: Tokens, usage: Usage, billed_usd: float | None
) -> Reply:
    """The reply that an answer is. A server's counts win over our own."""
    response, error = _response(answered.question, answered.answer)
    prompt_tokens, completion_tokens = usage.prompt_tokens, usage.completion_tokens
    if prompt_tokens is None:
        generates = answered.question == "generate_until"
        prompt_tokens = tokens.of_prompt(*answered.arguments[: 1 if generates else None])
        options = answered.arguments[1] if generates else {}
        completion_tokens = tokens.of_generated(response if generates else "", options)
    return Reply(
        response=response,
        error=error,
        finish_reason=usage.finish_reason,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        latency_ms=answered.latency_ms,
        billed_usd=billed_usd,
    )


def _response(question: str, answer: Any) -> tuple[str | None, str | None]:
    """The response that is stored, or the error."""
    if question == "generate_until":
        return (valid_text(answer), None) if isinstance(answer, str) else (None, "null content")
    if question == "loglikelihood":
        logprob, greedy = answer[0], {"is_greedy": bool(answer[1])}
    else:
        logprob, greedy = answer[0] if isinstance(answer, tuple) else answer, {}
    if isinstance(logprob, Unusable):
        return None, logprob.reason
    logprob = float(logprob)
    if math.isnan(logprob) or logprob > MOST_LOGPROB:
        return None, f"the model gave {logprob} as a log-likelihood"
    said = IMPOSSIBLE if logprob == -math.inf else logprob
    return orjson.dumps({"logprob": said, **greedy}).decode(), None


def _sum(before: int | None, usage: Mapping[str, Any], *names: str) -> int | None:
    count = next((token_count(usage[name]) for name in names if name in usage), None)
    return before if count is None else count + (before or 0)


def _finish_reason(choices: Any) -> Any:
    first = choices[0] if isinstance(choices, list) and choices else None
    return first.get("finish_reason") if isinstance(first, Mapping) else None
