"""How fast and how far a generation may go: concurrency, rates, retries and time-outs."""

import random
import time
from dataclasses import dataclass
from typing import Any

from evalwh.records import Request

_CHARS_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 4
_EXPECTED_COMPLETION_TOKENS = 256

LONGEST_PAUSE_S = 600.0
"""The longest Retry-After that is waited for; a server that asks for more has given up."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the user allows.

    `num_concurrent` requests are in flight at most. `rpm` and `tpm` are requests and tokens a
    minute, None for no limit. A request is tried `1 + max_retries` times, each within
    `timeout_s`. `budget_usd` is never passed. When interrupted, requests in flight get
    `drain_s` to arrive, since they are paid for.
    """

    num_concurrent: int = 16
    rpm: float | None = None
    tpm: float | None = None
    max_retries: int = 5
    timeout_s: float = 600.0
    budget_usd: float | None = None
    first_backoff_s: float = 0.5
    longest_backoff_s: float = 30.0
    drain_s: float = 5.0

    def backoff_s(self, retry: int) -> float:
        """How long to wait before `retry` (from 1): exponential, with full jitter.

        Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        """
        ceiling = min(self.longest_backoff_s, self.first_backoff_s * 2.0 ** min(retry - 1, 30))
        return random.uniform(0.0, ceiling)


class Pace:
    """Spaces amounts evenly, so that no minute holds more than `per_minute` of them."""

    def __init__(self, per_minute: float) -> None:
        self._seconds_each = 60.0 / per_minute
        self._free_at = time.monotonic()

    def reserve_s(self, amount: float) -> float:
        """Take `amount` and give the seconds to wait before using it."""
        now = time.monotonic()
        start = max(now, self._free_at)
        self._free_at = start + amount * self._seconds_each
        return start - now

    def correct(self, amount: float) -> None:
        """Add `amount` to what was taken; a negative one gives back."""
        self._free_at += amount * self._seconds_each


def estimated_tokens(request: Request) -> int:
    """What a request is likely to take, prompt and reply: four characters a token."""
    return _text_chars(request) // _CHARS_PER_TOKEN + _overhead(request) + _expected(request)


def most_prompt_tokens(request: Request) -> int:
    """More tokens than any byte-level tokenizer makes of the prompt: one a byte."""
    return sum(_text_bytes(message.get("content")) for message in request.messages) + 4 * _overhead(
        request
    )


def max_tokens(request: Request) -> int | None:
    """The longest reply that the request allows, in tokens; None where it sets no limit."""
    for name in ("max_completion_tokens", "max_tokens"):
        value = request.params.get(name)
        if isinstance(value, int):
            return value
    return None


def _expected(request: Request) -> int:
    return min(max_tokens(request) or _EXPECTED_COMPLETION_TOKENS, _EXPECTED_COMPLETION_TOKENS)


def _overhead(request: Request) -> int:
    return _TOKENS_PER_MESSAGE * len(request.messages)


def _text_chars(request: Request) -> int:
    return sum(len(str(message.get("content"))) for message in request.messages)


def _text_bytes(content: Any) -> int:
    return len(str(content).encode("utf-8", "replace"))
