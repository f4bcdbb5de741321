"""What counts as a secret, and that none is left in a text."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalwh.records import Json
from evalwh.secrets import (
    is_secret_name,
    public_url,
    redact,
    redact_address,
    secret_values,
    split_secrets,
)


@pytest.mark.parametrize(
    "name",
    [
        "api_key",
        "API-KEY",
        "x-api-key",
        "token",
        "aws_session_token",
        "aws_secret_access_key",
        "azure_ad_token",
        "password",
        "Authorization",
        "vertex_credentials",
        "access_key_id",
    ],
)
def test_a_secrets_name_is_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "api_key_env",
        "max_tokens",
        "tokenizer",
        "tokenized_requests",
        "eos_token",
        "add_bos_token",
        "prefix_token_id",
        "model",
        "keyboard",
        "num_tokens",
    ],
)
def test_other_names_are_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


def test_model_args_are_split_into_public_and_secret() -> None:
    model_args: dict[str, Json] = {
        "api_key": "sk-1",
        "base_url": "https://me:pw12@host/v1?key=abcd&v=2",
        "headers": {"Authorization": "Bearer x", "X-Team": "qa"},
        "timeout": 5,
        "project": None,
    }
    assert split_secrets(model_args) == (
        {
            "base_url": "https://host/v1?v=2",
            "headers": {"Authorization": "[redacted]", "X-Team": "[redacted]"},
            "timeout": 5,
            "project": None,
        },
        {
            "api_key": "sk-1",
            "base_url": "https://me:pw12@host/v1?key=abcd&v=2",
            "headers": {"Authorization": "Bearer x", "X-Team": "qa"},
        },
    )


def test_the_secret_strings_of_model_args_are_found_wherever_they_are() -> None:
    model_args: dict[str, Json] = {
        "api_key": "sk-1",
        "base_url": "https://me:pw%3B2@host/v1?key=abcd",
        "headers": {"Authorization": "Bearer x"},
        "model": "m",
    }
    of_url = ["abcd", base64.b64encode(b"me:pw;2").decode(), "me", "pw%3B2", "pw;2"]
    assert sorted(secret_values(model_args)) == sorted(["Bearer x", "sk-1", "x", *of_url])


@pytest.mark.parametrize("name", ["headers", "extra_headers", "default-headers", "extra_body"])
def test_every_value_of_headers_and_of_an_extra_body_is_secret(name: str) -> None:
    value: Json = {"X-Team": "qa-team", "a": {"b": ["LEAK", 12345]}, "c": True, "d": None}
    assert split_secrets({name: value}).public == {
        name: dict.fromkeys(["X-Team", "a", "c", "d"], "[redacted]")
    }
    assert secret_values({name: value}) == ["qa-team", "LEAK", "12345"]


def test_headers_that_are_no_object_are_secret_as_a_whole() -> None:
    model_args: dict[str, Json] = {"headers": '{"X": "LEAK', "extra_body": None}
    assert split_secrets(model_args).public == {"headers": "[redacted]", "extra_body": None}
    assert secret_values(model_args) == ['{"X": "LEAK']


def test_secrets_in_a_list_are_found() -> None:
    model_args: dict[str, Json] = {"fallbacks": [{"model": "b", "api_key": "sk-1"}, "c"]}
    assert split_secrets(model_args).public == {"fallbacks": [{"model": "b"}, "c"]}
    assert secret_values(model_args) == ["sk-1"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h:8000/v1", "http://h:8000/v1"),
        ("http://u:p@h/v1", "http://h/v1"),
        ("http://h/v1?key=abc", "http://h/v1"),
        ("http://h/v1?v=1&api_key=abc", "http://h/v1?v=1"),
        ("http://u:LEAK/SLASH@h/v1", "http://h/v1"),
        ("u:LEAK@h:1/v1", "h:1/v1"),
        ("https://h/models/claude@20240229", "https://h/models/claude@20240229"),
    ],
)
def test_a_public_url_has_no_credentials(url: str, shown: str) -> None:
    assert public_url(url) == shown


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("bad key topsecret!", "bad key [redacted]!"),
        ("http://u:p@h/v1 failed", "http://[redacted]@h/v1 failed"),
        ("http://u:LEAK/SLASH@h/v1 failed", "http://[redacted]@h/v1 failed"),
        ("GET /x?key=abc&v=1", "GET /x?key=[redacted]&v=1"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [redacted]"),
        ("key sk-proj-0123456789abcdefgh is bad", "key [redacted] is bad"),
        ("the environment's 0123-from-env leaks", "the environment's [redacted] leaks"),
        ("nothing to hide; max_tokens=5", "nothing to hide; max_tokens=5"),
    ],
)
def test_every_form_of_a_secret_is_redacted(
    monkeypatch: pytest.MonkeyPatch, text: str, redacted: str
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "0123-from-env")
    assert redact(text, ["topsecret"]) == redacted


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://h:1/v1", "http://h:1/v1"),
        ("http://u:LEAK@h:1/v1", "http://[redacted]@h:1/v1"),
        ("http://u:LEAK/SLASH@h/v1", "http://[redacted]@h/v1"),
        ("http://u:LE@AK/SLASH@h/v1", "http://[redacted]@h/v1"),
        ("u:LEAK@h:1/v1", "[redacted]@h:1/v1"),
        ("http:/u:LEAK@h:1/v1", "[redacted]@h:1/v1"),
        ("LEAK@h/v1?key=LEAK", "[redacted]@h/v1?key=[redacted]"),
    ],
)
def test_an_address_is_shown_without_what_may_be_a_password(address: str, shown: str) -> None:
    assert redact_address(address) == shown


@given(
    secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8),
    before=st.text(),
    after=st.text(),
)
def test_a_known_secret_never_survives(secret: str, before: str, after: str) -> None:
    assert secret not in redact(before + secret + after, [secret]).replace("[redacted]", "")


def test_what_a_cut_message_left_of_a_secret_is_redacted_too() -> None:
    assert redact("refused: first-half-of…", ["first-half-of-a-key"]) == "refused: [redacted]…"
