"""`--model`, `--model_name` and `--model_args`."""

import pytest

from evalwh.errors import UsageError
from evalwh.models import create_model, known_models, parse_model_args
from evalwh.records import Json


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("", {}),
        ("a=b", {"a": "b"}),
        ("a=x=y, b=1,c=True,d=null", {"a": "x=y", "b": 1, "c": True, "d": None}),
        ('a={"b": [1, 2], "c": "x,y"},d=2.5', {"a": {"b": [1, 2], "c": "x,y"}, "d": 2.5}),
        (
            "base_url=http://h/v1?a=1&b=2,model=a/b",
            {"base_url": "http://h/v1?a=1&b=2", "model": "a/b"},
        ),
        ("api_key=123,tokenized_requests=False", {"api_key": "123", "tokenized_requests": False}),
        ('a="x, y"', {"a": "x, y"}),
        ("a=", {"a": ""}),
        ("until=['\\n', 'Q:'],sizes=(4,8),b=1", {"until": ["\n", "Q:"], "sizes": [4, 8], "b": 1}),
        ("a={'x': True},b='c d',c=[x,d=[b'1']", {"a": {"x": True}, "b": "c d", "c": "[x,d=[b'1']"}),
        ('{"a": [1, 2], "api_key": 7},b=2', {"a": [1, 2], "api_key": "7", "b": 2}),
    ],
)
def test_model_args_are_pairs_whose_values_may_be_json(text: str, parsed: dict[str, Json]) -> None:
    assert parse_model_args(text) == parsed


def test_a_part_without_an_equals_sign_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        parse_model_args("a=1,b")
    assert str(caught.value) == "--model_args: 'b' is no key=value pair"


@pytest.mark.parametrize("kind", ["openai", "litellm"])
@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("u:LEAK@host:1/v1", "[redacted]@host:1/v1"),
        ("http:/u:LEAK@host:1/v1", "[redacted]@host:1/v1"),
        ("http://u:LEAK[@host:1/v1", "http://[redacted]@host:1/v1"),
    ],
)
def test_a_refused_address_is_shown_without_its_password(
    kind: str, address: str, shown: str
) -> None:
    with pytest.raises(UsageError) as caught:
        create_model(kind, "openai/m", {"base_url": address})
    assert str(caught.value) == f"base_url '{shown}' is no http:// or https:// address"


@pytest.mark.parametrize("kind", ["openai", "litellm"])
@pytest.mark.parametrize(
    "address",
    [
        "http://u:LEAK/SLASH@host/v1",
        "http://u:1234/LEAK@host/v1",
        "http://u:a@LEAK/LEAK@host/v1",
        "http://u:1234#LEAK@host/v1",
        "http://u:1234?LEAK@host/v1",
    ],
)
def test_a_password_that_ends_the_host_is_to_be_written_otherwise(kind: str, address: str) -> None:
    with pytest.raises(UsageError) as caught:
        create_model(kind, "openai/m", {"base_url": address})
    assert str(caught.value) == (
        "base_url 'http://[redacted]@host/v1' has an '@' behind its host; "
        "write / as %2F and @ as %40 in a password, and @ as %40 in a path"
    )


def test_an_at_sign_in_a_path_is_taken() -> None:
    base_url = "https://host/models/claude@20240229"
    assert create_model("openai", "m", {"base_url": base_url}).base_url == base_url


def test_half_a_password_is_not_shown_for_its_comma() -> None:
    with pytest.raises(UsageError) as caught:
        parse_model_args("base_url=http://u:LEAK,LEAK@host/v1")
    assert str(caught.value) == "--model_args: '[redacted]@host/v1' is no key=value pair"


@pytest.mark.parametrize("value", [{"X-Team": "[redacted]"}, "[redacted]"])
def test_what_a_run_shows_for_a_secret_is_not_sent_as_one(value: Json) -> None:
    with pytest.raises(UsageError) as caught:
        create_model("openai", "m", {"headers": value})
    assert str(caught.value) == (
        "--model_args: the values of 'headers' are not stored with a run; "
        "give its --model_args again"
    )


def test_an_unknown_model_gets_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        create_model("opanai", "x", {})
    assert str(caught.value) == "--model: unknown model 'opanai'; did you mean 'openai'?"


def test_a_provider_is_short_for_litellm_with_its_prefix() -> None:
    names = [
        create_model("anthropic", "claude-x", {}).name,
        create_model("gemini", "gemini/gemini-x", {}).name,
    ]
    assert names == ["anthropic/claude-x", "gemini/gemini-x"]


@pytest.mark.parametrize("kind", ["openai", "litellm", "anthropic"])
def test_a_model_needs_a_name(kind: str) -> None:
    with pytest.raises(UsageError, match="needs --model_name"):
        create_model(kind, None, {})


def test_the_kinds_are_listed() -> None:
    assert {"litellm", "local", "openai", "recorded"} <= set(known_models())
