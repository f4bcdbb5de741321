"""`--samples` as it is given: JSON, a file of it, or a mapping in a configuration file."""

import json
from pathlib import Path

import pytest

from evalwh.cli.samples import read_samples
from evalwh.errors import UsageError
from tests.program import Ended, evalwh


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_docs_are_kept_once_and_in_order(in_folder: Path) -> None:
    text = '{"a": [3, 0, 3], "b": [1]}'
    Path("docs.json").write_text(text)
    expected = {"a": [0, 3], "b": [1]}
    assert (read_samples(text, "x"), read_samples("docs.json", "x")) == (expected, expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "nowhere.json",
            (
                "nowhere.json: can't be read: No such file or directory; give a file of "
                'JSON such as {"task": [0, 3]}'
            ),
        ),
        (".", '.: can\'t be read: Is a directory; give a file of JSON such as {"task": [0, 3]}'),
        (
            "broken.json",
            (
                "broken.json: not JSON: Expecting value, line 1, column 1; write it as "
                "'{\"task\": [0, 3]}'"
            ),
        ),
        (
            "{'a': [0]}",
            (
                "not JSON: Expecting property name enclosed in double quotes, line 1, "
                "column 2; write it as '{\"task\": [0, 3]}'"
            ),
        ),
        ("[0, 1]", 'must hold the docs of each task, such as {"task": [0, 3]}'),
        ("{}", 'must hold the docs of each task, such as {"task": [0, 3]}'),
        ('{"a": 3}', "'a': must be a list of docs, such as [0, 3]"),
        ('{"a": []}', "'a': names no docs; leave the task out to ask all of them"),
        ('{"a": [0, -1]}', "'a': -1 is no doc; the first is 0, the next 1"),
        ('{"a": [1.0]}', "'a': 1.0 is no doc; the first is 0, the next 1"),
        ('{"a": ["1"]}', "'a': \"1\" is no doc; the first is 0, the next 1"),
        ('{"a": [true]}', "'a': true is no doc; the first is 0, the next 1"),
        ('{"a": [NaN]}', "'a': NaN is no doc; the first is 0, the next 1"),
    ],
)
def test_what_names_no_docs_is_one_line(in_folder: Path, text: str, said: str) -> None:
    Path("broken.json").write_text("three")
    with pytest.raises(UsageError) as caught:
        read_samples(text, "--samples")
    assert str(caught.value) == f"--samples: {said}"


def write_task(folder: Path, replied: range) -> Path:
    """Five docs, and recorded replies to some."""
    root = folder / "greeter"
    (root / "prompts").mkdir(parents=True, exist_ok=True)
    (root / "recorded").mkdir(exist_ok=True)
    (root / "prompts" / "plain.j2").write_text("Say hello to {{ who }}.\n")
    (root / "metric_output_info.json").write_text('{"default": ["em"]}')
    for split in ("train", "test"):
        lines = [f'{{"id": "d{at}", "who": "{at}", "target": "hi"}}\n' for at in range(5)]
        (root / f"{split}.jsonl").write_text("".join(lines))
    replies = [f'{{"doc_id": "d{at}", "prompt_id": "plain", "response": "hi"}}\n' for at in replied]
    (root / "recorded" / "kept.jsonl").write_text("".join(replies))
    return root


def run(folder: Path, *options: str) -> Ended:
    model = ("--model", "recorded", "--model_name", "kept", "--run_id", "r1")
    return evalwh("run", *model, *options, cwd=folder, db=folder / "e.duckdb")


def ask(folder: Path, sql: str) -> list[str]:
    done = evalwh("query", sql, "--format", "csv", cwd=folder, db=folder / "e.duckdb")
    return done.out.split()[1:]


def test_a_task_folder_is_asked_the_docs_that_are_named_and_goes_on_with_them(
    tmp_path: Path,
) -> None:
    write_task(tmp_path, range(2))
    (tmp_path / "docs.json").write_text('{"greeter": [3, 1]}')
    first = run(tmp_path, "--tasks", "./greeter", "-E", "docs.json", "--output_path", "out.json")
    write_task(tmp_path, range(5))
    other = evalwh(
        "run", "--resume", "r1", "--samples", '{"greeter": [3]}',
        cwd=tmp_path, db=tmp_path / "e.duckdb",
    )  # fmt: skip
    resumed = evalwh("run", "--resume", "r1", cwd=tmp_path, db=tmp_path / "e.duckdb")
    rows = "select doc_id, attempt, response from generations order by all"
    results = json.loads((tmp_path / "out.json").read_text())
    assert [first.code, other.code, resumed.code] == [0, 2, 0], first.err + resumed.err
    assert other.err == (
        "evalwh: error: --samples: run r1 was begun with {'greeter': [1, 3]}, "
        "not {'greeter': [3]}; leave it out, or start a new run\n"
    )
    assert (results["n-samples"], results["config"]["samples"]) == (
        {"greeter": {"original": 5, "effective": 2}},
        {"greeter": [1, 3]},
    )
    assert ask(tmp_path, rows) == ["d1,1,hi", "d3,1,", "d3,2,hi"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--samples", '{"greeter": [5]}'),
            ("--samples: there is no doc 5 in 'greeter'; it has 5 docs, and the first is 0"),
        ),
        (
            ("--samples", '{"greter": [0]}'),
            ("--samples: no task that is asked is called 'greter'; did you mean 'greeter'?"),
        ),
        (
            ("--samples", '{"greeter": [0]}', "--limit", "2"),
            "--samples: it says which docs are asked; leave --limit out",
        ),
        (
            ("--samples", '{"greeter": [0]}', "--skip_eval"),
            "--samples: its docs are of the split that --skip_eval leaves out",
        ),
        (
            ("--config", "c.yaml"),
            ("c.yaml:2: 'samples': 'greeter': -1 is no doc; the first is 0, the next 1"),
        ),
    ],
)
def test_samples_that_no_run_can_have_are_refused_before_it_begins(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    write_task(tmp_path, range(5))
    (tmp_path / "c.yaml").write_text("limit: 3\nsamples: {greeter: [-1]}\n")
    done = run(tmp_path, "--tasks", "./greeter", *options)
    assert (done.code, done.out, done.err) == (2, "", f"evalwh: error: {said}\n")


def test_samples_in_a_file_are_a_mapping_and_other_tasks_are_asked_whole(tmp_path: Path) -> None:
    write_task(tmp_path, range(5))
    (tmp_path / "greeter").rename(tmp_path / "one")
    write_task(tmp_path, range(5))
    (tmp_path / "c.yaml").write_text(
        "tasks: [./greeter, ./one]\nsamples:\n  one: [4]\noutput_path: out.json\n"
    )
    done = run(tmp_path, "--config", "c.yaml")
    counts = "select dataset, docs from cells order by all"
    shown = "select dataset, doc_id from generations where dataset = 'one'"
    assert (done.code, ask(tmp_path, counts), ask(tmp_path, shown)) == (
        0,
        ["greeter,5", "one,1"],
        ["one,d4"],
    )
