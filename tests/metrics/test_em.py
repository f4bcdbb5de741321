import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalwh.metrics.em import em
from evalwh.records import Json

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("GET", "GET"),
        (" GET\n", "GET"),
        ("caf\u0065\u0301", "café"),
        ("\u1112\u1161\u11ab", "한"),
        (200, 200),
        (200, 200.0),
        (True, True),
        ([1, "a "], [1, "a"]),
        ({"a": 1, "b": [True]}, {"b": [True], "a": 1}),
        ("👍🏽", "👍🏽"),
        ("مرحبا", "مرحبا"),
        ("\x00\ud800", "\x00\ud800"),
        ("", " "),
    ],
)
def test_equal_values_score_1(value: Json, target: Json):
    assert em(value, target) == 1.0


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("GET", "get"),
        ("GET.", "GET"),
        (200, "200"),
        ("true", True),
        (True, 1),
        (0, False),
        ([True], [1]),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"a": 1, "b": None}),
        (2**53 + 1, float(2**53)),
        ("👍", "👎"),
        ("①", "1"),
    ],
)
def test_other_values_score_0(value: Json, target: Json):
    assert em(value, target) == 0.0


@pytest.mark.parametrize(
    ("value", "target"),
    [("200", 200), (200.0, "200"), ("true", True), ([0.5, "7"], ["0.5", 7]), (" 1 ", 1)],
)
def test_untyped_values_are_compared_as_json_writes_them(value: Json, target: Json):
    assert em(value, target, typed=False) == 1.0


def test_one_and_true_differ_even_untyped():
    assert em(1, True, typed=False) == 0.0


@pytest.mark.parametrize(("value", "target"), [("Straße", "STRASSE"), ("Ǆ", "ǆ"), ("ΣΑΣ", "σας")])
def test_ignore_case_folds_every_script(value: str, target: str):
    assert em(value, target, ignore_case=True) == 1.0


@pytest.mark.parametrize(
    ("value", "target"),
    [("Yes, sir!", "Yes sir"), ("「はい」。", "はい"), ("a - b", "a b"), ("¿Qué?", "Qué")],
)
def test_ignore_punctuation_drops_it_in_every_script(value: str, target: str):
    assert em(value, target, ignore_punctuation=True) == 1.0


@given(json_values)
def test_every_value_equals_itself(value: Json):
    assert em(value, value) == 1.0


@given(json_values, json_values, st.booleans(), st.booleans(), st.booleans())
def test_em_is_0_or_1_and_symmetric(
    value: Json, target: Json, case: bool, marks: bool, typed: bool
):
    options = {"ignore_case": case, "ignore_punctuation": marks, "typed": typed}

    assert em(value, target, **options) == em(target, value, **options) in (0.0, 1.0)
