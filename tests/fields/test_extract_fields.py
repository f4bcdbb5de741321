import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalwh.fields import extract_fields
from evalwh.records import Field, FieldSpec, Json

API = [FieldSpec("method", []), FieldSpec("code", [])]
TARGET: Json = {"method": "GET", "code": 200}


def from_json(response: str | None, error: str | None = None) -> list[Field]:
    return extract_fields(API, True, response, error, TARGET)


def values(response: str) -> list[Json]:
    return [field.value for field in from_json(response)]


def errors(response: str) -> list[str | None]:
    return [field.error for field in from_json(response)]


def test_plain_text_is_the_one_field_response():
    fields = extract_fields([], False, "  Hello, 世界\n", None, "Hello")

    assert fields == [Field("response", "  Hello, 世界\n", "Hello")]


def test_plain_text_takes_its_target_from_an_object_that_names_the_field():
    fields = extract_fields([FieldSpec("response", [])], False, "yes", None, {"response": "no"})

    assert fields == [Field("response", "yes", "no")]


@pytest.mark.parametrize(("target", "text"), [(42, "42"), (0.5, "0.5"), (True, "true")])
def test_plain_text_is_compared_with_a_number_as_text(target: Json, text: str):
    assert extract_fields([], False, "42", None, target) == [Field("response", "42", text)]


def test_a_json_response_is_one_field_per_key_and_keeps_its_types():
    response = '{"code": 200, "method": "GET", "other": [1.5, true, null]}'

    assert from_json(response) == [Field("method", "GET", "GET"), Field("code", 200, 200)]


def test_a_list_an_object_and_a_boolean_stay_what_they_are():
    assert values('{"method": ["GET", {"a": 1}], "code": false}') == [["GET", {"a": 1}], False]


@pytest.mark.parametrize(
    "response",
    [
        '```json\n{"method": "GET", "code": 200}\n```',
        '```\n{"method": "GET", "code": 200}\n```',
        '```json {"method": "GET", "code": 200}```',
        'Here you are:\n\n```json\n{"method": "GET", "code": 200}\n```\nAnything else?',
        '```json\n{"method": "GET", "code": 200}',
        'The answer is {"method": "GET", "code": 200}.',
        'For {id} and {} and [1]: {"method": "GET", "code": 200} {"method": "PUT", "code": 1}',
        '{"thought": "none"} then {"method": "GET", "code": 200}',
        '{"method": "PUT", "code": 1}\n```json\n{"method": "GET", "code": 200}\n```',
        '```json\n{"method": "PUT"}\n```\nor rather {"method": "GET", "code": 200}',
        '\ufeff{"method": "GET", "code": 200}',
        '<think>{"method": "PUT", "code": 1}?</think>\n{"method": "GET", "code": 200}',
        '{"method": broken} {"method": "GET", "code": 200}',
    ],
)
def test_the_object_is_found_in_fences_and_prose(response: str):
    assert values(response) == ["GET", 200]


def test_a_fence_inside_a_string_doesnt_cut_the_object():
    assert values('```json\n{"method": "```x```", "code": 1}\n```') == ["```x```", 1]


def test_a_nested_key_is_reached_by_a_dotted_path():
    specs = [FieldSpec("request.method", []), FieldSpec("a.b", []), FieldSpec("request.path", [])]
    response = '{"request": {"method": "GET"}, "a.b": 1, "a": {"b": 2}}'

    assert extract_fields(
        specs, True, response, None, {"request": {"method": "PUT"}, "a.b": 3}
    ) == [
        Field("request.method", "GET", "PUT"),
        Field("a.b", 1, 3),
        Field("request.path", None, None, "the response has no key 'path'"),
    ]


def test_a_target_held_as_json_text_gives_the_fields_targets():
    fields = extract_fields(API, True, '{"method": "GET", "code": 1}', None, '{"code": 200}')

    assert [field.target for field in fields] == [None, 200]


def test_a_missing_key_is_null_beside_the_keys_that_are_there():
    assert from_json('{"method": "GET"}') == [
        Field("method", "GET", "GET"),
        Field("code", None, 200, "the response has no key 'code'"),
    ]


def test_a_null_value_is_null_with_a_reason():
    assert errors('{"method": null, "code": 0}') == ["'method' is null in the response", None]


def test_a_duplicate_key_is_null_with_a_reason_even_if_both_values_agree():
    assert from_json('{"method": "GET", "code": 200, "code": 200}') == [
        Field("method", "GET", "GET"),
        Field("code", None, 200, "duplicate key 'code' in the response"),
    ]


def test_a_duplicate_key_inside_a_value_makes_that_field_null():
    assert errors('{"method": [{"a": 1, "a": 2}], "code": 1}') == [
        "duplicate key 'a' within 'method'",
        None,
    ]


def test_a_duplicate_key_on_a_dotted_path_makes_that_field_null():
    fields = extract_fields([FieldSpec("a.b", [])], True, '{"a": {"b": 1, "b": 2}}', None, None)

    assert fields == [Field("a.b", None, None, "duplicate key 'b' in the response")]


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ("", "the response is empty"),
        (" \n\t", "the response is empty"),
        ("I'm sorry, I can't help with that.", "no JSON object in the response"),
        ('[{"method": "GET", "code": 200}]', "the response is a JSON list, not an object"),
        ('<think>{"method": "GET", "code": 200}', "the response is cut off in its <think>"),
        ('"GET"', "the response is a JSON string, not an object"),
        ("200", "the response is a JSON number, not an object"),
        ("true", "the response is a JSON boolean, not an object"),
        ("null", "the response is a JSON null, not an object"),
        ('Here: [{"method": "GET", "code": 200}]', "no JSON object in the response"),
        (
            '```json\n{"method": "GET", "co',
            "the response's JSON is cut off; it begins at character 8",
        ),
        (
            '{"method": {"method": "GET", "code": 200}, "code"',
            "the response's JSON is cut off; it begins at character 0",
        ),
        ('{"method": NaN, "code": 200}', "the response's JSON is refused: NaN is not JSON"),
        ('{"method": -Infinity}', "the response's JSON is refused: -Infinity is not JSON"),
        ('{"method": 1e999}', "the response's JSON is refused: 1e999 is beyond a double"),
        (
            "{'method': 'GET', 'code': 200}",
            "no JSON object in the response",
        ),
        (
            '{"method": "GET" "code": 200}',
            "the response's JSON is broken at character 17: Expecting ',' delimiter",
        ),
    ],
)
def test_a_response_without_an_object_makes_every_field_null(response: str, reason: str):
    found = from_json(response)

    assert found == [Field("method", None, "GET", reason), Field("code", None, 200, reason)]


def test_a_failed_reply_makes_every_field_null_with_its_error():
    assert from_json(None, "429 Too Many Requests") == [
        Field("method", None, "GET", "429 Too Many Requests"),
        Field("code", None, 200, "429 Too Many Requests"),
    ]


def test_an_empty_plain_response_is_null_with_a_reason():
    assert extract_fields([], False, "\n", None, "x") == [
        Field("response", None, "x", "the response is empty")
    ]


def test_nul_bytes_lone_surrogates_and_right_to_left_text_survive():
    response = '{"method": "\\u0000\\ud800", "code": "مرحبا \u202e"}'

    assert values(response) == ["\x00\ud800", "مرحبا \u202e"]


def test_a_value_beyond_what_a_row_holds_is_a_reason_and_not_a_crash():
    response = f'{{"method": [{2**64}], "code": {"[" * 300}{"]" * 300}}}'

    assert errors(response) == [
        "'method' holds an integer of more than 64 bits in the response",
        "'code' is nested too deeply in the response",
    ]


def test_values_at_the_limits_of_a_row_are_kept():
    assert values(f'{{"method": {2**64 - 1}, "code": {-(2**63)}}}') == [2**64 - 1, -(2**63)]


def test_deep_nesting_is_a_reason_and_not_a_crash():
    assert errors('{"a":' * 100_000) == ["the response's JSON is nested too deeply"] * 2


@pytest.mark.parametrize(
    "piece", ["{", '{"', '{"a": {"', "[[", '{"a {"a ', "```", "{}", '[1, "', "}", '{ "a"\n', "\\"]
)
def test_five_megabytes_of_broken_json_take_seconds(piece: str):
    response = piece * (5_000_000 // len(piece))
    started = time.process_time()

    assert values(response) == [None, None]
    assert time.process_time() - started < 5


def test_a_value_of_five_megabytes_is_kept():
    assert values('{"method": "' + "가" * 2_000_000 + '", "code": 1}') == ["가" * 2_000_000, 1]


@given(st.text(alphabet=st.sampled_from('{}[]":,\\ab1`\n NaN'), max_size=200))
def test_no_text_crashes_the_extraction_and_every_null_has_a_reason(response: str):
    assert all((field.value is None) == (field.error is not None) for field in from_json(response))


json_values = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(method=json_values, code=json_values)
def test_what_json_holds_comes_back_as_it_was(method: Json, code: Json):
    text = json.dumps({"method": method, "code": code}, ensure_ascii=False)

    assert values(f"Well, so: ```json\n{text}\n```") == [method, code]
