import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from evalwh.metrics.rouge_l import rouge_l

SENTENCE = "the a Dog dogs running ran quickly to Store's store, buys 12 apples. of"
WORDS = SENTENCE.split()


def reference(value: str, target: str, *, use_stemmer: bool = False) -> float:
    scorer = RougeScorer(["rougeL"], use_stemmer=use_stemmer)
    return float(scorer.score(target, value)["rougeL"].fmeasure)


def sentence(random_: random.Random, length: int) -> str:
    return " ".join(random_.choices(WORDS, k=length))


@pytest.mark.parametrize("use_stemmer", [False, True])
def test_rouge_l_equals_rouge_score_on_random_sentences(use_stemmer: bool):
    random_ = random.Random(1)
    for _ in range(300):
        value, target = (sentence(random_, random_.randint(0, 40)) for _ in range(2))

        expected = reference(value, target, use_stemmer=use_stemmer)
        assert rouge_l(value, target, use_stemmer=use_stemmer) == pytest.approx(expected, abs=1e-12)


@given(
    st.text(alphabet=st.characters(max_codepoint=127), max_size=60),
    st.text(alphabet=st.characters(max_codepoint=127), max_size=60),
    st.booleans(),
)
def test_rouge_l_equals_rouge_score_on_any_ascii_text(value: str, target: str, use_stemmer: bool):
    expected = reference(value, target, use_stemmer=use_stemmer)
    assert rouge_l(value, target, use_stemmer=use_stemmer) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("value", "target", "score"),
    [
        # 주 문 a12 … 되 었 습 니 다 are common: 8 of 12 tokens in each.
        ("주문 A12 취소 완료되었습니다", "주문 A12 배송 시작되었습니다", 8 / 12),
        ("주문이 취소되었습니다", "주문이 취소되었습니다", 1.0),
        # 東 京 に 行 く against 京 都 に 行 く: 京 に 行 く, 4 of 5.
        ("東京に行く", "京都に行く", 4 / 5),
        ("ขอบคุณครับ", "ขอบคุณครับ", 1.0),
        # ข อ บ คุ ณ ค รั บ against ข อ บ คุ ณ ค่ ะ: the first five, of 8 and of 7.
        ("ขอบคุณครับ", "ขอบคุณค่ะ", 2 * 5 / (8 + 7)),
        ("👍", "👍", 1.0),
        ("👍", "👎", 0.0),
        ("👩‍👩‍👧 👍🏽", "👍🏽", 2 * 1 / (2 + 1)),
        ("مرحبا بالعالم", "مرحبا يا عالم", 2 * 1 / (2 + 3)),
        ("Größe", "GRÖSSE", 1.0),
        ("완료!", "완료", 1.0),
        ("", "완료", 0.0),
        ("", "", 0.0),
        ("?!", "?!", 0.0),
    ],
)
def test_rouge_l_of_any_script(value: str, target: str, score: float):
    assert rouge_l(value, target) == pytest.approx(score, abs=1e-12)


def test_rouge_l_compares_other_values_as_json():
    assert rouge_l({"b": 1, "a": 2}, '{"a": 2, "b": 1}') == 1.0


@given(st.text(), st.text())
def test_rouge_l_is_symmetric_and_between_0_and_1(value: str, target: str):
    score = rouge_l(value, target)

    assert 0.0 <= score <= 1.0
    assert score == pytest.approx(rouge_l(target, value), abs=1e-12)


@given(st.text().filter(lambda text: any(character.isalnum() for character in text)))
def test_a_text_with_a_word_has_rouge_l_1_with_itself(text: str):
    assert rouge_l(text, text) == 1.0


def test_the_reference_variant_gives_the_librarys_own_figures_for_any_text() -> None:
    pairs = [
        ("안녕하세요 세계", "안녕하세요 세계"),
        ("the cat", "the cats sat"),
        ("A12 취소", "A12 배송"),
    ]

    assert [rouge_l(value, target, variant="rouge-score") for value, target in pairs] == [
        0.0,
        2 * (1 / 2) * (1 / 3) / (1 / 2 + 1 / 3),
        1.0,
    ]
