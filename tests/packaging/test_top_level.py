"""What lies at the top of the checkout is fixed."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a git checkout")
def test_the_top_level_holds_what_was_agreed_and_dotfiles() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    top = {name.partition("/")[0] for name in listed.split("\0") if name}
    assert {name for name in top if not name.startswith(".")} == {
        *("evalwh", "sql", "tasks", "app", "tests"),
        *("pyproject.toml", "README.md", "Makefile", "LICENSE", "constraints.txt"),
    }
