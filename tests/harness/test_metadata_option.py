"""`--metadata`: what lm-eval's tasks are told beside the model's arguments."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from evalwh.cli import app
from evalwh.cli.given_options import given_runs
from evalwh.cli.run_options import run_config
from evalwh.errors import UsageError
from evalwh.pipeline.config import RunConfig
from evalwh.pipeline.parts import read_parts
from tests.harness.conftest import Function, TaskFiles

Configured = Callable[..., RunConfig]


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configured:
    """The config of the run that a command line asks for."""
    monkeypatch.chdir(tmp_path)

    def config(*words: object) -> RunConfig:
        command: Any = typer.main.get_command(app).commands["run"]  # type: ignore[attr-defined]
        context = command.make_context("run", [str(word) for word in words])
        paths = [Path(each) for each in context.params["config"] or []]
        [run] = given_runs(context, {**context.params, "config": paths})
        return run_config(run)

    return config


@pytest.fixture
def long_context(files: TaskFiles) -> Path:
    """A task that makes a doc for each length that it is told, as RULER does."""
    files.functions(
        "import datasets\n"
        "def data(lengths, tokenizer, **others):\n"
        "    docs = [{'question': f'{tokenizer} {n}', 'answer': '1'} for n in lengths]\n"
        "    return {'test': datasets.Dataset.from_list(docs)}\n"
    )
    return files.task(
        "long", dataset_path=None, dataset_kwargs=None, training_split=None,
        custom_dataset=Function("functions.data"), metadata={"version": 3},
    )  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("--metadata", '{"tokenizer": "gpt2", "lengths": [4, 8]}'),
        ("--metadata", "tokenizer=gpt2", "lengths=[4,8]"),
        ("--metadata", "tokenizer=gpt2", "--config", "c.yaml"),
        ("--model_args", "tokenizer=gpt2,lengths=[1]", "--metadata", "lengths=[4,8]"),
    ],
)
def test_a_task_gets_the_metadata_over_the_models_arguments(
    configured: Configured, long_context: Path, words: tuple[str, ...]
) -> None:
    Path("c.yaml").write_text("metadata: {tokenizer: other, lengths: [4, 8]}\n")
    [part] = read_parts(configured("--tasks", long_context, *words))
    docs = [doc.columns["question"] for doc in part.task.docs("test")]
    assert docs == ["gpt2 4", "gpt2 8"]


def test_the_config_of_the_task_is_lm_evals(configured: Configured, long_context: Path) -> None:
    from lm_eval.tasks import TaskManager

    metadata = {"tokenizer": "gpt2", "lengths": [4]}
    manager = TaskManager(
        include_defaults=False, include_path=str(long_context.parent), metadata=metadata
    )
    theirs = manager.load(["long"])["tasks"]["long"].dump_config()
    words = ("--metadata", "tokenizer=gpt2,lengths=[4]")
    [part] = read_parts(configured("--tasks", long_context, *words))
    config: Any = part.task.origin["config"]
    assert config["metadata"] == theirs["metadata"]


def test_no_secret_of_it_is_kept(configured: Configured) -> None:
    config = configured("--tasks", "x", "--metadata", '{"a": 1, "api_key": "sk-123456789"}')
    assert config.metadata == {"a": 1}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--metadata", "a"), "--metadata: 'a' is no key=value pair"),
        (
            ("--metadata", "{'a': 1}"),
            (
                "--metadata: not a JSON object: unexpected character, expected a string key, "
                'column 2; write it as \'{"key": "value"}\''
            ),
        ),
        (
            ("--config", "c.yaml"),
            "c.yaml:1: 'metadata' must be a mapping, or text such as key=value",
        ),
    ],
)
def test_what_is_no_pairs_is_one_line(
    configured: Configured, words: tuple[str, ...], said: str
) -> None:
    Path("c.yaml").write_text("metadata: [1]\n")
    with pytest.raises(UsageError) as caught:
        configured("--tasks", "x", *words)
    assert str(caught.value) == said
