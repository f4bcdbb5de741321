"""Exact match: 1 for an equal value, else 0."""

import json
import unicodedata
from collections.abc import Mapping

import regex

from evalwh.metrics.registry import register_metric
from evalwh.records import Json

_PUNCTUATION = regex.compile(r"\p{P}+")


def _scorer(_options: Mapping[str, Json]) -> dict[str, Json]:
    return {"unicode": unicodedata.unidata_version}


@register_metric("em", binary=True, scorer=_scorer)
def em(
    value: Json,
    target: Json,
    *,
    ignore_case: bool = False,
    ignore_punctuation: bool = False,
    typed: bool = True,
) -> float:
    """Whether `value` equals `target`: 1.0 or 0.0.

    Strings are equal after Unicode NFC and trimmed white space; lists and objects by their
    items, in any order of keys. 200 equals 200.0, for JSON has one kind of number; it does not
    equal "200" and true does not equal 1, unless `typed` is false: then numbers, booleans and
    nulls are compared as JSON writes them. `ignore_punctuation` drops every Unicode punctuation
    mark and takes a run of white space for one space.
    """

    def normalize(text: str) -> str:
        text = unicodedata.normalize("NFC", text)
        if ignore_case:
            text = unicodedata.normalize("NFC", text.casefold())
        if ignore_punctuation:
            text = " ".join(_PUNCTUATION.sub("", text).split())
        return text.strip()

    def comparable(item: Json) -> object:
        match item:
            case str():
                return normalize(item)
            case list():
                return [comparable(each) for each in item]
            case dict():
                return {key: comparable(each) for key, each in item.items()}
        return _scalar(item) if typed else normalize(_written(item))

    return float(comparable(value) == comparable(target))


def _scalar(item: Json) -> object:
    """Keeps Python from taking true for 1."""
    return (bool, item) if isinstance(item, bool) else item


def _written(item: Json) -> str:
    whole = isinstance(item, float) and item.is_integer()
    return json.dumps(int(item) if whole and isinstance(item, float) else item)
