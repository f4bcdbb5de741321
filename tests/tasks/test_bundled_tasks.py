"""The tasks that ship with evalwh: complete, consistent and what they say they are."""

import json
from collections import Counter

import pytest

from evalwh.records import FieldSpec, MetricSpec
from evalwh.tasks import fewshot_docs, load_docs, load_task, render, select_prompts

TASKS = ["api_test_bot", "technical_support_bot"]
RECORDED = ["handwritten-a", "handwritten-b"]


@pytest.fixture(params=TASKS)
def task(request):
    return load_task(request.param)


def recorded_lines(task, name):
    text = (task.root / "recorded" / f"{name}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def letters(text, first, last):
    return sum(first <= letter <= last for letter in text)


def language(text):
    """ "ko", "ja" or "en" by the script that a text uses."""
    if letters(text, "가", "힣"):
        return "ko"
    return "ja" if letters(text, "ぁ", "ヿ") else "en"


def test_there_are_enough_docs_in_both_splits(task):
    assert len(list(load_docs(task))) >= 48
    assert len(list(load_docs(task, "train"))) >= 8


def test_no_question_is_asked_twice_in_any_split(task):
    docs = [*load_docs(task), *load_docs(task, "train")]
    assert len({doc.doc_id for doc in docs}) == len(docs)
    column = "request" if task.json_fields else "question"
    repeated = Counter(doc.columns[column] for doc in docs).most_common(1)[0]
    assert repeated[1] == 1, repeated


def test_every_prompt_renders_for_every_doc_with_and_without_examples(task):
    prompts = select_prompts(task, None)
    assert len(prompts) >= 2
    for doc in load_docs(task):
        for prompt in prompts:
            plain = render(task, prompt, doc)
            shots = render(task, prompt, doc, fewshot=fewshot_docs(task, 2, 0, doc))
            assert [message["role"] for message in plain] == ["system", "user"]
            assert len(shots) == 6


def test_no_prompt_shows_the_answer(task):
    for doc in load_docs(task):
        answer = doc.target["purpose"] if task.json_fields else doc.target
        for prompt in select_prompts(task, None):
            assert answer not in json.dumps(render(task, prompt, doc), ensure_ascii=False)


def test_a_target_has_a_value_for_every_field(task):
    names = {field.name for field in task.fields}
    for doc in [*load_docs(task), *load_docs(task, "train")]:
        assert (set(doc.target) if task.json_fields else {"response"}) == names
        assert all(doc.target.values()) if task.json_fields else doc.target


def test_settings_tell_what_the_data_is_and_whose(task):
    assert task.settings.description
    assert "written for this project" in (task.settings.source or "")
    assert task.settings.license == "MIT"


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_replies_cover_every_doc_and_prompt_once(task, name):
    _, *replies = recorded_lines(task, name)
    expected = {(doc.doc_id, prompt) for doc in load_docs(task) for prompt in task.prompts}
    assert Counter((reply["doc_id"], reply["prompt_id"]) for reply in replies) == Counter(expected)
    assert {tuple(reply) for reply in replies} == {
        ("doc_id", "prompt_id", "response", "finish_reason")
    }


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_replies_say_that_no_model_made_them(task, name):
    first, *_ = recorded_lines(task, name)
    assert list(first) == ["made_by"]
    assert "by hand" in first["made_by"]
    assert "no model made them" in first["made_by"]


def test_the_weaker_replies_fail_in_many_ways(task):
    _, *replies = recorded_lines(task, "handwritten-b")
    responses = [reply["response"] for reply in replies]
    assert "" in responses
    assert "length" in {reply["finish_reason"] for reply in replies}
    assert any("I'm sorry" in text or "죄송하지만" in text for text in responses)
    if task.json_fields:
        assert any(text.startswith("```json") for text in responses)
        assert any(text.startswith("Sure!") for text in responses)


def test_api_test_bot_scores_its_four_fields_by_the_given_thresholds():
    task = load_task("api_test_bot")
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


def test_api_test_bot_expects_endpoints_and_statuses_its_api_lists():
    for doc in load_docs(load_task("api_test_bot")):
        endpoint = f"{doc.target['method']} {doc.target['path']}"
        assert endpoint in doc.columns["api"], doc.doc_id
        assert str(doc.target["expected_status_code"]) in doc.columns["api"], doc.doc_id
        assert type(doc.target["expected_status_code"]) is int


def test_api_test_bot_states_the_purpose_in_the_language_of_the_request():
    for doc in load_docs(load_task("api_test_bot")):
        assert language(doc.target["purpose"]) == language(doc.columns["request"]), doc.doc_id


def test_technical_support_bot_scores_plain_text():
    task = load_task("technical_support_bot")
    assert not task.json_fields
    metrics = ("rougeL", "cosine_similarity", "gpt_similarity", "gpt_correctness")
    assert task.fields == (FieldSpec("response", tuple(MetricSpec(name) for name in metrics)),)


def test_technical_support_bot_is_a_third_korean_japanese_and_english():
    docs = list(load_docs(load_task("technical_support_bot")))
    assert Counter(doc.columns["language"] for doc in docs) == {"ko": 17, "ja": 17, "en": 17}
    assert {doc.columns["language"] for doc in docs[:3]} == {"ko", "ja", "en"}, "a limit cuts none"
    for doc in docs:
        for text in (doc.columns["manual"], doc.columns["question"], doc.target):
            assert language(text) == doc.columns["language"], doc.doc_id
