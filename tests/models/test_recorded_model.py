"""The recorded model reads what lies beside a dataset."""

from pathlib import Path

import pytest

from evalwh.errors import EvalwhError, TaskError, UsageError
from evalwh.models import create_model
from evalwh.records import Reply, Request

LINES = """\
{"made_by": "gpt-4o-mini, 2026-05-01"}
{"doc_id": "d1", "prompt_id": "terse", "response": "one", "prompt_tokens": 3}
{"doc_id": "d1", "prompt_id": "terse", "repeat": 1, "response": "two", "finish_reason": "length"}

{"doc_id": "d2", "prompt_id": "terse", "error": "refused"}
{"doc_id": "d3", "prompt_id": "terse", "response": {"method": "GET"}}
{"doc_id": "d4", "prompt_id": "terse", "response": "lone \\ud800"}
"""


@pytest.fixture
def task_root(tmp_path: Path) -> Path:
    folder = tmp_path / "recorded"
    folder.mkdir()
    (folder / "good-model.jsonl").write_text(LINES)
    return tmp_path


async def replay(task_root: Path, doc_id: str, repeat: int = 0) -> Reply:
    model = create_model("recorded", "good-model", {}, task_root=task_root)
    return await model.generate(
        Request(model.name, [], doc_id=doc_id, prompt_id="terse", repeat=repeat)
    )


async def test_a_stored_response_is_cached_and_costs_nothing(task_root: Path) -> None:
    assert await replay(task_root, "d1") == Reply(
        "one", prompt_tokens=3, billed_usd=0.0, cached=True
    )


async def test_repeats_are_kept_apart(task_root: Path) -> None:
    reply = await replay(task_root, "d1", repeat=1)
    assert (reply.response, reply.finish_reason) == ("two", "length")


async def test_a_stored_error_is_an_error(task_root: Path) -> None:
    reply = await replay(task_root, "d2")
    assert (reply.response, reply.error) == (None, "refused")


async def test_a_response_may_be_written_as_json(task_root: Path) -> None:
    assert (await replay(task_root, "d3")).response == '{"method":"GET"}'


async def test_a_lone_surrogate_becomes_valid_text(task_root: Path) -> None:
    assert (await replay(task_root, "d4")).response == "lone \ufffd"


async def test_a_missing_doc_is_a_reply_with_an_error(task_root: Path) -> None:
    assert await replay(task_root, "d9", repeat=2) == Reply(
        None,
        error="good-model.jsonl: no response is recorded for doc 'd9', prompt 'terse', repeat 2",
        billed_usd=0.0,
        cached=True,
    )


def test_the_header_names_what_made_the_responses(task_root: Path) -> None:
    model = create_model("recorded", "good-model", {}, task_root=task_root)
    assert (model.name, model.made_by) == ("good-model", "gpt-4o-mini, 2026-05-01")


def test_a_path_takes_the_place_of_a_name(task_root: Path) -> None:
    path = task_root / "recorded" / "good-model.jsonl"
    assert create_model("recorded", None, {"path": str(path)}).name == "good-model"


def test_an_unknown_name_gets_a_suggestion(task_root: Path) -> None:
    with pytest.raises(UsageError) as caught:
        create_model("recorded", "god-model", {}, task_root=task_root)
    assert str(caught.value) == (
        f"{task_root}/recorded: nothing is recorded for 'god-model'; did you mean 'good-model'?"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"doc_id": "a"', "broken JSON: "),
        ("[]", "the line is no JSON object"),
        ('{"doc_id": "a", "response": "x"}', "'prompt_id' is missing"),
        ('{"doc_id": "a", "prompt_id": "b"}', "give either 'response' or 'error'"),
        (
            '{"doc_id": "a", "prompt_id": "b", "respnse": "x"}',
            "unknown key 'respnse'; did you mean 'response'?",
        ),
        (
            '{"doc_id": "a", "prompt_id": "b", "response": "x", "prompt_tokens": "7"}',
            "'prompt_tokens' must be a whole number from 0, not '7'",
        ),
        (
            '{"doc_id": "a", "prompt_id": "b", "response": "x", "completion_tokens": -1}',
            "'completion_tokens' must be a whole number from 0, not -1",
        ),
        (
            '{"doc_id": "a", "prompt_id": "b", "response": "x", "repeat": "a"}',
            "'repeat' must be a whole number from 0, not 'a'",
        ),
        (
            '{"doc_id": "a", "prompt_id": "b", "response": "x", "repeat": null}',
            "'repeat' must be a whole number from 0, not None",
        ),
        (
            '{"doc_id": "a", "prompt_id": "b", "response": "x", "finish_reason": [1]}',
            "'finish_reason' must be text, not [1]",
        ),
        (
            '{"doc_id": "d1", "prompt_id": "terse", "response": "x"}',
            "doc 'd1', prompt 'terse', repeat 0 is recorded twice; keep one of them",
        ),
    ],
)
def test_a_line_that_cannot_be_used_is_named(task_root: Path, line: str, message: str) -> None:
    path = task_root / "recorded" / "bad.jsonl"
    path.write_text(LINES + line + "\n")
    with pytest.raises(TaskError) as caught:
        create_model("recorded", "bad", {}, task_root=task_root)
    assert str(caught.value).startswith(f"{path}:8: {message}")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvalwhError, match="can't be read: No such file"):
        create_model("recorded", None, {"path": str(tmp_path / "nope.jsonl")})
