"""An lm-eval task as a task that can be run; asks what lm-eval would ask, in the same words."""

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from evalwh.errors import TaskError, UsageError, did_you_mean
from evalwh.harness.asked import AskedDocs, AskedInstance, question_of
from evalwh.harness.columns import json_of
from evalwh.harness.own_code import told_as
from evalwh.harness.prompt_text import prompt_text
from evalwh.harness.seeds import SEED, Generators, RandomState
from evalwh.harness.split_docs import SplitDocs
from evalwh.hashing import content_hash
from evalwh.records import Doc, FieldSpec, Json, MetricSpec, Prompt, Question, RequestKind
from evalwh.tasks.eval_task import Asking, Size

PROMPT_ID = "default"
_KINDS: Mapping[str, RequestKind] = {
    "generate_until": "completion",
    "loglikelihood": "loglikelihood",
    "loglikelihood_rolling": "loglikelihood_rolling",
}


class HarnessTask:
    """An lm-eval task; an `EvalTask`.

    `lm_eval_task` is lm-eval's own Task object, its `num_fewshot` the run's already; with
    `is_zero_shot` the task itself says 0, and nobody may ask for more. `origin` is what
    `load_stored` takes. `generators` are those that its module keeps.
    """

    kind = "harness"
    json_fields = False
    turns = 1
    splits: Sequence[str] = ("test",)

    def __init__(
        self,
        lm_eval_task: Any,
        origin: Mapping[str, Json],
        *,
        is_zero_shot: bool,
        generators: Generators,
    ) -> None:
        self.lm_eval_task = lm_eval_task
        self.origin = origin
        self.name: str = lm_eval_task.task_name
        self.dataset = self.name
        self._is_zero_shot = is_zero_shot
        self._generators = generators
        self._places: frozenset[int] | None = None
        self._splits: dict[str, SplitDocs] = {}
        self._asked: dict[tuple[str, Asking], AskedDocs] = {}

    @property
    def request_kinds(self) -> frozenset[RequestKind]:
        """What its first doc is asked for; `completion` is `chat` where a chat template is on."""
        first = next(iter(self._docs("test")), None)
        instances = self._unprompted([first.row]) if first else []
        return frozenset(_KINDS[each.request_type] for each in instances)

    @property
    def fields(self) -> Sequence[FieldSpec]:
        """A field per filter, each with every metric of the task."""
        metrics = [MetricSpec(name) for name in self.lm_eval_task.aggregation()]
        return [FieldSpec(each.name, metrics) for each in self.lm_eval_task._filters]

    @property
    def repeats(self) -> int:
        return int(self.lm_eval_task.config.repeats)

    def with_samples(self, places: Collection[int]) -> "HarnessTask":
        """The task with these docs alone, asked as lm-eval asks them where it is given them."""
        sampled = copy.copy(self)
        sampled._places = frozenset(places)
        sampled._splits, sampled._asked = {}, {}
        sampled._docs("test")
        return sampled

    def docs(self, split: str, limit: int | None = None) -> Iterator[Doc]:
        """lm-eval's docs in its order: those it evaluates are `test`, its training docs `train`."""
        return (each.doc for each in islice(self._docs(split), limit))

    def rows(self, split: str, limit: int | None = None) -> Iterator[tuple[Doc, Any]]:
        """Each doc with the row that lm-eval's functions take; who passes it on copies it."""
        return ((each.doc, each.row) for each in islice(self._docs(split), limit))

    def size(self, split: str, limit: int | None = None) -> Size:
        rows = [row for _doc, row in self.rows(split, limit)]
        return Size(len(rows), len(rows if self._asks_once() else self._unprompted(rows)))

    def split_docs(self, split: str) -> int:
        return self._docs(split).whole

    def chosen_prompts(self, prompt_ids: str | None) -> list[Prompt]:
        for name in (prompt_ids or PROMPT_ID).split(","):
            if name.strip() != PROMPT_ID:
                near = did_you_mean(name, [PROMPT_ID])
                raise UsageError(f"--prompts: {self.name} has no prompt '{name}'{near}")
        return [Prompt(PROMPT_ID, prompt_text(self.lm_eval_task))]

    def questions(
        self,
        prompt: Prompt,  # noqa: ARG002 - there is one
        doc: Doc,
        asking: Asking,
        *,
        turn: int = 0,  # noqa: ARG002 - there is one
        replies: Mapping[str, str] | None = None,  # noqa: ARG002 - none come before it
    ) -> Sequence[Question]:
        asked = self._asked_docs(doc.split, asking).of(doc.doc_id)
        with told_as(f"task '{self.name}', doc '{doc.doc_id}': it can't be asked"):
            return [question_of(each) for each in asked]

    def instances_of(self, split: str, asking: Asking) -> Mapping[str, Sequence[AskedInstance]]:
        """Every doc's Instances in lm-eval's order, by doc_id, each with its stage."""
        asked = self._asked_docs(split, asking)
        return {each.doc.doc_id: asked.of(each.doc.doc_id) for each in self._docs(split)}

    def sources(self, split: str, asking: Asking, limit: int | None) -> Mapping[str, str]:
        docs = [
            [doc.doc_id, doc.doc_hash, content_hash(doc.target)] for doc in self.docs(split, limit)
        ]
        kwargs = json_of(self.lm_eval_task.config.generation_kwargs or {})
        return {
            "docs": content_hash(docs),
            "fewshot": content_hash(self._examples(asking)),
            "system_instruction": content_hash(asking.system_instruction),
            "params": content_hash(kwargs),
            "shown": content_hash([asking.apply_chat_template, asking.fewshot_as_multiturn]),
        }

    def _docs(self, split: str) -> SplitDocs:
        if split not in self._splits:
            with told_as(f"task '{self.name}'"), RandomState(self._generators).going_on():
                rows = self._rows(split)
            target_of = self.lm_eval_task.doc_to_target
            places = self._places if split == "test" else None
            self._splits[split] = SplitDocs(self.dataset, split, rows, target_of, places)
        return self._splits[split]

    def _rows(self, split: str) -> Sequence[Any]:
        task = self.lm_eval_task
        if split not in ("test", "train"):
            raise TaskError(f"unknown split '{split}'{did_you_mean(split, ('test', 'train'))}")
        if split == "train" and not task.has_training_docs():
            raise TaskError(f"task '{self.name}': it has no training split; leave --skip_eval out")
        rows: Sequence[Any] = task.eval_docs if split == "test" else task.training_docs()
        if not hasattr(rows, "__getitem__"):
            rows = list(rows)
        if not len(rows):
            raise TaskError(f"task '{self.name}': no docs in its {split} split")
        return rows

    def _asked_docs(self, split: str, asking: Asking) -> AskedDocs:
        if (split, asking) not in self._asked:
            self._asked[split, asking] = AskedDocs(
                self.lm_eval_task,
                self._docs(split),
                asking,
                num_fewshot=self._shots(asking),
                seed=SEED if asking.seed is None else asking.seed,
                random_state=RandomState(self._generators),
            )
        return self._asked[split, asking]

    def _shots(self, asking: Asking) -> int:
        if asking.num_fewshot is None or self._is_zero_shot:
            return int(self.lm_eval_task.config.num_fewshot or 0)
        return asking.num_fewshot

    def _examples(self, asking: Asking) -> list[Json]:
        shots = self._shots(asking)
        pool = getattr(getattr(self.lm_eval_task, "sampler", None), "df", []) if shots else []
        return [shots, SEED if asking.seed is None else asking.seed, json_of(list(pool))]

    def _asks_once(self) -> bool:
        """Whether there is one question about every doc, as lm-eval's own class has it."""
        task = self.lm_eval_task
        is_own = task.__class__.__module__ == "lm_eval.api.task"
        return bool(is_own and task.OUTPUT_TYPE != "multiple_choice")

    def _unprompted(self, rows: Sequence[Any]) -> list[Any]:
        """The Instances about rows, without their prompts."""
        from evalwh.harness.building import quiet

        instances: list[Any] = []
        with quiet(), RandomState(self._generators).going_on():
            for number, row in enumerate(rows):
                with told_as(f"task '{self.name}', doc {number}: it can't be asked"):
                    instances += self._unprompted_row(copy.deepcopy(row))
        return instances

    def _unprompted_row(self, row: Any) -> list[Any]:
        task = self.lm_eval_task
        many = task.OUTPUT_TYPE == "multiple_choice" and getattr(task, "multiple_input", 0)
        context = [""] * len(task.doc_to_choice(row)) if many else ""
        made = task.construct_requests(doc=row, ctx=context, metadata=(self.name, 0, self.repeats))
        return made if isinstance(made, list) else [made]
