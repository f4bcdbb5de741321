"""The parts of a run: its tasks' splits with their prompts, checked before anything is sent.

Finds tasks by their names; neither asks a model nor opens the warehouse.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalwh.errors import TaskError, UnknownTask, UsageError, did_you_mean
from evalwh.models import Model
from evalwh.pipeline.config import RunConfig
from evalwh.records import MOST_REPEATS, Prompt
from evalwh.tasks import load_task
from evalwh.tasks.eval_task import Asking, EvalTask


@dataclass(frozen=True, slots=True)
class Part:
    """A task's split with the prompts that ask it, and how often each doc is asked.

    `docs` is how many are asked, of which `limit` is the most; `questions` is how many are asked
    once about them. `split_docs` is how many the split has, None where that isn't known.
    """

    task: EvalTask
    split: str
    prompts: Sequence[Prompt]
    docs: int
    questions: int
    repeats: int
    limit: int | None = None
    split_docs: int | None = None


def read_parts(config: RunConfig) -> list[Part]:
    """Read the tasks of a run and check them whole: every row, and every prompt on a first doc.

    Raises TaskError before anything is sent.
    """
    named = list(_named_tasks(config))
    _check_datasets(named)
    tasks = _sampled([task for _, task in named], config.samples)
    return [_part(task, split, config) for task in tasks for split in _splits(task, config)]


def asking_of(config: RunConfig, model: Model | None = None) -> Asking:
    """How a run asks, of `model` if it is known yet."""
    return Asking(
        num_fewshot=config.num_fewshot,
        seed=config.seed,
        system_instruction=config.system_instruction,
        apply_chat_template=config.apply_chat_template,
        fewshot_as_multiturn=config.fewshot_as_multiturn,
        chat_template=model.chat_template if model and config.apply_chat_template else None,
    )


def _named_tasks(config: RunConfig) -> Iterator[tuple[str, EvalTask]]:
    """Each task under what a run named: task folders, lm-eval's for what is no folder's name."""
    include = [path for path in map(Path, config.include_path) if not path.is_file()]
    data_dir = Path(config.data_dir) if config.data_dir else None
    for name in config.tasks:
        try:
            yield name, load_task(name, include, data_dir=data_dir)
        except UnknownTask as unknown:
            for task in _harness_tasks(name, include, config, unknown):
                yield name, task


def _harness_tasks(
    name: str, include: Sequence[Path], config: RunConfig, unknown: UnknownTask
) -> Sequence[EvalTask]:
    from evalwh.harness import load_tasks

    return load_tasks(
        name,
        include,
        num_fewshot=config.num_fewshot,
        seed=config.seed,
        # lm-eval's long-context tasks make their docs by the tokenizer of the model.
        metadata={**config.model_args, **config.metadata},
        confirm_run_unsafe_code=config.confirm_run_unsafe_code,
        unknown=unknown,
    )


def _sampled(tasks: Sequence[EvalTask], samples: Mapping[str, Sequence[int]]) -> list[EvalTask]:
    """The tasks with the docs that are asked; those that aren't in `samples` with all."""
    known = [task.name for task in tasks]
    for name in samples:
        if name not in known:
            hint = did_you_mean(name, known)
            raise UsageError(f"--samples: no task that is asked is called '{name}'{hint}")
    return [
        task.with_samples(frozenset(samples[task.name])) if task.name in samples else task
        for task in tasks
    ]


def _splits(task: EvalTask, config: RunConfig) -> Sequence[str]:
    """The splits to ask. Recorded replies are kept for the split that is scored, and samples are
    docs of it."""
    if config.skip_eval and config.skip_train:
        raise UsageError("--skip_train and --skip_eval leave nothing to do; give one of them")
    if config.skip_eval:
        return ("train",)
    if config.skip_train or config.model == "recorded" or task.name in config.samples:
        return ("test",)
    return task.splits


def _part(task: EvalTask, split: str, config: RunConfig) -> Part:
    prompts = task.chosen_prompts(config.prompts)
    first, asking = next(task.docs(split)), asking_of(config)
    for prompt in prompts:
        # A column that a prompt lacks shows before anything is sent.
        task.questions(prompt, first, asking)
    most = _most_docs(task, split, config.limit)
    docs, questions = task.size(split, most)
    is_whole = task.name not in config.samples and (most is None or docs < most)
    whole = docs if is_whole else task.split_docs(split)
    return Part(task, split, prompts, docs, questions, _repeats(task, config), most, whole)


def _repeats(task: EvalTask, config: RunConfig) -> int:
    """How often each doc is asked. Raises TaskError for what would take years."""
    repeats = config.repeats or task.repeats
    if repeats > MOST_REPEATS:
        raise TaskError(
            f"task '{task.name}': 'repeats' is {repeats}, and may be {MOST_REPEATS} at most; "
            "mend it, or give --repeats"
        )
    return repeats


def _most_docs(task: EvalTask, split: str, limit: float | None) -> int | None:
    """How many docs a limit leaves at most; below 1 it is a share of them, as lm-eval takes it."""
    if limit is None or limit >= 1:
        return None if limit is None else int(limit)
    whole = task.split_docs(split)
    return math.ceil((task.size(split).docs if whole is None else whole) * limit)


def _check_datasets(named: Iterable[tuple[str, EvalTask]]) -> None:
    seen: dict[str, tuple[str, EvalTask]] = {}
    for name, task in named:
        before, other = seen.setdefault(task.dataset, (name, task))
        if other is task:
            continue
        if other.name == task.name:
            raise UsageError(
                f"--tasks: '{task.name}' is there twice, {_by(before, task)} "
                f"and {_by(name, task)}; name one of them"
            )
        raise TaskError(
            f"--tasks: '{other.name}' and '{task.name}' both have the dataset "
            f"'{task.dataset}'; leave one of them out, or give it another 'dataset'"
        )


def _by(name: str, task: EvalTask) -> str:
    return "by its own name" if name == task.name else f"in '{name}'"
