import gzip
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.translate.meteor_score import single_meteor_score

from evalwh.errors import MetricError
from evalwh.metrics import get_metric
from evalwh.metrics.meteor import meteor, meteor_of_tokens
from evalwh.metrics.text import tokenize
from evalwh.metrics.wordnet import TABLE, synonyms
from evalwh.metrics.wordnet.derive import derive
from tests.wordnet import OurWordNet

WORDNET_FILES = Path("/usr/share/wordnet")
SENTENCE = """
    the a to dog dogs hound running run ran car cars automobile autos big large quickly fast
    buy bought purchase purchased kid child children policy policies gladly happily lady
"""
WORDS = SENTENCE.split()


def reference(predicted: list[str], expected: list[str]) -> float:
    return float(single_meteor_score(expected, predicted, wordnet=OurWordNet()))


sentences = st.lists(st.sampled_from(WORDS), max_size=15)


def test_meteor_equals_nltk_on_random_sentences():
    random_ = random.Random(1)
    for _ in range(2_000):
        predicted = random_.choices(WORDS, k=random_.randint(0, 25))
        expected = random_.choices(WORDS, k=random_.randint(0, 25))

        assert meteor_of_tokens(predicted, expected) == pytest.approx(
            reference(predicted, expected), abs=1e-12
        )


@given(sentences, sentences)
def test_meteor_equals_nltk_on_any_sentences(predicted: list[str], expected: list[str]):
    score = meteor(" ".join(predicted), " ".join(expected), variant="nltk")

    assert score == pytest.approx(reference(predicted, expected), abs=1e-12)


@given(st.text(max_size=40), st.text(max_size=40))
def test_meteor_equals_nltk_on_the_same_tokens_of_any_text(value: str, target: str):
    expected = reference(list(tokenize(value)), list(tokenize(target)))

    assert meteor(value, target, variant="nltk") == pytest.approx(expected, abs=1e-12)


def test_meteor_equals_the_score_that_nltk_documents():
    value = (
        "It is a guide to action which ensures that the military always obeys the commands of"
        " the party"
    )
    target = (
        "It is a guide to action that ensures that the military will forever heed Party commands"
    )

    assert round(meteor(value, target), 4) == 0.6944


@pytest.mark.parametrize("text", ["one", "the dog barks", "주문이 취소되었습니다", "👍", "?!", ""])
def test_an_identical_text_scores_1(text: str):
    assert meteor(text, text) == 1.0


def test_the_nltk_variant_takes_half_over_n_cubed_from_an_identical_text():
    assert meteor("a b c d", "a b c d", variant="nltk") == pytest.approx(1 - 0.5 / 4**3, abs=1e-12)


@pytest.mark.parametrize(
    ("value", "target", "score"),
    [
        # 8 of 12 tokens match in two chunks: mean 8/12, penalty 0.5 * (2/8)^3.
        (
            "주문 A12 취소 완료되었습니다",
            "주문 A12 배송 시작되었습니다",
            8 / 12 * (1 - 0.5 * (2 / 8) ** 3),
        ),
        # 京 に行く, but the last 京 stands before に on one side only: 京 and に行く, 4 of 5.
        ("東京に行く", "京都に行く", 4 / 5 * (1 - 0.5 * (2 / 4) ** 3)),
        # ข อ, คุ ณ and บ, whose last one is taken: 5 of 8 and of 7 in three chunks.
        (
            "ขอบคุณครับ",
            "ขอบคุณค่ะ",
            (5 / 8 * 5 / 7) / (0.9 * 5 / 8 + 0.1 * 5 / 7) * (1 - 0.5 * (3 / 5) ** 3),
        ),
        ("👍", "👎", 0.0),
        ("", "완료", 0.0),
    ],
)
def test_meteor_of_any_script(value: str, target: str, score: float):
    assert meteor(value, target) == pytest.approx(score, abs=1e-12)


def test_a_synonym_counts_as_a_match():
    assert meteor("kid", "child") == 0.5


def test_synonyms_are_sought_for_stems_as_nltk_does():
    assert synonyms("automobile") >= {"car"}
    assert meteor("automobile", "car") == 0.0


def test_an_unknown_variant_is_refused():
    with pytest.raises(MetricError, match="option 'variant' is one of 'default', 'nltk', not"):
        get_metric("meteor").complete({"variant": "meteor2"})


@given(st.text(), st.text())
def test_meteor_is_between_0_and_1(value: str, target: str):
    assert 0.0 <= meteor(value, target) <= 1.0


def test_synonyms_know_irregular_and_regular_forms():
    assert "mouse" in synonyms("mice")
    assert "car" in synonyms("automobiles")
    assert synonyms("xyzzy") == frozenset()


@pytest.mark.skipif(not WORDNET_FILES.is_dir(), reason="Debian's wordnet-base isn't installed")
def test_the_shipped_table_is_what_derive_makes_of_wordnet():
    shipped = gzip.decompress(TABLE.read_bytes()).decode("ascii").splitlines()
    assert derive(WORDNET_FILES) == shipped
