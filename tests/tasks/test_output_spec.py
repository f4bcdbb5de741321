"""`metric_output_info.json` as evaluation teams write it, and as they mistype it."""

import pytest

from evalwh.errors import TaskError
from evalwh.records import FieldSpec, MetricSpec

ARTICLE = """{
    "method": ["em"],
    "path": [
        {"name": "gpt_similarity", "threshold": 1},
        {"name": "meteor", "threshold": 1},
        {"name": "rougeL", "threshold": 1}
    ],
    "expected_status_code": ["em"],
    "purpose": [
        {"name": "gpt_similarity", "threshold": 0.7},
        {"name": "cosine_similarity", "threshold": 0.5}
    ]
}"""
JSON_DOC = '{"id": 1, "question": "q", "target": {"method": "GET"}}\n'


def spec_error(folder, text):
    with pytest.raises(TaskError) as caught:
        folder.load({"metric_output_info.json": text, "test.jsonl": JSON_DOC})
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{folder.root}/metric_output_info.json")


def test_each_key_is_a_field_of_a_json_response(folder):
    task = folder.load({"metric_output_info.json": ARTICLE, "test.jsonl": JSON_DOC})
    assert task.json_fields
    assert task.fields == (
        FieldSpec("method", (MetricSpec("em"),)),
        FieldSpec(
            "path",
            (
                MetricSpec("gpt_similarity", 1.0),
                MetricSpec("meteor", 1.0),
                MetricSpec("rougeL", 1.0),
            ),
        ),
        FieldSpec("expected_status_code", (MetricSpec("em"),)),
        FieldSpec(
            "purpose", (MetricSpec("gpt_similarity", 0.7), MetricSpec("cosine_similarity", 0.5))
        ),
    )


def test_default_is_the_one_field_response_of_plain_text(folder):
    task = folder.load({"metric_output_info.json": '{"default": ["rougeL", "gpt_correctness"]}'})
    assert not task.json_fields
    assert task.fields == (
        FieldSpec("response", (MetricSpec("rougeL"), MetricSpec("gpt_correctness"))),
    )


def test_other_keys_of_a_metric_are_its_options(folder):
    text = '{"default": [{"name": "em", "ignore_case": true}]}'
    task = folder.load({"metric_output_info.json": text})
    assert task.fields[0].metrics == (MetricSpec("em", None, {"ignore_case": True}),)


def test_options_of_a_field_come_from_task_yaml(folder):
    task = folder.load({"task.yaml": "fields:\n  response: {strip: true}\n"})
    assert task.fields[0].options == {"strip": True}


def test_options_of_an_unknown_field_are_refused(folder):
    with pytest.raises(TaskError, match=r"task\.yaml: 'fields': no field 'respnse'; did you mean"):
        folder.load({"task.yaml": "fields:\n  respnse: {strip: true}\n"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{\n  "method": ["em"],\n  ...\n}',
            (
                ":3:3: not JSON: Expecting property name enclosed in double quotes"
                "; write every field out instead of '...'"
            ),
        ),
        (
            '{"method": ["em"]} // the verb',
            ":1:20: not JSON: Extra data; JSON has no comments, remove it",
        ),
        ('{"method": ["em"], "method": ["em"]}', ": the key 'method' stands twice in one object"),
        (
            '{"default": ["em"], "path": ["em"]}',
            ": has both 'default', for plain text, and 'path', for JSON; keep one kind",
        ),
        ("[]", ': must be an object such as {"default": ["rougeL"]}'),
        ("{}", ': must be an object such as {"default": ["rougeL"]}'),
        ('{"path": "em"}', ": field 'path': must be a list of metrics, such as [\"em\"]"),
        ('{"path": []}', ": field 'path': must be a list of metrics, such as [\"em\"]"),
        ('{"": ["em"]}', ": a field has no name"),
        (
            '{"path": [1]}',
            (
                ": field 'path': a metric is a name such as \"em\", or "
                '{"name": "rougeL", "threshold": 1}, not 1'
            ),
        ),
        (
            '{"path": [{"threshold": 1}]}',
            (
                ": field 'path': a metric is a name such as \"em\", or "
                '{"name": "rougeL", "threshold": 1}, not {"threshold": 1}'
            ),
        ),
        (
            '{"path": ["em", {"name": "em", "threshold": 1}]}',
            ": field 'path': metric 'em' stands twice; keep one",
        ),
        (
            '{"path": [{"name": "em", "treshold": 1}]}',
            ": field 'path': metric 'em': unknown key 'treshold'; did you mean 'threshold'?",
        ),
        (
            '{"path": [{"name": "em", "threshold": "1"}]}',
            ": field 'path': metric 'em': threshold must be a number, not \"1\"",
        ),
        (
            '{"path": [{"name": "em", "threshold": true}]}',
            ": field 'path': metric 'em': threshold must be a number, not true",
        ),
        (
            '{"path": [{"name": "em", "threshold": NaN}]}',
            ": NaN isn't JSON; use null for a missing number",
        ),
        (
            '{"path": [{"name": "em", "threshold": 1e999}]}',
            ": inf isn't JSON; use null for a missing number",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(folder, text, message):
    assert spec_error(folder, text) == message


def test_a_missing_file_is_named(folder):
    with pytest.raises(TaskError, match=r"metric_output_info\.json is missing"):
        folder.load({"metric_output_info.json": None})
