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
    ],
)
def test_model_args_are_pairs_whose_values_may_be_json(text: str, parsed: dict[str, Json]) -> None:
    assert parse_model_args(text) == parsed


def test_a_part_without_an_equals_sign_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        parse_model_args("a=1,b")
    assert str(caught.value) == "--model_args: 'b' is no key=value pair"


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
