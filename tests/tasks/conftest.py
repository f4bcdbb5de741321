"""A task folder on disk, as a user would write it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from evalwh.tasks import FolderTask, load_task

PLAIN = '{"default": ["rougeL"]}'
DOC = '{"id": "1", "question": "Where is it?", "target": "Here"}\n'
FILES = {
    "metric_output_info.json": PLAIN,
    "test.jsonl": DOC,
    "prompts/terse.j2": "{{ question }}",
}


class TaskFolder:
    """Writes a complete small task; files given replace or, when None, remove its own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, files: Mapping[str, str | bytes | None] | None = None) -> Path:
        for name, content in {**FILES, **(files or {})}.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is not None:
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.root

    def load(self, files: Mapping[str, str | bytes | None] | None = None) -> FolderTask:
        return load_task(str(self.write(files)))


@pytest.fixture
def folder(tmp_path: Path) -> TaskFolder:
    return TaskFolder(tmp_path / "bot")


@pytest.fixture
def jsonl() -> Callable[..., str]:
    """Objects as the text of a JSONL file."""

    def text(*docs: object) -> str:
        return "".join(json.dumps(doc, ensure_ascii=False) + "\n" for doc in docs)

    return text
