"""Holds a server's log-probabilities to the tokens that it was sent, before lm-eval adds them up.

lm-eval cuts the list at the places of its own tokens: of one that is too short nothing is left,
and the sum is 0, the best there is.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Self

MOST_LOGPROB = 1e-3
"""Above 0 by more than float noise, no logarithm of a probability is."""


class Unusable(float):
    """A log-likelihood that is none, and the `reason`; a sum that it is in is one too."""

    reason: str

    def __new__(cls, reason: str) -> Self:
        self = super().__new__(cls, math.nan)
        self.reason = reason
        return self

    def __add__(self, _other: object) -> Self:
        return self

    __radd__ = __add__


class _Scored(NamedTuple):
    """The log-probabilities of one sequence, and how many tokens they are of beside those sent."""

    logprobs: Sequence[Any]
    tops: Sequence[Any]
    generated: int


def checked(parse: Callable[..., Any]) -> Callable[..., Any]:
    """lm-eval's `parse`, with an `Unusable` log-likelihood where those of the tokens are wrong."""

    def parsed(outputs: Any, **options: Any) -> Any:
        scored = _scored(outputs if isinstance(outputs, list) else [outputs])
        faults = list(map(_fault, scored, options["tokens"], options["ctxlens"]))
        # What has no sound sequence may be nothing that lm-eval can read.
        answers = parse(outputs=outputs, **options) if None in faults else faults
        return [
            answer if fault is None else (Unusable(fault), False)
            for answer, fault in zip(answers, faults, strict=False)
        ]

    return parsed


def _scored(outputs: Sequence[Any]) -> Iterator[_Scored]:
    """Each sequence, in the order of what was sent; SGLang sends one an output."""
    for output in outputs:
        if "choices" not in output:
            said = output["meta_info"]
            logprobs = [each[0] for each in said["input_token_logprobs"]]
            yield _Scored(logprobs, said["input_top_logprobs"], 0)
            continue
        for choice in sorted(output["choices"], key=itemgetter("index")):
            said = choice.get("logprobs") or {}
            yield _Scored(said.get("token_logprobs") or (), said.get("top_logprobs") or (), 1)


def _fault(scored: _Scored, tokens: Sequence[int], context: int) -> str | None:
    due = len(tokens) + scored.generated
    for given in (len(scored.logprobs), len(scored.tops)):
        if given != due:
            return (
                f"the server gave log-probabilities of {given} tokens for the {due} that were sent "
                "and generated; its tokenizer may be another than tokenizer="
            )
    summed = scored.logprobs[context : len(tokens)]
    wrong = [each for each in summed if not isinstance(each, int | float) or each > MOST_LOGPROB]
    return f"the server gave {json.dumps(wrong[0])} as a log-probability" if wrong else None
