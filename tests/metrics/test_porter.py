import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.stem.porter import PorterStemmer

from evalwh.metrics.porter import (
    DOUBLE_L,
    IRREGULAR,
    LAST_SUFFIXES,
    PLURALS,
    SHORTER_SUFFIXES,
    SUFFIXES,
    stem,
)
from evalwh.metrics.wordnet import TABLE

NLTK = PorterStemmer()
RULES = [*PLURALS, *SUFFIXES, *SHORTER_SUFFIXES, *LAST_SUFFIXES, *DOUBLE_L]
ENDINGS = [*(rule.ending for rule in RULES), "ed", "ing", "ied", "ies", "eed", "y", "alli", ""]


def english_words() -> list[str]:
    table = gzip.decompress(TABLE.read_bytes()).decode("ascii")
    return sorted(set(table.lower().split()))


def test_stems_equal_nltks_on_english_words_and_their_forms():
    random_ = random.Random(1)
    words = random_.sample(english_words(), 8_000)
    words += [word + random_.choice(ENDINGS) for word in words]

    assert [word for word in words if stem(word) != NLTK.stem(word)] == []


@given(
    st.text(alphabet="aeiouyybcdlstwxz", max_size=9),
    st.sampled_from(ENDINGS),
    st.sampled_from(ENDINGS),
)
def test_stems_equal_nltks_on_any_letters(start: str, middle: str, end: str):
    assert stem(start + middle + end) == NLTK.stem(start + middle + end)


@given(st.text(max_size=8), st.sampled_from(ENDINGS))
def test_stems_equal_nltks_in_any_script(start: str, end: str):
    assert stem(start + end) == NLTK.stem(start + end)


@pytest.mark.parametrize("word", [*IRREGULAR, "Ties", "SKIES", "", "a", "is", "enjoyment", "İs"])
def test_stems_equal_nltks_on_the_irregular(word: str):
    assert stem(word) == NLTK.stem(word)
