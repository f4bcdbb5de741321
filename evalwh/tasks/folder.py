"""A task folder read into a Task; see `settings`, `spec`, `docs` and `prompts` for its files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evalwh.errors import TaskError
from evalwh.tasks.catalog import find_task
from evalwh.tasks.docs import load_docs
from evalwh.tasks.prompts import default_prompt, read_prompts
from evalwh.tasks.settings import FolderTask, read_settings
from evalwh.tasks.spec import METRICS_FILE, read_output_spec


def load_task(name_or_path: str, include_path: Sequence[Path] = ()) -> FolderTask:
    """The task of a name or a folder; looked for as `catalog.find_task` says.

    Metrics are not looked up and no prompt is parsed yet; data is read only where there are no
    prompts, for a first doc to choose the default one by. Raises TaskError.
    """
    root = find_task(name_or_path, include_path)
    settings = read_settings(root / "task.yaml")
    spec = read_output_spec(root / METRICS_FILE, settings.fields)
    name = root.resolve().name
    task = FolderTask(
        name=name,
        dataset=settings.dataset or name,
        root=root,
        fields=spec.fields,
        prompts=read_prompts(root),
        params=settings.params,
        json_fields=spec.json_fields,
        num_fewshot=settings.num_fewshot,
        settings=settings,
    )
    _check_targets(task)
    return task if task.prompts else _with_default_prompt(task)


def _check_targets(task: FolderTask) -> None:
    """A target put together from columns must name fields, of which plain text has none."""
    if isinstance(task.settings.target, str | None):
        return
    names = [field.name for field in task.fields]
    if not task.json_fields:
        raise TaskError(f"{task.root / 'task.yaml'}: 'target' of a plain-text task is one column")
    for name in task.settings.target:
        if name not in names:
            raise TaskError(
                f"{task.root / 'task.yaml'}: 'target': no field '{name}' in {METRICS_FILE}"
            )


def _with_default_prompt(task: FolderTask) -> FolderTask:
    doc = next(load_docs(task, limit=1))
    prompt = default_prompt(task.root, doc.columns)
    return replace(task, prompts={prompt.prompt_id: prompt})
