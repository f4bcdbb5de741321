"""Real task folders and real `evalwh` processes for the tests of the pipeline."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.program import clean_environment, program, starting
from tests.program import run as run_command
from tests.servers import NAMED_FAULTS, hash_answer

__all__ = ["NAMED_FAULTS", "hash_answer"]

Evalwh = Callable[..., "subprocess.CompletedProcess[str]"]
WriteTask = Callable[..., Path]


@pytest.fixture
def write_task(tmp_path: Path) -> WriteTask:
    """Write a plain-text task folder with `docs` docs, and give its path."""

    def write(docs: int = 5, *, name: str = "greeter", metrics: object = None) -> Path:
        root = tmp_path / name
        (root / "prompts").mkdir(parents=True)
        (root / "prompts" / "plain.j2").write_text("Say hello to {{ who }}.\n")
        (root / "metric_output_info.json").write_text(json.dumps(metrics or {"default": ["em"]}))
        lines = [
            json.dumps({"id": f"d{at}", "who": f"person {at}", "target": "hello"})
            for at in range(docs)
        ]
        (root / "test.jsonl").write_text("\n".join(lines) + "\n")
        return root

    return write


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a user without keys, in the warehouse's folder."""
    return clean_environment("PYTHONPATH") | {"EVALWH_DB": str(tmp_path / "evalwh.duckdb")}


@pytest.fixture
def evalwh(tmp_path: Path, environment: dict[str, str]) -> Evalwh:
    """Run the program in a process of its own and wait for it."""

    def run(*arguments: object, **changes: str) -> "subprocess.CompletedProcess[str]":
        return run_command(*program(*arguments), cwd=tmp_path, **{**environment, **changes})

    return run


@pytest.fixture
def start_evalwh(
    tmp_path: Path, environment: dict[str, str]
) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start the program and don't wait; what still runs is killed at the test's end."""
    with starting(tmp_path, environment) as start:
        yield start
