"""What limits a run's requests: options, lm-eval's words among the model's arguments, batches."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import typer

from evalwh.cli import app
from evalwh.cli.asking_limits import limits_of
from evalwh.cli.given_options import given_runs
from evalwh.cli.run_options import RunOptions, run_config
from evalwh.errors import UsageError


def _options(*words: str) -> RunOptions:
    command: Any = typer.main.get_command(app).commands["run"]  # type: ignore[attr-defined]
    context = command.make_context("run", list(words))
    [options] = given_runs(context, context.params)
    return options


def _in_flight(*words: str) -> int:
    options = _options(*words)
    return limits_of(options, options.model_args).num_concurrent


@pytest.mark.parametrize(
    ("words", "in_flight"),
    [
        ((), 16),
        (("--batch_size", "8"), 8),
        (("--batch_size", "8", "--model", "anthropic"), 8),
        (("--batch_size", "8", "--model", "local-chat-completions"), 8),
        (("--batch_size", "8", "--parallelism", "4"), 4),
        (("--batch_size", "auto"), 16),
        (("--model_args", "num_concurrent=3"), 3),
        (("--model_args", "num_concurrent=3", "--num_concurrent", "5"), 5),
        (("--batch_size", "32", "--model", "hf"), 128),
        (("--batch_size", "auto:4", "--model", "hf"), 256),
        (("--batch_size", "1", "--model", "hf"), 16),
    ],
)
def test_requests_in_flight_follow_the_words_of_all_three_programs(
    words: tuple[str, ...], in_flight: int
) -> None:
    assert _in_flight(*words) == in_flight


def test_retries_and_time_outs_among_the_models_arguments_count() -> None:
    options = _options("--model_args", "max_retries=0,timeout=7")
    limits = limits_of(options, options.model_args)
    assert (limits.max_retries, limits.timeout_s) == (0, 7.0)


def test_a_model_that_takes_batches_gets_size_and_device() -> None:
    options = _options("--tasks", "t", "--model", "hf", "--batch_size", "8", "--device", "cpu")
    assert run_config(options).model_args == {"batch_size": 8, "device": "cpu"}


def test_a_device_says_nothing_to_a_model_behind_an_api() -> None:
    options = _options("--tasks", "t", "--model", "openai", "--batch_size", "8", "--device", "cpu")
    assert run_config(options).model_args == {}


@pytest.mark.parametrize("value", ["num_concurrent=0", "max_retries=x", "num_concurrent=True"])
def test_a_limit_that_is_no_number_is_refused(value: str) -> None:
    options = _options("--model_args", value)
    with pytest.raises(UsageError, match="must be a whole number of at least"):
        limits_of(options, options.model_args)


def test_a_template_has_examples_as_turns_unless_said_otherwise() -> None:
    words = ("--tasks", "t", "--apply_chat_template")
    configs = [
        run_config(_options(*words)),
        run_config(_options(*words, "--fewshot_as_multiturn", "False")),
    ]
    assert [(each.apply_chat_template, each.fewshot_as_multiturn) for each in configs] == [
        (True, True),
        (True, False),
    ]


@pytest.mark.parametrize(
    ("words", "seeds"),
    [
        ((), (None, [])),
        (("--seed", "7"), (7, [])),
        (("--seed", "1,None,3,4"), (4, [1, None, 3, 4])),
        (("--seed", "1,2,3"), (1234, [1, 2, 3, 1234])),
    ],
)
def test_the_last_of_four_seeds_counts_and_all_are_kept(
    words: tuple[str, ...], seeds: tuple[int | None, list[int | None]]
) -> None:
    config = run_config(_options("--tasks", "t", *words))
    assert (config.seed, config.seeds) == seeds


def test_every_option_is_known_to_the_record() -> None:
    fields = {each.name for each in dataclasses.fields(RunOptions)}
    assert dataclasses.asdict(_options()).keys() == fields
    assert _options("--db", "x.duckdb").db == Path("x.duckdb")
