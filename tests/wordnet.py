"""The synonyms of evalwh in the shape in which NLTK asks for a WordNet."""

from typing import NamedTuple

from evalwh.metrics.wordnet import synonyms


class Lemma(NamedTuple):
    """A word of a synset."""

    text: str

    def name(self) -> str:
        return self.text


class Synset:
    """All synonyms of a word."""

    def __init__(self, word: str) -> None:
        self._lemmas = [Lemma(name) for name in synonyms(word)]

    def lemmas(self) -> list[Lemma]:
        return self._lemmas


class OurWordNet:
    """Looks a word up each time it is asked for."""

    def synsets(self, word: str) -> list[Synset]:
        return [Synset(word)]
