"""What a run needs of a task, whatever it was read from: docs, and the questions about them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from evalwh.records import ChatTemplate, Doc, FieldSpec, Json, Prompt, Question, RequestKind


@dataclass(frozen=True, slots=True)
class Asking:
    """How a run asks its docs. None stands for what the task says itself.

    `chat_template` is the model's where it completes text, None where it takes messages.
    """

    num_fewshot: int | None = None
    seed: int | None = None
    system_instruction: str | None = None
    apply_chat_template: bool | str | None = None
    fewshot_as_multiturn: bool = False
    chat_template: ChatTemplate | None = None


class Size(NamedTuple):
    """How many docs a split has, and how many questions are asked about all of them once.

    Questions are those of every turn.
    """

    docs: int
    questions: int


class EvalTask(Protocol):
    """A task that can be run.

    `dataset` names its rows. `kind` says who scores it: `folder` or `harness`. `origin` is what
    finds it again, as stored with a run. `request_kinds` are what it asks a model for. `repeats`
    is how often each doc is asked where the run doesn't say. `turns` is how many times a doc is
    asked in a row, each after the reply to the one before.
    """

    @property
    def name(self) -> str: ...
    @property
    def dataset(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def origin(self) -> Mapping[str, Json]: ...
    @property
    def request_kinds(self) -> frozenset[RequestKind]: ...
    @property
    def fields(self) -> Sequence[FieldSpec]: ...
    @property
    def json_fields(self) -> bool: ...
    @property
    def repeats(self) -> int: ...
    @property
    def turns(self) -> int: ...

    @property
    def splits(self) -> Sequence[str]:
        """The splits that a run generates by default: of `train` and `test`, in this order."""
        ...

    def with_samples(self, places: Collection[int]) -> Self:
        """The task with only the docs at these places of its test split, from 0.

        Raises UsageError for a place that the split doesn't have.
        """
        ...

    def docs(self, split: str, limit: int | None = None) -> Iterator[Doc]:
        """The docs of a split, at most `limit`. Raises TaskError."""
        ...

    def size(self, split: str, limit: int | None = None) -> Size:
        """Of what `docs` gives; reads it all, so that a broken row shows before any request."""
        ...

    def split_docs(self, split: str) -> int | None:
        """How many docs a split has, those that samples leave out too; None where it takes long
        to tell, or the data can't be read."""
        ...

    def chosen_prompts(self, prompt_ids: str | None) -> list[Prompt]:
        """The prompts of `a,b`, all by default. Raises UsageError for an unknown one."""
        ...

    def questions(
        self,
        prompt: Prompt,
        doc: Doc,
        asking: Asking,
        *,
        turn: int = 0,
        replies: Mapping[str, str] | None = None,
    ) -> Sequence[Question]:
        """What `doc` is asked in a turn, from 0; `replies` are the responses before it, by stage.

        Raises TaskError for a prompt that doesn't fit the doc.
        """
        ...

    def sources(self, split: str, asking: Asking, limit: int | None) -> Mapping[str, str]:
        """Hashes of what the requests of a split are made of, besides the prompts: by what they
        are of (`docs`, `fewshot`, `params`, `system_instruction`, `shown`)."""
        ...
