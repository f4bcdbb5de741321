"""Prices of models, from the table that LiteLLM ships; never over the network.

A price has two parts, prompt and completion. Cached prompt tokens are charged at the full
prompt price and reasoning tokens at the completion price, so a computed cost is an upper
estimate where a provider discounts; a provider's own figure, where it gives one, wins.
"""

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

_TABLE = "model_prices_and_context_window_backup.json"


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in USD per million tokens, and who says so (`litellm 1.106.2`).

    `max_completion_tokens` is the longest reply the model can give, where that is known.
    """

    prompt_usd_per_mtok: float
    completion_usd_per_mtok: float
    source: str
    max_completion_tokens: int | None = None

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What a reply with these tokens costs, in USD."""
        return (
            prompt_tokens * self.prompt_usd_per_mtok
            + completion_tokens * self.completion_usd_per_mtok
        ) / 1e6


FREE = Price(0.0, 0.0, "free")
"""The price of what runs on the user's own machine."""


def price_of(model: str, provider: str | None = None) -> Price | None:
    """The price of `model` (`gpt-4o-mini`, `openai/gpt-4o-mini`, `gemini/…`), or None if unknown.

    `provider` is LiteLLM's word for who serves it, where `model` doesn't say.
    """
    entry = _entry(f"{provider}/{model}") if provider else None
    entry = entry or _entry(model)
    if entry is None:
        return None
    prompt, completion = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if not isinstance(prompt, int | float):
        return None
    return Price(
        # Per-token figures such as 1.5e-07 are decimal: the product must be 0.15, not 0.1499….
        prompt_usd_per_mtok=round(prompt * 1e6, 9),
        completion_usd_per_mtok=round((completion or 0.0) * 1e6, 9),
        source=_source(),
        max_completion_tokens=_token_count(entry.get("max_output_tokens")),
    )


def providers() -> frozenset[str]:
    """The providers that LiteLLM's table knows: `anthropic`, `gemini`, …"""
    listed = (str(entry.get("litellm_provider", "")) for entry in _table().values())
    return frozenset(name for name in listed if name and " " not in name)


def _entry(name: str) -> dict[str, Any] | None:
    table = _table()
    if name in table:
        return table[name]
    provider, _, rest = name.partition("/")
    entry = table.get(rest)
    return entry if entry is not None and entry.get("litellm_provider") == provider else None


def _token_count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) else None


@functools.cache
def _source() -> str:
    # Imported here: it takes longer to import than everything else of this package.
    from importlib.metadata import version

    return f"litellm {version('litellm')}"


@functools.cache
def _table() -> dict[str, dict[str, Any]]:
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    table: dict[str, dict[str, Any]] = orjson.loads(
        (Path(spec.origin).parent / _TABLE).read_bytes()
    )
    table.pop("sample_spec", None)
    return table
