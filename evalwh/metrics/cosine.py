"""Cosine similarity of embeddings: how close two texts are in meaning."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evalwh.metrics.embedders import (
    EmbedderName,
    EmbedderOptions,
    cached_embedder,
    describe,
    missing_package,
    options_of,
)
from evalwh.metrics.registry import register_metric
from evalwh.metrics.text import as_text
from evalwh.records import Json

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _scorer(options: Mapping[str, Json]) -> dict[str, Json]:
    return describe(options_of(options))


def _missing(options: Mapping[str, Json]) -> str | None:
    problem = missing_package(options_of(options))
    return str(problem) if problem else None


@register_metric("cosine_similarity", kind="batch", scorer=_scorer, missing=_missing)
def cosine_similarity(
    pairs: Sequence[tuple[Json, Json]],
    *,
    embedder: EmbedderName = "use",
    model: str = "",
    api_base: str = "",
) -> list[float]:
    """The cosine of the embeddings of each `(value, target)`, -1..1.

    The embedder "use" ships its multilingual model. "sentence-transformers" takes as `model`
    a hub name or a folder; "litellm" takes `provider/model`, with `api_base` where it needs one
    and the key from the environment. Values that are no strings are embedded as JSON. NaN for
    an embedding of zeros. Raises `MetricError`, `MissingExtra`, and what the model raises.
    """
    texts = [(as_text(value), as_text(target)) for value, target in pairs]
    cache = cached_embedder(EmbedderOptions(embedder, model, api_base))
    vectors = cache.embed([text for pair in texts for text in pair])
    return [_cosine(vectors[value], vectors[target]) for value, target in texts]


def _cosine(left: "NDArray[Any]", right: "NDArray[Any]") -> float:
    """In double precision and clipped: in single, a text is 1.0000002 like itself."""
    left, right = left.astype("float64"), right.astype("float64")
    squares = float(left @ left) * float(right @ right)
    if not squares:
        return math.nan
    return max(-1.0, min(1.0, float(left @ right) / math.sqrt(squares)))
