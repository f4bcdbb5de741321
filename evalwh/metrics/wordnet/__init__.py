"""Synonyms of English words from WordNet 3.0, read from the table that ships beside this file.

Answers as NLTK's WordNet reader does, for words without a space; needs no download.
"""

import gzip
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

VERSION = "3.0"
TABLE = Path(__file__).with_name("synonyms.txt.gz")
EXCEPTION = "!"

ENDINGS: dict[str, Sequence[tuple[str, str]]] = {
    "n": (
        ("s", ""),
        ("ses", "s"),
        ("ves", "f"),
        ("xes", "x"),
        ("zes", "z"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("men", "man"),
        ("ies", "y"),
    ),
    "v": (
        ("s", ""),
        ("ies", "y"),
        ("es", "e"),
        ("es", ""),
        ("ed", "e"),
        ("ed", ""),
        ("ing", "e"),
        ("ing", ""),
    ),
    "a": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "r": (),
}
"""By part of speech, the endings of regular forms and of their base forms (morphy(7WN))."""


class _PartOfSpeech(NamedTuple):
    synsets: dict[str, list[Sequence[str]]]
    exceptions: dict[str, Sequence[str]]
    endings: Sequence[tuple[str, str]]


@lru_cache(maxsize=65_536)
def synonyms(word: str) -> frozenset[str]:
    """The one-word names in every synset of `word` or of a base form of it.

    Any part of speech counts. Names keep their case; a word that WordNet lacks has none.
    """
    return frozenset(
        name
        for part in _parts_of_speech()
        for form in _base_forms(word.lower(), part)
        for names in part.synsets.get(form, ())
        for name in names
        if "_" not in name
    )


def _base_forms(word: str, part: _PartOfSpeech) -> Iterator[str]:
    yield word
    if word in part.exceptions:
        yield from part.exceptions[word]
        return
    for ending, base in part.endings:
        if word.endswith(ending):
            yield word[: -len(ending)] + base


@cache
def _parts_of_speech() -> Sequence[_PartOfSpeech]:
    parts = {pos: _PartOfSpeech(defaultdict(list), {}, ENDINGS[pos]) for pos in ENDINGS}
    for line in gzip.decompress(TABLE.read_bytes()).decode("ascii").splitlines():
        pos, *words = line.split()
        if pos[0] == EXCEPTION:
            parts[pos[1]].exceptions[words[0]] = words[1:]
            continue
        for key in {word.lower() for word in words}:
            parts[pos].synsets[key].append(words)
    return tuple(parts.values())
