"""What the text of an option of `run` means, where its type alone doesn't say it.

Each function begins its UsageError with `where`: the option, or its place in a file.
"""

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

import typer

from evalwh.cli.samples import checked_samples, read_samples
from evalwh.errors import UsageError
from evalwh.records import MOST_REPEATS

_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes"), True),
    **dict.fromkeys(("false", "0", "no"), False),
}
_FEWSHOT_SEED = 1234
_SEEDS = 2**63


def read_value(name: str, value: Any, where: str) -> Any:
    """The meaning of an option's value; None stays None. Raises UsageError."""
    return value if value is None or name not in _READERS else _READERS[name](value, where)


def _limit(given: float, where: str) -> float:
    """How many docs, or which share of them."""
    if 0 < given < 1:
        return given
    if not math.isfinite(given) or not given.is_integer() or given < 1:
        raise UsageError(f"{where}: {given:g} is neither a number of docs nor a share below 1")
    return min(int(given), sys.maxsize)


def _repeats(given: int, where: str) -> int:
    if given > MOST_REPEATS:
        raise UsageError(f"{where}: {given} is more than each doc can be asked: {MOST_REPEATS}")
    return given


def _samples(value: Any, where: str) -> Mapping[str, list[int]]:
    """As text, or as a mapping that a file holds."""
    return read_samples(value, where) if isinstance(value, str) else checked_samples(value, where)


def _template(text: str, _where: str) -> bool | str:
    return _BOOLEANS.get(text.lower(), text)


def _boolean(text: str, where: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise UsageError(f"{where}: '{text}' is neither True nor False")
    return _BOOLEANS[text.lower()]


def _batch_size(text: str, where: str) -> int | str:
    """A number, or `auto`, lm-eval's `auto:N` too."""
    if text.partition(":")[0] == "auto":
        return text
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"{where}: '{text}' must be a whole number of at least 1, or auto")
    return int(text)


def _seeds(text: str, where: str) -> list[int | None]:
    """One seed, or lm-eval's four: Python's, NumPy's, Torch's and that of examples, which is
    lm-eval's own where it is left out."""
    seeds = [_seed(each.strip(), text, where) for each in text.split(",")]
    if len(seeds) not in (1, 3, 4):
        raise UsageError(f"{where}: '{text}' must be one seed, or the four that lm-eval takes")
    return [*seeds, _FEWSHOT_SEED] if len(seeds) == 3 else seeds


def _seed(word: str, text: str, where: str) -> int | None:
    if word.lower() == "none":
        return None
    try:
        seed = int(word)
    except ValueError:
        raise UsageError(f"{where}: '{text}' must be a whole number") from None
    if not -_SEEDS <= seed < _SEEDS:
        raise UsageError(f"{where}: {word} has more than 64 bits; choose a smaller one")
    return seed


def _judge(text: str, where: str) -> str | None:
    """A model; Evalchemy's `auto` is a benchmark's usual one, which is asked by name only."""
    if text != "auto":
        return text
    typer.echo(f"evalwh: note: {where} auto: no judge is asked; give --judge MODEL", err=True)
    return None


def _use_cache(text: str, where: str) -> bool:
    if text.lower() not in _BOOLEANS:
        typer.echo(
            f"evalwh: note: {where} {text}: the warehouse is the cache; no folder is needed",
            err=True,
        )
    return _BOOLEANS.get(text.lower(), True)


_READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "apply_chat_template": _template,
    "batch_size": _batch_size,
    "fewshot_as_multiturn": _boolean,
    "judge": _judge,
    "limit": _limit,
    "repeats": _repeats,
    "samples": _samples,
    "seed": _seeds,
    "use_cache": _use_cache,
}
