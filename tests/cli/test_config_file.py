"""`run --config`: options in YAML, read like those on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from evalwh.cli import app
from evalwh.cli.given_options import given_runs
from evalwh.cli.run_options import RunOptions
from evalwh.errors import UsageError

Given = Callable[..., list[RunOptions]]


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    """The runs that a file's text and a command line ask for."""
    monkeypatch.chdir(tmp_path)

    def runs(text: str, *words: str) -> list[RunOptions]:
        Path("c.yaml").write_text(text)
        command: Any = typer.main.get_command(app).commands["run"]  # type: ignore[attr-defined]
        context = command.make_context("run", ["--config", "c.yaml", *words])
        params = context.params
        paths = [Path(each) for each in params["config"]]
        return given_runs(context, {**params, "config": paths})

    return runs


def _shown(options: RunOptions, *names: str) -> dict[str, object]:
    return {name: getattr(options, name) for name in names}


def test_a_file_holds_any_option_in_either_spelling(given: Given) -> None:
    [run] = given(
        "model: openai\nmodel-name: [a, b]\nmodel_args: {api_base: 'http://h/v1', api_key: '007'}\n"
        'tasks: [x, y]\nlimit: 5\nnum-fewshot: 0\ngen_kwargs: temperature=0,stop=["a,b"]\n'
        "apply_chat_template: true\npredict_only: true\ntag: {team: x}\ninclude_path: tasks\n"
        "seed: [0, 1234, 1234, 42]\nrpm: 60\nbudget_usd: 0.5\nuse_cache: true\nparallelism: 3\n"
        "output_path: out.json\n"
    )
    assert _shown(
        run,
        *("model", "model_name", "model_args", "tasks", "limit", "num_fewshot", "gen_kwargs"),
        *("apply_chat_template", "predict_only", "tag", "include_path", "seed", "rpm"),
        *("budget_usd", "use_cache", "num_concurrent", "output_path"),
    ) == {
        "model": "openai",
        "model_name": "a,b",
        "model_args": {"api_base": "http://h/v1", "api_key": "007"},
        "tasks": "x,y",
        "limit": 5,
        "num_fewshot": 0,
        "gen_kwargs": {"temperature": 0, "stop": ["a,b"]},
        "apply_chat_template": True,
        "predict_only": True,
        "tag": ["team=x"],
        "include_path": [Path("tasks")],
        "seed": 42,
        "rpm": 60.0,
        "budget_usd": 0.5,
        "use_cache": True,
        "num_concurrent": 3,
        "output_path": Path("out.json"),
    }


def test_the_command_line_wins_pair_by_pair(given: Given) -> None:
    text = "tasks: x\nlimit: 5\nmodel_args: {base_url: 'http://h/v1', timeout: 9}\n"
    [run] = given(text, "--limit", "2", "--model_args", "timeout=3")
    assert _shown(run, "tasks", "limit", "model_args") == {
        "tasks": "x",
        "limit": 2,
        "model_args": {"base_url": "http://h/v1", "timeout": 3},
    }


def test_a_file_of_evalchemy_is_understood(
    given: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    [run] = given(
        "annotator_model: gpt-4o-mini-2024-07-18\nmax_tokens: 512\ntasks:\n"
        "  - task_name: MTBench\n    batch_size: 32\n  - task_name: AIME24\n    batch_size: 8\n"
    )
    assert _shown(run, "judge", "gen_kwargs", "tasks", "batch_size") == {
        "judge": "gpt-4o-mini-2024-07-18",
        "gen_kwargs": {"max_tokens": 512},
        "tasks": "MTBench,AIME24",
        "batch_size": 8,
    }
    assert "c.yaml:3: one batch size is for all tasks, the smallest: 8" in capsys.readouterr().err


def test_several_runs_share_what_stands_above_them(given: Given) -> None:
    runs = given(
        "tasks: x\nrpm: 60\nmodel_args: {api_base: 'http://h/v1'}\nruns:\n"
        "  - {model_name: a, rpm: 5}\n  - {model_name: b, model_args: {timeout: 2}}\n",
        "--limit",
        "1",
    )
    assert [_shown(run, "model_name", "rpm", "model_args", "limit") for run in runs] == [
        {"model_name": "a", "rpm": 5.0, "model_args": {"api_base": "http://h/v1"}, "limit": 1},
        {
            "model_name": "b",
            "rpm": 60.0,
            "model_args": {"api_base": "http://h/v1", "timeout": 2},
            "limit": 1,
        },
    ]


def test_several_files_are_several_runs(given: Given, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text("tasks: y\nlimit: 7\n")
    runs = given("tasks: x\n", "--config", "d.yaml")
    assert [(run.tasks, run.limit) for run in runs] == [("x", None), ("y", 7)]


def test_a_shared_mapping_may_be_an_anchor(given: Given) -> None:
    [run] = given("<<: &base {limit: 3, seed: 1}\ntasks: x\nlimit: 4\n")
    assert (run.limit, run.seed, run.tasks) == (4, 1, "x")


def test_evalchemys_debug_asks_two_docs(given: Given) -> None:
    limits = [run.limit for text in ("debug: true", "debug: false") for run in given(text)]
    assert limits == [2, None]


def test_evalchemys_usual_judge_is_asked_by_its_name_only(
    given: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    [run] = given("tasks: x\nannotator_model: auto\n")
    assert (run.judge, capsys.readouterr().err) == (
        None,
        "evalwh: note: c.yaml:2: 'judge' auto: no judge is asked; give --judge MODEL\n",
    )


def test_what_means_nothing_here_is_noted_with_its_place(
    given: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    given("tasks: x\nwrite_out: true\n")
    assert capsys.readouterr().err == (
        "evalwh: note: c.yaml:2: 'write_out': has no meaning here; see evalwh show\n"
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("tasks: x\nlimitt: 3\n", "c.yaml:2: unknown option 'limitt'; did you mean 'limit'?"),
        ("tasks: x\nlimit: many\n", "c.yaml:2: 'limit': 'many' is not a valid float"),
        ("repeats: 0\n", "c.yaml:1: 'repeats': 0 is not in the range x>=1"),
        ("rpm: [1, 2]\n", "c.yaml:1: 'rpm' must be one value, not a list"),
        ("tasks: {a: b}\n", "c.yaml:1: 'tasks' must be one value, not a mapping"),
        ("tasks: [{name: a}]\n", "c.yaml:1: a task must be a name, or a mapping with 'task_name'"),
        ("model_args: 3\n", "c.yaml:1: 'model_args' must be a mapping, or text such as key=value"),
        ("model_args: a\n", "c.yaml:1: 'model_args': 'a' is no key=value pair"),
        ("runs: 3\n", "c.yaml:1: 'runs' must be a list of mappings of options"),
        ("runs: [3]\n", "c.yaml:1: a run must be a mapping of options"),
        ("runs:\n  - rmp: 3\n", "c.yaml:2: unknown option 'rmp'; did you mean 'rpm'?"),
        ("config: d.yaml\n", "c.yaml:1: unknown option 'config'; there is apply"),
        ("limit: 1\nlimit: 2\n", "c.yaml:2: 'limit' stands there twice"),
        ("- a\n", "c.yaml: must hold options as 'name: value' lines"),
        ("", "c.yaml: must hold options as 'name: value' lines"),
        ("a: [\n", "c.yaml:2: not YAML: expected the node content"),
        ("batch_size: 0\n", "c.yaml:1: 'batch_size': '0' must be a whole number of at least 1"),
        ("tasks: x\nseed: x\n", "c.yaml:2: 'seed': 'x' must be a whole number"),
        ("seed: [1, 2]\n", "c.yaml:1: 'seed': '1,2' must be one seed, or the four that lm-eval"),
        ("fewshot_as_multiturn: perhaps\n", "c.yaml:1: 'fewshot_as_multiturn': 'perhaps' is neit"),
        ("limit: 1.5\n", "c.yaml:1: 'limit': 1.5 is neither a number of docs nor a share below 1"),
        ("limit: .inf\n", "c.yaml:1: 'limit': inf is no number to count with; leave it out"),
        ("tasks: x\nrpm: .nan\n", "c.yaml:2: 'rpm': nan is no"),
        ("limit: true\n", "c.yaml:1: 'limit' must be a number, not true"),
        ("repeats: no\n", "c.yaml:1: 'repeats' must be a number, not false"),
        ("use_cache: [a]\n", "c.yaml:1: 'use_cache' must be one value, not a list"),
        ("repeats: 1000000000\n", "c.yaml:1: 'repeats': 1000000000 is more than each doc can "),
        ("samples: {a: 3}\n", "c.yaml:1: 'samples': 'a': must be a list of docs, such as [0, 3]"),
        ("<<: 5\n", "c.yaml:1: '<<': expected a mapping or list of mappings for merging"),
        ("limit: !!python/object:os.system x\n", "c.yaml:1: 'limit': could not determine"),
        ("? [a, b]\n: 1\n", "c.yaml:1: an option's name must be a word, not a list"),
        ("tasks: x\n? {a: b}\n: 1\n", "c.yaml:2: an option's name must be a word, not a mapping"),
        ('gen_kwargs: {a: "\\uD800"}\n', "c.yaml:1: 'gen_kwargs': 'a': text holds a lone surrogat"),
        ("gen_kwargs: {a: !!binary AAAA}\n", "c.yaml:1: 'gen_kwargs': 'a': a value of type bytes"),
        ("gen_kwargs: {a: {5: 6}}\n", "c.yaml:1: 'gen_kwargs': 'a': the key 5 isn't text"),
        ("gen_kwargs: {a: .nan}\n", "c.yaml:1: 'gen_kwargs': 'a': nan isn't JSON; use null"),
        ("gen_kwargs: &x {stop: *x}\n", "c.yaml:1: 'gen_kwargs': 'stop': nested more than 100"),
        (
            "metadata: {a: !!binary AAAA}\n",
            "c.yaml:1: 'metadata': 'a': a value of type bytes isn't",
        ),
        (
            "seed: 123456789012345678901234567890\n",
            "c.yaml:1: 'seed': 123456789012345678901234567890 has more than 64 bits; choose a",
        ),
        (
            "tasks: x\nruns:\n  - {run_id: a}\n  - {run_id: b}\n  - {run_id: a}\n",
            "c.yaml:5: 'run_id': another run is 'a' too; choose another",
        ),
        ("run_id: a\nruns: [{rpm: 1}, {rpm: 2}]\n", "c.yaml:1: 'run_id': another run is 'a' too"),
    ],
)
def test_a_mistake_is_told_with_its_place(given: Given, text: str, error: str) -> None:
    with pytest.raises(UsageError) as raised:
        given(text)
    assert str(raised.value).startswith(error)


def test_a_file_that_is_not_there_is_told(given: Given) -> None:
    with pytest.raises(UsageError) as raised:
        given("tasks: x\n", "--config", "nowhere.yaml")
    assert str(raised.value) == "--config: nowhere.yaml: can't be read: No such file or directory"


def test_runs_of_several_warehouses_may_have_one_id(given: Given) -> None:
    runs = given("run_id: a\nruns: [{db: one.duckdb}, {db: two.duckdb}]\n")
    assert [(run.run_id, run.db.name) for run in runs] == [("a", "one.duckdb"), ("a", "two.duckdb")]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--gen_kwargs", "stop=\udce9"), "--gen_kwargs: 'stop': text holds a lone surrogate"),
        (("--model_args", "a=\udce9"), "--model_args: 'a': text holds a lone surrogate"),
        (
            ("--seed", "123456789012345678901234567890"),
            "--seed: 123456789012345678901234567890 has",
        ),
        (
            ("--repeats", "99999999999999999999"),
            "--repeats: 99999999999999999999 is more than each",
        ),
    ],
)
def test_a_value_that_no_request_or_row_can_hold_is_refused(
    given: Given, words: tuple[str, ...], error: str
) -> None:
    with pytest.raises(UsageError) as raised:
        given("tasks: x\n", *words)
    assert str(raised.value).startswith(error)


def test_a_run_id_is_of_one_run(given: Given) -> None:
    with pytest.raises(UsageError) as raised:
        given("runs: [{tasks: a}, {tasks: b}]\n", "--run_id", "r")
    assert str(raised.value) == "--run_id: is of one run, and --config has 2"
