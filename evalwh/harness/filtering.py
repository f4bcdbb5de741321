"""lm-eval's filters over the replies of a cell, so that one bad reply is one doc's error."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from lm_eval.api.filter import FilterEnsemble
from lm_eval.api.instance import Instance
from lm_eval.api.task import Task

from evalwh.harness.own_code import raised
from evalwh.harness.replies import AnsweredDoc, Unanswered, instances_of

Instances: TypeAlias = Sequence[Instance]
INVALID = "[invalid]"
"""What lm-eval's filters give where they find no answer, unless the task says otherwise."""


@dataclass(frozen=True, slots=True)
class FilteredDoc:
    """A doc after the filters: what each gave per question, or why it gave nothing."""

    answered: AnsweredDoc
    responses: Mapping[str, Sequence[Any]]
    errors: Mapping[str, str]


def filter_names(task: Task) -> list[str]:
    """The names of a task's filters, in its order."""
    return [ensemble.name for ensemble in task._filters]


def filtered_docs(task: Task, docs: Sequence[AnsweredDoc], repeats: int) -> list[FilteredDoc]:
    """Every doc with what the filters made of its replies; a doc without all of them is left out
    of what the filters see."""
    built = [_built(task, number, doc, repeats) for number, doc in enumerate(docs)]
    complete = [instances for instances in built if not isinstance(instances, str)]
    failed = _apply(task, complete)
    return [
        _filtered(task, doc, instances, failed) for doc, instances in zip(docs, built, strict=True)
    ]


def _built(task: Task, number: int, doc: AnsweredDoc, repeats: int) -> list[Instance] | str:
    try:
        return instances_of(task, number, doc, repeats)
    except Unanswered as error:
        return str(error)


def _filtered(
    task: Task,
    doc: AnsweredDoc,
    instances: list[Instance] | str,
    failed: Mapping[tuple[int, str], str],
) -> FilteredDoc:
    names = filter_names(task)
    if isinstance(instances, str):
        return FilteredDoc(doc, {}, dict.fromkeys(names, instances))
    errors = {
        name: failed[id(instances), name] for name in names if (id(instances), name) in failed
    }
    return FilteredDoc(
        doc,
        {
            name: [instance.filtered_resps[name] for instance in instances]
            for name in names
            if name not in errors
        },
        errors,
    )


def _apply(task: Task, docs: Sequence[Instances]) -> dict[tuple[int, str], str]:
    """Apply the filters; what failed, by the identity of a doc's instances and the filter."""
    if not docs:
        return {}
    failed = {}
    task._instances = _all(docs)
    try:
        task.apply_filters()
    except BaseException:  # noqa: BLE001  anyone's code; doc by doc shows who failed
        for ensemble in task._filters:
            failed.update(_apply_by_doc(ensemble, docs))
    finally:
        task._instances = None
    for ensemble in task._filters:
        # One that dropped a doc gave each doc after it the response to the next.
        if any(_lacks(ensemble, instances, failed) for instances in docs):
            _forget(ensemble, docs)
            failed.update(_apply_by_doc(ensemble, docs))
    return failed


def _lacks(
    ensemble: FilterEnsemble, instances: Instances, failed: Mapping[tuple[int, str], str]
) -> bool:
    """Whether a filter that didn't fail gave no response to one of a doc's questions."""
    is_failed = (id(instances), ensemble.name) in failed
    return not is_failed and any(ensemble.name not in each.filtered_resps for each in instances)


def _forget(ensemble: FilterEnsemble, docs: Sequence[Instances]) -> None:
    for instance in _all(docs):
        instance.filtered_resps.pop(ensemble.name, None)


def _apply_by_doc(
    ensemble: FilterEnsemble, docs: Sequence[Instances]
) -> dict[tuple[int, str], str]:
    failed = {}
    for instances in docs:
        try:
            ensemble.apply(list(instances))
        except BaseException as error:  # noqa: BLE001  a filter is anyone's code
            failed[id(instances), ensemble.name] = f"filter '{ensemble.name}': {raised(error)}"
        if _lacks(ensemble, instances, failed):
            failed[id(instances), ensemble.name] = f"filter '{ensemble.name}' gave no response"
    return failed


def _all(docs: Iterable[Instances]) -> list[Instance]:
    return [instance for instances in docs for instance in instances]
