"""Stored replies as lm-eval's responses: the Instances that its filters and metrics take.

A reply that is missing stays missing: it never becomes an empty text or a likelihood of 0.
"""

import json
import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

from lm_eval.api.instance import Instance
from lm_eval.api.task import Task

from evalwh.records import RequestKind

_REQUEST_TYPES = {
    "chat": "generate_until",
    "completion": "generate_until",
    "loglikelihood": "loglikelihood",
    "loglikelihood_rolling": "loglikelihood_rolling",
}


class StoredReply(NamedTuple):
    """The newest reply to one question of a doc, and of which kind the question was."""

    kind: RequestKind
    attempt: int
    response: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class AnsweredDoc:
    """A doc as the lm-eval task has it, and the replies about it by stage and repeat."""

    doc_key: int
    doc: Any
    replies: Mapping[tuple[str, int], StoredReply]

    @property
    def stages(self) -> list[str]:
        """The stages of its questions in the order they were asked: `choice_2` before `_10`."""
        return sorted({stage for stage, _repeat in self.replies}, key=_stage_order)

    @property
    def attempt(self) -> int:
        return max((reply.attempt for reply in self.replies.values()), default=0)


class Unanswered(Exception):
    """Why a doc can't be scored: a reply is missing or isn't what was asked for."""


def instances_of(task: Task, number: int, answered: AnsweredDoc, repeats: int) -> list[Instance]:
    """An Instance per question of the doc `number`, each with a response per repeat.

    The doc in them is a copy. Raises `Unanswered`.
    """
    stages = answered.stages
    doc = deepcopy(answered.doc)
    _require_all(task, answered, len(stages))
    return [
        Instance(
            request_type=_REQUEST_TYPES[_kind(answered, stage)],
            doc=doc,
            arguments=(),
            idx=index,
            metadata=(task.task_name, number, repeats),
            resps=[_response(answered, stage, repeat) for repeat in range(repeats)],
        )
        for index, stage in enumerate(stages)
    ]


def _kind(answered: AnsweredDoc, stage: str) -> str:
    return next(reply.kind for (name, _), reply in answered.replies.items() if name == stage)


def _require_all(task: Task, answered: AnsweredDoc, asked: int) -> None:
    """Fewer likelihoods than choices would pass for those of the first ones."""
    if not asked:
        raise Unanswered("it was never asked")
    if task.OUTPUT_TYPE == "multiple_choice" and hasattr(task, "doc_to_choice"):
        choices = len(task.doc_to_choice(deepcopy(answered.doc)))
        expected = choices * (2 if "acc_mutual_info" in task.aggregation() else 1)
        if asked < expected:
            raise Unanswered(f"{asked} of its {expected} questions were asked")
    numbers = [_stage_order(stage) for stage in answered.stages]
    if asked > 1 and [number for _name, number in numbers] != list(range(asked)):
        raise Unanswered("one of its questions was never asked")


def _response(answered: AnsweredDoc, stage: str, repeat: int) -> Any:
    reply = answered.replies.get((stage, repeat))
    if reply is None:
        raise Unanswered(f"repeat {repeat} was never asked")
    if reply.response is None:
        raise Unanswered(reply.error or "no response")
    if reply.kind in ("chat", "completion"):
        return reply.response
    likelihood = _likelihood(reply.response)
    if reply.kind == "loglikelihood_rolling":
        return likelihood["logprob"]
    return likelihood["logprob"], likelihood["is_greedy"]


def _likelihood(response: str) -> Mapping[str, Any]:
    """A stored log-likelihood; that of an impossible text is the word `-Infinity`."""
    try:
        read = json.loads(response)
        logprob = float(read["logprob"])
    except (ValueError, TypeError, KeyError) as error:
        raise Unanswered(f"not a log-likelihood: {response[:60]!r}") from error
    if math.isnan(logprob):
        raise Unanswered("its log-likelihood isn't a number")
    return {"logprob": logprob, "is_greedy": bool(read.get("is_greedy"))}


def _stage_order(stage: str) -> tuple[str, int]:
    name, _, number = stage.rpartition("_")
    return (name, int(number)) if number.isdigit() else (stage, 0)
