"""lm-eval tasks by name, group, tag, pattern and file; what can't be loaded says so in one line."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evalwh.errors import EvalwhError, UnknownTask, UsageError
from evalwh.harness import load_stored, load_tasks
from evalwh.harness.index import cache_file, cache_key, installed
from evalwh.pipeline.config import RunConfig
from evalwh.pipeline.parts import read_parts
from evalwh.tasks.eval_task import Asking
from tests.harness.conftest import Function, TaskFiles, arguments

Built = Callable[..., None]


@pytest.fixture(autouse=True)
def _caches(tmp_path: Path) -> Iterator[None]:
    """The cache folder of the test's own."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    yield
    os.environ.pop("XDG_CACHE_HOME")
    if before is not None:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture
def built_in() -> Built:
    """Make lm-eval's built-in tasks those of a cache file."""

    def write(**names: Any) -> None:
        file = cache_file("a test")
        file.parent.mkdir(parents=True, exist_ok=True)
        key = cache_key(installed("a test"))
        file.write_text(json.dumps({"key": key, "names": names}))

    return write


def names_of(name: object, *include_path: Path, **settings: Any) -> list[str]:
    return [task.name for task in load_tasks(str(name), include_path, **settings)]


def problem(name: object, *include_path: Path, **settings: Any) -> str:
    with pytest.raises(EvalwhError) as raised:
        load_tasks(str(name), include_path, **settings)
    return str(raised.value)


def test_a_task_by_its_file_leaves_lm_evals_own_tasks_unscanned(files: TaskFiles) -> None:
    loaded = names_of(files.task("add"))

    assert (loaded, cache_file("a test").exists()) == (["add"], False)


def test_a_name_under_an_include_path_leaves_lm_evals_own_tasks_unscanned(files: TaskFiles) -> None:
    files.task("add", tag="sums")
    files.task("more", tag="sums")

    loaded = [names_of(name, files.folder) for name in ("add", "sums")]

    assert (loaded, cache_file("a test").exists()) == ([["add"], ["add", "more"]], False)


def test_a_group_by_its_file_has_the_tasks_beside_it_without_a_scan(files: TaskFiles) -> None:
    files.task("add")
    files.task("more")
    path = files.config("both", {"group": "both", "task": ["more", "add"]})

    assert (names_of(path), cache_file("a test").exists()) == (["more", "add"], False)


def test_a_name_that_is_nowhere_else_is_lm_evals(files: TaskFiles, built_in: Built) -> None:
    path = files.task("add")
    built_in(add=["task", str(path), []])

    assert names_of("add") == ["add"]


def test_a_pattern_takes_every_name_once_and_members_by_their_group(
    files: TaskFiles, built_in: Built
) -> None:
    paths = {name: files.task(name) for name in ("sum_a", "sum_b", "sum_c")}
    group = files.config("sum", {"group": "sum_all", "task": ["sum_b", "sum_a"]})
    built_in(
        sum_all=["group", str(group), ["sum_b", "sum_a"]],
        **{name: ["task", str(path), []] for name, path in paths.items()},
    )

    tasks = load_tasks("sum_*")

    assert [(task.name, task.origin["spec"]) for task in tasks] == [
        ("sum_b", "sum_all"),
        ("sum_a", "sum_all"),
        ("sum_c", "sum_c"),
    ]


def test_a_folder_and_a_pattern_of_files_stand_for_their_tasks(files: TaskFiles) -> None:
    files.task("add")
    files.task("more")

    assert [names_of(files.folder), names_of(files.folder / "a*.yaml")] == [
        ["add", "more"],
        ["add"],
    ]


def test_the_groups_of_a_task_are_stored_with_members_metrics_and_version(files: TaskFiles) -> None:
    for name in ("a", "b"):
        files.task(name)
    metric = {"metric": "exact_match", "filter_list": "none", "weight_by_size": False}
    inner = {"group": "inner", "task": ["b"]}
    path = files.config(
        "sums",
        {
            "group": "sums",
            "group_alias": "Sums",
            "task": ["a", inner],
            "aggregate_metric_list": [metric, {"metric": "acc"}],
            "metadata": {"version": 2},
        },
    )

    by_task = {task.name: task.origin["groups"] for task in load_tasks(str(path))}

    outer = {
        "group": "sums",
        "alias": "Sums",
        "version": "2",
        "members": ["a", "sums::inner"],
        "tasks": ["a", "b"],
        "aggregate_metric_list": [
            {**metric, "filter_list": ["none"], "aggregation": "mean"},
            {"metric": "acc", "filter_list": None, "aggregation": "mean", "weight_by_size": True},
        ],
    }
    below = {
        "group": "sums::inner",
        "alias": "sums::inner",
        "version": "N/A",
        "members": ["b"],
        "tasks": ["b"],
        "aggregate_metric_list": None,
    }
    assert by_task == {"a": [outer], "b": [outer, below]}


def test_what_is_stored_of_a_task_loads_it_again_as_it_was_asked(files: TaskFiles) -> None:
    files.task("add")
    path = files.config(
        "sums", {"group": "sums", "task": [{"task": "add", "doc_to_text": "{{question}}"}]}
    )
    (task,) = load_tasks(str(path), num_fewshot=2, seed=5)

    (again,) = load_stored([json.loads(json.dumps(task.origin))])

    assert [again.origin, arguments(again, Asking(seed=5))] == [
        task.origin,
        arguments(task, Asking(seed=5)),
    ]


def test_metadata_reaches_the_task(files: TaskFiles) -> None:
    files.functions(
        "import datasets\n"
        "def data(**metadata):\n"
        "    docs = [{'question': metadata['question'], 'answer': '1'}]\n"
        "    return {'test': datasets.Dataset.from_list(docs)}\n"
    )
    path = files.task(
        "add",
        dataset_path=None,
        dataset_kwargs=None,
        training_split=None,
        custom_dataset=Function("functions.data"),
    )

    (task,) = load_tasks(str(path), metadata={"question": "1?"})

    assert [doc.columns for doc in task.docs("test")] == [{"question": "1?", "answer": "1"}]


def test_code_that_a_model_writes_runs_only_when_confirmed(files: TaskFiles) -> None:
    path = files.task("add", unsafe_code=True)

    assert [problem(path), names_of(path, confirm_run_unsafe_code=True)] == [
        "task 'add' runs code that the model writes; to allow that, add --confirm_run_unsafe_code",
        ["add"],
    ]


def test_a_task_with_images_is_refused(files: TaskFiles) -> None:
    assert problem(files.task("add", doc_to_image=["question"])) == (
        "task 'add': its docs have images or sound, and only text is asked; choose another task"
    )


def test_an_unknown_name_gets_the_nearest_of_lm_evals(files: TaskFiles, built_in: Built) -> None:
    built_in(hellaswag=["task", "hellaswag/hellaswag.yaml", []])

    assert problem("helaswag") == "no task 'helaswag'; did you mean 'hellaswag'?"


def test_a_name_near_to_nothing_is_told_as_it_was_before(built_in: Built) -> None:
    built_in(hellaswag=["task", "hellaswag/hellaswag.yaml", []])

    assert problem("list") == "no task 'list'; evalwh tasks '*' lists what there is"
    assert problem("xyz", unknown=UnknownTask("no task 'xyz'; there is bot")) == (
        "no task 'xyz'; there is bot; nor has lm-eval one: evalwh tasks '*' lists its names"
    )


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"doc_to_text": Function("functions.txt")}, "has no function 'txt'"),
        ({"doc_to_text": Function("absent.text")}, "Cannot import module 'absent'"),
        ({"doc_to_text": "{{quetsion}}"}, "'quetsion' is undefined"),
        ({"test_split": "validation"}, "no 'validation' in it"),
        (
            {"metric_list": [{"aggregation": "mean"}]},
            "'metric_list' must be a list of mappings that",
        ),
        ({"dataset_path": "someone/absent", "dataset_kwargs": None}, "name a local copy as its"),
        ({"process_docs": Function("lacking.docs")}, "No module named 'zzz'; install it, or lm-e"),
        ({"output_type": "chat"}, "Got invalid output_type 'chat'"),
        ({"include": "absent.yaml"}, "absent.yaml"),
        ({"doc_to_target": None}, "'doc_to_target' is missing; give both"),
    ],
)
def test_what_is_wrong_with_a_task_is_one_line_with_its_file(
    files: TaskFiles, config: dict[str, Any], said: str
) -> None:
    files.functions("def text(doc): return ''\n")
    (files.folder / "lacking.py").write_text("import zzz\n")
    path = files.task("add", **config)

    message = problem(path)

    assert (str(path) in message, said in message, "\n" in message) == (True, True, False)


def test_a_group_of_itself_says_so(files: TaskFiles) -> None:
    path = files.folder / "round.yaml"
    path.write_text("group: round\ntask: [round]\n")
    assert "a group is a member of itself" in problem(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("task: [", "while parsing"),
        ("- add\n", "Expected YAML dict"),
        ("dataset_path: json\n", "Unknown config shape"),
    ],
)
def test_a_file_that_defines_nothing_says_so(files: TaskFiles, text: str, said: str) -> None:
    path = files.folder / "broken.yaml"
    path.write_text(text)

    message = problem(path)

    assert (message.startswith(f"{path}: "), said in message, "\n" in message) == (
        True,
        True,
        False,
    )


def test_a_file_that_is_nowhere_says_so(tmp_path: Path) -> None:
    path = tmp_path / "absent.yaml"

    assert problem(path) == f"--tasks: no file {path}; give a YAML file that is there"


def test_naming_a_task_imports_no_lm_eval() -> None:
    import subprocess

    code = (
        "import sys, evalwh.harness.index as i; import evalwh.harness;"
        "i.installed('x'); print('lm_eval' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_a_task_that_is_named_twice_is_refused_by_where_it_is_named(files: TaskFiles) -> None:
    files.task("add")
    for group in ("sums", "sums_again"):
        files.config(group, {"group": group, "task": ["add"]})

    def refused(*names: str) -> str:
        with pytest.raises(UsageError) as raised:
            read_parts(RunConfig("hf", ["m"], names, include_path=[str(files.folder)]))
        return str(raised.value)

    assert (refused("add", "sums"), refused("sums", "sums_again"), refused("sums*")) == (
        "--tasks: 'add' is there twice, by its own name and in 'sums'; name one of them",
        "--tasks: 'add' is there twice, in 'sums' and in 'sums_again'; name one of them",
        "task 'add' is in both 'sums' and 'sums_again'; name one of them",
    )
