"""`evalwh doctor` against servers that send too much, nothing, or what they were sent."""

import subprocess
import time
from collections.abc import Callable

import pytest

from tests.doctor.raw_servers import (
    Talk,
    close_at_once,
    echo_headers,
    raw_server,
    redirect_with_credentials,
    send_a_bomb,
    send_for_ever,
    send_nested,
)
from tests.program import clean_environment, program
from tests.program import run as run_command

OPENAI = ("--model", "openai", "--model_name", "m", "--model_args")


def examine(*arguments: object, **changes: str) -> "subprocess.CompletedProcess[str]":
    environment = {**clean_environment("PYTHONPATH"), **changes}
    return run_command(*program("doctor", *arguments), **environment)


def lines_of(done: "subprocess.CompletedProcess[str]") -> list[str]:
    assert done.stderr == ""
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("talk", "place", "secret"),
    [
        (echo_headers, "api_base=http://127.0.0.1:{}/v1,api_key=tell-nobody-of-it", "tell-nobody"),
        (echo_headers, "api_base=http://u:hunter2secret@127.0.0.1:{}/v1", "dTpodW50ZXIyc2VjcmV0"),
        (redirect_with_credentials, "api_base=http://127.0.0.1:{}/v1", "hunter2secret"),
        (redirect_with_credentials, "api_base=http://127.0.0.1:{}/v1", "abcdef123456"),
    ],
)
def test_no_secret_is_printed_whatever_the_server_says(talk: Talk, place: str, secret: str) -> None:
    with raw_server(talk) as port:
        done = examine(*OPENAI, place.format(port))

    assert (secret in done.stdout + done.stderr, "[redacted]" in done.stdout) == (False, True)


def test_a_key_of_a_variable_of_any_name_is_not_printed() -> None:
    with raw_server(echo_headers) as port:
        place = f"api_base=http://127.0.0.1:{port}/v1,api_key_env=HOUSE"
        done = examine(*OPENAI, place, HOUSE="open-sesame")

    assert ("open-sesame" in done.stdout, "bad key [redacted]" in done.stdout) == (False, True)


def test_a_server_that_ends_a_tls_connection_is_told_from_one_that_isnt_there() -> None:
    with raw_server(close_at_once) as port:
        lines = lines_of(examine(*OPENAI, f"api_base=https://127.0.0.1:{port}/v1"))

    assert lines[1] == f"problem tls 127.0.0.1:{port} ends the connection at once"
    assert " ".join(lines[2:]).startswith("fix write http:// for https:// in api_base")


@pytest.mark.parametrize("talk", [send_for_ever, send_a_bomb])
def test_a_body_without_end_is_given_up_as_by_a_run(talk: Callable[..., None]) -> None:
    started = time.monotonic()
    with raw_server(talk) as port:
        lines = lines_of(examine(*OPENAI, f"api_base=http://127.0.0.1:{port}/v1"))

    assert lines[1:] == [
        f"problem connection 127.0.0.1:{port}: the reply is larger than 64 MB",
        "fix check api_base; it ends in /v1",
    ]
    assert time.monotonic() - started < 30


def test_json_of_any_depth_is_no_list_of_models_and_no_completion() -> None:
    with raw_server(send_nested) as port:
        lines = lines_of(examine(*OPENAI, f"api_base=http://127.0.0.1:{port}/v1"))

    assert lines[2] == "note model the server doesn't list its models"
    assert lines[3] == "problem request no chat completion came back but"


@pytest.mark.parametrize("word", ["api_base", "base_url"])
def test_a_fix_names_the_address_as_the_user_did(word: str) -> None:
    with raw_server(close_at_once) as port:
        pass
    lines = lines_of(examine(*OPENAI, f"{word}=http://127.0.0.1:{port}/v1"))

    assert lines[-1] == f"fix start the server, or check the port in {word}"
