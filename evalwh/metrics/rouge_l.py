"""ROUGE-L: how much of two texts is a common subsequence of words."""

from collections.abc import Mapping, Sequence

from rapidfuzz.distance import LCSseq

from evalwh.metrics.porter import STEMMER, stem
from evalwh.metrics.registry import register_metric
from evalwh.metrics.text import TOKENIZER, as_text, tokenize
from evalwh.records import Json

STEMMED_FROM = 4
"""The least length of a word that rouge-score stems."""


def _scorer(options: Mapping[str, Json]) -> dict[str, Json]:
    from importlib.metadata import version

    stemmer = {"stemmer": STEMMER} if options["use_stemmer"] else {}
    return {"tokenizer": TOKENIZER, "library": f"rapidfuzz {version('rapidfuzz')}", **stemmer}


@register_metric("rougeL", scorer=_scorer)
def rouge_l(value: Json, target: Json, *, use_stemmer: bool = False) -> float:
    """The F-measure of ROUGE-L, 0..1; equal to rouge-score's on ASCII text.

    Values that are no strings are compared as JSON. Two texts without a word score 0, as they
    do there. Source: Lin, "ROUGE: A Package for Automatic Evaluation of Summaries" (2004).
    """
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


def _stemmed(words: Sequence[str]) -> list[str]:
    return [stem(word) if len(word) >= STEMMED_FROM else word for word in words]
