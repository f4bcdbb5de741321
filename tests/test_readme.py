"""The README's commands, run in order, with what they print: each part in a folder of its own.

A part begins at a heading of `PARTS`, and all before the first belongs to the first.
A ```sh or ```console block has a comment above it: `<!-- run … -->` or `<!-- not run: why -->`.
`<!-- file NAME -->` above a ```python or ```yaml block makes a file of it.
Lines of a console block without `$` must be printed, in order; `…` stands for what is left out.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.program import clean_environment, write_program

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[^>]*?) -->\n)?```(?P<kind>sh|console|python|yaml)\n(?P<text>.*?)```",
    re.DOTALL,
)
SERVER_IN_README = "http://localhost:8000"
COMMANDS = re.compile(r"evalwh (?P<name>[a-z]+)")


class Part(NamedTuple):
    """The commands from a heading on: what they need of the parts before, and how they start.

    `kind` is that of the fork server; None starts each command by the console script.
    """

    heading: str
    before: str
    kind: str | None


PARTS = (
    Part("# evalwh\n", "true", None),
    Part("## Models\n", "evalwh init my_bot", "litellm"),
    Part("## What got better, what broke\n", "true", None),
)


class Block(NamedTuple):
    """A block of commands: why it is run or not, its kind and its text."""

    mark: str | None
    kind: str
    text: str


class Step(NamedTuple):
    """A command and the lines that it must print."""

    command: str
    printed: list[str]


def blocks(text: str) -> list[Block]:
    return [Block(found["mark"], found["kind"], found["text"]) for found in BLOCK.finditer(text)]


def readme() -> str:
    return (ROOT / "README.md").read_text()


def text_of(part: Part) -> str:
    """The README from the part's heading up to the next part's."""
    starts = [readme().index(each.heading) for each in PARTS]
    at = PARTS.index(part)
    return readme()[starts[at] : [*starts, None][at + 1]]


def steps(block: Block) -> list[Step]:
    """The commands of a block; a line that ends with a backslash goes on."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.kind == "sh":
        return [Step(line, []) for line in lines if line]
    found: list[Step] = []
    for line in lines:
        if line.startswith("$ "):
            found.append(Step(line.removeprefix("$ "), []))
        else:
            found[-1].printed.append(line)
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A model server on loopback, in a process of its own."""
    command = [sys.executable, ROOT / "tests" / "servers.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.terminate()


def test_every_block_of_commands_says_whether_it_is_run() -> None:
    unmarked = [
        block.text
        for block in blocks(readme())
        if not re.match(r"run\b|not run: |file ", block.mark or "")
    ]
    assert unmarked == []


def test_every_block_is_in_a_part() -> None:
    assert [block for part in PARTS for block in blocks(text_of(part))] == blocks(readme())


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.heading.strip("# \n"))
def test_the_commands_of_the_readme_work_and_print_what_it_shows(
    part: Part, server: str, tmp_path: Path
) -> None:
    programs = Path(sys.executable).parent
    if part.kind:
        programs = tmp_path / "programs"
        write_program(programs, part.kind)
    environment = clean_environment() | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "OPENAI_API_BASE": f"{server}/v1",
        "OPENAI_API_KEY": "sk-...",
    }
    folder = tmp_path / "folder"
    folder.mkdir()
    wrong = check(Step(part.before, []), server, folder, environment)
    for block in blocks(text_of(part)):
        if (block.mark or "").startswith("file "):
            text = block.text.replace(SERVER_IN_README, server)
            (folder / str(block.mark).removeprefix("file ")).write_text(text)
        if (block.mark or "").startswith("run"):
            for step in steps(block):
                wrong += check(step, server, folder, environment)
    assert not wrong, "\n\n".join(wrong)


def check(step: Step, server: str, folder: Path, environment: dict[str, str]) -> list[str]:
    """What is wrong with a command: that it failed, or that it prints something else."""
    done = subprocess.run(
        ["bash", "-c", step.command.replace(SERVER_IN_README, server)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        return [f"$ {step.command}\nexit {done.returncode}: {done.stderr}"]
    if missing := first_missing(step.printed, done.stdout.splitlines()):
        return [f"$ {step.command}\nnot printed: {missing}\n{done.stdout}"]
    return []


def first_missing(wanted: list[str], printed: list[str]) -> str | None:
    """The first line that isn't printed after the ones before it; None if all are."""
    lines = iter([line.rstrip() for line in printed])
    for line in wanted:
        if line != "…" and line.rstrip() not in lines:
            return line
    return None


def test_the_table_of_commands_names_every_command() -> None:
    program = shutil.which("evalwh", path=str(Path(sys.executable).parent))
    told = subprocess.run([str(program), "--help"], capture_output=True, text=True, check=True)
    listed = told.stdout.partition("Commands:\n")[2].splitlines()
    text = (ROOT / "README.md").read_text().partition("## Commands")[2].partition("\n## ")[0]
    missing = [line.split()[0] for line in listed if f"`{line.split()[0]}" not in named(text)]
    assert missing == []


def named(text: str) -> set[str]:
    """Every command of the table, as a backtick and its name."""
    words = re.findall(r"`(?:evalwh )?([a-z]+)", text)
    return {f"`{word}" for word in words}
