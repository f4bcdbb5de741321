"""`--samples`: the docs to ask of each task, as JSON, as a file of it, or as a mapping in YAML."""

import json
from pathlib import Path
from typing import Any

from evalwh.errors import UsageError

_WRITTEN = '{"task": [0, 3]}'


def read_samples(text: str, where: str) -> dict[str, list[int]]:
    """The places of docs by task, each once and in order. `text` is JSON or the path of a file.

    Raises UsageError, beginning with `where`.
    """
    if text.lstrip()[:1] in ("{", "["):
        return checked_samples(_parsed(text, where), where)
    path = Path(text).expanduser()
    try:
        return checked_samples(_parsed(path.read_text("utf-8-sig"), f"{where}: {path}"), where)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise UsageError(
            f"{where}: {path}: can't be read: {said}; give a file of JSON such as {_WRITTEN}"
        ) from None


def checked_samples(value: Any, where: str) -> dict[str, list[int]]:
    """Samples that were read already. Raises UsageError, beginning with `where`."""
    if not isinstance(value, dict) or not value:
        raise UsageError(f"{where}: must hold the docs of each task, such as {_WRITTEN}")
    return {str(task): _places(places, f"{where}: '{task}'") for task, places in value.items()}


def _places(places: Any, where: str) -> list[int]:
    if not isinstance(places, list):
        raise UsageError(f"{where}: must be a list of docs, such as [0, 3]")
    if not places:
        raise UsageError(f"{where}: names no docs; leave the task out to ask all of them")
    for place in places:
        if isinstance(place, bool) or not isinstance(place, int) or place < 0:
            raise UsageError(f"{where}: {_shown(place)} is no doc; the first is 0, the next 1")
    return sorted(set(places))


def _shown(place: Any) -> str:
    return json.dumps(place, ensure_ascii=False, default=str)


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise UsageError(f"{where}: nested too deep to be read") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UsageError(
            f"{where}: not JSON: {error.msg}, {place}; write it as '{_WRITTEN}'"
        ) from None
    except ValueError as error:  # a number of thousands of digits
        raise UsageError(f"{where}: not JSON: {str(error).partition(';')[0]}") from None
