"""The docs of an lm-eval task: ids, JSON columns, targets, sizes, and what a run stores of them."""

from datetime import date
from typing import Any

import pytest

from evalwh.errors import TaskError, UsageError
from evalwh.harness import HarnessTask, load_tasks
from evalwh.harness.columns import columns_of
from evalwh.harness.params import openai_names, task_params
from evalwh.hashing import content_hash
from evalwh.records import Doc, FieldSpec, MetricSpec, Prompt
from evalwh.tasks.eval_task import Asking, Size
from tests.harness.conftest import Function, TaskFiles

HASH = content_hash({"question": "1?", "answer": "1"})


def load(files: TaskFiles, docs: list[dict[str, Any]] | None = None, **config: Any) -> HarnessTask:
    if docs is not None:
        files.docs("test", docs)
        if docs[0].keys() != {"question", "answer"}:
            # Hugging Face's loader wants the same columns in every file.
            (files.folder / "train.jsonl").unlink()
    (task,) = load_tasks(str(files.task("add", **config)))
    return task


@pytest.mark.parametrize(
    ("docs", "ids"),
    [
        ([{"id": 7}, {"id": 0}], ["7", "0"]),
        ([{"id": "b"}, {"id": "a"}], ["b", "a"]),
        ([{"id": 1, "qid": "x"}, {"id": 1, "qid": "y"}], ["x", "y"]),
        ([{"question_id": "x"}, {"question_id": "y"}], ["x", "y"]),
        ([{"id": None}], [content_hash({"id": None, "question": "1?", "answer": "1"})]),
        ([{}], [HASH]),
        ([{}, {}, {}], [HASH, f"{HASH}#2", f"{HASH}#3"]),
        ([{"id": 1.5}], [content_hash({"id": 1.5, "question": "1?", "answer": "1"})]),
    ],
)
def test_an_id_is_the_datasets_own_where_every_doc_has_another_else_the_content_hash(
    files: TaskFiles, docs: list[dict[str, Any]], ids: list[str]
) -> None:
    task = load(files, [{"question": "1?", "answer": "1", **doc} for doc in docs])

    assert [doc.doc_id for doc in task.docs("test")][: len(ids)] == ids


def test_an_id_doesnt_depend_on_how_many_docs_are_asked(files: TaskFiles) -> None:
    docs = [{"id": at, "question": "1?", "answer": "1"} for at in (1, 2, 2)]

    task = load(files, docs)

    assert [doc.doc_id for doc in task.docs("test", 1)] == [content_hash(docs[0])]


def test_a_doc_has_the_rows_columns_and_lm_evals_target(files: TaskFiles) -> None:
    task = load(files, [{"id": "a", "question": "1?", "answer": "3"}], doc_to_target="={{answer}}")

    columns = {"id": "a", "question": "1?", "answer": "3"}
    assert list(task.docs("test")) == [
        Doc("add", "test", "a", content_hash(columns), columns, "=3")
    ]


@pytest.mark.parametrize(
    ("target", "read"), [("{{answer|int - 1}}", 2), ("['a', 'b']", ["a", "b"]), ("answer", "3")]
)
def test_a_target_is_json_whatever_lm_eval_makes_of_it(
    files: TaskFiles, target: str, read: Any
) -> None:
    choices = {"doc_to_choice": ["a", "b", "c"]} if "int" in target else {}
    task = load(files, [{"question": "1?", "answer": "3"}], doc_to_target=target, **choices)

    assert next(task.docs("test")).target == read


def test_columns_hold_json_alone() -> None:
    import numpy as np

    row = {
        "nan": float("nan"),
        "when": date(2024, 2, 29),
        "bytes": b"\x00\x01",
        "array": np.array([[1, 2]]),
        "number": np.float32(0.5),
        "long": 2**70,
        "tuple": (1, None),
        "lone": "a\ud800",
        "object": object(),
        3: True,
    }

    assert columns_of(row) == {
        "nan": None,
        "when": "2024-02-29",
        "bytes": "<2 bytes>",
        "array": [[1, 2]],
        "number": 0.5,
        "long": str(2**70),
        "tuple": [1, None],
        "lone": "a?",
        "object": "<object>",
        "3": True,
    }


def test_a_row_that_is_no_object_is_one_column() -> None:
    assert columns_of("a text") == {"doc": "a text"}


def test_a_size_counts_docs_and_questions(files: TaskFiles) -> None:
    plain, choices = load(files), load(files, **CHOICES)

    assert [plain.size("test"), choices.size("test"), choices.size("test", 2)] == [
        Size(3, 3),
        Size(3, 9),
        Size(2, 6),
    ]


CHOICES: dict[str, Any] = {
    "output_type": "multiple_choice",
    "doc_to_choice": ["2", "3", "4"],
    "doc_to_target": "{{answer|int - 2}}",
    "generation_kwargs": None,
    "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
}


def test_a_task_says_what_it_asks_for_and_how_often(files: TaskFiles) -> None:
    plain, choices = load(files, repeats=4), load(files, **CHOICES)

    assert [(task.request_kinds, task.repeats) for task in (plain, choices)] == [
        ({"completion"}, 4),
        ({"loglikelihood"}, 1),
    ]


def test_every_filter_is_a_field_with_every_metric(files: TaskFiles) -> None:
    filters = [
        {"name": "first", "filter": [{"function": "take_first"}]},
        {"name": "strict", "filter": [{"function": "lowercase"}, {"function": "take_first"}]},
    ]

    task = load(files, filter_list=filters)

    metrics = [MetricSpec("exact_match")]
    assert task.fields == [FieldSpec("first", metrics), FieldSpec("strict", metrics)]


def test_the_prompt_is_what_makes_it_with_functions_by_name_and_source(files: TaskFiles) -> None:
    source = "def text(doc):\n    return doc['question']\n"
    files.functions(source)
    task = load(
        files,
        doc_to_text=Function("functions.text"),
        num_fewshot=2,
        fewshot_config={"doc_to_text": "{{question}}", "sampler": "first_n"},
    )

    (prompt,) = task.chosen_prompts(None)

    assert prompt == Prompt(
        "default",
        "output_type: generate_until\n"
        f"doc_to_text: '!function functions.text {content_hash(source)}'\n"
        "doc_to_target: '{{answer}}'\n"
        "target_delimiter: ' '\n"
        'fewshot_delimiter: "\\n\\n"\n'
        "num_fewshot: 2\n"
        "fewshot_config:\n"
        "  sampler: first_n\n"
        "  doc_to_text: '{{question}}'\n",
    )


def test_another_prompt_than_the_one_is_unknown(files: TaskFiles) -> None:
    with pytest.raises(UsageError) as raised:
        load(files).chosen_prompts("terse")

    assert str(raised.value) == "--prompts: add has no prompt 'terse'; there is default"


def test_a_task_without_training_docs_has_no_train_split(files: TaskFiles) -> None:
    with pytest.raises(TaskError) as raised:
        next(load(files, training_split=None).docs("train"))

    assert str(raised.value) == "task 'add': it has no training split; leave --skip_eval out"


def test_a_doc_that_no_target_can_be_made_of_is_named_before_anything_is_asked(
    files: TaskFiles,
) -> None:
    files.functions("def target(doc): return str(1 / int(doc['answer']))\n")
    task = load(
        files,
        [{"question": "?", "answer": answer} for answer in ("1", "0")],
        doc_to_target=Function("functions.target"),
    )

    with pytest.raises(TaskError) as raised:
        task.size("test")

    assert str(raised.value) == (
        "task 'add', test doc 1: no target can be made of it: "
        "ZeroDivisionError: division by zero (functions.py:1)"
    )


def test_too_few_examples_to_draw_from_is_one_line(files: TaskFiles) -> None:
    task = load(files, num_fewshot=9)
    (prompt,) = task.chosen_prompts(None)

    with pytest.raises(TaskError) as raised:
        task.questions(prompt, next(task.docs("test")), Asking())

    assert str(raised.value) == (
        "task 'add': num_fewshot is 9, but there are only 5 docs to choose from"
    )


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ({"docs": [{"question": "0 + 2?", "answer": "3"}]}, {"docs"}),
        ({"train": [{"question": "0 + 1?", "answer": "3"}]}, {"fewshot"}),
        ({"asking": Asking(num_fewshot=2)}, {"fewshot"}),
        ({"asking": Asking(seed=5)}, {"fewshot"}),
        ({"asking": Asking(system_instruction="Add.")}, {"system_instruction"}),
        ({"asking": Asking(apply_chat_template=True)}, {"shown"}),
        ({"config": {"generation_kwargs": {"until": ["."]}}}, {"params"}),
        ({}, set()),
    ],
)
def test_sources_tell_what_changed(
    files: TaskFiles, what: dict[str, Any], changed: set[str]
) -> None:
    files.docs("test", [{"question": "0 + 2?", "answer": "2"}])
    before = load(files, num_fewshot=1).sources("test", Asking(), None)
    if "train" in what:
        files.docs("train", what["train"])
    task = load(files, what.get("docs"), **{"num_fewshot": 1, **what.get("config", {})})

    after = task.sources("test", what.get("asking", Asking()), None)

    assert {name for name in before if before[name] != after[name]} == changed


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (
            {"until": "\n", "max_gen_toks": "12", "top_p": 0.5, "temperature": 0.7},
            {"stop": ["\n"], "max_tokens": 12, "top_p": 0.5, "temperature": 0.7},
        ),
        ({"do_sample": False, "temperature": 1.0}, {"temperature": 0.0}),
        ({"do_sample": True, "temperature": 1.0}, {"temperature": 1.0}),
        ({"max_tokens": 5, "max_gen_toks": 7, "until": []}, {"max_tokens": 7}),
        ({}, {}),
    ],
)
def test_generation_arguments_get_openais_names(given: Any, named: Any) -> None:
    assert openai_names(given) == named


def test_a_task_that_names_no_temperature_is_asked_at_0() -> None:
    assert task_params({"do_sample": True}) == {"temperature": 0.0}
