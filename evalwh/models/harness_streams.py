"""Hears of lm-eval's answers before it hands them over: each answer of a batch, each payload.

lm-eval tells a cache every answer as it has it; here that makes a reply durable at once,
though it is one of a large batch.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from evalwh.models.harness_logprobs import checked

NULL = object()
"""The answer where a server sent no text."""


class Prepared(Protocol):
    """What is waiting: lm-eval's arguments for it."""

    @property
    def arguments(self) -> tuple[object, ...]: ...


P = TypeVar("P", bound=Prepared)


class Streaming:
    """Stands in for lm-eval's cache; `take` gets each answer of a batch that it can tell apart.

    Of requests that are asked alike each gets an answer of its own, by its place in the batch.
    """

    def __init__(self, question: str, batch: Sequence[P], take: Callable[[P, Any], None]) -> None:
        self._question = question
        self._take = take
        keys = [repr(each.arguments) for each in batch]
        count = Counter(keys)
        pairs = zip(keys, batch, strict=True)
        self._waiting = {key: each for key, each in pairs if count[key] == 1}

    def add_partial(self, question: str, arguments: Any, answer: Any) -> None:
        """lm-eval's call; windows of a rolling likelihood come with no arguments."""
        if question != self._question or arguments is None:
            return
        waiting = self._waiting.pop(repr(tuple(arguments)), None)
        if waiting is not None:
            self._take(waiting, answer)


def listen(model: Any, heard: Any) -> None:
    """Have an API model add what its server says of tokens to `heard.heard`, per thread.

    What lm-eval would take for an answer though it is none comes as `NULL` or `Unusable`. The
    model's tokenizer is then used by one thread at a time.
    """
    model.parse_generations = _told_apart(_overhear(model.parse_generations, heard))
    model.parse_logprobs = checked(_overhear(model.parse_logprobs, heard))
    model.tok_encode = _one_at_a_time(model.tok_encode)


def _overhear(parse: Callable[..., Any], heard: Any) -> Callable[..., Any]:
    def parsed(outputs: Any, **options: Any) -> Any:
        for payload in outputs if isinstance(outputs, list) else [outputs]:
            heard.heard.add(payload)
        return parse(outputs=outputs, **options)

    return parsed


def _told_apart(parse: Callable[..., Any]) -> Callable[..., Any]:
    """Nulls as `NULL`: lm-eval fills in an empty text, which is an answer too."""

    def parsed(outputs: Any, **options: Any) -> Any:
        return [NULL if text is None else text for text in parse(outputs=outputs, **options)]

    return parsed


def _one_at_a_time(function: Callable[..., Any]) -> Callable[..., Any]:
    lock = threading.Lock()

    def called(*arguments: Any, **options: Any) -> Any:
        with lock:
            return function(*arguments, **options)

    return called
