"""One figure of all docs, by lm-eval's own aggregation, where SQL can't say it, and its stderr.

The views make the figures of `IN_SQL` from scores and items; only their bootstrapped standard
errors are made here.
"""

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lm_eval.api.task import Task

from evalwh.harness.bootstrap import stderr_of
from evalwh.harness.building import quiet as quiet_log
from evalwh.harness.measures import HarnessMeasure, aggregation_of
from evalwh.harness.own_code import raised
from evalwh.harness.plain import as_finite, as_number

IN_SQL = frozenset(
    {
        *("mean", "nanmean", "median", "perplexity"),
        *("weighted_perplexity", "bits_per_byte", "brier_score"),
    }
)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A measure's figure over `docs` docs; `value` is None where the views make it, or beside an
    `error`. `stderr` is None where lm-eval has none or it is the standard error of a mean."""

    measure: HarnessMeasure
    value: float | None
    stderr: float | None
    docs: int
    error: str | None = None


def aggregate_of(task: Task, measure: HarnessMeasure, values: Sequence[Any]) -> Aggregate:
    """The aggregate of what `process_results` gave for the docs, in their order."""
    aggregation = aggregation_of(task, measure.metric)
    try:
        made = _number(aggregation(list(values)))
        value = None if _is_in_sql(measure, values) else made
        stderr = _stderr(measure, aggregation, values)
    except BaseException as error:  # noqa: BLE001  an aggregation is anyone's code
        return Aggregate(measure, None, None, len(values), reason(measure.aggregation, error))
    return Aggregate(measure, value, stderr, len(values))


def alone(task: Task, measure: HarnessMeasure, value: Any) -> float:
    """The aggregation of one doc's value. Raises ValueError where that is no finite number."""
    return _number(aggregation_of(task, measure.metric)([value]))


def reason(what: str, error: BaseException) -> str:
    """Why there is no score or figure, in one line."""
    return f"{what}: {raised(error)}"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps what others' code prints, logs and warns of from the user; stdout is data."""
    with quiet_log(), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _stderr(
    measure: HarnessMeasure, aggregation: Callable[[Any], Any], values: Sequence[Any]
) -> float | None:
    if measure.aggregation == "mean":
        return None
    stderr = stderr_of(aggregation, measure.metric, values)
    return None if stderr is None else as_finite(stderr)


def _is_in_sql(measure: HarnessMeasure, values: Sequence[Any]) -> bool:
    """Whether the views can make this figure of the values."""
    if measure.aggregation in ("weighted_perplexity", "bits_per_byte", "brier_score"):
        return True
    return measure.aggregation in IN_SQL and all(as_number(value) is not None for value in values)


def _number(value: Any) -> float:
    number = as_number(value)
    if number is None:
        raise ValueError(f"no number: {str(value)[:60]}")
    if as_finite(number) is None:
        raise ValueError(f"it is {number}")
    return number
