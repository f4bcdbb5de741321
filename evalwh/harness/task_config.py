"""What may stand in the YAML of an lm-eval task and group; builds nothing, imports no lm-eval.

lm-eval checks little of it: a wrong value shows somewhere inside it, or after everything was
asked. Raises ValueError with words that can follow the place of the task.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from evalwh.errors import did_you_mean
from evalwh.tasks.values import to_json

_STRUCTURE = frozenset({"group", "task_list", "include"})
"""Keys of a task's file that are no settings of it."""
_LONGEST = 60


def check_name(config: Mapping[str, Any]) -> None:
    """Refuse a task's name that is none."""
    _check(config, {"task": _IS_NAME})


def check_task(config: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse what a task can't have; `known` are lm-eval's settings of a task."""
    check_name(config)
    if "class" in config:  # it takes what it likes
        _check(config, {"class": _IS_CLASS})
        return
    _check_keys(config, known)
    _check(config, _SETTINGS)
    if missing := [key for key in ("doc_to_text", "doc_to_target") if _is_missing(config, key)]:
        raise ValueError(f"'{missing[0]}' is missing; give both doc_to_text and doc_to_target")
    if config.get("dataset_path") is None and config.get("custom_dataset") is None:
        raise ValueError("'dataset_path' is missing; name a data set, or json with its data_files")
    _check_arguments(config.get("generation_kwargs") or {})


def check_group(config: Mapping[str, Any]) -> None:
    """Refuse a group without a name or members."""
    _check(config, {"group": _IS_NAME})
    members = config.get("task")
    if not isinstance(members, list) or not members:
        raise ValueError("it has no members; list the names of some tasks under 'task'")


def check_member(member: Any) -> None:
    """Refuse what a group's list of members can't hold."""
    name = member.get("group", member.get("task")) if isinstance(member, dict) else member
    if not isinstance(name, str):
        raise ValueError(
            f"its 'task' lists {_short(member)}; each must be a name, or a mapping with 'task'"
        )


def _check_keys(config: Mapping[str, Any], known: Collection[str]) -> None:
    for key in config:
        if key not in known and key not in _STRUCTURE:
            hint = did_you_mean(str(key), known) if isinstance(key, str) else ""
            raise ValueError(f"unknown key {_short(key)}{hint}")


def _check(config: Mapping[str, Any], kinds: "Mapping[str, _Kind]") -> None:
    for key, (fits, wanted) in kinds.items():
        if key in config and not fits(config[key]):
            raise ValueError(f"'{key}' must be {wanted}, not {_short(config[key])}")


def _check_arguments(arguments: Mapping[str, Any]) -> None:
    """Refuse arguments of a generation that a request can't hold."""
    for name, value in arguments.items():
        where = f"'generation_kwargs': '{name}'"
        fits, wanted = _ARGUMENTS.get(name, _ANYTHING)
        if value is not None and not fits(value):
            raise ValueError(f"{where} must be {wanted}, not {_short(value)}")
        try:
            to_json(value)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None


def _is_missing(config: Mapping[str, Any], key: str) -> bool:
    return config.get(key) is None and not config.get("use_prompt")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _lists(value: Any, *keys: str) -> bool:
    """Whether it is a list of mappings that all have `keys`."""
    return isinstance(value, list) and all(
        isinstance(each, Mapping) and all(key in each for key in keys) for each in value
    )


def _are_filters(value: Any) -> bool:
    return _lists(value, "name", "filter") and all(
        isinstance(each["name"], str) and _lists(each["filter"], "function") for each in value
    )


def _are_texts(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def _is_number(value: Any) -> bool:
    """As lm-eval reads it: a text may be one."""
    try:
        return not isinstance(value, bool) and math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _is_number_of_tokens(value: Any) -> bool:
    return _is_whole(value, -1) or (isinstance(value, str) and value.isdecimal())


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _short(value: Any) -> str:
    """A value as it was written, or its beginning; never all of one that holds itself."""
    if isinstance(value, Sequence | Mapping) and not isinstance(value, str | bytes):
        shown = "a mapping" if isinstance(value, Mapping) else f"a list of {len(value)}"
        return shown if len(value) > 3 or not _is_flat(value) else str(value)
    shown = str(value) if isinstance(value, int | float) else repr(value)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _is_flat(value: Sequence[Any] | Mapping[str, Any]) -> bool:
    items = value.values() if isinstance(value, Mapping) else value
    return not any(isinstance(each, list | tuple | dict) for each in items)


_Kind = tuple[Callable[[Any], bool], str]
_IS_NAME: _Kind = _is_name, "a name, in quotes if it is a number"
_IS_CLASS: _Kind = (lambda value: isinstance(value, type)), "a Python class, by !function"
_IS_MAPPING: _Kind = _or_none(_is_mapping), "a mapping of names to values"
_ANYTHING: _Kind = (lambda _value: True), ""
_TOKENS: _Kind = _is_number_of_tokens, "a number of tokens"
_NUMBER: _Kind = _is_number, "a number"
_SETTINGS: Mapping[str, _Kind] = {
    "repeats": (lambda value: _is_whole(value, 1), "a whole number of at least 1"),
    "num_fewshot": (
        _or_none(lambda value: _is_whole(value, 0)),
        "a whole number of at least 0",
    ),
    "dataset_path": (_or_none(_is_name), "a name or path"),
    "dataset_kwargs": _IS_MAPPING,
    "generation_kwargs": _IS_MAPPING,
    "fewshot_config": _IS_MAPPING,
    "metric_list": (
        _or_none(lambda value: _lists(value, "metric")),
        "a list of mappings that each name a 'metric'",
    ),
    "filter_list": (
        _or_none(_are_filters),
        "a list of mappings with 'name' and 'filter', a list of mappings with 'function'",
    ),
}
_ARGUMENTS: Mapping[str, _Kind] = {
    **dict.fromkeys(("until", "stop"), (_are_texts, "a text or a list of texts")),
    **dict.fromkeys(("max_gen_toks", "max_new_tokens", "max_tokens"), _TOKENS),
    **dict.fromkeys(("temperature", "top_p"), _NUMBER),
    "do_sample": (lambda value: isinstance(value, bool), "true or false"),
}
