import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.tokenize import tokenize as rouge_score_tokens

from evalwh.metrics.text import as_text, encodable, tokenize


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Order A12: cancelled!", ["order", "a12", "cancelled"]),
        ("주문 A12 취소", ["주", "문", "a12", "취", "소"]),
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8", ["한", "국"]),
        ("東京タワー", ["東", "京", "タ", "ワ", "ー"]),
        ("ﾊﾞｽ", ["バ", "ス"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("น้ำ", ["น\u0e49\u0e4d", "า"]),
        ("ພາສາ", ["ພ", "າ", "ສ", "າ"]),
        ("ភាសា", ["ភា", "សា"]),
        ("Größe STRASSE Straße", ["grösse", "strasse", "strasse"]),
        ("Ｆｕｌｌ ｗｉｄｔｈ １２", ["full", "width", "12"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("caf\u0065\u0301", ["café"]),
        ("snake_case-naïve", ["snake", "case", "naïve"]),
        ("완료 👍", ["완", "료"]),
        ("👍🏽 👩‍👩‍👧", ["👍🏽", "👩‍👩‍👧"]),
        ("「…」 ", []),
        ("❤️ ✈️", ["❤️", "✈️"]),
        ("고마워 ❤️", ["고", "마", "워"]),
        ("A漢字B", ["a", "漢", "字", "b"]),
        ("", []),
        (" ?! ", []),
    ],
)
def test_tokens_follow_the_script(text: str, tokens: list[str]):
    assert list(tokenize(text)) == tokens


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_tokens_are_those_of_rouge_score(text: str):
    assert list(tokenize(text)) == rouge_score_tokens(text, None)


@given(st.text())
def test_any_text_has_tokens_without_white_space(text: str):
    assert not any(token == "" or token.isspace() for token in tokenize(text))


def test_a_value_that_is_no_string_is_compared_as_json_with_sorted_keys():
    assert as_text({"b": [1, None], "a": "가"}) == '{"a": "가", "b": [1, null]}'


def test_lone_surrogates_become_replacement_characters():
    assert encodable("a\ud800b😀") == "a\ufffdb😀"
