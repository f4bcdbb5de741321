"""The `recorded` model: replays responses that are kept beside the dataset.

`<task>/recorded/<model_name>.jsonl` holds a line per response:

    {"made_by": "…"}                                            optional, what made the responses
    {"doc_id": "…", "prompt_id": "…", "response": "…"}          or "error" in place of "response"

A line may also have `repeat` (0), `stage` ("main"), `finish_reason`, `prompt_tokens` and
`completion_tokens`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import orjson

from evalwh.errors import TaskError, UsageError, did_you_mean
from evalwh.models.arguments import check_names, text_arg
from evalwh.models.chat import read_text_json, token_count
from evalwh.models.chat_model import ChatModel
from evalwh.prices import FREE, Price
from evalwh.records import ALL_KINDS, MAIN, Json, Reply, Request, RequestKind

_FOLDER = "recorded"
_COLUMNS = frozenset(
    {"doc_id", "prompt_id", "repeat", "stage", "response", "error"}
    | {"finish_reason", "prompt_tokens", "completion_tokens"}
)


class _Key(NamedTuple):
    doc_id: str
    prompt_id: str
    repeat: int
    stage: str


class RecordedModel(ChatModel):
    """Replies from a file; each is cached and billed nothing, and its latency is unknown."""

    base_url: str | None = None
    price: Price | None = FREE
    kinds: frozenset[RequestKind] = ALL_KINDS

    def __init__(self, name: str, path: Path) -> None:
        """Reads `path`; raises TaskError with `path:line` for a line that can't be used."""
        self.name = name
        self.made_by: str | None = path.name
        self._path = path
        self._replies: dict[_Key, Reply] = {}
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            raise TaskError(f"{path}: can't be read: {error.strerror}") from error
        for number, line in enumerate(lines, start=1):
            if line.strip():
                self._read(line, f"{path}:{number}")

    @classmethod
    def from_args(
        cls, model_name: str | None, model_args: Mapping[str, Json], *, task_root: Path | None
    ) -> Self:
        """The model that `--model_name`, or `path=` in `--model_args`, names."""
        check_names("recorded", model_args, ("path",))
        given = text_arg(model_args, "path")
        if given is not None:
            path = Path(given)
            return cls(model_name or path.stem, path)
        if model_name is None or task_root is None:
            raise UsageError("--model recorded needs --model_name, or path= in --model_args")
        return cls(model_name, _find(model_name, task_root / _FOLDER))

    async def generate(self, request: Request) -> Reply:
        """The stored reply, or one with an error where none is stored."""
        key = _Key(request.doc_id, request.prompt_id, request.repeat, request.stage)
        reply = self._replies.get(key)
        if reply is not None:
            return reply
        what = f"doc '{key.doc_id}', prompt '{key.prompt_id}', repeat {key.repeat}"
        return _reply({"error": f"{self._path.name}: no response is recorded for {what}"})

    async def aclose(self) -> None:
        """Nothing is open."""

    def _read(self, line: bytes, place: str) -> None:
        row = _row(line, place)
        if set(row) == {"made_by"} and not self._replies:
            self.made_by = str(row["made_by"])
            return
        key = _key(row, place)
        if key in self._replies:
            raise TaskError(
                f"{place}: doc '{key.doc_id}', prompt '{key.prompt_id}', repeat {key.repeat} "
                "is recorded twice; keep one of them"
            )
        self._replies[key] = _reply(row)


def _find(model_name: str, folder: Path) -> Path:
    path = folder / f"{model_name}.jsonl"
    if path.is_file():
        return path
    recorded = [
        found.relative_to(folder).with_suffix("").as_posix() for found in folder.rglob("*.jsonl")
    ]
    raise UsageError(
        f"{folder}: nothing is recorded for '{model_name}'{did_you_mean(model_name, recorded)}"
    )


def _row(line: bytes, place: str) -> dict[str, Any]:
    try:
        row = read_text_json(line)
    except ValueError as error:
        raise TaskError(f"{place}: broken JSON: {error}") from None
    if not isinstance(row, dict):
        raise TaskError(f"{place}: the line is no JSON object")
    return row


def _key(row: dict[str, Any], place: str) -> _Key:
    for name in row:
        if name not in _COLUMNS:
            raise TaskError(f"{place}: unknown key '{name}'{did_you_mean(name, _COLUMNS)}")
    for name in ("doc_id", "prompt_id"):
        if name not in row:
            raise TaskError(f"{place}: '{name}' is missing")
    if (row.get("response") is None) == (row.get("error") is None):
        raise TaskError(f"{place}: give either 'response' or 'error'")
    _check_values(row, place)
    return _Key(
        str(row["doc_id"]), str(row["prompt_id"]), row.get("repeat", 0), row.get("stage", MAIN)
    )


def _check_values(row: dict[str, Any], place: str) -> None:
    for name in ("prompt_tokens", "completion_tokens", "repeat"):
        value = row.get(name, 0)
        may_be_null = name != "repeat"
        if token_count(value) is None and not (may_be_null and value is None):
            raise TaskError(f"{place}: '{name}' must be a whole number from 0, not {value!r}")
    for name in ("error", "finish_reason"):
        if not isinstance(row.get(name), str | None):
            raise TaskError(f"{place}: '{name}' must be text, not {row[name]!r}")
    if not isinstance(stage := row.get("stage", MAIN), str):
        raise TaskError(f"{place}: 'stage' must be text, not {stage!r}")


def _reply(row: Mapping[str, Any]) -> Reply:
    response = row.get("response")
    if response is not None and not isinstance(response, str):
        # A JSON response written as JSON, for whoever reads the file.
        response = orjson.dumps(response).decode()
    return Reply(
        response=response,
        error=row.get("error"),
        finish_reason=row.get("finish_reason"),
        prompt_tokens=row.get("prompt_tokens"),
        completion_tokens=row.get("completion_tokens"),
        billed_usd=0.0,
        cached=True,
    )
