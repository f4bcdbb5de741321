"""The records that stages hand on; they hold data, never behaviour beyond their own identity.

Task -> Doc + Prompt -> Request -> Reply -> Field -> Score
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from evalwh.hashing import content_hash

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
Message: TypeAlias = dict[str, Json]
"""One chat message, as OpenAI's API takes it: `{"role": …, "content": …}`."""
Role = Literal["model", "judge"]
RequestKind = Literal["chat", "completion", "loglikelihood", "loglikelihood_rolling"]
"""What a model is asked for.

`chat` continues messages; `completion` continues the one message's text as it stands, with no
chat template. `loglikelihood` asks how likely the last message, an assistant's, is as the
continuation of the text of the first; `loglikelihood_rolling` how likely the one message's text
is as a whole. The response to the latter two is JSON: `{"logprob": -1.5, "is_greedy": false}`
and `{"logprob": -1.5}`, natural logarithms.
"""
CHAT_KINDS: frozenset[RequestKind] = frozenset({"chat", "completion"})
"""The kinds that a chat model can be asked for; a text to complete is a user's message to it."""
ALL_KINDS: frozenset[RequestKind] = CHAT_KINDS | {"loglikelihood", "loglikelihood_rolling"}
ChatTemplate: TypeAlias = Callable[[Sequence[Message], bool], str]
"""Messages as the text that a model completes; the flag adds the beginning of its answer."""
MOST_REPEATS = 100_000
"""How often a doc is asked at most."""
MAIN = "main"
"""The stage of a case's only request, or of its last turn."""


@dataclass(frozen=True, slots=True)
class Doc:
    """One test case.

    `columns` is the data row as it was read; `target` is a string, or an object with the
    fields' values, or None where the data has none. `doc_hash` is the hash of `columns`;
    `doc_id` is the dataset's own `id`, else the `doc_hash`.
    """

    dataset: str
    split: str
    doc_id: str
    doc_hash: str
    columns: Mapping[str, Json]
    target: Json


@dataclass(frozen=True, slots=True)
class Prompt:
    """A named template; `prompt_hash` tells an edit under the same `prompt_id` apart."""

    prompt_id: str
    template: str

    @property
    def prompt_hash(self) -> str:
        return content_hash(self.template)


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric asked for by a task: its name, least passing score and options.

    `threshold` is None where the task leaves it to the metric or to `evalwh threshold set`.
    """

    name: str
    threshold: float | None = None
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One scored output: a key of a JSON response, or `response` for plain text."""

    name: str
    metrics: Sequence[MetricSpec]
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a doc is asked; a run makes a Request of it.

    `stage` tells the questions of a doc apart: `main` for the only or last one, `turn_1`, … for
    those before it, `choice_0`, … for the answers of a multiple choice. `params` are the task's.
    """

    messages: Sequence[Message]
    params: Mapping[str, Json] = field(default_factory=dict)
    stage: str = MAIN
    kind: RequestKind = "chat"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to a model; all but `doc_id`, `prompt_id` and `stage` is its identity.

    `params` are sampling parameters under OpenAI's names (`temperature`, `max_tokens`, `stop`,
    `seed`, `response_format`, …). `base_url` has no credentials. `repeat` counts from 0.
    `settings` are those of an engine that decide its replies (`dtype`, `revision`, …).
    """

    model: str
    messages: Sequence[Message]
    params: Mapping[str, Json] = field(default_factory=dict)
    base_url: str | None = None
    repeat: int = 0
    doc_id: str = ""
    prompt_id: str = ""
    kind: RequestKind = "chat"
    stage: str = MAIN
    settings: Mapping[str, Json] = field(default_factory=dict)

    def identity(self) -> dict[str, Json]:
        """The request as stored and hashed; holds no secret."""
        kind: dict[str, Json] = {} if self.kind == "chat" else {"kind": self.kind}
        settings: dict[str, Json] = {"settings": dict(self.settings)} if self.settings else {}
        return {
            **kind,
            **settings,
            "model": self.model,
            "base_url": self.base_url,
            "messages": list(self.messages),
            "params": dict(self.params),
            "repeat": self.repeat,
        }

    @property
    def request_hash(self) -> str:
        return content_hash(self.identity())


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for a request: a response or an error, and what it took.

    `response` is None when the model gave none; `error` then says why. A truncated reply has
    `finish_reason` "length". `billed_usd` is None when the price is unknown, 0 when nothing
    was paid (a cached, recorded or local reply). `latency_ms` spans request to last byte.
    """

    response: str | None
    error: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency_ms: float | None = None
    billed_usd: float | None = None
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One scored output of a response. `value` and `target` are JSON; None beside an `error`."""

    name: str
    value: Json
    target: Json
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """One number for a field and metric, or None and the reason. Never NaN."""

    field: str
    metric: str
    score: float | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """What is evaluated. `dataset` names its rows; `root` is its folder.

    `params` are the sampling parameters that the task sets itself. `fewshot` docs come from
    the train split. `json_fields` says whether a response is JSON with one field per key.
    """

    name: str
    dataset: str
    root: Path
    fields: Sequence[FieldSpec]
    prompts: Mapping[str, Prompt]
    params: Mapping[str, Json] = field(default_factory=dict)
    json_fields: bool = False
    num_fewshot: int = 0
