"""Reads a chat completion, as OpenAI's API and those that copy it send it, into a Reply."""

import json
import sys
from typing import Any

import orjson

from evalwh.errors import RequestFailed
from evalwh.records import Reply
from evalwh.valid_text import valid_json

_SHOWN_CHARS = 80
_MOST_TOKENS = 10**12


def read_json(data: bytes, where: str) -> Any:
    """`data` as JSON, with valid text only (see `read_text_json`).

    Raises RequestFailed with the first 80 characters of what isn't JSON; what begins as JSON
    is half a response, which another try may complete.
    """
    try:
        return read_text_json(data)
    except (ValueError, RecursionError):
        raise _not_json(data.decode("utf-8", "replace"), where) from None


def read_text_json(data: bytes) -> Any:
    """`data` as JSON; what is no valid Unicode in it, as lone surrogates are, becomes U+FFFD.

    Raises ValueError for what isn't JSON.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        # orjson refuses lone surrogates, which models do send; the slower parser takes them.
        return valid_json(json.loads(data.decode("utf-8", "replace")))


def chat_reply(payload: Any, where: str, latency_ms: float) -> Reply:
    """The Reply in a chat completion's JSON. Raises RequestFailed where there is none in it.

    A part of the choice that can't be read is the reply's error; a figure of its usage that
    can't be one is None, since the response is paid for all the same.
    """
    choice = _first_choice(payload, where)
    finish_reason = choice.get("finish_reason")
    response, error = _response(choice.get("message"), finish_reason)
    usage = payload.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return Reply(
        response=response,
        error=error,
        finish_reason=finish_reason if isinstance(finish_reason, str) else None,
        prompt_tokens=token_count(usage.get("prompt_tokens")),
        completion_tokens=token_count(usage.get("completion_tokens")),
        latency_ms=latency_ms,
        billed_usd=_cost_usd(usage.get("cost")),
    )


def token_count(value: Any) -> int | None:
    """`value` if it can be a number of tokens: a whole one, 0..10^12."""
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and 0 <= value <= _MOST_TOKENS else None


def error_message(payload: Any) -> str | None:
    """What a provider's error object says: OpenAI's, vLLM's, FastAPI's or Ollama's."""
    if not isinstance(payload, dict):
        return None
    error = payload.get("error", payload.get("detail", payload.get("message")))
    if isinstance(error, dict):
        error = error.get("message") or error.get("code") or error
    return None if error is None else str(error)


def one_line(text: str, chars: int = _SHOWN_CHARS) -> str:
    """`text` without line breaks, cut to `chars`."""
    # The cut comes first: a page of a few MB needs no splitting.
    words = " ".join(text[: 4 * chars].split())
    return words if len(words) <= chars else words[:chars] + "…"


def _first_choice(payload: Any, where: str) -> dict[str, Any]:
    if not isinstance(payload, dict):
        raise RequestFailed(f"{where}: no chat completion came back but {_shown(payload)}")
    choices = payload.get("choices")
    if choices and isinstance(choices, list) and isinstance(choices[0], dict):
        first: dict[str, Any] = choices[0]
        return first
    message = error_message(payload)
    if message is None:
        raise RequestFailed(f"{where}: the reply has no choices: {_shown(payload)}")
    status = _status_in(payload)
    raise RequestFailed(
        f"{where}: status 200 but an error: {one_line(message, 200)}",
        retry=status is not None and (status == 429 or status >= 500),
        status=status,
    )


def _response(message: Any, finish_reason: Any) -> tuple[str | None, str | None]:
    """Response and error; one of them is None."""
    message = {} if message is None else message
    if not isinstance(message, dict):
        return None, f"message is {type(message).__name__}, no object: {_shown(message)}"
    if not isinstance(finish_reason, str | None):
        shown = _shown(finish_reason)
        return None, f"finish_reason is {type(finish_reason).__name__}, not text: {shown}"
    content = message.get("content")
    if isinstance(content, list):
        content = _joined_parts(content)
    if message.get("refusal"):
        return None, f"refusal: {one_line(str(message['refusal']), 500)}"
    if message.get("tool_calls") and not content:
        return _tool_calls(message["tool_calls"])
    if content is None:
        return None, f"null content (finish_reason {finish_reason})"
    if not isinstance(content, str):
        return None, f"content is {type(content).__name__}, not text: {_shown(content)}"
    return content, None


def _tool_calls(calls: Any) -> tuple[str | None, str | None]:
    try:
        return orjson.dumps({"tool_calls": calls}).decode(), None
    except orjson.JSONEncodeError as error:
        return None, f"tool_calls can't be stored: {error}"


def _joined_parts(parts: list[Any]) -> str | None:
    texts = [part["text"] for part in parts if isinstance(part, dict) and "text" in part]
    return "".join(map(str, texts)) if texts else None


def _cost_usd(cost: Any) -> float | None:
    """What the provider says it charged (OpenRouter and LiteLLM's proxy do), in USD."""
    if isinstance(cost, bool) or not isinstance(cost, int | float):
        return None
    # The bound also keeps out NaN, and whole numbers that no float can hold.
    return float(cost) if 0 <= cost <= sys.float_info.max else None


def _status_in(payload: dict[str, Any]) -> int | None:
    error = payload.get("error")
    code = error.get("code") if isinstance(error, dict) else payload.get("code")
    return code if isinstance(code, int) else None


def _not_json(text: str, where: str) -> RequestFailed:
    begins_as_json = text.lstrip()[:1] in ("{", "[")
    what = "half a response" if begins_as_json else "no JSON" if text.strip() else "nothing"
    shown = f": {one_line(text)}" if text.strip() else ""
    return RequestFailed(
        f"{where}: {what} came back{shown}", retry=begins_as_json or not text.strip(), status=200
    )


def _shown(value: Any) -> str:
    try:
        return one_line(json.dumps(value, ensure_ascii=False, default=str))
    except RecursionError:
        return f"a deeply nested {type(value).__name__}"
