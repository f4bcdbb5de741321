"""Text that UTF-8 can hold: without lone surrogates, which Python's can have in it."""

from collections.abc import Mapping
from typing import Any


def valid_text(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates replaced by U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def valid_json(value: Any) -> Any:
    """`value` with `valid_text` for every text in it, names included."""
    if isinstance(value, str):
        return valid_text(value)
    if isinstance(value, list | tuple):
        return [valid_json(item) for item in value]
    if isinstance(value, Mapping):
        return {valid_json(name): valid_json(item) for name, item in value.items()}
    return value
