"""What a run's requests are made of: stored when it begins, compared before it goes on.

A run resumed with other docs, examples, parameters, servers or weights would have the answers to
different requests under one id. Holds no text of a prompt, only hashes; asks and stores nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from evalwh.errors import WarehouseError
from evalwh.pipeline.chosen_models import ModelParts
from evalwh.pipeline.config import RunConfig
from evalwh.pipeline.parts import Part, asking_of

_SAID = {
    "docs": "the docs of '{}' have",
    "fewshot": "the few-shot examples of '{}' have",
    "system_instruction": "the system instruction of '{}' has",
    "params": "the sampling parameters of '{}' have",
    "shown": "what prompts see of '{}' (target, show_target) has",
}


def sources_of(config: RunConfig, parts: Sequence[Part], models: ModelParts) -> dict[str, Any]:
    """Every model's address and settings, and every part's hashes, as stored with the run."""
    return {
        "base_urls": {model.name: model.base_url for model, _parts in models},
        "settings": {model.name: dict(model.settings) for model, _parts in models},
        "parts": [
            {
                "dataset": part.task.dataset,
                "split": part.split,
                "prompts": {prompt.prompt_id: prompt.prompt_hash for prompt in part.prompts},
                **part.task.sources(part.split, asking_of(config), part.limit),
            }
            for part in parts
        ],
    }


def check_unchanged(run_id: str, begun: Mapping[str, Any] | None, now: Mapping[str, Any]) -> None:
    """Refuse to go on with a run whose sources are others than those it began with.

    `begun` is None for a run of an evalwh that stored none: it can't be told whether they are.
    """
    if begun is None:
        raise WarehouseError(
            f"run {run_id}: an older evalwh began it, and what it asked is not known well enough "
            "to go on; start a new run"
        )
    _check_base_urls(run_id, begun["base_urls"], now["base_urls"])
    _check_settings(run_id, begun.get("settings", {}), now["settings"])
    then, today = _by_split(begun), _by_split(now)
    for dataset, _split in sorted(then.keys() ^ today.keys()):
        raise _changed(run_id, f"the dataset '{dataset}' has")
    for key, part in then.items():
        if what := _difference(key[0], part, today[key]):
            raise _changed(run_id, what)


def _check_base_urls(
    run_id: str, begun: Mapping[str, str | None], now: Mapping[str, str | None]
) -> None:
    for model in sorted(begun.keys() ^ now.keys()):
        raise _changed(run_id, f"its models ('{model}') have")
    for model, base_url in begun.items():
        if now[model] != base_url:
            raise WarehouseError(
                f"run {run_id}: '{model}' was asked at {base_url or 'its own address'} and would "
                f"now be at {now[model] or 'its own address'}; give --model_args base_url as it "
                "was, or start a new run"
            )


def _check_settings(
    run_id: str, begun: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]
) -> None:
    """A run of an evalwh that stored no settings has none to compare."""
    for model, then in begun.items():
        today = now[model]
        for name in sorted(then.keys() | today.keys()):
            before, after = then.get(name), today.get(name)
            if before == after:
                continue
            if _path_of(before) is not None and _path_of(before) == _path_of(after):
                raise _changed(run_id, f"what {_path_of(before)} holds has")
            raise WarehouseError(
                f"run {run_id}: '{model}' was asked with another '{name}'; "
                "give --model_args as they were, or start a new run"
            )


def _path_of(setting: Any) -> str | None:
    return setting.get("path") if isinstance(setting, Mapping) else None


def _by_split(sources: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(part["dataset"], part["split"]): part for part in sources["parts"]}


def _difference(dataset: str, begun: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """The first that is another, with its verb; None where all are the same."""
    then, today = begun["prompts"], now["prompts"]
    for prompt_id in sorted(then.keys() | today.keys()):
        if then.get(prompt_id) != today.get(prompt_id):
            return f"prompt '{prompt_id}' of '{dataset}' has"
    for name, said in _SAID.items():
        if begun[name] != now[name]:
            return said.format(dataset)
    return None


def _changed(run_id: str, what: str) -> WarehouseError:
    return WarehouseError(
        f"run {run_id}: {what} changed since it began; put back what was, or start a new run"
    )
