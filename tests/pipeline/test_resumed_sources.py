"""A resumed run asks what it began to ask: nothing that its requests are made of may change."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from evalwh.cli import app
from evalwh.errors import RequestFailed, WarehouseError
from evalwh.pipeline.rows import run_row
from evalwh.warehouse import Warehouse

WriteTask = Callable[..., Path]
WAY_OUT = "changed since it began; put back what was, or start a new run"
FILES = {
    "task.yaml": "num_fewshot: 1\nparams: {temperature: 0}\nsystem_instruction: Be kind.\n",
    "metric_output_info.json": '{"default": ["em"]}',
    "prompts/plain.j2": "Say hello to {{ who }}.\n",
    "train.jsonl": '{"who": "Ada", "target": "hi"}\n{"who": "Bo", "target": "hey"}\n',
    "test.jsonl": '{"id": "d0", "who": "Al", "target": "hi"}\n'
    '{"id": "d1", "who": "Cy", "target": "hi"}\n',
    "recorded/m.jsonl": '{"doc_id": "d0", "prompt_id": "plain", "response": "hi"}\n'
    '{"doc_id": "d1", "prompt_id": "plain", "response": "hi"}\n',
}


class Begun(NamedTuple):
    """A task with everything that makes requests, and the warehouse of a run `r1` of it."""

    task: Path
    db: Path


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Begun:
    folder = tmp_path_factory.mktemp("begun")
    task, db = folder / "greeter", folder / "evalwh.duckdb"
    for name, text in FILES.items():
        (task / name).parent.mkdir(parents=True, exist_ok=True)
        (task / name).write_text(text)
    model = ("--tasks", str(task), "--model", "recorded", "--model_name", "m")
    app(["run", *model, "--run_id", "r1", "--db", str(db)], standalone_mode=False)
    return Begun(task, db)


@contextlib.contextmanager
def _file(path: Path, text: str) -> Iterator[None]:
    """Another text in a file for a while."""
    before = path.read_text() if path.exists() else None
    path.write_text(text)
    yield
    if before is None:
        path.unlink()
    else:
        path.write_text(before)


def _resume(db: Path, *arguments: str) -> str:
    """What is said against going on with `r1`."""
    with pytest.raises(WarehouseError) as caught:
        app(["run", "--resume", "r1", *arguments, "--db", str(db)], standalone_mode=False)
    return str(caught.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("prompts/plain.j2", "Say", "Shout", "prompt 'plain' of 'greeter' has"),
        ("test.jsonl", "Cy", "Di", "the docs of 'greeter' have"),
        ("test.jsonl", '"d1"', '"d7"', "the docs of 'greeter' have"),
        ("test.jsonl", "\n", "\n" + '{"who": "one more", "target": "hi"}\n', "the docs of"),
        ("train.jsonl", "Ada", "Eve", "the few-shot examples of 'greeter' have"),
        (
            "task.yaml",
            "num_fewshot: 1",
            "num_fewshot: 2",
            "the few-shot examples of 'greeter' have",
        ),
        ("task.yaml", "kind", "quick", "the system instruction of 'greeter' has"),
        ("task.yaml", "temperature: 0", "temperature: 1", "the sampling parameters of 'greeter'"),
        ("task.yaml", "params", "show_target: true\nparams", "what prompts see of 'greeter'"),
        ("task.yaml", "params", "dataset: hosts\nparams", "the dataset 'greeter' has"),
    ],
)
def test_a_run_is_not_resumed_with_other_requests(
    begun: Begun, file: str, old: str, new: str, what: str
) -> None:
    with _file(begun.task / file, FILES[file].replace(old, new, 1)):
        said = _resume(begun.db)

    assert (said.startswith(f"run r1: {what}"), said.endswith(WAY_OUT)) == (True, True)


def test_a_new_prompt_is_not_asked_by_an_old_run(begun: Begun) -> None:
    with _file(begun.task / "prompts" / "loud.j2", "HELLO {{ who }}\n"):
        assert _resume(begun.db) == f"run r1: prompt 'loud' of 'greeter' has {WAY_OUT}"


def test_a_run_is_resumed_when_lines_have_moved_and_metrics_have_changed(begun: Begun) -> None:
    moved = "\n".join(reversed(FILES["test.jsonl"].splitlines())) + "\n"
    with (
        _file(begun.task / "test.jsonl", moved),
        _file(begun.task / "metric_output_info.json", '{"default": ["em", "rougeL"]}'),
    ):
        app(["run", "--resume", "r1", "--db", str(begun.db)], standalone_mode=False)

    assert Warehouse(begun.db).read("select count(*) from generations").rows == [(2,)]


def test_a_run_is_not_resumed_on_another_server(write_task: WriteTask, tmp_path: Path) -> None:
    model = ("--model", "openai", "--model_name", "m", "--max_retries", "0")
    first, second = "http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"
    db = tmp_path / "evalwh.duckdb"
    begun = ("--tasks", str(write_task(1)), "--run_id", "r1", "--db", str(db))
    with pytest.raises(RequestFailed):
        app(["run", *model, "--model_args", f"base_url={first}", *begun], standalone_mode=False)

    assert _resume(db, "--model_args", f"base_url={second}") == (
        f"run r1: 'm' was asked at {first} and would now be at {second}; "
        "give --model_args base_url as it was, or start a new run"
    )


def test_a_run_is_not_resumed_with_another_model(write_task: WriteTask, tmp_path: Path) -> None:
    model = ("--model", "openai", "--max_retries", "0", "--model_args")
    place = "base_url=http://127.0.0.1:1/v1"
    db = tmp_path / "evalwh.duckdb"
    begun = ("--tasks", str(write_task(1)), "--run_id", "r1", "--db", str(db))
    with pytest.raises(RequestFailed):
        app(["run", *model, f"model=m,{place}", *begun], standalone_mode=False)

    said = _resume(db, "--model_args", f"model=other,{place}")
    assert said == f"run r1: its models ('m') have {WAY_OUT}"


def _begun_by_hf(write_task: WriteTask, tmp_path: Path, folder: Path) -> Path:
    """The warehouse of a run `r1` that weights which can't be loaded have left unanswered."""
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    db = tmp_path / "evalwh.duckdb"
    weights = ("--model_name", "m", "--model_args", f"pretrained={folder}")
    begun = ("--tasks", str(write_task(1)), "--run_id", "r1", "--db", str(db))
    with pytest.raises(RequestFailed):
        app(["run", "--model", "hf", *weights, *begun], standalone_mode=False)
    return db


def test_a_run_is_not_resumed_with_other_weights(write_task: WriteTask, tmp_path: Path) -> None:
    db = _begun_by_hf(write_task, tmp_path, tmp_path / "one")
    (tmp_path / "one").rename(tmp_path / "other")

    said = _resume(db, "--model_args", f"pretrained={tmp_path / 'other'}")

    assert said == (
        "run r1: 'm' was asked with another 'pretrained'; "
        "give --model_args as they were, or start a new run"
    )


def test_a_run_is_not_resumed_when_its_weights_have_changed(
    write_task: WriteTask, tmp_path: Path
) -> None:
    db = _begun_by_hf(write_task, tmp_path, tmp_path / "one")
    (tmp_path / "one" / "config.json").write_text('{"n_layer": 2}')

    assert _resume(db) == f"run r1: what {tmp_path / 'one'} holds has {WAY_OUT}"


def test_a_run_is_not_resumed_with_other_headers(write_task: WriteTask, tmp_path: Path) -> None:
    place = "base_url=http://127.0.0.1:1/v1"
    db = tmp_path / "evalwh.duckdb"
    model = ("--model", "openai", "--model_name", "m", "--max_retries", "0", "--model_args")
    begun = ("--tasks", str(write_task(1)), "--run_id", "r1", "--db", str(db))
    first = f'{place},headers={{"X-Adapter": "a", "X-Api-Key": "first-key"}}'
    with pytest.raises(RequestFailed):
        app(["run", *model, first, *begun], standalone_mode=False)
    with pytest.raises(RequestFailed, match="can't connect"):
        same = first.replace("first-key", "second-key")
        app(["run", "--resume", "r1", "--model_args", same, "--db", str(db)], standalone_mode=False)

    said = _resume(db, "--model_args", first.replace('"a"', '"b"'))

    assert said == (
        "run r1: 'm' was asked with another 'headers'; "
        "give --model_args as they were, or start a new run"
    )


def test_a_run_that_did_not_store_what_it_is_made_of_is_not_resumed(begun: Begun) -> None:
    warehouse = Warehouse(begun.db)
    ((config,),) = warehouse.read("select config from runs").rows
    older = {name: value for name, value in json.loads(config).items() if name != "sources"}
    with warehouse.journal("r0") as journal:
        journal.write("run", run_row("r0", older, {}))
    warehouse.fold()

    with pytest.raises(WarehouseError, match="run r0: an older evalwh began it"):
        app(["run", "--resume", "r0", "--db", str(begun.db)], standalone_mode=False)
