"""Values of lm-eval's metrics as numbers; tasks give truth values, NumPy's types and tuples."""

import math
from typing import Any

import numpy as np


def as_number(value: Any) -> float | None:
    """A plain number or truth value as a float, NaN too; None for anything else."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating):
        try:
            return float(value)
        except OverflowError:  # Python's whole numbers have no end
            return math.inf if value > 0 else -math.inf
    return None


def spelled(value: Any) -> Any:
    """`value` with the words that float() reads for infinities in it, for which JSON has none."""
    if isinstance(value, list | tuple):
        return [spelled(each) for each in value]
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def as_finite(number: float) -> float | None:
    """`number`, or None where it is infinite or not a number."""
    return number if number - number == 0 else None
