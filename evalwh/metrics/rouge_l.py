"""ROUGE-L: how much of two texts is a common subsequence of words."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeAlias

from rapidfuzz.distance import LCSseq

from evalwh.metrics.porter import STEMMER, stem
from evalwh.metrics.registry import register_metric
from evalwh.metrics.text import TOKENIZER, as_text, tokenize
from evalwh.records import Json

STEMMED_FROM = 4
"""The least length of a word that rouge-score stems."""
Variant: TypeAlias = Literal["unicode", "rouge-score"]


def _scorer(options: Mapping[str, Json]) -> dict[str, Json]:
    from importlib.metadata import version

    if options["variant"] == "rouge-score":
        return {"library": f"rouge-score {version('rouge-score')}"}
    stemmer = {"stemmer": STEMMER} if options["use_stemmer"] else {}
    return {"tokenizer": TOKENIZER, "library": f"rapidfuzz {version('rapidfuzz')}", **stemmer}


@register_metric("rougeL", scorer=_scorer)
def rouge_l(
    value: Json, target: Json, *, use_stemmer: bool = False, variant: Variant = "unicode"
) -> float:
    """The F-measure of ROUGE-L, 0..1; equal to rouge-score's on ASCII text.

    Values that are no strings are compared as JSON. Two texts without a word score 0, as they
    do there. The variant "rouge-score" is that library itself, which sees ASCII words only: for
    figures that must equal another tool's. Source: Lin, "ROUGE: A Package for Automatic
    Evaluation of Summaries" (2004).
    """
    if variant == "rouge-score":
        return _rouge_score(as_text(value), as_text(target), use_stemmer)
    predicted, expected = tokenize(as_text(value)), tokenize(as_text(target))
    if use_stemmer:
        predicted, expected = _stemmed(predicted), _stemmed(expected)
    if not predicted or not expected:
        return 0.0
    common = LCSseq.similarity(predicted, expected)
    if not common:
        return 0.0
    precision, recall = common / len(predicted), common / len(expected)
    return 2 * precision * recall / (precision + recall)


def _rouge_score(predicted: str, expected: str, use_stemmer: bool) -> float:
    scorer = _reference_scorer(use_stemmer)
    return float(scorer.score(expected, predicted)["rougeL"].fmeasure)


@cache
def _reference_scorer(use_stemmer: bool) -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=use_stemmer)


def _stemmed(words: Sequence[str]) -> list[str]:
    return [stem(word) if len(word) >= STEMMED_FROM else word for word in words]
