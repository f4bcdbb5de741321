"""Judges walk the way of any request: their replies are generations, stored and never asked twice.

A page's questions are asked in rounds: all first attempts together, then those whose reply
could not be used, with the reason, up to `MAX_ATTEMPTS`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from evalwh.errors import MetricError, RequestFailed
from evalwh.generation import Progress
from evalwh.metrics import unscorable
from evalwh.metrics.judge import MAX_ATTEMPTS, Turn, judge_messages, parse_judgement, rubric_of
from evalwh.models import Model
from evalwh.pipeline.asking import Asker
from evalwh.pipeline.matrix import Case, Job
from evalwh.pipeline.measures import Measure
from evalwh.pipeline.reads import Judgement, Scorable
from evalwh.prices import Price
from evalwh.records import Field, Json, Reply, Request, Score


@dataclass(frozen=True, slots=True)
class Judge:
    """A judge model, what asks it, and the sampling parameters that were set for it."""

    model: Model
    asker: Asker
    progress: Progress
    price: Price | None = None
    params: Mapping[str, Json] = field(default_factory=dict)
    outcomes: Counter[str | None] = field(default_factory=Counter)
    """Questions by why they have no score; None counts those that have one."""


class Question(NamedTuple):
    """A field to be judged by a measure; `text` is what the evaluated model was asked.

    `earlier` are the turns of the conversation before that.
    """

    case: Case
    measure: Measure
    field: Field
    text: str
    earlier: Sequence[Turn] = ()

    @property
    def unscorable(self) -> str | None:
        return unscorable(self.field, self.measure.plan.metric)

    def scored(self, score: float | None, error: str | None = None) -> Score:
        return Score(self.field.name, self.measure.plan.metric.name, score, error)


def question_of(
    measure: Measure,
    scorable: Scorable,
    field: Field,
    turns: int,
) -> Question:
    """A field to be judged; one of an earlier turn as the conversation stood then."""
    earlier, last = scorable.exchanges(turns)
    if not earlier:
        return Question(scorable.case, measure, field, last)
    number = int(field.name.removeprefix("turn_"))
    asked = [*(question for question, _reply in earlier), last]
    targets = scorable.target if isinstance(scorable.target, dict) else {}
    before = [
        Turn(question, reply, targets.get(f"turn_{turn}"))
        for turn, (question, reply) in enumerate(earlier[: number - 1], 1)
    ]
    return Question(scorable.case, measure, field, asked[number - 1], before)


class _Answer(NamedTuple):
    """A judge's reply to a question, or why there is none."""

    response: str | None
    error: str | None


@dataclass(slots=True)
class _Dialogue:
    """A question's way through the rounds: what is stored of it, and how the last one failed."""

    question: Question
    stored: Mapping[str, str]
    attempts: int
    error: str | None = None
    score: Score | None = None


async def judge_page(
    judge: Judge,
    questions: Sequence[Question],
    stored: Mapping[tuple[Case, str], Sequence[Judgement]],
) -> list[Score]:
    """A score for each question, in order; None with the reason where the judge gave none.

    `stored` is what was asked before: an identical request is answered from it.
    """
    dialogues = [
        _opened(question, stored.get((question.case, question.measure.stage), ()))
        for question in questions
    ]
    for attempt in range(1, MAX_ATTEMPTS + 1):
        waiting = [dialogue for dialogue in dialogues if dialogue.score is None]
        await _round(judge, waiting, attempt)
    scores = [each.score or each.question.scored(None, each.error) for each in dialogues]
    judge.outcomes.update(
        score.error
        for score, question in zip(scores, questions, strict=True)
        if question.unscorable is None
    )
    return scores


def useless(judge: Judge) -> str | None:
    """What is wrong with a judge that gave no question a score; None if it gave one."""
    asked = judge.outcomes.total()
    if not asked or None in judge.outcomes:
        return None
    [(reason, _count)] = judge.outcomes.most_common(1)
    return f"judge {judge.model.name} gave no usable score for {asked} of {asked}: {reason}"


def _opened(question: Question, stored: Sequence[Judgement]) -> _Dialogue:
    usable = {each.request_hash: each.response for each in stored if each.response is not None}
    attempts = max((each.attempt for each in stored), default=0)
    dialogue = _Dialogue(question, usable, attempts)
    if reason := question.unscorable:
        dialogue.score = question.scored(None, reason)
    return dialogue


async def _round(judge: Judge, waiting: Sequence[_Dialogue], attempt: int) -> None:
    """Ask once what isn't answered from what is stored, and settle what can be."""
    requests = {id(dialogue): _request(judge, dialogue, attempt) for dialogue in waiting}
    answers: dict[int, _Answer] = {}
    for dialogue in waiting:
        reply = dialogue.stored.get(requests[id(dialogue)].request_hash)
        if reply is not None:
            answers[id(dialogue)] = _Answer(reply, None)
    unasked = [dialogue for dialogue in waiting if id(dialogue) not in answers]
    owners = {(each.question.case, each.question.measure.stage): id(each) for each in unasked}

    def on_reply(job: Job, reply: Reply) -> None:
        answers[owners[job.case, job.request.stage]] = _Answer(reply.response, reply.error)

    try:
        await judge.asker.ask(
            judge.model,
            _jobs(unasked, requests),
            price=judge.price,
            progress=judge.progress,
            on_reply=on_reply,
        )
    except RequestFailed as failure:
        # The evaluated model may have the same name, and had answered.
        failure.args = (f"judge: {failure}; --judge_args sets it up",)
        raise
    for dialogue in waiting:
        _settle(dialogue, answers[id(dialogue)])


def _jobs(dialogues: Sequence[_Dialogue], requests: Mapping[int, Request]) -> Iterator[Job]:
    for dialogue in dialogues:
        dialogue.attempts += 1
        yield Job(
            dialogue.question.case,
            "judge",
            dialogue.attempts,
            requests[id(dialogue)],
        )


def _settle(dialogue: _Dialogue, answer: _Answer) -> None:
    metric = dialogue.question.measure.plan.metric.name
    if answer.response is None:
        dialogue.score = dialogue.question.scored(None, f"judge: {answer.error}")
        return
    try:
        score = parse_judgement(metric, answer.response)
    except MetricError as error:
        dialogue.error = str(error)
    else:
        dialogue.score = dialogue.question.scored(score)


def _request(judge: Judge, dialogue: _Dialogue, attempt: int) -> Request:
    question, plan = dialogue.question, dialogue.question.measure.plan
    return Request(
        model=judge.model.name,
        messages=judge_messages(
            plan.metric.name,
            question.field.value,
            question.field.target,
            question.text,
            attempt,
            dialogue.error,
            earlier=question.earlier,
            options=plan.options,
        ),
        params={**rubric_of(plan.metric.name, plan.options).params(), **judge.params},
        base_url=judge.model.base_url,
        repeat=question.case.repeat,
        stage=question.measure.stage,
        settings=judge.model.settings,
    )
