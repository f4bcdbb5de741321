"""METEOR: words that match exactly, by stem or by synonym, and in what order."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from evalwh.metrics import wordnet
from evalwh.metrics.porter import STEMMER, stem
from evalwh.metrics.registry import register_metric
from evalwh.metrics.text import TOKENIZER, as_text, tokenize
from evalwh.records import Json

ALPHA, BETA, GAMMA = 0.9, 3.0, 0.5
"""Weight of recall, shape of the penalty for disorder, and its greatest value."""

Variant: TypeAlias = Literal["default", "nltk"]


def _scorer(_options: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "tokenizer": TOKENIZER,
        "stemmer": STEMMER,
        "wordnet": wordnet.VERSION,
    }


@register_metric("meteor", scorer=_scorer)
def meteor(value: Json, target: Json, *, variant: Variant = "default") -> float:
    """METEOR of `value` against `target`, 0..1; equal to NLTK's on the same tokens.

    A text identical to its target scores 1, as in Meteor 1.5; the variant "nltk" gives NLTK's
    1 - 0.5/n³ for n words. Values that are no strings are compared as JSON.
    Source: Lavie and Agarwal, "METEOR" (2007), as in `nltk.translate.meteor_score`.
    """
    predicted, expected = tokenize(as_text(value)), tokenize(as_text(target))
    if variant == "default" and predicted == expected and (predicted or value == target):
        return 1.0
    return meteor_of_tokens(predicted, expected)


def meteor_of_tokens(predicted: Sequence[str], expected: Sequence[str]) -> float:
    """NLTK's `single_meteor_score(expected, predicted)` of lower-case tokens."""
    matches = align(predicted, expected)
    if not matches:
        return 0.0
    precision, recall = len(matches) / len(predicted), len(matches) / len(expected)
    mean = (precision * recall) / (ALPHA * precision + (1 - ALPHA) * recall)
    penalty: float = GAMMA * (_count_chunks(matches) / len(matches)) ** BETA
    return (1 - penalty) * mean


def align(predicted: Sequence[str], expected: Sequence[str]) -> dict[int, int]:
    """The position in `expected` of each matched word of `predicted`, by its position.

    Three stages, each on the words that the one before left over: equal words, equal stems,
    stems of which one is a synonym of the other. Within a stage the last words choose first,
    and each takes the last word it can; the values depend on this order.
    """
    left, right = dict(enumerate(predicted)), dict(enumerate(expected))
    matches = _match_equal(left, right)
    left, right = ({at: stem(word) for at, word in words.items()} for words in (left, right))
    matches |= _match_equal(left, right)
    matches |= _match_synonyms(left, right)
    return matches


def _match_equal(left: dict[int, str], right: dict[int, str]) -> dict[int, int]:
    """Matches equal words and takes them out of `left` and `right`."""
    if not left or not right:
        return {}
    places = _places(right)
    matches = {}
    for at in reversed(left):
        free = places.get(left[at])
        if free:
            matches[at] = free.pop()
    _remove(matches, left, right)
    return matches


def _match_synonyms(left: dict[int, str], right: dict[int, str]) -> dict[int, int]:
    """Matches words with the last word that is a synonym of theirs, or equal to them."""
    if not left or not right:
        return {}
    places = _places(right)
    matches = {}
    for at in reversed(left):
        if free := max(_free_synonyms(left[at], places), key=_last, default=None):
            matches[at] = free.pop()
    return matches


def _free_synonyms(word: str, places: Mapping[str, list[int]]) -> Iterator[list[int]]:
    words: Collection[str] = wordnet.synonyms(word)
    if word not in words and places.get(word):
        yield places[word]
    smaller, larger = sorted((words, places), key=len)
    for synonym in smaller:
        if synonym in larger and places[synonym]:
            yield places[synonym]


def _last(free: list[int]) -> int:
    return free[-1]


def _places(words: Mapping[int, str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for at, word in words.items():
        places[word].append(at)
    return places


def _remove(matches: Mapping[int, int], left: dict[int, str], right: dict[int, str]) -> None:
    for at, place in matches.items():
        del left[at], right[place]


def _count_chunks(matches: Mapping[int, int]) -> int:
    """How many runs of words are matched in the same order without a gap."""
    return sum(matches.get(at - 1) != place - 1 for at, place in matches.items())
