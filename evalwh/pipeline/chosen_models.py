"""The models of a run, made out of its config and the arguments of this invocation.

Made before anything is asked, so that a wrong name or argument costs nothing; none of them
connects before its first request.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from evalwh.errors import UsageError
from evalwh.models import Model, create_model
from evalwh.models.harness_names import ENGINES
from evalwh.pipeline.config import RunConfig
from evalwh.pipeline.parts import Part
from evalwh.pipeline.replay import ReplayedRun
from evalwh.records import Json
from evalwh.warehouse import Warehouse
from evalwh.warehouse.runs import resolve_run

ModelParts = Sequence[tuple[Model, Sequence[Part]]]


def models_of(
    warehouse: Warehouse,
    config: RunConfig,
    model_args: Mapping[str, Json],
    parts: Sequence[Part],
    *,
    timeout_s: float,
) -> ModelParts:
    """Each model with the parts it is asked; recorded responses lie beside each dataset.

    `model_args` include the secrets that `config` leaves out. Raises UsageError.
    """
    arguments = {**config.model_args, **model_args}
    if config.model in ENGINES and config.apply_chat_template is False:
        arguments["apply_chat_template"] = False
    groups = [[part] for part in parts] if config.model == "recorded" else [list(parts)]
    return [
        (_model(warehouse, config.model, name, arguments, group, timeout_s), group)
        for name in config.model_names
        for group in groups
    ]


def judge_of(
    config: RunConfig, judge_args: Mapping[str, Json], *, timeout_s: float
) -> Model | None:
    """The model that judges, None where none was named. Raises UsageError."""
    if config.judge is None:
        return None
    arguments = {**config.judge_args, **judge_args}
    try:
        return create_model(config.judge_model, config.judge, arguments, timeout_s=timeout_s)
    except UsageError as error:
        raise UsageError(f"--judge {config.judge}: {error}") from error


def _model(
    warehouse: Warehouse,
    kind: str,
    name: str | None,
    arguments: Mapping[str, Json],
    parts: Sequence[Part],
    timeout_s: float,
) -> Model:
    if kind == "recorded" and "run" in arguments:
        replayed = resolve_run(warehouse, str(arguments["run"]))
        model = ReplayedRun(warehouse, replayed, name)
        model.require_prompts(prompt.prompt_id for part in parts for prompt in part.prompts)
        return model
    root = parts[0].task.origin.get("root")
    task_root = Path(str(root)) if root else None
    return create_model(kind, name, arguments, task_root=task_root, timeout_s=timeout_s)
