"""What can be known to be wrong with a run before its first request; asks and writes nothing."""

import shlex
from collections.abc import Sequence

from evalwh.errors import TaskError, UsageError
from evalwh.fields import extract_fields
from evalwh.hints import db_option
from evalwh.metrics import plan_metrics
from evalwh.models import Model
from evalwh.models.arguments import check_params
from evalwh.pipeline.chosen_models import ModelParts
from evalwh.pipeline.config import RunConfig
from evalwh.pipeline.parts import Part, read_parts
from evalwh.pipeline.prices import known_price
from evalwh.pipeline.specs import check_metrics
from evalwh.tasks import load_docs
from evalwh.tasks.settings import FolderTask, folder_task
from evalwh.warehouse import Warehouse


def checked_parts(config: RunConfig) -> list[Part]:
    """The tasks of a run, read whole; their metrics and sampling parameters are known ones."""
    parts = read_parts(config)
    for part in parts:
        if part.task.kind == "folder":
            _check_folder(part, folder_task(part.task), config)
    return parts


def check_kinds(models: ModelParts) -> None:
    """Refuse a task that asks for what a model can't give, such as likelihoods of a chat model."""
    for model, parts in models:
        for part in parts:
            if lacking := sorted(part.task.request_kinds - model.kinds):
                raise UsageError(
                    f"--model: {model.name} gives no {lacking[0]}, which task '{part.task.name}' "
                    "asks for; take a model that does, such as hf, vllm or local-completions"
                )


def _check_folder(part: Part, task: FolderTask, config: RunConfig) -> None:
    check_params(task.params, where=f"{task.root / 'task.yaml'}: 'params'")
    if part.split == "test" and not config.predict_only:
        check_metrics(task.fields)
        _check_targets(task)


def _check_targets(task: FolderTask) -> None:
    """Every field whose metrics need one has a target in some doc: else nothing could be scored."""
    specs, json_fields = task.fields, task.json_fields
    missing = {plan.field for plan in plan_metrics(specs) if plan.metric.needs_target}
    if not missing:
        return
    for doc in load_docs(task):
        fields = extract_fields(specs, json_fields, None, None, doc.target)
        missing -= {field.name for field in fields if field.target is not None}
        if not missing:
            return
    raise TaskError(
        f"{task.root}: no doc has a target for {', '.join(sorted(missing))}; give it in the "
        "column 'target' or name its column in task.yaml, or store responses only: --predict_only"
    )


def check_new(warehouse: Warehouse, run_id: str) -> None:
    """Refuse a run_id that is taken: the rows of two runs could never be told apart."""
    if warehouse.read("select 1 from runs where run_id = $1", [run_id]).rows:
        raise UsageError(
            f"--run_id: there is a run {run_id} already; choose another id, "
            f"or go on with: evalwh run --resume {run_id}{db_option(warehouse.path)}"
        )


def check_budget(warehouse: Warehouse, models: Sequence[Model]) -> None:
    """Refuse a budget that could not be kept: every model and judge needs a known price."""
    for model in models:
        if known_price(warehouse, model) is None:
            raise UsageError(
                f"--budget_usd: the price of '{model.name}' is unknown; set it per million tokens "
                f"with: evalwh price set {shlex.quote(model.name)} PROMPT_USD COMPLETION_USD"
                f"{db_option(warehouse.path)}"
            )
