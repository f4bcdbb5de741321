"""Scores of an lm-eval task from stored replies: its filters make fields, its metrics scores.

lm-eval's own `apply_filters` and `process_results` do the work, without a model, so that the same
replies always give lm-eval's figures. It reads no warehouse and asks no model.

A task's functions are anyone's code: they get copies, what they print is dropped, and what they
raise is one doc's error. A doc with a missing reply is left out, with the reason beside it.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

from lm_eval.api.task import Task

from evalwh.harness.aggregation import (
    Aggregate,
    aggregate_of,
    alone,
    quiet,
    reason,
)
from evalwh.harness.columns import json_of
from evalwh.harness.filtering import INVALID, FilteredDoc, filter_names, filtered_docs
from evalwh.harness.measures import HarnessMeasure, measure_of
from evalwh.harness.plain import as_finite, as_number, spelled
from evalwh.harness.replies import AnsweredDoc
from evalwh.harness.seeds import RandomState
from evalwh.records import Field, Json, Score


class Item(NamedTuple):
    """What an aggregation takes of a doc, where that isn't the score itself; it is JSON."""

    field: str
    metric: str
    item: Json


@dataclass(frozen=True, slots=True)
class ScoredDoc:
    """A doc's fields, scores and items, of all its repeats together."""

    answered: AnsweredDoc
    fields: Sequence[Field]
    scores: Sequence[Score]
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class ScoredCell:
    """What the replies of a cell come to."""

    measures: Sequence[HarnessMeasure]
    docs: Sequence[ScoredDoc]
    aggregates: Sequence[Aggregate]


class _Outcome(NamedTuple):
    """What `process_results` gave for a doc and filter, or why it gave nothing."""

    values: Mapping[str, Any]
    error: str | None = None


def score_cell(task: Task, docs: Sequence[AnsweredDoc], repeats: int) -> ScoredCell:
    """Score the docs of a cell, in the task's order, each asked `repeats` times.

    A field per filter, a score per filter and key of what `process_results` gives.
    """
    with quiet(), RandomState().going_on():
        return _scored_cell(task, docs, repeats)


def _scored_cell(task: Task, docs: Sequence[AnsweredDoc], repeats: int) -> ScoredCell:
    filtered = filtered_docs(task, docs, repeats)
    outcomes = [
        {name: _process(task, doc, name) for name in filter_names(task)} for doc in filtered
    ]
    values = _values(task, outcomes)
    measures = {key: measure_of(task, *key, made) for key, made in values.items()}
    return ScoredCell(
        list(measures.values()),
        [
            _scored(task, doc, by_filter, measures)
            for doc, by_filter in zip(filtered, outcomes, strict=True)
        ],
        [aggregate_of(task, measures[key], made) for key, made in values.items() if made],
    )


def _process(task: Task, doc: FilteredDoc, name: str) -> _Outcome:
    if missing := doc.errors.get(name):
        return _Outcome({}, missing)
    try:
        copies = deepcopy(doc.answered.doc), deepcopy(list(doc.responses[name]))
        return _outcome(dict(task.process_results(*copies)))
    except BaseException as error:  # noqa: BLE001  a task's function is anyone's code
        return _Outcome({}, reason("process_results", error))


def _outcome(values: Mapping[Any, Any]) -> _Outcome:
    """What there is for the metrics by name; nothing, or a name that is none, is an error."""
    if not values:
        return _Outcome({}, "process_results: it gives no metric")
    for name in values:
        if not isinstance(name, str) or not name.isprintable() or not name.strip():
            return _Outcome({}, f"process_results: {name!r:.60} is no metric's name; give it text")
    return _Outcome(values)


def _values(
    task: Task, outcomes: Sequence[Mapping[str, _Outcome]]
) -> dict[tuple[str, str], list[Any]]:
    """What was made for each filter and metric, in the docs' order; the task's own metrics for a
    filter that made nothing."""
    values: dict[tuple[str, str], list[Any]] = {}
    for name in filter_names(task):
        made = [outcome.values for by_filter in outcomes if (outcome := by_filter[name]).values]
        metrics = dict.fromkeys(metric for each in made for metric in each)
        for metric in metrics or dict.fromkeys(task.aggregation() or {}):
            if metric != "bypass":
                values[name, metric] = [each[metric] for each in made if metric in each]
    return values


def _scored(
    task: Task,
    doc: FilteredDoc,
    outcomes: Mapping[str, _Outcome],
    measures: Mapping[tuple[str, str], HarnessMeasure],
) -> ScoredDoc:
    target = _target(task, doc)
    scores: list[Score] = []
    items: list[Item] = []
    for (name, metric), measure in measures.items():
        outcome = outcomes[name]
        if outcome.error is not None:
            scores.append(Score(name, metric, None, outcome.error))
        elif metric in outcome.values:
            value = outcome.values[metric]
            scores.append(_score(task, measure, value))
            if measure.aggregation == "perplexity" or as_number(value) is None:
                items.append(Item(name, metric, json_of(value)))
    fields = [_field(doc, name, target) for name in outcomes]
    return ScoredDoc(doc.answered, fields, scores, items)


def _score(task: Task, measure: HarnessMeasure, value: Any) -> Score:
    """A doc's score: the number that it has, else the aggregation of this doc alone."""
    number = as_number(value)
    if number is not None and measure.aggregation != "perplexity":
        if as_finite(number) is None:
            return Score(measure.field, measure.metric, None, f"{measure.metric} is {number}")
        return Score(measure.field, measure.metric, number)
    try:
        return Score(measure.field, measure.metric, alone(task, measure, value))
    except BaseException as error:  # noqa: BLE001  an aggregation is anyone's code
        return Score(measure.field, measure.metric, None, reason("of one doc alone", error))


def _field(doc: FilteredDoc, name: str, target: Json) -> Field:
    """The filter's response, a list of them where a doc has several questions."""
    if error := doc.errors.get(name):
        return Field(name, None, target, error)
    responses = doc.responses[name]
    value = responses[0] if len(responses) == 1 else responses
    if isinstance(value, str) and value == INVALID:
        return Field(name, None, target, f"the filter '{name}' found no answer")
    return Field(name, json_of(spelled(value)), target)


def _target(task: Task, doc: FilteredDoc) -> Json:
    try:
        return json_of(task.doc_to_target(deepcopy(doc.answered.doc)))
    except BaseException:  # noqa: BLE001  a task's function is anyone's code; a doc may have no target
        return None
