"""What a run is going to ask, found right as far as that can be known; asks and writes nothing."""

from collections.abc import Sequence
from typing import NamedTuple

from evalwh.models import Model
from evalwh.pipeline.checks import check_budget, check_kinds, checked_parts
from evalwh.pipeline.chosen_models import ModelParts, judge_of, models_of
from evalwh.pipeline.config import RunConfig
from evalwh.pipeline.invocation import Invocation
from evalwh.pipeline.parts import Part


class Planned(NamedTuple):
    """What a run asks, known to be right as far as that can be known without asking."""

    parts: Sequence[Part]
    models: ModelParts
    judge: Model | None


def plan(invocation: Invocation, config: RunConfig) -> Planned:
    """Find what is wrong with a run before anything is paid for."""
    parts = checked_parts(config)
    warehouse, timeout_s = invocation.warehouse, invocation.limits.timeout_s
    models = models_of(warehouse, config, invocation.model_args, parts, timeout_s=timeout_s)
    check_kinds(models)
    judge = judge_of(config, invocation.judge_args, timeout_s=timeout_s)
    return Planned(parts, models, judge)


def ready(invocation: Invocation, planned: Planned) -> Planned:
    """`planned`, with the warehouse able to take it and its budget one that can be kept."""
    invocation.warehouse.fold()
    judges = [planned.judge] if planned.judge else []
    check_affordable(invocation, [*(model for model, _parts in planned.models), *judges])
    return planned


def check_affordable(invocation: Invocation, models: Sequence[Model]) -> None:
    """Refuse a budget that could not be kept."""
    if invocation.limits.budget_usd is not None:
        check_budget(invocation.warehouse, models)
