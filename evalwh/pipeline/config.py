"""What a run was asked to do, as it is stored with the run and read back by `--resume`.

Holds no secret: `model_args` are the public ones; keys come from the environment or the command
line each time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

from evalwh.errors import WarehouseError
from evalwh.records import FieldSpec, Json, MetricSpec
from evalwh.tasks.eval_task import EvalTask

if TYPE_CHECKING:
    from evalwh.pipeline.parts import Part


@dataclass(frozen=True, slots=True)
class RunConfig:
    """The matrix of a run and how it asks; everything that decides what rows it makes.

    `samples` are the places of the docs to ask, from 0, by the task's name; of a task that isn't
    in it all are asked. `metadata` goes to lm-eval's tasks, over the model's arguments.
    `seeds`, `batch_size`, `device` and `given_gen_kwargs` are kept as they were given, for
    lm-eval's results file: `seed` is the last of the four seeds, the model's arguments have what
    the model takes, and `gen_kwargs` has OpenAI's names.
    """

    model: str
    model_names: Sequence[str | None]
    tasks: Sequence[str]
    model_args: Mapping[str, Json] = field(default_factory=dict)
    prompts: str | None = None
    limit: float | None = None
    samples: Mapping[str, Sequence[int]] = field(default_factory=dict)
    repeats: int | None = None
    num_fewshot: int | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    gen_kwargs: Mapping[str, Json] = field(default_factory=dict)
    given_gen_kwargs: Mapping[str, Json] = field(default_factory=dict)
    system_instruction: str | None = None
    seed: int | None = None
    seeds: Sequence[int | None] = ()
    include_path: Sequence[str] = ()
    data_dir: str | None = None
    batch_size: int | str | None = None
    device: str | None = None
    apply_chat_template: bool | str | None = None
    fewshot_as_multiturn: bool = False
    confirm_run_unsafe_code: bool = False
    skip_train: bool = False
    skip_eval: bool = False
    judge: str | None = None
    judge_model: str = "litellm"
    judge_args: Mapping[str, Json] = field(default_factory=dict)
    predict_only: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, run_id: str, stored: Mapping[str, Any]) -> Self:
        """Read a stored config back; what a later evalwh added keeps its default."""
        known = {each.name for each in fields(cls)}
        try:
            return cls(**{name: value for name, value in stored.items() if name in known})
        except TypeError as error:
            raise WarehouseError(f"run {run_id}: it can't be resumed: {error}") from None


def datasets_to_json(parts: "Iterable[Part]") -> list[dict[str, Any]]:
    """The datasets of a run and what of their responses is scored, as stored with the run."""
    parts = list(parts)
    return [
        {
            "dataset": dataset,
            "kind": task.kind,
            "origin": dict(task.origin),
            "json_fields": task.json_fields,
            "turns": task.turns,
            "fields": _specs_to_json(task),
            "split_docs": {part.split: part.split_docs for part in parts if part.task is task},
        }
        for dataset, task in {part.task.dataset: part.task for part in parts}.items()
    ]


def _specs_to_json(task: EvalTask) -> list[dict[str, Any]]:
    return [
        {
            "name": spec.name,
            "options": dict(spec.options),
            "metrics": [asdict(metric) for metric in spec.metrics],
        }
        for spec in task.fields
    ]


def specs_from_json(stored: Sequence[Mapping[str, Any]]) -> list[FieldSpec]:
    """The fields and metrics of a dataset, as `datasets_to_json` stores them."""
    return [
        FieldSpec(
            name=spec["name"],
            options=spec["options"],
            metrics=[MetricSpec(**metric) for metric in spec["metrics"]],
        )
        for spec in stored
    ]
