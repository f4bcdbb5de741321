"""Few-shot docs: the same for the same seed, and never the answer."""

import subprocess
import sys

import pytest

from evalwh.errors import TaskError
from evalwh.tasks import fewshot_docs, load_docs

TRAIN = [{"id": f"t{n}", "question": f"q{n}", "target": f"a{n}"} for n in range(10)]


@pytest.fixture
def task(folder, jsonl):
    test = [{"id": f"d{n}", "question": f"q{n}", "target": "other"} for n in range(10)]
    return folder.load({"train.jsonl": jsonl(*TRAIN), "test.jsonl": jsonl(*test)})


def draw(task, count, seed):
    return {
        doc.doc_id: [shot.doc_id for shot in fewshot_docs(task, count, seed, doc)]
        for doc in load_docs(task)
    }


def test_the_same_seed_draws_the_same_docs(task):
    assert draw(task, 3, 1) == draw(task, 3, 1)
    assert draw(task, 3, 1) != draw(task, 3, 2)


def test_the_draw_is_the_same_in_every_process(task):
    program = (
        "import sys; from evalwh.tasks import *; task = load_task(sys.argv[1]);"
        "draw = lambda doc: [shot.doc_id for shot in fewshot_docs(task, 3, 1, doc)];"
        "print({doc.doc_id: draw(doc) for doc in load_docs(task)})"
    )
    command = [sys.executable, "-c", program, str(task.root)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == str(draw(task, 3, 1))


def test_docs_differ_in_their_few_shot_docs(task):
    assert len({tuple(shots) for shots in draw(task, 3, 1).values()}) > 1


def test_a_doc_is_never_its_own_example_whatever_its_id(task):
    for doc_id, shots in draw(task, 9, 1).items():
        assert sorted(shots) == sorted({f"t{n}" for n in range(10)} - {f"t{doc_id[1:]}"})


def test_no_few_shot_docs_need_no_train_split(folder):
    task = folder.load()
    assert fewshot_docs(task, 0, 1, next(load_docs(task))) == []


def test_too_few_docs_are_an_error(task):
    with pytest.raises(TaskError, match=r"train\.jsonl: num_fewshot is 10, but there are only 9"):
        fewshot_docs(task, 10, 1, next(load_docs(task)))


def test_a_question_that_stands_twice_counts_once_and_docs_without_a_target_never(folder, jsonl):
    train = [*TRAIN[:2], {**TRAIN[0], "id": "again"}, {"id": "none", "question": "?"}]
    task = folder.load({"train.jsonl": jsonl(*train)})
    with pytest.raises(TaskError, match="there are only 2 docs"):
        fewshot_docs(task, 3, 1, next(load_docs(task)))


def test_an_edited_train_split_is_read_again(folder, jsonl):
    task = folder.load({"train.jsonl": jsonl(TRAIN[0])})
    doc = next(load_docs(task))
    assert [shot.doc_id for shot in fewshot_docs(task, 1, 0, doc)] == ["t0"]
    folder.load({"train.jsonl": jsonl(TRAIN[1])})
    assert [shot.doc_id for shot in fewshot_docs(task, 1, 0, doc)] == ["t1"]
