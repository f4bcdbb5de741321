"""lm-eval's Instances of a split's docs: what it would ask about each, in its own words and order.

lm-eval draws few-shot examples from one running random generator, so what a doc is asked depends
on the docs before it: Instances are made once, in the split's order, as far as they are needed.
"""

import copy
import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from evalwh.errors import TaskError
from evalwh.harness.own_code import told_as
from evalwh.harness.params import task_params
from evalwh.harness.seeds import RandomState
from evalwh.harness.split_docs import SplitDocs
from evalwh.records import MAIN, ChatTemplate, Message, Question, RequestKind
from evalwh.tasks.eval_task import Asking

_AT_ONCE = 100


class AskedInstance(NamedTuple):
    """An lm-eval Instance and the stage under which a run asks it."""

    stage: str
    instance: Any


class ChatText(NamedTuple):
    """Messages as JSON, for a model that takes messages; equal to lm-eval's `JsonChatStr`."""

    prompt: str


class AskedDocs:
    """The Instances of a split's docs for one way of asking.

    `num_fewshot` and `seed` are those in force; a task's own code draws from `random_state`.
    """

    def __init__(
        self,
        task: Any,
        docs: SplitDocs,
        asking: Asking,
        *,
        num_fewshot: int,
        seed: int,
        random_state: RandomState,
    ) -> None:
        self._task, self._docs, self._asking = task, docs, asking
        _check_pool(task, num_fewshot)
        self._num_fewshot = num_fewshot
        self._random_state = random_state
        self._asked: list[list[Any]] = []
        # What lm-eval's set_fewshot_seed sets; each way of asking draws from its own.
        self._fewshot_rnd = random.Random(seed)
        self._sampler = copy.copy(getattr(task, "sampler", None))
        if self._sampler is not None:
            self._sampler.set_rnd(seed)

    def of(self, doc_id: str) -> list[AskedInstance]:
        """What the doc is asked, in lm-eval's order. Raises TaskError."""
        number = self._docs.number(doc_id)
        while len(self._asked) <= number:
            self._ask_following()
        instances = self._asked[number]
        if len(instances) == 1:
            return [AskedInstance(MAIN, instances[0])]
        return [AskedInstance(f"choice_{at}", each) for at, each in enumerate(instances)]

    def _ask_following(self) -> None:
        """The next docs, of those that were read: going over to the task takes as long as one."""
        from evalwh.harness.building import quiet

        first = len(self._asked)
        with quiet(), self._random_state.going_on():
            for number in range(first, min(first + _AT_ONCE, self._docs.read)):
                self._asked.append(self._instances(number))

    def _instances(self, number: int) -> list[Any]:
        doc = self._docs.numbered(number)
        with told_as(f"task '{self._task.task_name}', doc {doc.place}: it can't be asked"):
            return self._made(number, copy.deepcopy(doc.row))

    def _made(self, number: int, row: Any) -> list[Any]:
        """The body of the loop in lm-eval's `Task.build_all_requests`."""
        task, asking = self._task, self._asking
        task.fewshot_rnd = self._fewshot_rnd
        if self._sampler is not None:
            task.sampler = self._sampler
        template = _template(asking)
        context = task.fewshot_context(
            row,
            num_fewshot=self._num_fewshot,
            system_instruction=asking.system_instruction,
            apply_chat_template=bool(asking.apply_chat_template),
            fewshot_as_multiturn=asking.fewshot_as_multiturn,
            chat_template=template,
            gen_prefix=task.doc_to_prefix(row),
        )
        made = task.construct_requests(
            doc=row,
            ctx=context,
            metadata=(task.config["task"], number, task.config.repeats),
            apply_chat_template=bool(asking.apply_chat_template),
            chat_template=template,
        )
        return made if isinstance(made, list) else [made]


def _check_pool(task: Any, num_fewshot: int) -> None:
    pool = getattr(getattr(task, "sampler", None), "df", None)
    if pool is not None and len(pool) < num_fewshot:
        raise TaskError(
            f"task '{task.task_name}': num_fewshot is {num_fewshot}, but there are only "
            f"{len(pool)} docs to choose from"
        )


def question_of(asked: AskedInstance) -> Question:
    """What a run asks for an Instance; `records.RequestKind` says how each kind is put."""
    request_type, arguments = asked.instance.request_type, asked.instance.args
    if request_type == "generate_until":
        kind, messages = _prompt(arguments[0])
        return Question(messages, task_params(_keywords(arguments[1:])), asked.stage, kind)
    if request_type == "loglikelihood":
        context, continuation = arguments[:2]
        text = context.prompt if isinstance(context, ChatText) else context
        return Question(
            [_message("user", text), _message("assistant", continuation)],
            stage=asked.stage,
            kind="loglikelihood",
        )
    return Question([_message("user", arguments[0])], stage=asked.stage, kind=request_type)


def _prompt(prompt: str | ChatText) -> tuple[RequestKind, list[Message]]:
    if isinstance(prompt, ChatText):
        return "chat", json.loads(prompt.prompt)
    return "completion", [_message("user", prompt)]


def _message(role: str, content: Any) -> Message:
    if not isinstance(content, str):
        raise ValueError(f"a prompt must be text, not {content!r:.60}")
    return {"role": role, "content": content}


def _keywords(arguments: Sequence[Any]) -> Mapping[str, Any]:
    return arguments[0] if arguments else {}


def _template(asking: Asking) -> Callable[..., Any] | None:
    """What lm-eval calls a model's `apply_chat_template`."""
    if not asking.apply_chat_template:
        return None
    return _rendered(asking.chat_template) if asking.chat_template else _as_messages


def _rendered(template: ChatTemplate) -> Callable[..., str]:
    def render(history: Sequence[Message], add_generation_prompt: bool = True) -> str:
        return template(history, add_generation_prompt)

    return render


def _as_messages(
    history: Sequence[Message],
    add_generation_prompt: bool = True,  # noqa: ARG001 - a model that takes messages adds it
) -> ChatText:
    return ChatText(json.dumps(history, ensure_ascii=False))
