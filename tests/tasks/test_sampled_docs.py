"""Docs of a task folder that are chosen by their places, and how many there are without reading."""

import json
import os
from pathlib import Path

import pytest

from evalwh.errors import UsageError
from evalwh.tasks import load_task
from evalwh.tasks.eval_task import Asking
from evalwh.tasks.folder import EvalFolder


@pytest.fixture
def task(tmp_path: Path) -> EvalFolder:
    """Five docs to test and three to train on."""
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "plain.j2").write_text("{{ who }}")
    (tmp_path / "metric_output_info.json").write_text('{"default": ["em"]}')
    for split, docs in (("train", 3), ("test", 5)):
        lines = [json.dumps({"id": f"{split}{at}", "who": at, "target": "x"}) for at in range(docs)]
        (tmp_path / f"{split}.jsonl").write_text("\n".join(lines) + "\n\n")
    return load_task(str(tmp_path))


def test_the_chosen_docs_come_in_the_tasks_order_and_no_others(task: EvalFolder) -> None:
    sampled = task.with_samples([4, 0, 2])
    ids = [doc.doc_id for doc in sampled.docs("test")]
    first = [doc.doc_id for doc in sampled.docs("test", 1)]
    train = [doc.doc_id for doc in sampled.docs("train")]
    assert (ids, first, train, sampled.size("test").docs, sampled.split_docs("test")) == (
        ["test0", "test2", "test4"],
        ["test0"],
        ["train0", "train1", "train2"],
        3,
        5,
    )


def test_other_docs_are_other_sources(task: EvalFolder) -> None:
    hashes = [
        each.sources("test", Asking(), None)["docs"]
        for each in (task, task.with_samples([0, 1]), task.with_samples([0, 2]))
    ]
    assert len(set(hashes)) == 3


@pytest.mark.parametrize("place", [5, 10**30])
def test_a_doc_behind_the_last_is_refused(task: EvalFolder, place: int) -> None:
    with pytest.raises(UsageError) as caught:
        task.with_samples([0, place])
    assert str(caught.value) == (
        f"--samples: there is no doc {place} in '{task.name}'; it has 5 docs, and the first is 0"
    )


def test_data_behind_the_last_chosen_doc_may_be_broken(task: EvalFolder) -> None:
    path = task.root / "test.jsonl"
    path.write_text(path.read_text() + "{\n")
    sampled = task.with_samples([4])
    assert ([doc.doc_id for doc in sampled.docs("test")], sampled.split_docs("test")) == (
        ["test4"],
        None,
    )


def test_a_very_large_file_isnt_read_to_be_counted(task: EvalFolder) -> None:
    os.truncate(task.root / "test.jsonl", 200_000_000)
    assert task.split_docs("test") is None
