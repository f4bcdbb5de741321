"""What is wrong with a task that lm-eval builds or has built, where lm-eval doesn't say it.

It calls what a task's YAML names and looks at little of what comes back, so that a wrong function
shows as an error of lm-eval's own, which knows neither the function nor the task.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from lm_eval.api.filter import FilterEnsemble
from lm_eval.api.registry import METRIC_REGISTRY
from lm_eval.api.task import ConfigurableTask

from evalwh.errors import TaskError, did_you_mean
from evalwh.harness.own_code import frames, own_place, raised, told_as

_CHOICES = "it must give a list of texts"


@contextlib.contextmanager
def task_told_as(place: str) -> Iterator[None]:
    """As `told_as`, with words of ours where lm-eval says nothing of what is wrong with a task."""
    with told_as(place):
        try:
            yield
        except Exception as error:
            # lm-eval meets a wrong setting with an error of whatever class comes of it.
            if own_place(error) is None and (said := _unsaid(error)):
                raise TaskError(f"{place}: {said}") from error
            raise


def check_made(task: ConfigurableTask) -> None:
    """Refuse choices that are no list of texts, metrics that nobody knows and filters that can't
    be made, which lm-eval makes once there are replies."""
    for ensemble in task._filters:
        _check_filters(ensemble)
    if task.config.doc_to_choice is not None:
        choices = task.doc_to_choice(task.task_docs[0])
        if not _are_choices(choices):
            raise ValueError(f"doc_to_choice gives {choices!r:.60}; {_CHOICES}")
    if task.config.process_results is None and task.OUTPUT_TYPE == "generate_until":
        for name, function in task._metric_fn_list.items():
            if function is None:
                raise ValueError(_unknown_metric(name))


def _check_filters(ensemble: FilterEnsemble) -> None:
    for make in ensemble.filters:
        try:
            make()
        except Exception as error:  # a filter is anyone's code
            raise ValueError(f"filter '{ensemble.name}': {raised(error)}") from error


def _unsaid(error: Exception) -> str | None:
    """What is wrong with a task, by where lm-eval came upon it."""
    if isinstance(error, StopIteration):
        return "its data has no rows; give the file of each split some"
    code = ConfigurableTask.__init__.__code__
    made = next((each.f_locals for each in frames(error) if each.f_code is code), {})
    if made.get("metric_agg", "known") is None:
        return _unknown_metric(made["metric_name"])
    if "test_choice" in made and not _are_choices(made["test_choice"]):
        return f"doc_to_choice gives {made['test_choice']!r:.60}; {_CHOICES}"
    return _wrong_docs(made)


def _wrong_docs(made: Mapping[str, Any]) -> str | None:
    """What is wrong with the docs of a task that was half made, by its constructor's variables."""
    docs: Any = getattr(made.get("self"), "task_docs", made.get("_fs_docs"))
    if made.get("self") is None or made["self"].config.process_docs is None or "test_doc" in made:
        return None
    if not hasattr(docs, "features"):
        return f"process_docs gives a {type(docs).__name__}; it must give a datasets.Dataset"
    return None if len(docs) else "process_docs leaves no docs"


def _are_choices(choices: Any) -> bool:
    return (
        isinstance(choices, list)
        and bool(choices)
        and all(isinstance(each, str) for each in choices)
    )


def _unknown_metric(name: str) -> str:
    return f"there is no metric '{name}'{did_you_mean(str(name), METRIC_REGISTRY)}"
