"""What a run would ask and cost, before anything is sent. Sends nothing, stores nothing.

A reply's length isn't known: `low` takes the mean of earlier replies of the same model about the
same dataset, `high` the longest that a request allows.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evalwh.fields import extract_fields
from evalwh.generation.limits import max_tokens
from evalwh.metrics.judge import judge_messages, rubric_of
from evalwh.models import Model
from evalwh.models.token_counts import CountTokens, estimated_tokens, token_counter
from evalwh.pipeline.config import RunConfig
from evalwh.pipeline.invocation import Invocation
from evalwh.pipeline.matrix import NOTHING, Case, Cell, Job, Stored, cells_of, jobs_of
from evalwh.pipeline.measures import Measure, measures_of
from evalwh.pipeline.parts import Part
from evalwh.pipeline.planning import plan
from evalwh.pipeline.prices import known_price
from evalwh.pipeline.reads import earlier_replies, stored_replies
from evalwh.pipeline.reuse import ReplyCache
from evalwh.prices import Price
from evalwh.records import Doc, Request, Role

_CHUNK = 2_000


@dataclass(slots=True)
class Estimate:
    """What one model is asked about one dataset, as a model or as a judge.

    `earlier_replies` is how many the mean of completion tokens is of, 0 where it isn't known.
    The longest reply is None where neither the requests nor the model's entry says it, and
    `most_a_reply` is the longest of any request. `counted` says whether the model's own tokenizer
    counted.
    """

    role: Role
    model: str
    dataset: str
    price: Price | None
    counted: bool
    earlier_replies: int = 0
    mean_completion_tokens: float | None = None
    requests: int = 0
    prompt_tokens: int = 0
    most_completion_tokens: int | None = 0
    most_a_reply: int = 0

    @property
    def least_completion_tokens(self) -> int:
        return round(self.requests * (self.mean_completion_tokens or 0.0))

    @property
    def low_usd(self) -> float | None:
        return self._usd(self.least_completion_tokens)

    @property
    def high_usd(self) -> float | None:
        return self._usd(self.most_completion_tokens)

    def add(self, prompt_tokens: int, longest_reply: int | None, times: int) -> None:
        """Count a request that is sent so often."""
        longest = longest_reply or (self.price.max_completion_tokens if self.price else None)
        self.requests += times
        self.prompt_tokens += prompt_tokens * times
        self.most_a_reply = max(self.most_a_reply, longest or 0)
        if longest is None or self.most_completion_tokens is None:
            self.most_completion_tokens = None
        else:
            self.most_completion_tokens += longest * times

    def _usd(self, completion_tokens: int | None) -> float | None:
        if self.price is None or completion_tokens is None:
            return None
        return self.price.cost_usd(self.prompt_tokens, completion_tokens)


def estimate_run(
    invocation: Invocation, config: RunConfig, run_id: str | None = None
) -> list[Estimate]:
    """An estimate by role, model and dataset; of what `run_id` lacks where it goes on with one.

    Raises what the run would raise before its first request.
    """
    _parts, models, judge = plan(invocation, config)
    estimating = _Estimating(invocation, config, run_id)
    for model, asked_parts in models:
        estimating.count_model(model, cells_of(run_id or "", model.name, asked_parts))
        if judge and not config.predict_only:
            estimating.count_judge(judge, [each for each in asked_parts if _is_scored(each)])
    return list(estimating.estimates.values())


class _Placeholders(Mapping[Case, Mapping[str, str]]):
    """Replies to every earlier turn of any case, none of which is known yet."""

    def __init__(self, turn: int) -> None:
        self._replies = {f"turn_{number}": "" for number in range(1, turn + 1)}

    def __getitem__(self, case: Case) -> Mapping[str, str]:
        return self._replies

    def __iter__(self) -> Iterator[Case]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass(slots=True)
class _Estimating:
    """Estimates being counted, and what they are made with."""

    invocation: Invocation
    config: RunConfig
    run_id: str | None
    estimates: dict[tuple[str, str, str], Estimate] = field(default_factory=dict)
    _earlier: Mapping[tuple[str, str, str], tuple[int, float]] | None = None
    _counters: dict[str, CountTokens | None] = field(default_factory=dict)

    def count_model(self, model: Model, cells: Sequence[Cell]) -> None:
        """Count what `model` is asked in the cells."""
        parts = {cell.key: cell.part for cell in cells}
        for part in parts.values():
            self._estimate("model", model, part.task.dataset)
        # Repeats are alike unless some are answered: one is counted for all.
        is_once = not self.run_id and not self._reuses(model)
        if is_once:
            cells = _asked_once(cells)
        for job in self._unknown(self._jobs(model, cells), model):
            part = parts[job.case.cell_key]
            estimate = self._estimate("model", model, part.task.dataset)
            self._add(estimate, job.request, part.repeats if is_once else 1)

    def count_judge(self, judge: Model, parts: Sequence[Part]) -> None:
        """Count what `judge` is asked about the replies to the parts, each taken to be right."""
        for part in parts:
            measures = [
                each for each in measures_of(part.task.fields, judge.name) if each.is_judged
            ]
            if not measures:
                continue
            estimate = self._estimate("judge", judge, part.task.dataset)
            for doc in part.task.docs(part.split, part.limit):
                for request in _judged(part, doc, measures, judge.name):
                    self._add(estimate, request, len(part.prompts) * part.repeats)

    def _jobs(self, model: Model, cells: Sequence[Cell]) -> Iterator[Job]:
        stored = NOTHING
        if self.run_id:
            stored = stored_replies(self.invocation.warehouse, self.run_id)
        for turn in range(max((cell.part.task.turns for cell in cells), default=0)):
            known = Stored(stored.asked, _Placeholders(turn))
            yield from jobs_of(cells, model, self.config, known, turn)

    def _unknown(self, jobs: Iterable[Job], model: Model) -> Iterator[Job]:
        """The jobs that no stored reply answers."""
        if not self._reuses(model):
            yield from jobs
            return
        cache, asked, rest = ReplyCache(self.invocation.warehouse), set[str](), iter(jobs)
        while chunk := list(itertools.islice(rest, _CHUNK)):
            hashes = [job.request.request_hash for job in chunk]
            asked |= cache.read(hashes).keys()
            for job, request_hash in zip(chunk, hashes, strict=True):
                if request_hash not in asked:
                    asked.add(request_hash)
                    yield job

    def _reuses(self, model: Model) -> bool:
        """Whether stored replies of other runs answer requests to `model`."""
        is_on = self.invocation.use_cache and not model.made_by
        return is_on and self.invocation.warehouse.path.exists()

    def _estimate(self, role: Role, model: Model, dataset: str) -> Estimate:
        key = (role, model.name, dataset)
        if key not in self.estimates:
            replies, mean = self._earlier_of(key)
            counted = self._counter(model.name) is not None
            price = known_price(self.invocation.warehouse, model)
            self.estimates[key] = Estimate(*key, price, counted, replies, mean)
        return self.estimates[key]

    def _earlier_of(self, key: tuple[str, str, str]) -> tuple[int, float | None]:
        if self._earlier is None:
            warehouse = self.invocation.warehouse
            self._earlier = earlier_replies(warehouse) if warehouse.path.exists() else {}
        return self._earlier.get(key, (0, None))

    def _counter(self, model: str) -> CountTokens | None:
        if model not in self._counters:
            self._counters[model] = token_counter(model)
        return self._counters[model]

    def _add(self, estimate: Estimate, request: Request, times: int) -> None:
        count = self._counter(estimate.model) or estimated_tokens
        estimate.add(count(request.messages), max_tokens(request), times)


def _asked_once(cells: Sequence[Cell]) -> list[Cell]:
    """The cells without their repeats; those of one part still share theirs."""
    parts = {id(cell.part): replace(cell.part, repeats=1) for cell in cells}
    return [replace(cell, part=parts[id(cell.part)]) for cell in cells]


def _is_scored(part: Part) -> bool:
    """Whether a judge may be asked about it: lm-eval's tasks are scored by lm-eval's metrics."""
    return part.split == "test" and part.task.kind == "folder"


def _judged(part: Part, doc: Doc, measures: Sequence[Measure], judge: str) -> Iterator[Request]:
    """What a judge is asked about a reply like the target."""
    question = str(doc.columns)
    fields = extract_fields(part.task.fields, part.task.json_fields, None, None, doc.target)
    for measure, each in itertools.product(measures, fields):
        metric = measure.plan.metric
        is_judged = each.target is not None or not metric.needs_target
        if measure.plan.field == each.name and is_judged:
            options = measure.plan.options
            messages = judge_messages(
                metric.name, each.target or "", each.target, question, options=options
            )
            yield Request(judge, messages, rubric_of(metric.name, options).params())
