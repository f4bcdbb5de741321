"""What can be wrong with an lm-eval task: one line before anything is asked, whoever raised it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from evalwh.errors import EvalwhError
from evalwh.harness import load_tasks
from evalwh.tasks.eval_task import Asking
from tests.harness.conftest import Function, TaskFiles

FUNCTIONS = """
import sys

class Own(BaseException):
    pass

def recursion(doc): return recursion(doc)
def stop(doc): raise StopIteration
def interrupt(doc): raise KeyboardInterrupt
def own(doc): raise Own("mine")
def leave(doc): sys.exit(0)
def fails(doc): raise RuntimeError("first\\nsecond")
def number(doc): return 5
def numbers(doc): return [1, 2]
def word(doc): return "abc"
def nothing(rows): return None
def no_rows(rows): return rows.select([])
def generator(rows): return (row for row in rows)
"""


def problem(path: Path) -> str:
    """What is said of a task before its first doc is asked; it is one line."""
    with pytest.raises(EvalwhError) as raised:
        (task,) = load_tasks(str(path))
        for doc in task.docs("test"):
            task.questions(task.chosen_prompts(None)[0], doc, Asking())
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"generation_kwargs": {5: 6}}, "'generation_kwargs' must be a mapping of names to values"),
        ({"generation_kwargs": "x"}, "'generation_kwargs' must be a mapping of names to values"),
        ({"generation_kwargs": {"until": 5}}, "'until' must be a text or a list of texts, not 5"),
        ({"generation_kwargs": {"until": [5, "x"]}}, "'until' must be a text or a list of texts"),
        (
            {"generation_kwargs": {"max_gen_toks": "abc"}},
            "'generation_kwargs': 'max_gen_toks' must be a number of tokens, not 'abc'",
        ),
        (
            {"generation_kwargs": {"temperature": float("nan")}},
            "'generation_kwargs': 'temperature' must be a number, not nan",
        ),
        ({"generation_kwargs": {"do_sample": "maybe"}}, "'do_sample' must be true or false"),
        (
            {"generation_kwargs": {"x": float("inf")}},
            "'generation_kwargs': 'x': inf isn't JSON; use null for a missing number",
        ),
        ({"num_fewshot": "five"}, "'num_fewshot' must be a whole number of at least 0, not 'five'"),
        ({"num_fewshot": -1}, "'num_fewshot' must be a whole number of at least 0, not -1"),
        ({"repeats": "many"}, "'repeats' must be a whole number of at least 1, not 'many'"),
        ({"repeats": 0}, "'repeats' must be a whole number of at least 1, not 0"),
        ({"repeats": -1}, "'repeats' must be a whole number of at least 1, not -1"),
        ({"task": 123}, "'task' must be a name, in quotes if it is a number, not 123"),
        (
            {"task": ["a", "b"]},
            "'task' must be a name, in quotes if it is a number, not ['a', 'b']",
        ),
        ({"dataset_kwargs": "zzz"}, "'dataset_kwargs' must be a mapping of names to values"),
        ({"dataset_path": None}, "'dataset_path' is missing; name a data set"),
        ({"doc_to_text": None}, "'doc_to_text' is missing; give both doc_to_text and"),
        ({"metric_list": "acc"}, "'metric_list' must be a list of mappings that each name a"),
        (
            {"metric_list": [{"metric": "exakt_match", "aggregation": "mean"}]},
            "there is no metric 'exakt_match'; did you mean 'exact_match'?",
        ),
        ({"metric_list": [{"metric": "exakt_match"}]}, "there is no metric 'exakt_match'; did you"),
        ({"filter_list": "x"}, "'filter_list' must be a list of mappings with 'name' and 'filter'"),
        ({"filter_list": [{"filter": []}]}, "'filter_list' must be a list of mappings with 'name'"),
        (
            {
                "filter_list": [
                    {"name": "f", "filter": [{"function": "regex", "regex_pattern": "("}]}
                ]
            },
            "filter 'f': error: missing ), unterminated subpattern at position 0",
        ),
        ({"metrik_list": []}, "unknown key 'metrik_list'; did you mean 'metric_list'?"),
    ],
)
def test_a_setting_of_a_task_that_cant_be_is_told_with_file_key_and_what_it_may_be(
    files: TaskFiles, config: dict[str, Any], said: str
) -> None:
    path = files.task("add", **config)

    message = problem(path)

    assert (str(path) in message, said in message) == (True, True), message


@pytest.mark.parametrize(
    ("key", "function", "said"),
    [
        ("doc_to_text", "recursion", "RecursionError: maximum recursion depth exceeded (functions"),
        ("doc_to_text", "stop", "StopIteration (functions.py:8)"),
        ("doc_to_text", "fails", "RuntimeError: first second (functions.py:12)"),
        ("doc_to_text", "leave", "its code ends the program (SystemExit: 0 (functions.py:11))"),
        ("doc_to_text", "own", "its code ends the program (Own: mine (functions.py:10))"),
        ("doc_to_target", "fails", "RuntimeError: first second (functions.py:12)"),
        ("process_docs", "nothing", "process_docs gives a NoneType; it must give a datasets.Data"),
        ("process_docs", "generator", "process_docs gives a generator; it must give a datasets."),
        ("class", "number", "'class' must be a Python class, by !function, not <function number"),
        ("process_docs", "no_rows", "process_docs leaves no docs"),
        ("process_docs", "fails", "RuntimeError: first second (functions.py:12)"),
        ("doc_to_choice", "nothing", "doc_to_choice gives None; it must give a list of texts"),
        ("doc_to_choice", "numbers", "doc_to_choice gives [1, 2]; it must give a list of texts"),
        ("doc_to_choice", "word", "doc_to_choice gives 'abc'; it must give a list of texts"),
    ],
)
def test_what_the_code_of_a_task_does_wrong_is_told_with_its_line(
    files: TaskFiles, key: str, function: str, said: str
) -> None:
    files.functions(FUNCTIONS)
    output = {"output_type": "multiple_choice"} if key == "doc_to_choice" else {}
    path = files.task("add", **{key: Function(f"functions.{function}"), **output})

    assert said in problem(path)


def test_what_libraries_log_of_bad_data_is_told_in_the_one_line_alone(
    files: TaskFiles, capfd: pytest.CaptureFixture[str]
) -> None:
    (files.folder / "test.jsonl").write_text('{"question": "\\ud800", "answer": "1"}\n')
    path = files.task("add")

    message = problem(path)

    assert "JSON parse error: The surrogate pair in string is invalid" in message
    assert capfd.readouterr() == ("", "")


def test_an_interrupt_that_a_task_raises_is_its_own_where_signals_end_the_command(
    files: TaskFiles,
) -> None:
    from evalwh.cli.ending import Ending

    files.functions(FUNCTIONS)
    path = files.task("add", doc_to_text=Function("functions.interrupt"))

    with Ending():
        message = problem(path)

    assert message == (
        f"task 'add' ({path}): its code ends the program (KeyboardInterrupt (functions.py:9))"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("group: g\ntask: []\n", "it has no members; list the names of some tasks under 'task'"),
        ("group: g\ntask: adding_up\n", "it has no members; list the names of some tasks under"),
        ("group: g\ntask: [{group: h, task: []}]\n", "it leads to no task; name another"),
        ("group: g\ntask: [5]\n", "its 'task' lists 5; each must be a name, or a mapping with"),
        ("group: g\ntask: [{task: [x]}]\n", "its 'task' lists a mapping; each must be a name"),
        ("group: g\ntask: [adding_upp]\n", "no task 'adding_upp'; did you mean 'adding_up'?"),
        ("group: g\ntask: [{group: h, task: [g]}]\n", "a group is a member of itself; take it out"),
    ],
)
def test_what_is_wrong_with_a_group_is_told_with_its_file(
    files: TaskFiles, text: str, said: str
) -> None:
    files.task("adding_up")
    path = files.folder / "g.yaml"
    path.write_text(text)

    message = problem(path)

    assert (str(path) in message, said in message) == (True, True), message


@pytest.mark.parametrize(
    "text",
    [
        "task: r\nmetadata: &x [*x]\n",
        "task: r\ngeneration_kwargs: &x {stop: *x}\n",
        "task: r\nx: &x [*x]\n",
    ],
)
def test_yaml_that_holds_itself_is_no_group_that_does(files: TaskFiles, text: str) -> None:
    path = files.folder / "r.yaml"
    path.write_text(text)

    message = problem(path)

    assert (str(path) in message, "group" in message) == (True, False), message


def test_a_file_whose_task_has_no_name_hides_no_other_under_an_include_path(
    files: TaskFiles,
) -> None:
    files.task("adding_up", tag="sums")
    for name, written in (("number", 123), ("null", None), ("empty", "")):
        files.config(name, {"task": written, "tag": "sums", "dataset_path": "json"})

    names = [task.name for name in ("adding*", "sums") for task in load_tasks(name, [files.folder])]

    assert names == ["adding_up", "adding_up"]


async def test_yaml_that_grows_by_its_anchors_is_refused_at_once(files: TaskFiles) -> None:
    path = files.folder / "bomb.yaml"
    names = "abcdefgh"
    lines = [
        f"{name}: &{name} [{', '.join([f'*{before}' if before else 'x'] * 9)}]"
        for before, name in zip(["", *names], names, strict=False)
    ]
    path.write_text("\n".join([*lines, "task: bomb\n"]))

    message = await asyncio.wait_for(asyncio.to_thread(problem, path), 30)

    assert f"task 'bomb' ({path}): unknown key 'a'" in message
